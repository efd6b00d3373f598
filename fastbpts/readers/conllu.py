"""CoNLL-U, the format of Universal Dependencies: a line per word with ten columns, an empty line after each sentence.

https://universaldependencies.org/format.html
"""

from collections.abc import Iterator
from typing import IO

import numpy as np

from fastbpts._base.arguments import check_count
from fastbpts._files.lines import TextError, lines
from fastbpts._files.streams import FilePath, display_name, open_bytes
from fastbpts.data.conllu_bank import COLUMNS, ConlluBank

BLOCK = 1 << 20
_FIELDS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
_ID, _FORM, _HEAD = 0, 1, 6
_PLACE = tuple(_FIELDS.index(name.upper()) for name in COLUMNS)
_DIGITS = 9  # of a number that is accepted
_MAY_HAVE_SPACE = ("FORM", "LEMMA", "MISC")

Row = tuple[int, list[str]]


class ConlluError(TextError):
    """Malformed CoNLL-U; ``filename``, ``line`` and ``column`` say where (from 1, columns in characters)."""

    __module__ = "fastbpts"


def _number(text: str) -> int:
    """A plain decimal number; -1 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else -1


class _Reader:
    """Collects sentences; a row is a line's number and its fields."""

    def __init__(self, filename: str) -> None:
        self.filename = filename
        self._clear()

    def _clear(self) -> None:
        self.table: tuple[dict[str, int], ...] = tuple({} for _ in COLUMNS)
        self.column: tuple[list[int], ...] = tuple([] for _ in COLUMNS)
        self.head: list[int] = []
        self.end, self.comments = [0], list[tuple[str, ...]]()
        self.spans, self.span_forms = list[tuple[int, int, int]](), list[str]()
        self.n_empty = 0

    def _error(self, message: str, row: Row, field: int) -> ConlluError:
        number, fields = row
        return ConlluError(message, self.filename, number, sum(len(text) + 1 for text in fields[:field]) + 1)

    def fields(self, number: int, text: str) -> list[str]:
        """The ten columns of a line."""
        fields = text.split("\t")
        row = number, fields
        if len(fields) != len(_FIELDS):
            raise self._error(f"{len(fields)} columns separated by tabs, must be {len(_FIELDS)}", row, 0)
        for k, field in enumerate(fields):
            if not field:
                raise self._error(f"{_FIELDS[k]} is empty, must be _ if there is none", row, k)
            if _FIELDS[k] not in _MAY_HAVE_SPACE and " " in field:
                raise self._error(f"{_FIELDS[k]} has a space: {field!r:.60}", row, k)
            if "\0" in field:
                raise self._error(f"{_FIELDS[k]} has a NUL character", row, k)
        return fields

    def sentence(self, rows: list[Row], comments: list[str]) -> None:
        """Add a sentence."""
        words: list[Row] = []
        span_end, n_empty = 0, 0
        for row in rows:
            name = row[1][_ID]
            if "-" in name:
                span_end = self._span(row, len(words), span_end)
            elif "." in name:
                n_empty = self._empty(row, len(words), n_empty)
            elif _number(name) == len(words) + 1:
                words.append(row)
                n_empty = 0
            else:
                raise self._error(f"ID {name!r:.30}: the next word's is {len(words) + 1}", row, _ID)
        if span_end > len(words) or not words:
            raise self._error(f"the sentence has {len(words)} words: some are missing", rows[-1], _ID)
        for row in words:
            self._word(row, len(words))
        self.end.append(len(self.head))
        self.comments.append(tuple(comments))

    def _word(self, row: Row, n_words: int) -> None:
        fields = row[1]
        head = -1 if fields[_HEAD] == "_" else _number(fields[_HEAD])
        if fields[_HEAD] != "_" and not (0 <= head <= n_words and head != int(fields[_ID])):
            raise self._error(
                f"HEAD {fields[_HEAD]!r:.30}: must be _, 0 or the ID of another of the {n_words} words", row, _HEAD
            )
        self.head.append(head)
        for place, table, column in zip(_PLACE, self.table, self.column, strict=True):
            column.append(table.setdefault(fields[place], len(table)))

    def _span(self, row: Row, n_words: int, span_end: int) -> int:
        """Note a multiword token, which comes before its words. Returns its last word."""
        first, last = (_number(part) for part in row[1][_ID].split("-", 1))
        if first != n_words + 1 or last <= first or first <= span_end:
            raise self._error(f"ID {row[1][_ID]!r:.30}: a multiword token begins with word {n_words + 1}", row, _ID)
        self.spans.append((len(self.end) - 1, first, last))
        self.span_forms.append(row[1][_FORM])
        return last

    def _empty(self, row: Row, n_words: int, n_empty: int) -> int:
        """Count an empty node, which comes after its word. Returns how many there are here."""
        if row[1][_ID] != f"{n_words}.{n_empty + 1}":
            raise self._error(f"ID {row[1][_ID]!r:.30}: an empty node here is {n_words}.{n_empty + 1}", row, _ID)
        self.n_empty += 1
        return n_empty + 1

    def bank(self) -> ConlluBank:
        """A bank of the sentences since the last call."""
        bank = ConlluBank(
            np.array(self.end, np.int64),
            {name: np.array(ids, np.int32) for name, ids in zip(COLUMNS, self.column, strict=True)},
            {name: list(table) for name, table in zip(COLUMNS, self.table, strict=True)},
            np.array(self.head, np.int32),
            self.comments,
            np.array(self.spans, np.int64).reshape(-1, 3),
            self.span_forms,
            self.n_empty,
        )
        self._clear()
        return bank


