"""What Elman, GRU and LSTM layers have in common: all but the equations."""

from typing import Any, Generic

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastbpts._base import seeds
from fastbpts._base.arguments import Array, as_real, check_count, check_rate, check_seed, check_width
from fastbpts._base.locks import lock_of
from fastbpts._base.threads import resolve_n_threads
from fastbpts.layers._packing import Packing, make_packing
from fastbpts.layers._parameters import parameter_shapes
from fastbpts.layers._recurrent_state import RecurrentState, S
from fastbpts.layers._stack import Stack
from fastbpts.layers.frozen import Frozen


class Recurrent(RecurrentState, Generic[S]):
    """Several layers of chains, in one direction or two; :class:`fastbpts.Elman` describes arguments and attributes."""

    _packing: Packing | None = None

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
        *,
        bias: bool = True,
    ) -> None:
        self.n_in, self.n_state = check_width(n_in, "n_in"), check_width(n_state, "n_state")
        self.num_layers = check_count(num_layers, "num_layers")
        self.bidirectional, self.batch_first, self.bias = bool(bidirectional), bool(batch_first), bool(bias)
        self.dropout, self.n_threads = check_rate(dropout, "dropout"), resolve_n_threads(n_threads)
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise ValueError(f"dtype must be 'float32' or 'float64', got {dtype!r}")
        self.dtype = np.dtype(dtype)
        self._n_directions = 1 + self.bidirectional
        sizes = self.n_in, self.n_state, self.num_layers, self._n_directions
        self._stack = Stack(self._cell, *sizes, self.dtype, self.activation)
        self._plain = None if batch_first else self._stack.only  # where the user's arrays are the kernels'
        rng, bound = seeds.generator(random_state), 1 / np.sqrt(self.n_state)
        self._make_arrays(parameter_shapes(self._cell, *sizes, self.bias), rng, bound)
        self._lock = lock_of(self)
        self._is_saved = self._is_packed = False
        self._seed, self._n_draws = seeds.mask_seed(rng), 0

    def _split(self, state: Any, shape: tuple[int, ...], name: str) -> tuple[Array | None, Array | None]:
        """(h, c) of a state that the user gave."""
        return self._numbers(state, shape, name), None

    def _pair(self, state: S | None) -> tuple[Any, Any]:
        """(h, c) of a state as :meth:`_join` made it."""
        return state, None

    def _join(self, h: Array, c: Array | None) -> S:
        """The state that the user gets."""
        raise NotImplementedError

    def _numbers(self, value: ArrayLike, shape: tuple[int, ...], name: str) -> Array:
        array = as_real(value, self.dtype, name)
        if array.shape != shape:
            raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
        return array

    def __repr__(self) -> str:
        options = "".join(f", {k}=True" for k in ("bidirectional", "batch_first") if getattr(self, k))
        options += "" if self.bias else ", bias=False"
        return (
            f"{type(self).__name__}({self.n_in}, {self.n_state}, num_layers={self.num_layers}{options}, {self.dtype})"
        )

    def _check_input(self, x: ArrayLike) -> Array:
        array = as_real(x, self.dtype, "x")
        if array.ndim != 3 or array.shape[2] != self.n_in or not array.size:
            axes = "B, T" if self.batch_first else "T, B"
            raise ValueError(f"x must have shape ({axes}, {self.n_in}) with T, B >= 1, got {array.shape}")
        return array

    def _next_seed(self) -> int:
        self._n_draws += 1
        return seeds.step_seed(self._seed, self._n_draws)

    def forward(
        self,
        x: ArrayLike,
        h0: S | None = None,
        lengths: ArrayLike | None = None,
        training: bool = False,
        seed: int | None = None,
        *,
        save: bool = True,
    ) -> tuple[Array, S]:
        """Run over a batch of sequences.

        Parameters
        ----------
        x : array (T, B, n_in), or (B, T, n_in) with batch_first
            T and B are at least 1. NaN and infinities are computed with, and stay in their sequence.
        h0 : array (num_layers * directions, B, n_state), optional
            States before the first step; None: zeros. LSTM: a pair (h0, c0), of which either may be None.
        lengths : array (B,) of int, optional
            Steps of each sequence, from 1 to T, in any order; x is not read beyond them.
        training : bool
            Whether dropout acts.
        seed : int, optional
            Of the dropout masks; None: another one at each call, following from random_state.
        save : bool
            False: no :meth:`backward` will follow, and gates are kept for some steps only.

        Returns
        -------
        out : array (T, B, directions * n_state), or (B, T, directions * n_state) with batch_first
            States of the last layer; zero beyond a sequence's length. Until :meth:`backward`, x, out and the parameters
            are not to be changed in place: they are not copied.
        h_n : array (num_layers * directions, B, n_state)
            State after the last step of each sequence, of a reverse direction after the first. LSTM: (h_n, c_n).

        Raises
        ------
        ValueError
            Naming the argument that does not fit.
        """
        if lengths is None and seed is None and self._plain is not None:
            try:
                h, c = self._pair(h0)
                with self._lock:
                    out, h_n, c_n = self._plain.layer_forward(x, None, h, c, save, self.n_threads)  # type: ignore[arg-type]
                    self._packing, self._is_saved, self._is_packed = None, save, False
                return out, self._join(h_n, c_n)
            except (TypeError, ValueError):  # arrays as they should be need no checks but the kernels'
                pass
        array, seed = self._check_input(x), check_seed(seed)
        packing = make_packing(array.shape[:2], self.batch_first, lengths)
        h, c = (None, None) if h0 is None else self._split(h0, self._state_shape(packing), "h0")
        dropout = self.dropout if training else 0.0
        with self._lock:
            self._is_saved, self._is_packed = False, False
            out, h_n, c_n = self._stack.forward(
                packing.pack(array),
                packing.batch_sizes,
                packing.sort(h),
                packing.sort(c),
                dropout=dropout,
                seed=seed if seed is not None else self._next_seed() if dropout else 0,
                save=save,
                n_threads=self.n_threads,
            )
            self._packing, self._is_saved = packing, save
        return packing.unpack(out), self._join(packing.unsort(h_n), None if c_n is None else packing.unsort(c_n))

    def _state_shape(self, packing: Packing) -> tuple[int, int, int]:
        n_sequences = packing.shape[0] if self.batch_first else packing.shape[1]
        return self.num_layers * self._n_directions, n_sequences, self.n_state

    def backward(self, dout: ArrayLike | None, dh_n: S | None = None) -> tuple[Array, S]:
        """Gradients of the last :meth:`forward`, once; those of the parameters are added to :attr:`grads`.

        Parameters
        ----------
        dout : array like out, optional
            Upstream gradient; None: zeros. It is not read beyond the end of a sequence.
        dh_n : array like h_n, optional
            Upstream gradient of the final states; None: zeros. LSTM: a pair, of which either may be None.

        Returns
        -------
        dx : array like x
        dh0 : array like h0
            Also if h0 was None. LSTM: a pair.

        Raises
        ------
        ValueError
            There was no :meth:`forward` with save=True before, or a shape does not fit.
        """
        with self._lock:
            if not self._is_saved:
                raise ValueError("backward needs a forward(..., save=True) before it, one for each backward")
            packing = self._packing
            if packing is None:  # as after arrays as they should be
                assert self._plain is not None
                try:
                    h, c = self._pair(dh_n)
                    dx, dh0, dc0 = self._plain.layer_backward(dout, h, c, self._gradients[0])  # type: ignore[arg-type]
                    assert dx is not None
                    self._is_saved, self._is_packed = False, False
                    return dx, self._join(dh0, dc0)
                except (TypeError, ValueError):
                    packing = make_packing(self._plain.shape, self.batch_first)
            shape = *packing.shape, self._n_directions * self.n_state
            upstream = None if dout is None else packing.pack(self._numbers(dout, shape, "dout"))
            dh, dc = (None, None) if dh_n is None else self._split(dh_n, self._state_shape(packing), "dh_n")
            self._is_saved, self._is_packed = False, False
            dx, dh0, dc0 = self._stack.backward(upstream, packing.sort(dh), packing.sort(dc), self._gradients)
        assert dx is not None
        return packing.unpack(dx), self._join(packing.unsort(dh0), None if dc0 is None else packing.unsort(dc0))

    def step(self, x: ArrayLike, state: S | None = None) -> tuple[Array, S]:
        """One time step, for streams and generation: the same numbers as :meth:`forward` over the whole sequence.

        Parameters
        ----------
        x : array (B, n_in)
        state : array (num_layers, B, n_state), optional
            What the step before returned, or h_n; None: zeros. LSTM: a pair.

        Returns
        -------
        out : array (B, n_state)
            The last layer's part of the new state, not a copy of it.
        state : like state

        Raises
        ------
        ValueError
            For a bidirectional layer, or if a shape does not fit.

        Notes
        -----
        Parameters are read at the first step after a :meth:`forward`, :meth:`backward` or :meth:`load_state_dict`. Who
        changes them by hand between two steps calls :meth:`pack`. A step forgets what a forward saved: there is no
        :meth:`backward` after it.
        """
        with self._lock:
            self._is_saved = False
            if not self._is_packed:
                self.pack()
            try:  # arrays as they should be need no checks but the kernels'
                out, h_n, c_n = self._stack.step(x, *self._pair(state))  # type: ignore[arg-type]
            except (TypeError, ValueError):
                out, h_n, c_n = self._stack.step(*self._check_step(x, state))
        return out, self._join(h_n, c_n)

    def _check_step(self, x: ArrayLike, state: S | None) -> tuple[Array, Array | None, Array | None]:
        """Arguments of a step in the layer's dtype and C order, or ValueError."""
        if self.bidirectional:
            raise ValueError("step needs a layer of one direction: the reverse one begins at the end of the sequence")
        array = np.ascontiguousarray(as_real(x, self.dtype, "x"))
        if array.ndim != 2 or array.shape[1] != self.n_in or not array.size:
            raise ValueError(f"x must have shape (B, {self.n_in}) with B >= 1, got {array.shape}")
        shape = self.num_layers, len(array), self.n_state
        h, c = (None, None) if state is None else self._split(state, shape, "state")
        return array, None if h is None else np.ascontiguousarray(h), None if c is None else np.ascontiguousarray(c)

    def pack(self) -> None:
        """Read the parameters again for :meth:`step`."""
        with self._lock:
            self._stack.pack()
            self._is_packed = True

    def frozen(self) -> Frozen[S]:
        """A copy for prediction, whose weights stay what they are now; it does not read them anew at each call.

        Returns
        -------
        Frozen
            With ``forward(x, h0, lengths)`` and ``step(x, state)``.
        """
        return Frozen(self)
