"""GloVe's pairs in random order: a hash deals them into buckets, and each bucket is shuffled when its turn comes.

Beyond a limit of memory the pairs are kept in a temporary file. Their order does not depend on it.
"""

import tempfile
from collections.abc import Iterator
from typing import IO

import numpy as np

from fastbpts import _core
from fastbpts.words._cooccurrence import I32, Rows
from fastbpts.words._counting import I64

BUCKETS = 256
BYTES = 12  # of a pair: word, context, count


class PairStore:
    """All pairs of words that have a count. `memory_limit`: bytes for pairs in memory."""

    def __init__(self, memory_limit: int) -> None:
        self.n_pairs = 0
        self._room = memory_limit // BYTES
        self._blocks: list[tuple[I64, I32 | int]] = []  # where buckets begin; the pairs, or their place in the file
        self._file: IO[bytes] | None = None

    def add(self, rows: Rows) -> None:
        """Add rows of counts, in ascending order."""
        begin, pairs = _core.deal_pairs(rows.first, rows.n_in_row, rows.column, rows.sum, BUCKETS)
        self.n_pairs += len(pairs)
        if self.n_pairs <= self._room:
            self._blocks.append((begin, pairs))
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - until close()
        self._blocks.append((begin, self._file.tell()))
        self._file.write(pairs.data)

    def _read(self, block: tuple[I64, I32 | int], k: int) -> I32:
        (begin, end), source = block[0][k : k + 2].tolist(), block[1]
        if not isinstance(source, int):
            return source[begin:end]
        assert self._file is not None
        self._file.seek(source + begin * BYTES)
        return np.frombuffer(self._file.read((end - begin) * BYTES), np.int32).reshape(-1, 3)

    def buckets(self, rng: np.random.Generator) -> Iterator[I32]:
        """All pairs once, in an order that depends on `rng` only.

        Yields
        ------
        int32 array (n, 3)
            Word, context, and the bits of the count as a float32.
        """
        order, seeds = rng.permutation(BUCKETS), rng.integers(2**63, size=BUCKETS)
        for k in order.tolist():
            pairs = np.concatenate([np.empty((0, 3), np.int32), *(self._read(block, k) for block in self._blocks)])
            _core.shuffle_pairs(pairs, int(seeds[k]))
            yield pairs

    def close(self) -> None:
        """Delete the temporary file."""
        if self._file is not None:
            self._file.close()
