"""Gradients of a network, between its backward step and its update: accumulation and exchanges work on them."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from fastbpts._base.arguments import Array

I32 = NDArray[np.int32]


@dataclass
class Gradients:
    """The gradient of the loss of a batch, without the penalty.

    Attributes
    ----------
    dense : dict of arrays
        Name -> gradient, in the layout of the kernels. Those of a network are its own memory: what is written to them,
        the network's update sees.
    sparse : dict of (rows, values)
        Name -> which rows of a table the gradient is of, each once, and the gradient of each.
    weight : float
        What the sum of losses was divided by: the total weight of the targets, or what the caller gave.
    """

    dense: dict[str, Array]
    sparse: dict[str, tuple[I32, Array]] = field(default_factory=dict)
    weight: float = 1.0

    def copy(self) -> "Gradients":
        """The same in memory of its own.

        Returns
        -------
        Gradients
        """
        dense = {name: array.copy("K") for name, array in self.dense.items()}
        sparse = {name: (rows.copy(), values.copy()) for name, (rows, values) in self.sparse.items()}
        return Gradients(dense, sparse, self.weight)

    def scale(self, factor: float) -> Self:
        """Multiply all values by a factor, in place; the weight stays.

        Parameters
        ----------
        factor : float

        Returns
        -------
        self
        """
        for array in (*self.dense.values(), *(values for _, values in self.sparse.values())):
            array *= array.dtype.type(factor)
        return self

    def add(self, other: "Gradients") -> Self:
        """Add other gradients of the same network, and their weight, in place.

        Parameters
        ----------
        other : Gradients

        Returns
        -------
        self

        Raises
        ------
        ValueError
            They are of other parameters.
        """
        if self.dense.keys() != other.dense.keys() or self.sparse.keys() != other.sparse.keys():
            given, own = [*other.dense, *other.sparse], [*self.dense, *self.sparse]
            raise ValueError(f"other must have gradients of {own}, got {given}")
        for name, array in self.dense.items():
            array += other.dense[name]
        self.sparse = {name: _joined(*own, *other.sparse[name]) for name, own in self.sparse.items()}
        self.weight += other.weight
        return self


def check_gradients(given: Gradients | None, own: Gradients | None) -> Gradients:
    """The gradients for an update: those given, or the network's own; they must be of the network's parameters."""
    if own is None:
        raise ValueError("update needs gradients: call gradients(...) of this network first")
    if given is None:
        return own
    if given.dense.keys() != own.dense.keys() or given.sparse.keys() != own.sparse.keys():
        raise ValueError(f"gradients must be of {[*own.dense, *own.sparse]}, got {[*given.dense, *given.sparse]}")
    return given


def _joined(rows: I32, values: Array, more_rows: I32, more_values: Array) -> tuple[I32, Array]:
    """The rows of both, each once and in ascending order, and the sums of their values."""
    both, place = np.unique(np.concatenate([rows, more_rows]), return_inverse=True)
    total = np.zeros((len(both), values.shape[1]), values.dtype)
    np.add.at(total, place, np.concatenate([values, more_values]))
    return both.astype(np.int32), total
