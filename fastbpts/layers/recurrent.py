"""Elman, GRU and LSTM layers over batches of sequences; parameters are named, shaped and ordered as in torch.nn."""

from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike

from fastbpts._base.arguments import Array
from fastbpts.layers._recurrent import Recurrent

Activation = Literal["tanh", "sigmoid", "relu"]


class _OneState(Recurrent[Array]):
    """A layer whose state is h."""

    def _join(self, h: Array, c: Array | None) -> Array:  # noqa: ARG002
        return h


class Elman(_OneState):
    """Elman network: h_t = f(W x_t + b_ih + U h_{t-1} + b_hh).

    Parameters
    ----------
    n_in, n_state : int
        Widths of the input and of the state: input_size and hidden_size of torch.nn.
    num_layers : int
        Each layer reads the outputs of the one below.
    bidirectional : bool
        A second chain in each layer runs from the last step to the first; the outputs of both are side by side.
    batch_first : bool
        Inputs and outputs are (B, T, width) rather than (T, B, width); states are (., B, n_state) in any case.
    dropout : float
        Chance of a component of a layer's output to be zeroed on its way to the next layer, in training.
    dtype : "float32" or "float64"
    n_threads : int, optional
        None: all processors. Results do not depend on it.
    random_state : int or numpy Generator
        Of the initial parameters, uniform in +-1 / sqrt(n_state) as in torch.nn, and of the dropout masks.
    activation : "tanh", "sigmoid" or "relu"
        The function f.
    bias : bool
        False: no biases, neither b_ih nor b_hh.

    Attributes
    ----------
    params, grads : dict
        Name as in ``torch.nn.RNN`` -> array: ``weight_ih_l0`` (W), ``weight_hh_l0`` (U), ``bias_ih_l0``, ... The arrays
        live: optimisers change those of params in place, ``params[name] = value`` copies into them, and each
        :meth:`backward` adds to those of grads until :meth:`zero_grad`.

    Raises
    ------
    ValueError
        An argument is not accepted; the message names it.

    Notes
    -----
    A layer keeps what its last :meth:`forward` saved, and its memory from call to call. It may be used by several
    Python threads, whose calls then run one after another; but forward and backward belong together, so threads that
    train need a layer each. Layers can be pickled and copied, without what a forward saved.
    """

    __module__ = "fastbpts"

    _cell = "elman"

    def __init__(
        self,
        n_in: int,
        n_state: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        batch_first: bool = False,
        dropout: float = 0.0,
        dtype: DTypeLike = "float32",
        n_threads: int | None = None,
        random_state: int | np.random.Generator | None = 0,
        activation: Activation = "tanh",
        *,
        bias: bool = True,
    ) -> None:
        if activation not in ("tanh", "sigmoid", "relu"):
            raise ValueError(f"activation must be 'tanh', 'sigmoid' or 'relu', got {activation!r}")
        self.activation = activation
        options = bidirectional, batch_first, dropout, dtype, n_threads, random_state
        super().__init__(n_in, n_state, num_layers, *options, bias=bias)


class GRU(_OneState):
    """Gated recurrent units; the reset gate acts after the product with U, as in torch.nn.

    r_t = sigma(W_r x_t + b_r + U_r h_{t-1} + d_r), z_t alike, n_t = tanh(W_n x_t + b_n + r_t * (U_n h_{t-1} + d_n)),
    h_t = z_t * h_{t-1} + (1 - z_t) * n_t (Cho et al. 2014).

    Parameters, attributes and notes are those of :class:`Elman`, without activation. Gates are stacked as r, z, n:
    ``weight_ih_l0`` is (3 * n_state, n_in), ``bias_ih_l0`` is b, ``bias_hh_l0`` is d.
    """

    __module__ = "fastbpts"

    _cell = "gru"


class LSTM(Recurrent[tuple[Array, Array]]):
    """Long short-term memory; its state is the pair (h, c).

    i_t = sigma(W_i x_t + b_i + U_i h_{t-1}), f_t and o_t alike, g_t = tanh(W_g x_t + b_g + U_g h_{t-1}),
    c_t = i_t * g_t + f_t * c_{t-1}, h_t = o_t * tanh(c_t) (Hochreiter and Schmidhuber 1997; Gers et al. 2000).

    Parameters, attributes and notes are those of :class:`Elman`, without activation. Gates are stacked as i, f, g, o:
    ``weight_ih_l0`` is (4 * n_state, n_in); b is ``bias_ih_l0 + bias_hh_l0``.
    """

    __module__ = "fastbpts"

    _cell = "lstm"

    def _split(self, state: Any, shape: tuple[int, ...], name: str) -> tuple[Array | None, Array | None]:
        if not isinstance(state, tuple | list) or len(state) != 2:
            raise ValueError(f"{name} must be a pair (h, c) of arrays of shape {shape}, got {type(state).__name__}")
        h, c = (None if s is None else self._numbers(s, shape, f"{name}[{k}]") for k, s in enumerate(state))
        return h, c

    def _pair(self, state: tuple[Array, Array] | None) -> tuple[Array | None, Array | None]:
        if state is None:
            return None, None
        if not isinstance(state, tuple | list) or len(state) != 2:
            raise TypeError
        return state[0], state[1]

    def _join(self, h: Array, c: Array | None) -> tuple[Array, Array]:
        assert c is not None
        return h, c
