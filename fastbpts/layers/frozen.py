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
    """A layer for prediction, with weights that do not change; :meth:`fastbpts.GRU.frozen` makes it.

    Parameters
    ----------
    layer : Elman, GRU, LSTM
        The layer to copy.

    Notes
    -----
    Arguments, results (to the bit) and errors are those of the layer. There is no dropout and no gradient. The weights
    are a copy that is read once, at the first call; a layer reads its weights at each call. Several Python threads may
    use one object: their calls run one after another. It can be pickled and copied.
    """

    def __init__(self, layer: Layer[S]) -> None:
        self._layer = copy.copy(layer)
        self._layer._stack.keep_packed()

    def forward(self, x: ArrayLike, h0: S | None = None, lengths: ArrayLike | None = None) -> tuple[Array, S]:
        """Outputs and final states, as the layer's :meth:`~fastbpts.GRU.forward`.

        Parameters
        ----------
        x, h0, lengths
            As for :meth:`fastbpts.GRU.forward`.

        Returns
        -------
        out : array
            Outputs of all steps.
        h_n : array or pair of arrays
            Final states.
        """
        return self._layer.forward(x, h0, lengths, save=False)

    def step(self, x: ArrayLike, state: S | None = None) -> tuple[Array, S]:
        """One time step later, as the layer's :meth:`~fastbpts.GRU.step`.

        Parameters
        ----------
        x, state
            As for :meth:`fastbpts.GRU.step`.

        Returns
        -------
        out : array
            Outputs of the step.
        state : array or pair of arrays
            States after it.
        """
        return self._layer.step(x, state)

    def __repr__(self) -> str:
        return f"{self._layer!r}.frozen()"

    def __reduce__(self) -> tuple[Any, ...]:
        return Frozen, (self._layer,)
