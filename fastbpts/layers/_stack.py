"""Chains in several layers and directions over packed sequences: what the layers and fastbpts.torch share."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from fastbpts import _core
from fastbpts._base.arguments import Array
from fastbpts._cells.spec import SPECS
from fastbpts.layers._packing import I64


class Weights(NamedTuple):
    """Parameters of one chain, or their gradients, as torch.nn stacks and names them; None: the chain has none."""

    weight_ih: Array
    weight_hh: Array | None = None
    bias_ih: Array | None = None
    bias_hh: Array | None = None


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
    Rows (N, .) of equally long sequences may come as (T, B, .), and then leave so. States are (L * R, B, H), layer by
    layer, forward direction first. A stack holds what one forward step saved.
    """

    def __init__(
        self, cell: str, n_in: int, n_state: int, n_layers: int, n_directions: int, dtype: DTypeLike, activation: Any
    ) -> None:
        self.spec, self.n_state, self.dtype = SPECS[cell], n_state, np.dtype(dtype)
        self.n_layers, self.n_directions = n_layers, n_directions
        self._widths = [n_in] + [n_directions * n_state] * (n_layers - 1)
        self._chains = [
            _core.Chain(cell, D, n_state, self.dtype, activation) for D in self._widths for _ in range(n_directions)
        ]
        self.only = self._chains[0] if len(self._chains) == 1 else None
        self._scratch = Scratch(self.dtype)
        self._masks: list[Array] = []
        self._rows: tuple[int, ...] = ()
        self._n_sequences = 0

    @property
    def chains(self) -> list[_core.Chain]:
        """The chains, layer by layer, forward direction first."""
        return self._chains

    def bind(self, weights: Sequence[Weights]) -> None:
        """Let the chains use these arrays, one after the other; each step forward reads them again."""
        for chain, p in zip(self._chains, weights, strict=True):
            chain.set_params(*p)

    def keep_packed(self) -> None:
        """Read the parameters after :meth:`bind` and :meth:`backward` only: nobody changes them at other times."""
        for chain in self._chains:
            chain.keep_packed = True

    def pack(self) -> None:
        """Read the parameters for a series of calls of :meth:`step`."""
        for chain in self._chains:
            chain.pack()

    def step(self, x: Array, h: Array | None, c: Array | None) -> tuple[Array, Array, Array | None]:
        """Output (B, H), h and c (L, B, H) one time step later; one direction only.

        Raises TypeError or ValueError where an array is not what the kernels need.
        """
        if self.only is not None:
            h_n, c_n = self.only.layer_step(x, h, c)
            return h_n[0], h_n, c_n
        shape = self.n_layers, len(x), self.n_state
        h_n = np.empty(shape, self.dtype)
        c_n = np.empty(shape, self.dtype) if self.spec.has_second_state else None
        if not self.n_layers == len(self._chains) == len(h_n if h is None else h) == len(h_n if c is None else c):
            raise ValueError(f"states must be one for each of {len(self._chains)} chains")
        for k, chain in enumerate(self._chains):  # plain indices: iterators over arrays cost a microsecond
            out = h_n[k]
            chain.step(x, _item(h, k), _item(c, k), out, _item(c_n, k))
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
        if self.only is not None:
            return self.only.layer_forward(x, batch_sizes, h0, c0, save, n_threads)
        L, R, H, n_sequences = self.n_layers, self.n_directions, self.n_state, int(batch_sizes[0])
        h_n = np.empty((L * R, n_sequences, H), self.dtype)
        c_n = np.empty((L * R, n_sequences, H), self.dtype) if self.spec.has_second_state else None
        self._rows, self._n_sequences, self._masks = x.shape[:-1], n_sequences, []
        shape = *self._rows, R * H
        for k in range(L):
            out = np.empty(shape, self.dtype) if k == L - 1 else self._scratch(f"out{k}", *shape)
            for r in range(R):
                i = k * R + r
                h = out[..., r * H : (r + 1) * H] if R == 2 else out
                states = _item(h0, i), _item(c0, i), h_n[i], _item(c_n, i)
                self._chains[i].forward(x, batch_sizes, h, *states, save, r == 1, n_threads)
            x = out
            if dropout and k < L - 1:  # apart from out, which the chains still need
                n = out.size // (R * H)
                mask = _core.dropout_mask((seed + k) % 2**64, dropout, n, R * H, self.dtype)
                self._masks.append(mask.reshape(shape))
                x = np.multiply(out, self._masks[k], out=self._scratch(f"masked{k}", *shape))
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
        if self.only is not None:
            return self.only.layer_backward(dout, dh_n, dc_n, grads[0], want_dx)
        L, R, H = self.n_layers, self.n_directions, self.n_state
        dh0 = np.empty((L * R, self._n_sequences, H), self.dtype)
        dc0 = np.empty_like(dh0) if self.spec.has_second_state else None
        for k in reversed(range(L)):
            dx = None
            for r in range(R):
                i = k * R + r
                dh = dout[..., r * H : (r + 1) * H] if R == 2 and dout is not None else dout  # undoes h = out[...]
                part = self._dx(k, r) if k or want_dx else None
                states = _item(dh_n, i), _item(dc_n, i), dh0[i], _item(dc0, i)
                self._chains[i].backward(dh, part, *grads[i], *states)
                dx = part if dx is None or part is None else np.add(dx, part, out=dx)  # both directions read x
            if k and self._masks and dx is not None:
                dx *= self._masks[k - 1]  # undoes x = out * mask
            dout = dx
        return dout, dh0, dc0

    def _dx(self, k: int, r: int) -> Array:
        """Room for the gradient by the input of layer k in direction r; a new array where it is returned."""
        shape = *self._rows, self._widths[k]
        return self._scratch(f"dx{k % 2}{r}", *shape) if k or r else np.empty(shape, self.dtype)


def _item(states: Array | None, i: int) -> Array | None:
    return None if states is None else states[i]
