"""The grid that the tests of the cells share: names from the registry, structures from the zoo, random problems.

Dimension key: N nodes, I input rows, H state width.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import zoo
from numpy.typing import NDArray

from fastbpts import reference

Array = NDArray[Any]
CELLS = reference.cells()
SIZES = [1, 2, 3, 7, 8, 16, 17, 25, 33]
BINARY = zoo.binary_zoo()
NARY = zoo.nary_zoo()


def arity(cell: str) -> int | None:
    return reference.cell(cell, n_state=2).arity


def structures(cell: str) -> dict[str, zoo.Graphs]:
    """What the zoo has for this cell."""
    return BINARY if arity(cell) is not None else {**BINARY, **NARY}


CASES = [(cell, name) for cell in CELLS for name in structures(cell)]


@dataclass
class Problem:
    """Parameters, inputs and an upstream gradient, all random, in one dtype."""

    cell: str
    s: zoo.Graphs
    d: int
    params: dict[str, Array]
    x: Array
    dh: Array
    input_activation: str = "identity"

    def astype(self, dtype: Any) -> "Problem":
        params = {key: value.astype(dtype) for key, value in self.params.items()}
        x, dh = self.x.astype(dtype), self.dh.astype(dtype)
        return Problem(self.cell, self.s, self.d, params, x, dh, self.input_activation)

    def reference(self) -> tuple[Array, dict[str, Array]]:
        """States and gradients (parameters and x) from the reference."""
        cell = reference.cell(self.cell, n_state=self.d, dtype=self.x.dtype, input_activation=self.input_activation)
        return self._run(cell, self.s)

    def compiled(self, n_threads: int = 1) -> tuple[Array, dict[str, Array]]:
        """States and gradients from the compiled core."""
        import fastbpts as fb

        cell = fb.cell(self.cell, n_state=self.d, dtype=self.x.dtype.name, input_activation=self.input_activation)
        return self._run(cell, self.s.compiled(), n_threads)

    def _run(self, cell: Any, s: Any, n_threads: int = 1) -> tuple[Array, dict[str, Array]]:
        run = cell.forward(s, self.params, self.x, n_threads=n_threads)
        h = run.h.copy()
        dparams, dx, dh0 = cell.backward(run, self.dh.copy())
        assert dh0 is None
        return h, {**dparams, "x": dx}


def problem(cell: str, s: zoo.Graphs, d: int, seed: int = 1, input_activation: str = "identity") -> Problem:
    """Parameters away from zero (biases too), so that no term hides."""
    rng = np.random.default_rng(seed)
    params = reference.cell(cell, n_state=d).init_params(rng)
    params = {key: value + 0.1 * rng.standard_normal(value.shape) / np.sqrt(d) for key, value in params.items()}
    x, dh = rng.standard_normal((len(s.inputs), d)), rng.standard_normal((s.n_nodes, d))
    return Problem(cell, s, d, params, x, dh, input_activation)


def error(got: Array, wanted: Array) -> float:
    """Largest difference, relative to the largest entry wanted; NaN and another shape are infinitely wrong."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    if got.shape != wanted.shape or not np.isfinite(got).all():
        return np.inf
    if got.size == 0:
        return 0.0
    difference = np.abs(got - wanted).max()
    return float(difference / np.abs(wanted).max()) if difference else 0.0


def assert_same(got: dict[str, Array], wanted: dict[str, Array], tolerance: float) -> None:
    """Every array within the tolerance."""
    assert set(got) == set(wanted)
    errors = {key: error(got[key], wanted[key]) for key in wanted}
    assert max(errors.values()) <= tolerance, errors
