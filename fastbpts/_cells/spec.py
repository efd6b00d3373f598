"""What a cell's line in src_c/cells/cells.def says: shapes of its parameters, and how they begin."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fastbpts import _core
from fastbpts._base.arguments import Array

Shape = tuple[int, ...]


@dataclass(frozen=True)
class CellSpec:
    """A cell's line.

    Attributes
    ----------
    arity : int or None
        Children of every inner node; None: any number.
    params : str
        Items like ``"W:3H,D=uniform"``: name, axes (D is n_in, H is n_state), beginning.
    activations : tuple of str
        What may be asked for, the default first; empty: there is no choice.
    initial : tuple of str
        States that a run takes below childless nodes; empty for recursive cells, whose childless nodes are inputs.
    """

    arity: int | None
    params: str
    activations: tuple[str, ...]
    initial: tuple[str, ...]

    def shapes(self, n_in: int, n_state: int) -> dict[str, Shape]:
        """Shape of every parameter, in order."""
        shapes = {}
        for item in self.params.split():
            name, axes = item.split("=")[0].split(":")
            sizes = (re.fullmatch(r"(\d*)([DH])", axis) for axis in axes.split(","))
            shapes[name] = tuple(int(m[1] or 1) * (n_in if m[2] == "D" else n_state) for m in sizes if m)
        return shapes

    def begin(self, rng: np.random.Generator, n_in: int, n_state: int) -> dict[str, Array]:
        """Random parameters."""
        schemes = [item.split("=")[1] for item in self.params.split()]
        shapes = self.shapes(n_in, n_state)
        return {
            name: _SCHEMES[scheme](rng, shape, n_state)
            for (name, shape), scheme in zip(shapes.items(), schemes, strict=True)
        }


def cell_spec(name: str) -> CellSpec:
    """The line of the cell of this name, one of ``_core.cells()``."""
    arity, params, activations, n_initial = _core.cells()[name]
    return CellSpec(arity or None, params, activations, ("h0", "c0")[:n_initial])


def _mean(rng: np.random.Generator, shape: Shape, d: int) -> Array:
    return np.asarray(rng.uniform(-1, 1, shape) / (2 * np.sqrt(d)) + np.tile(np.eye(d) / 2, shape[1] // d))


def _small(rng: np.random.Generator, shape: Shape, d: int) -> Array:
    v = rng.uniform(-1, 1, shape) / (4 * d)
    return np.asarray((v + v.transpose(0, 2, 1)) / 2)


def _zero(rng: np.random.Generator, shape: Shape, d: int) -> Array:  # noqa: ARG001
    return np.zeros(shape)


def _uniform(rng: np.random.Generator, shape: Shape, d: int) -> Array:
    return np.asarray(rng.uniform(-1, 1, shape) / np.sqrt(d))


_SCHEMES: dict[str, Callable[[np.random.Generator, Shape, int], Array]] = {
    "mean": _mean,
    "small": _small,
    "zero": _zero,
    "uniform": _uniform,
}
