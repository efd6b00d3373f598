"""What a cell's row in src_c/cells/cells.def says: shapes of its parameters, how they begin, what it has."""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple, TypeVar

import numpy as np

from fastbpts import _core
from fastbpts._base.arguments import Array

Shape = tuple[int, ...]
T = TypeVar("T")


class CellSpec(NamedTuple):
    """A cell's row.

    Attributes
    ----------
    kind : {"linear", "products", "gated"}
        What gives a node's features: what it gathers, products of that, gates.
    layer : str or None
        Name of its layer over sequences.
    arity : int or None
        Children of every inner node; None: any number.
    params : dict
        Letter of each parameter -> how it begins, and axes as pairs (multiple, "n_in" or "n_state").
    activations : tuple of str
        What may be asked for, the default first; empty: there is no choice.
    n_gates : int
        Gates stacked in W and U; 0: a recursive cell.
    gate_of_slot : tuple of int
        The gate that each slot of a node's saved row belongs to.
    has_recurrence : bool
        There is a matrix U.
    has_second_bias : bool
        U h has a bias of its own.
    has_second_state : bool
        There is a state c beside h.
    gate_per_child : bool
        The last slot's gate is made for each child from that child's state alone.
    matrices_per_child : bool
        U meets the children's states side by side.
    direct : bool
        States below reach h other than through U.
    n_leaf_gates : int
        Gates of the leaf module; 0: there is none.
    """

    kind: str
    layer: str | None
    arity: int | None
    params: dict[str, tuple[str, tuple[tuple[int, str], ...]]]
    activations: tuple[str, ...]
    n_gates: int
    gate_of_slot: tuple[int, ...]
    has_recurrence: bool
    has_second_bias: bool
    has_second_state: bool
    gate_per_child: bool
    matrices_per_child: bool
    direct: bool
    n_leaf_gates: int

    @property
    def is_gated(self) -> bool:
        """Whether any nodes may have inputs; inputs of the other cells are the states of the childless nodes."""
        return self.kind == "gated"

    @property
    def states(self) -> tuple[str, ...]:
        """Names of a node's states: h, or h and c."""
        return ("h", "c") if self.has_second_state else ("h",)

    @property
    def initial(self) -> tuple[str, ...]:
        """States that a run takes below childless nodes, one child each."""
        if not self.is_gated or self.matrices_per_child or self.n_leaf_gates:
            return ()
        return tuple(f"{state}0" for state in self.states)

    def shapes(self, n_in: int, n_state: int) -> dict[str, Shape]:
        """Shape of every parameter, in order."""
        width = {"n_in": n_in, "n_state": n_state}
        return {name: tuple(times * width[of] for times, of in axes) for name, (_, axes) in self.params.items()}

    def begin(self, rng: np.random.Generator, n_in: int, n_state: int) -> dict[str, Array]:
        """Random parameters."""
        shapes = self.shapes(n_in, n_state)
        return {name: _BEGINNINGS[begins](rng, shapes[name], n_state) for name, (begins, _) in self.params.items()}


SPECS = {name: CellSpec(**row) for name, row in _core.cells().items()}
"""Name of each cell -> its row."""

_RENAMED = {"c": "b_rec"}  # letters of parameters until version 0.1


def with_new_names(values: Mapping[str, T], accepted: Collection[str]) -> dict[str, T]:
    """Values by name of parameter, of which older versions wrote the second bias as "c"; unknown names stay."""
    return {_RENAMED.get(name, name) if name not in accepted else name: value for name, value in values.items()}


LAYERS = {row.layer: name for name, row in SPECS.items() if row.layer is not None}
"""Name of each layer over sequences -> name of its cell."""


def _mean(rng: np.random.Generator, shape: Shape, d: int) -> Array:
    return np.asarray(rng.uniform(-1, 1, shape) / (2 * np.sqrt(d)) + np.tile(np.eye(d) / 2, shape[1] // d))


def _small(rng: np.random.Generator, shape: Shape, d: int) -> Array:
    v = rng.uniform(-1, 1, shape) / (4 * d)
    return np.asarray((v + v.transpose(0, 2, 1)) / 2)


def _zero(rng: np.random.Generator, shape: Shape, d: int) -> Array:  # noqa: ARG001
    return np.zeros(shape)


def _uniform(rng: np.random.Generator, shape: Shape, d: int) -> Array:
    return np.asarray(rng.uniform(-1, 1, shape) / np.sqrt(d))


_BEGINNINGS: dict[str, Callable[[np.random.Generator, Shape, int], Array]] = {
    "mean": _mean,
    "small": _small,
    "zero": _zero,
    "uniform": _uniform,
}
