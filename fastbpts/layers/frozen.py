"""Recurrent layers for prediction: what a layer computes, with the weights that it had at one time."""

import copy
from typing import Any, Generic, Protocol

from numpy.typing import ArrayLike

from fastbpts._base.arguments import Array
from fastbpts.layers._recurrent_state import S
from fastbpts.layers._stack import Stack


class Layer(Protocol[S]):
    """What a frozen layer is a copy of: :class:`fastbpts.Elman` and its like."""

    _stack: Stack

    def forward(
        self, x: ArrayLike, h0: S | None = None, lengths: ArrayLike | None = None, *, save: bool = True
    ) -> tuple[Array, S]: ...

    def step(self, x: ArrayLike, state: S | None = None) -> tuple[Array, S]: ...


class Frozen(Generic[S]):
    """What :meth:`fastbpts.GRU.frozen` returns: a layer that predicts, with weights that do not change.

    Notes
    -----
    Arguments, results (to the bit) and errors are those of the layer; there is no dropout and no gradient. The weights
    are a copy, which is read once, at the first call, where a layer reads its own at each. May be used by several
    Python threads, whose calls then run one after another, and can be pickled and copied.
    """

    def __init__(self, layer: Layer[S]) -> None:
        self._layer = copy.copy(layer)
        self._layer._stack.keep_packed()

    def forward(self, x: ArrayLike, h0: S | None = None, lengths: ArrayLike | None = None) -> tuple[Array, S]:
        """The layer's :meth:`~fastbpts.GRU.forward`: outputs and final states."""
        return self._layer.forward(x, h0, lengths, save=False)

    def step(self, x: ArrayLike, state: S | None = None) -> tuple[Array, S]:
        """The layer's :meth:`~fastbpts.GRU.step`: one time step later."""
        return self._layer.step(x, state)

    def __repr__(self) -> str:
        return f"{self._layer!r}.frozen()"

    def __reduce__(self) -> tuple[Any, ...]:
        return Frozen, (self._layer,)
