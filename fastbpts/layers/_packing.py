"""Padded sequences as packed rows: level by level (time by time), longest sequence first, nothing in between."""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastbpts._base.arguments import Array

I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Packing:
    """How B padded sequences become N packed rows, and back.

    Attributes
    ----------
    shape : (T, B), or (B, T) with batch_first
        Of padded arrays, without their width.
    batch_sizes : int64 (longest,)
        How many sequences have a step at each time.
    is_transposed : bool
        Equal lengths with batch_first: rows are those of the transposed array.
    rows : int64 (N,), optional
        Which row of a padded array, seen as (T * B, width), each packed row is; None: equal lengths.
    order : int64 (B,), optional
        Which sequence each sorted one is; None: sorted as they are.
    """

    shape: tuple[int, int]
    batch_sizes: I64
    is_transposed: bool = False
    rows: I64 | None = None
    order: I64 | None = None

    def pack(self, padded: Array) -> Array:
        """Rows (N, width) of a padded array (*shape, width); for equal lengths they remain (T, B, width)."""
        if self.rows is not None:
            return np.take(padded.reshape(-1, padded.shape[2]), self.rows, axis=0)
        return np.ascontiguousarray(padded.swapaxes(0, 1) if self.is_transposed else padded)

    def unpack(self, packed: Array) -> Array:
        """Undo :meth:`pack`; zero beyond the end of a sequence."""
        if self.rows is not None:
            padded = np.zeros((self.shape[0] * self.shape[1], packed.shape[1]), packed.dtype)
            padded[self.rows] = packed
            return padded.reshape(*self.shape, packed.shape[1])
        return packed.swapaxes(0, 1) if self.is_transposed else packed

    def sort(self, states: Array | None) -> Array | None:
        """States (k, B, H) of sequences in the user's order as those of sorted ones, C-ordered."""
        if states is None:
            return None
        return np.ascontiguousarray(states) if self.order is None else np.take(states, self.order, axis=1)

    def unsort(self, states: Array) -> Array:
        """Undo :meth:`sort`."""
        if self.order is None:
            return states
        given = np.empty_like(states)
        given[:, self.order] = states
        return given


def check_lengths(lengths: ArrayLike, n_steps: int, n_sequences: int) -> I64:
    """Lengths as int64 (n_sequences,), or ValueError unless all are integers from 1 to n_steps."""
    try:
        values = np.asarray(lengths)
    except ValueError as error:
        raise ValueError(f"lengths must be {n_sequences} integers from 1 to {n_steps}: {error}") from None
    if values.shape != (n_sequences,) or values.dtype.kind not in "iu":
        got = f"{values.dtype} of shape {values.shape}"
        raise ValueError(f"lengths must be {n_sequences} integers from 1 to {n_steps}, got {got}")
    if values.min() < 1 or values.max() > n_steps:
        span = f"{values.min()} .. {values.max()}"
        raise ValueError(f"lengths must be {n_sequences} integers from 1 to {n_steps}, got {span}")
    return values.astype(np.int64)


@functools.lru_cache(maxsize=8)
def equal_lengths(shape: tuple[int, int], batch_first: bool) -> Packing:
    """The packing of sequences that all fill the padded array; training asks for the same one again and again."""
    n_steps, n_sequences = reversed(shape) if batch_first else shape
    batch_sizes = np.full(n_steps, n_sequences, np.int64)
    batch_sizes.flags.writeable = False
    return Packing(shape, batch_sizes, batch_first)


def make_packing(shape: tuple[int, int], batch_first: bool, lengths: ArrayLike | None = None) -> Packing:
    """How to pack a padded batch of sequences.

    Parameters
    ----------
    shape : (T, B), or (B, T) with batch_first
    batch_first : bool
    lengths : array (B,) of int, optional
        In any order; None: all of them T.

    Raises
    ------
    ValueError
        If lengths are not B integers from 1 to T.
    """
    if lengths is None:
        return equal_lengths(shape, batch_first)
    n_steps, n_sequences = reversed(shape) if batch_first else shape
    length = check_lengths(lengths, n_steps, n_sequences)
    if length.min() == n_steps:
        return equal_lengths(shape, batch_first)
    order = np.argsort(-length, kind="stable")
    is_there = length[order] > np.arange(length.max())[:, None]  # (T, B)
    time, place = np.nonzero(is_there)
    rows = order[place] * n_steps + time if batch_first else time * n_sequences + order[place]
    is_sorted = bool((order[1:] > order[:-1]).all())
    return Packing(shape, is_there.sum(axis=1), False, rows, None if is_sorted else order)
