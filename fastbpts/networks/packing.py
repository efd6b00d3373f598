"""Batches of sequences as packed rows: time by time, longest sequence first, no padding."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]


class Rows(NamedTuple):
    """What a network reads: N packed rows of B sequences over T times.

    Attributes
    ----------
    batch_sizes : int64 (T,)
        How many sequences have a row at each time.
    ids : int32 (N, n_tables) or None
        Rows of the embedding tables.
    values : array (N, n_values) or None
        Numbers that are read as they are.
    """

    batch_sizes: I64
    ids: I32 | None = None
    values: NDArray[Any] | None = None

    @property
    def lengths(self) -> I64:
        """The length of each sequence, int64 (B,)."""
        n_sequences = int(self.batch_sizes[0])
        times = np.searchsorted(-self.batch_sizes, -np.arange(n_sequences), side="left")
        return times.astype(np.int64)


def pack(ptr: I64, chosen: I64) -> tuple[I64, I64, I64]:
    """The sequences `chosen` of those from ``ptr[k]`` to ``ptr[k + 1]`` in a flat array.

    Returns
    -------
    batch_sizes : int64 (T,)
    place : int64 (N,)
        Where in the flat array each packed row is.
    order : int64 (B,)
        `chosen`, longest first.
    """
    length = ptr[chosen + 1] - ptr[chosen]
    by_length = np.argsort(-length, kind="stable")
    order, length = chosen[by_length], length[by_length]
    is_there = length > np.arange(length[0])[:, None]  # (T, B)
    time, sequence = np.nonzero(is_there)
    return is_there.sum(axis=1), ptr[order][sequence] + time, order


def streams(n: int, n_streams: int) -> I64:
    """Positions (T, n_streams) that cut 0..n-1 into pieces of equal length, side by side; a rest is left over."""
    length = n // n_streams
    return np.arange(length)[:, None] + length * np.arange(n_streams)
