"""Distinct strings, numbered."""

import itertools

import numpy as np
from numpy.typing import NDArray

from fastbpts import _core

I64 = NDArray[np.int64]


class StringTable:
    """Distinct strings (as UTF-8) with ids in order of first appearance. The C parser fills it, `grow` enlarges it."""

    def __init__(self) -> None:
        self.slot = np.zeros(2048, np.uint64)
        self.start = np.zeros(1025, np.int64)
        self.text = np.empty(16384, np.uint8)
        self.n = 0

    def arrays(self) -> tuple[NDArray[np.uint64], I64, NDArray[np.uint8], int]:
        """The arrays for the parser."""
        return self.slot, self.start, self.text, self.n

    def grow(self) -> None:
        """Double the room."""
        slot = np.zeros(2 * self.slot.size, np.uint64)
        _core.intern_rehash(self.slot, slot)
        start = np.zeros(self.slot.size + 1, np.int64)
        start[: self.n + 1] = self.start[: self.n + 1]
        self.slot, self.start = slot, start
        self.text = np.concatenate([self.text, np.empty_like(self.text)])

    def strings(self) -> list[str]:
        """All strings, by id."""
        text = self.text[: self.start[self.n]].tobytes()
        bounds = self.start[: self.n + 1].tolist()
        return [text[a:b].decode() for a, b in itertools.pairwise(bounds)]
