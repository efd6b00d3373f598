"""Co-occurrence counts of a text in bounded memory: counted by rows in C, parts of a long text sorted on disk."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastbpts import _core
from fastbpts.words._counting import I64
from fastbpts.words._encoded import EncodedText

I32 = NDArray[np.int32]
_ENTRIES = 1 << 22  # entries counted at a time, 12 bytes each
_LONGEST = 2**31 - 1  # words of a chunk of text, whose positions are int32
_UNIT = 2.0**-_core.COUNT_BITS


class Rows(NamedTuple):
    """Rows first, first + 1, ... of the matrix: their numbers of entries, columns (ascending), sums in units."""

    first: int
    n_in_row: I64
    column: I32
    sum: I64


class Windows(NamedTuple):
    """What counts as a context: up to `window` words before a word (and, if symmetric, after it), weighted."""

    window: int
    symmetric: bool
    weighted: bool  # weighted by 1 / distance

    def weights(self) -> I64:
        """The weight at each distance, in units."""
        distance = np.arange(1, self.window + 1)
        return np.concatenate([[0], np.rint((1 / distance if self.weighted else distance**0) / _UNIT)]).astype(np.int64)


class _Batcher:
    """Rows in batches, so that the largest number of entries that they can have fits the room."""

    def __init__(self, n_words: int, n_threads: int) -> None:
        self.n_words, self.n_threads = n_words, n_threads
        self.size = max(n_words, _ENTRIES)
        self.counter = _core.RowCounter(n_words, self.size, n_threads)

    def batches(self, most: I64) -> Iterator[tuple[int, I64, I64]]:
        """Per batch: first row, room of each row as offsets, first row of each thread. most: the entries of a row."""
        end = np.concatenate([[0], np.cumsum(most)])
        first = 0
        while first < self.n_words:
            last = int(np.searchsorted(end, end[first] + self.size, "right")) - 1
            at = end[first : last + 1] - end[first]
            shares = np.linspace(0, at[-1], self.n_threads + 1)
            split = first + np.searchsorted(at, shares)
            split[0], split[-1] = first, last
            yield first, at, split
            first = last


def _count_chunk(batcher: _Batcher, text: I32, windows: Windows) -> Iterator[Rows]:
    """The rows of a piece of text, which begins and ends with -1."""
    start, position = _core.word_positions(text, len(text), batcher.n_words)
    width = windows.window * (2 if windows.symmetric else 1)
    weights = windows.weights()
    for first, at, split in batcher.batches(np.minimum(np.diff(start) * width, batcher.n_words)):
        yield Rows(first, *batcher.counter.count(text, start, position, weights, windows.symmetric, first, at, split))


class _Run:
    """Rows of a chunk on disk, behind those of the chunks before."""

    def __init__(self, rows: Iterator[Rows], columns: IO[bytes], sums: IO[bytes]) -> None:
        self._columns, self._sums, self._begin = columns, sums, columns.tell() // 4
        n_in_row = []
        for part in rows:
            columns.write(part.column.data)
            sums.write(part.sum.data)
            n_in_row.append(part.n_in_row)
        self.n_in_row = np.concatenate(n_in_row)
        self._start = np.concatenate([[0], np.cumsum(self.n_in_row)])

    def read(self, first: int, last: int) -> tuple[I64, I32, I64]:
        """The starts of rows, the columns and the sums."""
        start = self._start[first : last + 1] - self._start[first]
        begin, n = self._begin + int(self._start[first]), int(start[-1])
        self._columns.seek(4 * begin)
        self._sums.seek(8 * begin)
        column = np.frombuffer(self._columns.read(4 * n), np.int32)
        return start, column, np.frombuffer(self._sums.read(8 * n), np.int64)


def _merged(batcher: _Batcher, runs: list[_Run]) -> Iterator[Rows]:
    """Add rows over runs. Sums are integers, so it does not matter how the text was cut."""
    for first, at, split in batcher.batches(
        np.minimum(np.sum([run.n_in_row for run in runs], axis=0), batcher.n_words)
    ):
        parts = [run.read(first, first + len(at) - 1) for run in runs]
        yield Rows(first, *batcher.counter.add(parts, first, at, split))


def _chunks(text: EncodedText, n_tokens: int, most: int) -> Iterator[tuple[I32, bool]]:
    """The text as ids, -1 behind every sentence, in chunks of about `most` numbers, and whether it is the last one.

    A chunk is overwritten by the next one.
    """
    most = min(most, _LONGEST)
    buffer, n = np.full(1, -1, np.int32), 1
    for block in text.blocks():
        need = len(block.text) + len(block.piece_ptr)
        if n > 1 and n + need > most:
            yield buffer[:n], False
            n = 1
        if n + need > len(buffer):
            room = max(n + need, min(most, 2 * n_tokens))
            buffer = np.concatenate([buffer[:n], np.empty(room - n, np.int32)])
        n = _core.decode_text(block.text, block.piece_ptr, buffer, n)
    yield buffer[:n], True


def count_rows(
    text: EncodedText,
    n_words: int,
    n_tokens: int,
    windows: Windows,
    memory_limit: int,
    n_threads: int,
) -> Iterator[Rows]:
    """Count how often words occur near each other, row by row.

    Parameters
    ----------
    text : EncodedText
        Read once.
    n_words, n_tokens : int
        Size of the vocabulary; about how many words of the text are in it.
    windows : Windows
    memory_limit : int
        Bytes for ids and positions of the text (8 per word). Beyond it, parts of the text are counted one by one and
        added from disk. The counts do not depend on it.
    n_threads : int

    Yields
    ------
    Rows
        All rows, in order.
    """
    batcher = _Batcher(n_words, n_threads)
    runs: list[_Run] = []
    with ExitStack() as files:
        for ids, last in _chunks(text, n_tokens, memory_limit // 8):
            rows = _count_chunk(batcher, ids, windows)
            if last and not runs:
                yield from rows
                return
            if not runs:
                columns, sums = (files.enter_context(tempfile.TemporaryFile()) for _ in range(2))
            runs.append(_Run(rows, columns, sums))
        yield from _merged(batcher, runs)
