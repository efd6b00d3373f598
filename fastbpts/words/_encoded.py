"""Text as numbers of words, in the compact form that the kernels train on (see src_c/contract/word2vec.h)."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastbpts import _core
from fastbpts.words._counting import I64, table_of
from fastbpts.words._text import BLOCK, PIECE, Bytes, TextSource


class Encoded(NamedTuple):
    """A block of text. piece_words: words before each piece."""

    text: NDArray[np.uint16]
    piece_ptr: I64
    piece_words: I64
    n_words: int


class EncodedText:
    """The words of a text that are in a vocabulary, block by block. Can be read more than once.

    Parameters
    ----------
    source : TextSource
    words : list of str
        The vocabulary.
    max_sentence : int
        Longer sentences are split.
    memory_limit : int
        Bytes of encoded text that are kept in memory. A longer text is read again each time.
    """

    def __init__(
        self, source: TextSource, words: list[str], max_sentence: int, memory_limit: int, n_threads: int
    ) -> None:
        self._source, self._max_sentence, self._n_threads = source, max_sentence, n_threads
        self._table = table_of([word.encode() for word in words])
        self._room = memory_limit
        self._kept: list[Encoded] | None = []
        self._complete = False
        self._out = np.empty(0, np.uint16)  # used again for each block: new memory costs more than the encoding

    def blocks(self) -> Iterator[Encoded]:
        """One pass over the text."""
        if self._kept is not None and self._complete:
            yield from self._kept
            return
        kept: list[Encoded] | None = [] if self._kept is not None else None
        used = 0
        for text in self._source.blocks():
            block = self._encode(text)
            used += block.text.nbytes
            if kept is not None:
                kept = [*kept, block] if used <= self._room else None
            yield block
        self._kept, self._complete = kept, True

    def _encode(self, text: Bytes) -> Encoded:
        cut = _core.text_pieces(text, len(text), PIECE, self._source.lists)
        n = len(cut) - 1
        if len(self._out) < 2 * len(text):
            self._out = np.empty(2 * max(len(text), BLOCK), np.uint16)
        out = self._out
        n_units, n_words = np.zeros(n, np.int64), np.zeros(n, np.int64)
        lists, threads = self._source.lists, self._n_threads
        _core.encode_text(text, cut, lists, self._max_sentence, threads, self._table.arrays(), out, n_units, n_words)
        starts = (2 * cut[:-1]).tolist()
        packed = np.concatenate([out[a : a + b] for a, b in zip(starts, n_units.tolist(), strict=True)])
        before = np.concatenate([[0], np.cumsum(n_words)])
        return Encoded(packed, np.concatenate([[0], np.cumsum(n_units)]), before[:-1], int(before[-1]))
