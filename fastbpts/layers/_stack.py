"""Chains in several layers and directions over packed sequences: what the layers and fastbpts.torch share."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from .. import _core
from .._arguments import Array
from ._packing import I64


class Kind(NamedTuple):
    """What a stack has to know about a cell: gates stacked in W and U, biases inside, whether it has a state c."""

    n_gates: int
    two_biases: bool
    has_c: bool


KINDS = {"elman": Kind(1, False, False), "gru": Kind(3, True, False), "lstm": Kind(4, False, True)}


class Weights(NamedTuple):
    """Parameters of one chain, or their gradients, as torch.nn stacks and names them; biases None: none."""

    weight_ih: Array
    weight_hh: Array
    bias_ih: Array | None
    bias_hh: Array | None


class Scratch:
    """Arrays that are needed again and again: their memory grows to the largest that was asked for, and stays."""

    def __init__(self, dtype: DTypeLike) -> None:
        self._dtype = np.dtype(dtype)
        self._flat: dict[str, Array] = {}

    def __call__(self, key: str, *shape: int) -> Array:
        size = int(np.prod(shape))
        flat = self._flat.get(key)
        if flat is None or flat.size < size:
            flat = self._flat[key] = np.empty(size, self._dtype)
        if _core.POISON:
            flat.fill(np.nan)
        return flat[:size].reshape(shape)


class Stack:
    """Layers of chains, each of one direction or two; the output of a layer is the input of the next.

    Dimension key: N packed rows, B sequences (sorted, longest first), D input, H state, R directions, L layers.
    States are (L * R, B, H), layer by layer, forward direction first. A stack holds what one forward step saved.
    """

    def __init__(
        self, cell: str, n_in: int, n_state: int, n_layers: int, n_directions: int, dtype: DTypeLike, activation: Any
    ) -> None:
        self.kind, self.n_state, self.dtype = KINDS[cell], n_state, np.dtype(dtype)
        self.n_layers, self.n_directions = n_layers, n_directions
        self._widths = [n_in] + [n_directions * n_state] * (n_layers - 1)
        self._chains = [
            _core.Chain(cell, D, n_state, self.dtype, activation) for D in self._widths for _ in range(n_directions)
        ]
        biases = (len(self._chains), 2, self.kind.n_gates * n_state)
        self._bias, self._dbias = np.zeros(biases, self.dtype), np.zeros(biases, self.dtype)
        self._scratch = Scratch(self.dtype)
        self._sums: list[tuple[Array, Array, Array]] = []
        self._masks: list[Array] = []
        self._n_rows, self._n_sequences = 0, 0

    def bind(self, weights: Sequence[Weights]) -> None:
        """Let the chains use these arrays, one after the other; they are read again at each step forward."""
        self._sums = []
        for chain, own, p in zip(self._chains, self._bias, weights, strict=True):
            b, c = p.bias_ih, p.bias_hh
            if b is None or c is None:
                own.fill(0)
            if b is None or c is None or not self.kind.two_biases:
                if b is not None and c is not None:
                    self._sums.append((b, c, own[0]))
                b, c = own[0], own[1] if self.kind.two_biases else None
            chain.set_params(p.weight_ih, p.weight_hh, b, c)

    def _add_biases(self) -> None:
        for b, c, total in self._sums:
            np.add(b, c, out=total)

    def pack(self) -> None:
        """Read the parameters for a series of calls of :meth:`step`."""
        self._add_biases()
        for chain in self._chains:
            chain.pack()

    def step(self, x: Array, h: Array | None, c: Array | None) -> tuple[Array, Array, Array | None]:
        """Output (B, H), h and c (L, B, H) one time step later; one direction only.

        Raises TypeError or ValueError where an array is not what the kernels need.
        """
        shape = self.n_layers, len(x), self.n_state
        c_n = None
        if h is None:
            h = np.zeros(shape, self.dtype)
        if self.kind.has_c:
            c = np.zeros(shape, self.dtype) if c is None else c
            c_n = np.empty(shape, self.dtype)
        if not len(h) == self.n_layers == len(self._chains) == (len(c) if c is not None else len(h)):
            raise ValueError(f"states: one for each of {len(self._chains)} chains is needed")
        h_n = np.empty(shape, self.dtype)
        for k, chain in enumerate(self._chains):  # plain indices: iterators over arrays cost a microsecond
            out = h_n[k]
            chain.step(x, h[k], c[k] if c is not None else None, out, c_n[k] if c_n is not None else None)
            x = out
        return x, h_n, c_n

    def forward(
        self,
        x: Array,
        batch_sizes: I64,
        h0: Array | None,
        c0: Array | None,
        *,
        dropout: float = 0.0,
        seed: int = 0,
        save: bool = True,
        n_threads: int = 1,
    ) -> tuple[Array, Array, Array | None]:
        """Outputs (N, R * H) of the last layer and final states h_n, c_n (L * R, B, H), c_n None without a state c.

        Dropout zeroes components of the outputs of all layers but the last. With `save`, x and the outputs are not to
        be changed until :meth:`backward`.
        """
        L, R, H, n, n_sequences = self.n_layers, self.n_directions, self.n_state, len(x), int(batch_sizes[0])
        h_n = np.empty((L * R, n_sequences, H), self.dtype)
        c_n = np.empty_like(h_n) if self.kind.has_c else None
        self._add_biases()
        self._n_rows, self._n_sequences, self._masks = n, n_sequences, []
        for k in range(L):
            out = np.empty((n, R * H), self.dtype) if k == L - 1 else self._scratch(f"out{k}", n, R * H)
            for r in range(R):
                i = k * R + r
                h = out[:, r * H : (r + 1) * H] if R == 2 else out
                states = _item(h0, i), _item(c0, i), h_n[i], _item(c_n, i)
                self._chains[i].forward(x, batch_sizes, h, *states, save, r == 1, n_threads)
            x = out
            if dropout and k < L - 1:  # apart from out, which the chains still need
                self._masks.append(_core.dropout_mask((seed + k) % 2**64, dropout, n, R * H, self.dtype))
                x = np.multiply(out, self._masks[k], out=self._scratch(f"masked{k}", n, R * H))
        return x, h_n, c_n

    def backward(
        self,
        dout: Array | None,
        dh_n: Array | None,
        dc_n: Array | None,
        grads: Sequence[Weights],
        want_dx: bool = True,
    ) -> tuple[Array | None, Array, Array | None]:
        """Gradients by x (None unless wanted), h0 and c0; those by the parameters are added to `grads`.

        Once for each :meth:`forward`; an upstream of None is zero.
        """
        L, R, H = self.n_layers, self.n_directions, self.n_state
        dh0 = np.empty((L * R, self._n_sequences, H), self.dtype)
        dc0 = np.empty_like(dh0) if self.kind.has_c else None
        for k in reversed(range(L)):
            dx = None
            for r in range(R):
                i = k * R + r
                dh = dout[:, r * H : (r + 1) * H] if R == 2 and dout is not None else dout  # undoes h = out[...]
                part = self._dx(k, r) if k or want_dx else None
                states = _item(dh_n, i), _item(dc_n, i), dh0[i], _item(dc0, i)
                self._chain_backward(i, dh, part, grads[i], states)
                dx = part if dx is None or part is None else np.add(dx, part, out=dx)  # both directions read x
            if k and self._masks and dx is not None:
                dx *= self._masks[k - 1]  # undoes x = out * mask
            dout = dx
        return dout, dh0, dc0

    def _chain_backward(
        self, i: int, dh: Array | None, dx: Array | None, p: Weights, states: tuple[Array | None, ...]
    ) -> None:
        db, dc = p.bias_ih, p.bias_hh
        if db is not None and dc is not None and self.kind.two_biases:
            self._chains[i].backward(dh, dx, p.weight_ih, p.weight_hh, db, dc, *states)
            return
        own = self._dbias[i]
        own.fill(0)
        second = own[1] if self.kind.two_biases else None
        self._chains[i].backward(dh, dx, p.weight_ih, p.weight_hh, own[0], second, *states)
        for total in (db, dc):
            if total is not None:
                total += own[0]  # undoes b = bias_ih + bias_hh

    def _dx(self, k: int, r: int) -> Array:
        """Room for the gradient by the input of layer k in direction r; a new array where it is returned."""
        shape = self._n_rows, self._widths[k]
        return self._scratch(f"dx{k % 2}{r}", *shape) if k or r else np.empty(shape, self.dtype)


def _item(states: Array | None, i: int) -> Array | None:
    return None if states is None else states[i]
