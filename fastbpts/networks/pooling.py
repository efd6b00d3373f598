"""Pooling: the rows that the classifier reads, every step or one vector per sequence, from the outputs of the layers.

Dimension key: N packed rows, B sequences (longest first), W width of the outputs, T times.
"""

from abc import ABC, abstractmethod

import numpy as np

from fastbpts._base.arguments import Array
from fastbpts.networks.packing import I64


class Pool(ABC):
    """One pooling of one batch; ``backward`` undoes the ``forward`` before it."""

    @abstractmethod
    def forward(self, out: Array, last: Array, batch_sizes: I64) -> Array:
        """Rows that the classifier reads, from the outputs (N, W) and the final states (B, W) of all directions."""

    @abstractmethod
    def backward(self, dy: Array) -> tuple[Array | None, Array | None]:
        """Gradients by `out` and by `last`; None is zero."""


class EveryStep(Pool):
    """y = out."""

    def forward(self, out: Array, last: Array, batch_sizes: I64) -> Array:  # noqa: ARG002
        """The steps (N, W)."""
        return out

    def backward(self, dy: Array) -> tuple[Array | None, Array | None]:
        """Of y = out."""
        return dy, None


class Last(Pool):
    """y = the final state of each direction: at the last step left to right, at the first right to left."""

    def forward(self, out: Array, last: Array, batch_sizes: I64) -> Array:  # noqa: ARG002
        """One row per sequence (B, W)."""
        return last

    def backward(self, dy: Array) -> tuple[Array | None, Array | None]:
        """Of y = last."""
        return None, dy


class Mean(Pool):
    """y = the mean over the steps."""

    def forward(self, out: Array, last: Array, batch_sizes: I64) -> Array:
        """One row per sequence (B, W)."""
        self._sizes, y = batch_sizes.tolist(), np.zeros_like(last)
        self._length = np.zeros((len(last), 1), out.dtype)
        start = 0
        for n in self._sizes:
            y[:n] += out[start : start + n]
            self._length[:n] += 1
            start += n
        y /= self._length
        return y

    def backward(self, dy: Array) -> tuple[Array | None, Array | None]:
        """Of y /= length and y[:n] += out[...]."""
        share = dy / self._length
        return np.concatenate([share[:n] for n in self._sizes]), None


class Max(Pool):
    """y = the greatest value of each component over the steps; its gradient goes to the first step that has it."""

    def forward(self, out: Array, last: Array, batch_sizes: I64) -> Array:
        """One row per sequence (B, W)."""
        self._shape, y = out.shape, np.full_like(last, -np.inf)
        self._from = np.zeros(last.shape, np.int64)
        start = 0
        for n in batch_sizes.tolist():
            here = out[start : start + n]
            better = here > y[:n]
            y[:n] = np.where(better, here, y[:n])
            self._from[:n] = np.where(better, np.arange(start, start + n)[:, None], self._from[:n])
            start += n
        return y

    def backward(self, dy: Array) -> tuple[Array | None, Array | None]:
        """Of y = out[from]."""
        dout = np.zeros(self._shape, dy.dtype)
        dout[self._from, np.arange(dy.shape[1])] = dy
        return dout, None


POOLS: dict[str, type[Pool]] = {"steps": EveryStep, "last": Last, "mean": Mean, "max": Max}
