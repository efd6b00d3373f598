"""The vocabulary pass: how often each word occurs, counted in C by several threads, and which words are kept."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastbpts import _core
from fastbpts.data.strings import StringTable
from fastbpts.words._text import Bytes, TextSource

I64 = NDArray[np.int64]
_SEPARATOR = b"\0"


class CountTable(StringTable):
    """Distinct strings and a count of each."""

    def __init__(self) -> None:
        super().__init__()
        self.count = np.zeros(len(self.slot) // 2, np.int64)

    def grow(self) -> None:
        """Double the room."""
        super().grow()
        self.count = np.concatenate([self.count, np.zeros_like(self.count)])

    def coded(self, ids: I64) -> list[bytes]:
        """Some of the strings, as they are in the text."""
        text, start = self.text[: self.start[self.n]].tobytes(), self.start
        return [text[a:b] for a, b in zip(start[ids].tolist(), start[ids + 1].tolist(), strict=True)]

    def add(self, other: "CountTable") -> None:
        """Add another table's counts."""
        at = 0
        while at < other.n:
            at, self.n = _core.merge_counts(other.arrays(), other.count, self.arrays(), self.count, at)
            if at < other.n:
                self.grow()


def table_of(words: list[bytes]) -> CountTable:
    """A table in which word k of these distinct words has the number k."""
    table = CountTable()
    text = np.frombuffer(_SEPARATOR.join(words) + _SEPARATOR, np.uint8)
    count_block(text, True, [table], np.zeros((1, 5), np.int64))
    if table.n != len(words):
        raise ValueError("words: one is empty, too long, there twice, or has a byte 0 or 1 in it")
    return table


def count_block(text: Bytes, lists: bool, tables: list[CountTable], state: I64) -> None:
    """Count the words of a block with one thread per table. state: see ``_core.count_words``."""
    cut = _core.text_pieces(text, len(text), -(-len(text) // len(tables)), lists)
    bounds = cut[np.arange(len(tables) + 1) * (len(cut) - 1) // len(tables)]
    state[:, 0], state[:, 1] = bounds[:-1], bounds[1:]
    while True:
        _core.count_words(text, lists, [(table.arrays(), table.count) for table in tables], state)
        for table, n in zip(tables, state[:, 4].tolist(), strict=True):
            table.n = n
        full = np.flatnonzero(state[:, 0] < state[:, 1])
        if not len(full):
            return
        for k in full.tolist():
            tables[k].grow()


def _pruned(table: CountTable, most: int) -> CountTable:
    """Drop the words that occurred once, then twice, ..., until there are few enough."""
    least = 1
    while int((table.count[: table.n] > least).sum()) > most:
        least += 1
    ids = np.flatnonzero(table.count[: table.n] > least)
    result = table_of(table.coded(ids)) if len(ids) else CountTable()
    result.count[: len(ids)] = table.count[ids]
    return result


class Counts(NamedTuple):
    """Words of a text and how often each occurs; `n_tokens` counts all, `n_long` those too long to be words."""

    table: CountTable
    n_tokens: int
    n_long: int


def count_text(source: TextSource, n_threads: int, max_vocab_size: int | None) -> Counts:
    """Count the words of a text.

    With `max_vocab_size` one thread counts. It forgets rare words whenever a block of text has led to more words.
    """
    tables = [CountTable() for _ in range(1 if max_vocab_size else n_threads)]
    state = np.zeros((len(tables), 5), np.int64)
    for text in source.blocks():
        count_block(text, source.lists, tables, state)
        if max_vocab_size and tables[0].n > max_vocab_size:
            tables[0] = _pruned(tables[0], max_vocab_size)
    for other in tables[1:]:
        tables[0].add(other)
    return Counts(tables[0], int(state[:, 2].sum()), int(state[:, 3].sum()))


class Kept(NamedTuple):
    """The words of a vocabulary by falling count (equals in alphabetic order); n_invalid of them are no UTF-8."""

    words: list[str]
    counts: I64
    min_count: int
    n_invalid: int


def _invalid(table: CountTable) -> I64:
    """The numbers of the words that are not UTF-8."""
    if bytes(table.text[: table.start[table.n]]).isascii():
        return np.zeros(0, np.int64)
    bad = [k for k, word in enumerate(table.coded(np.arange(table.n))) if not _is_text(word)]
    return np.array(bad, np.int64)


def _is_text(word: bytes) -> bool:
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True


def keep_words(table: CountTable, min_count: int, max_final_vocab: int | None) -> Kept:
    """The words that occur often enough. `min_count` rises until there are at most `max_final_vocab` of them."""
    counts = table.count[: table.n].copy()
    invalid = _invalid(table)
    n_invalid = int(counts[invalid].sum())
    counts[invalid] = 0
    least = max(min_count, 1)
    if max_final_vocab is not None and len(counts) > max_final_vocab:
        least = max(least, int(-np.partition(-counts, max_final_vocab)[max_final_vocab]) + 1)
    ids = np.flatnonzero(counts >= least)
    coded = table.coded(ids)
    by_word = np.array(sorted(range(len(coded)), key=coded.__getitem__), np.int64)
    order = by_word[np.argsort(-counts[ids][by_word], kind="stable")] if len(ids) else by_word
    return Kept([coded[k].decode() for k in order.tolist()], counts[ids][order], least, n_invalid)