def _banks(stream: IO[bytes], encoding: str, block: int, filename: str, chunk: int | None) -> Iterator[ConlluBank]:
    reader = _Reader(filename)
    rows, comments = list[Row](), list[str]()
    n_banks = 0
    for number, text in lines(stream, encoding, block, filename, ConlluError):
        if text.startswith("#") and not rows:
            comments.append(text[1:].strip())
        elif text.strip():
            rows.append((number, reader.fields(number, text)))
        elif rows:
            reader.sentence(rows, comments)
            rows, comments = [], []
            if chunk is not None and len(reader.comments) == chunk:
                yield reader.bank()
                n_banks += 1
    if rows:  # the empty line at the end of the file is missing
        reader.sentence(rows, comments)
    if reader.comments:
        yield reader.bank()
    elif not n_banks:
        raise ConlluError("there is no sentence here", filename, 1, 1)


def iter_conllu(
    path: FilePath, *, chunk_sentences: int = 1000, encoding: str = "utf-8", _block: int = BLOCK
) -> Iterator[ConlluBank]:
    """Read a CoNLL-U file piece by piece, in constant memory.

    Parameters
    ----------
    path : path or binary stream
        As for :func:`read_conllu`.
    chunk_sentences : int, default=1000
        Sentences in each piece; the last may have fewer.
    encoding : str, default="utf-8"
        Encoding of the text.

    Yields
    ------
    ConlluBank
        The next sentences of the file.

    Raises
    ------
    ValueError
        `chunk_sentences` is less than 1. A malformed file raises :class:`ConlluError`, as in :func:`read_conllu`.
    """
    return _iterate(path, encoding, _block, check_count(chunk_sentences, "chunk_sentences"))


def _iterate(path: FilePath, encoding: str, block: int, chunk: int | None) -> Iterator[ConlluBank]:
    with open_bytes(path) as stream:
        yield from _banks(stream, encoding, block, display_name(path), chunk)


def read_conllu(path: FilePath, *, encoding: str = "utf-8", _block: int = BLOCK) -> ConlluBank:
    """Read a file in CoNLL-U, the format of Universal Dependencies.

    Multiword tokens (``3-4``) are kept beside the words they span; empty nodes (``8.1``) of the enhanced graph are
    counted and left out, as are the columns DEPS and MISC. ``_`` in HEAD becomes -1, elsewhere it stays ``_``.

    Parameters
    ----------
    path : path or binary stream
        Plain, gzip or xz (recognised by content).
    encoding : str
        Encoding of the text; a byte order mark is skipped.

    Returns
    -------
    ConlluBank
        All sentences of the file.

    Raises
    ------
    ConlluError
        A ValueError that names file, line and column: a line without ten columns, empty columns, IDs out of order,
        multiword tokens that overlap or have no words, HEAD that is no word of the sentence, invalid encoding, a
        damaged archive, no sentence at all.
    """
    return next(_iterate(path, encoding, _block, None))
