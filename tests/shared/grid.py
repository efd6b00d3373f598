"""The grid that the tests of the cells share: names from the registry, structures from the zoo, random problems.

Recursive cells (sum, concat, ..) read inputs at their leaves, and run over the full product of structures and sizes.
Cells with gates (elman, gru, lstm, ..) have more axes: inputs at any nodes, n_in apart from n_state, initial states, a
choice of activation, a second state. Each structure gets a few variants, in which the values of all axes take turns.

Dimension key: N nodes, G graphs, I input rows, H state width.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import zoo
from numpy.typing import NDArray

from fastbpts import reference

Array = NDArray[Any]
SIZES = [1, 2, 3, 7, 8, 16, 17, 25, 33]
BINARY = zoo.binary_zoo()
NARY = zoo.nary_zoo()
RECURRENT_ZOO = zoo.recurrent_zoo()
SPECS = {name: reference.cell(name, n_state=2) for name in reference.cells()}
CELLS = list(SPECS)
GATED = [name for name in CELLS if SPECS[name].states]
RECURRENT = [name for name in GATED if SPECS[name].arity is None]
RECURSIVE = [name for name in CELLS if not SPECS[name].states]


def structures(cell: str) -> dict[str, zoo.Graphs]:
    """The structures of the zoo for this cell."""
    if SPECS[cell].arity is not None:
        return {**BINARY, **binary_inputs()} if SPECS[cell].states else BINARY
    return {**BINARY, **NARY, **RECURRENT_ZOO} if SPECS[cell].states else {**BINARY, **NARY}


def binary_inputs() -> dict[str, zoo.Graphs]:
    """Binary structures with inputs at other nodes than the childless ones."""
    two = {name: s for name, s in RECURRENT_ZOO.items() if set(np.diff(s.child_ptr)) <= {0, 2}}
    return {name: s for name, s in two.items() if s.n_nodes}


CASES = [(cell, name) for cell in CELLS for name in structures(cell)]


def thinned(values: Sequence[Any], per_case: int = 1) -> list[tuple[str, str, Any, int]]:
    """Cells x structures x values, and a number of the variant: for the recurrent cells some values, in turns."""
    full = [(cell, name, value, 0) for cell, name in CASES if cell in RECURSIVE for value in values]
    recurrent = [case for case in CASES if case[0] in GATED for _ in range(per_case)]
    return full + [(cell, name, values[k % len(values)], k // 2) for k, (cell, name) in enumerate(recurrent)]


def widths(cell: str, d: int) -> dict[str, int]:
    """n_state = d, and n_in another number where a cell allows it: odd, even, smaller, larger."""
    return {"n_in": 7 * d % 34 + 1 if SPECS[cell].states else d, "n_state": d}


def states(run: Any) -> Array:
    """States of a run (N, H), or both side by side (N, 2H)."""
    return run.h.copy() if run.c is None else np.hstack([run.h, run.c])


def gradients(cell: Any, run: Any, upstream: Array) -> dict[str, Array]:
    """All gradients of ``sum(upstream * states(run))`` by name: parameters, x, and h0 or h0 and c0."""
    H = run.h.shape[1]
    second = () if run.c is None else (upstream[:, H:].copy(),)
    dparams, dx, dh0 = cell.backward(run, upstream[:, :H].copy(), *second)
    initial = () if dh0 is None else dh0 if isinstance(dh0, tuple) else (dh0,)
    assert len(initial) == len(SPECS[cell.name].initial)
    return {**dparams, "x": dx, **dict(zip(SPECS[cell.name].initial, initial, strict=True))}


@dataclass
class Problem:
    """Parameters, inputs, initial states and an upstream gradient of all states, all random, in one dtype."""

    cell: str
    s: zoo.Graphs
    d: int
    params: dict[str, Array]
    x: Array
    dh: Array
    initial: tuple[Array, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def h0(self) -> Any:
        """The initial states in the form that forward takes."""
        return None if not self.initial else self.initial[0] if len(self.initial) == 1 else self.initial

    @property
    def arrays(self) -> dict[str, Array]:
        """Arrays that have a gradient."""
        names = SPECS[self.cell].initial[: len(self.initial)]
        return {**self.params, "x": self.x, **dict(zip(names, self.initial, strict=True))}

    def with_arrays(self, arrays: dict[str, Array]) -> "Problem":
        """The same problem at other values."""
        initial = tuple(arrays[name] for name in SPECS[self.cell].initial[: len(self.initial)])
        return replace(self, params={key: arrays[key] for key in self.params}, x=arrays["x"], initial=initial)

    def astype(self, dtype: Any) -> "Problem":
        moved = self.with_arrays({key: value.astype(dtype) for key, value in self.arrays.items()})
        return replace(moved, dh=self.dh.astype(dtype))

    def plain_cell(self) -> reference.Cell:
        return reference.cell(self.cell, **widths(self.cell, self.d), dtype=self.x.dtype, **self.options)

    def compiled_cell(self) -> Any:
        import fastbpts as fb

        return fb.cell(self.cell, **widths(self.cell, self.d), dtype=self.x.dtype.name, **self.options)

    def reference(self) -> tuple[Array, dict[str, Array]]:
        """States and gradients from the reference."""
        return self.run(self.plain_cell(), self.s)

    def compiled(self, n_threads: int = 1) -> tuple[Array, dict[str, Array]]:
        """States and gradients from the compiled core."""
        return self.run(self.compiled_cell(), self.s.compiled(), n_threads=n_threads)

    def run(self, cell: Any, s: Any, **options: Any) -> tuple[Array, dict[str, Array]]:
        run = cell.forward(s, self.params, self.x, self.h0, **options)
        h = states(run)
        return h, gradients(cell, run, self.dh)


def problem(cell: str, s: zoo.Graphs, d: int, seed: int = 1, variant: int = 0, **options: Any) -> Problem:
    """Parameters away from zero (biases too), so that no term hides; `variant`: of activation and initial states."""
    rng = np.random.default_rng(seed)
    spec, width = SPECS[cell], widths(cell, d)
    params = reference.cell(cell, **width).init_params(rng)
    params = {key: value + 0.1 * rng.standard_normal(value.shape) / np.sqrt(d) for key, value in params.items()}
    x = rng.standard_normal((len(s.inputs), width["n_in"]))
    dh = rng.standard_normal((s.n_nodes, d * max(1, len(spec.states))))
    initial = tuple(rng.standard_normal((s.n_graphs, d)) for _ in spec.initial)
    if spec.activations:
        options = {"activation": spec.activations[variant % len(spec.activations)], **options}
    return Problem(cell, s, d, params, x, dh, () if variant % 2 else initial, options)


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
