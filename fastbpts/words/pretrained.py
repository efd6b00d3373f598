"""Pretrained word vectors: word2vec text and binary, GloVe text, and the native file of `fastbpts.words`."""

import itertools
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastbpts._files.atomic import PathLike
from fastbpts._files.streams import DAMAGED, FilePath, LookAhead, display_name, open_bytes
from fastbpts.data.vocabulary import Vocabulary
from fastbpts.words import formats

F32 = NDArray[np.float32]
_BLOCK = 1 << 20  # values joined to one array at a time
_LONGEST_WORD, _LONGEST_LINE = 1 << 16, 1 << 24
_BOM = b"\xef\xbb\xbf"
_HEADER = re.compile(rb"[ \t]*([+-]?\d+)[ \t]+([+-]?\d+)\s*")
# The largest number of bytes that one byte of a plain, gzip or xz file can become.
_EXPANSION = {b"\x1f\x8b": 1100, b"\xfd7": 10000}


class _Header(NamedTuple):
    n: int
    d: int


def _parse_header(line: bytes, name: str, size: int | None) -> _Header | None:
    """The sizes a word2vec file begins with, checked against what the file can hold; None in a file without header."""
    found = _HEADER.fullmatch(line)
    if found is None:
        return None
    shown = found[0].decode().strip()
    if len(shown) > 40 or int(found[1]) < 0 or int(found[2]) < 1:
        raise ValueError(
            f"{name}:1: header {shown:.40}: numbers of words (from 0 on) and of values (from 1 on) are needed"
        )
    header = _Header(int(found[1]), int(found[2]))
    if size is not None and header.n * (2 * header.d + 2) > size:  # a word, a value and two spaces take one byte each
        raise ValueError(f"{name}:1: header {shown}: the file is too small for that many vectors")
    return header


def _capacity(path: FilePath) -> int | None:
    """The most bytes a file can hold when decompressed; None for a stream."""
    if not isinstance(path, str | os.PathLike):
        return None
    with Path(path).open("rb") as raw:
        return Path(path).stat().st_size * _EXPANSION.get(raw.read(2), 1)


def _word(coded: bytes, where: str) -> str:
    if b"\0" in coded:
        raise ValueError(f"{where}: the word {coded[:40]!r} has a NUL byte in it")
    try:
        return coded.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{where}: the word {coded[:40]!r} is not valid UTF-8") from error


def _text_rows(lines: Iterable[bytes], name: str, first: int, header: _Header | None) -> Iterator[tuple[str, F32]]:
    """Words and vectors of a text file, from line `first` on. Without header (GloVe) words may have spaces in them."""
    d = header.d if header else 0
    for number, line in enumerate(lines, first):
        parts = line.rstrip().rsplit(None, d) if d and header is None else line.split()
        if not parts:
            continue
        d = d or len(parts) - 1
        if len(parts) != d + 1 or d == 0:
            raise ValueError(f"{name}:{number}: a word and {d or 'some'} values are needed, not {len(parts)} items")
        try:
            with np.errstate(over="ignore"):
                values = np.array([float(part) for part in parts[1:]], np.float32)
        except ValueError as error:
            raise ValueError(f"{name}:{number}: {error}") from error
        if not np.isfinite(values).all():
            raise ValueError(f"{name}:{number}: a value is not finite")
        yield _word(parts[0].strip(), f"{name}:{number}"), values


def _binary_rows(source: LookAhead, name: str, header: _Header) -> Iterator[tuple[str, F32]]:
    """Words and vectors of a binary file after its header: word, space, d little-endian floats, often a line end."""
    for number in range(1, header.n + 1):
        word = source.until(b" ", _LONGEST_WORD)
        data = source.take(4 * header.d)
        if len(data) < 4 * header.d or not word.endswith(b" "):
            raise ValueError(f"{name}: vector {number} of {header.n} is damaged, or the file ends in it")
        values = np.frombuffer(data, "<f4").astype(np.float32)
        if not np.isfinite(values).all():
            raise ValueError(f"{name}: vector {number}: a value is not finite")
        yield _word(word[:-1].lstrip(b"\r\n"), f"{name}: vector {number}"), values


def _is_binary(first_line: bytes) -> bool:
    """Whether the line after the header is none of a text, be it a bad one: not empty, not ending in a number."""
    _, *numbers = first_line.split() or [b"", b"0"]
    if numbers and all(map(_is_number, numbers)):
        return False
    try:
        is_printed = all(c >= " " or c == "\t" for c in first_line.decode().rstrip())
    except UnicodeDecodeError:
        return True
    return not (is_printed and numbers and _is_number(numbers[-1]))


def _is_number(coded: bytes) -> bool:
    try:
        float(coded)
    except ValueError:
        return False
    return True


def _rows(source: LookAhead, name: str, size: int | None, binary: bool | None) -> Iterator[tuple[str, F32]]:
    line = source.until(b"\n", _LONGEST_LINE)
    header = _parse_header(line.removeprefix(_BOM), name, size)
    if header is None:
        if binary:
            raise ValueError(f"{name}:1: a binary file begins with the numbers of words and of values")
        if not line:
            raise ValueError(f"{name}: the file is empty")
        yield from _text_rows(itertools.chain([line], source.lines()), name, 1, None)
        return
    if binary is None:
        binary = header.n > 0 and _is_binary(source.peek_line(_LONGEST_LINE))
    n = 0
    for row in _binary_rows(source, name, header) if binary else _text_rows(source.lines(), name, 2, header):
        yield row
        n += 1
    if n != header.n or source.take(64).strip():
        raise ValueError(f"{name}: the header says {header.n} vectors, but there are {'more' if n >= header.n else n}")


def _native(path: PathLike, vocabulary: Vocabulary | None, max_words: int | None) -> tuple[list[str], F32]:
    words, _, vectors, _ = formats.read_native(path, mapped=True)
    listed = words[:max_words]
    rows = [row for row, word in enumerate(listed) if vocabulary is None or word in vocabulary]
    if not rows:
        raise ValueError(
            f"{os.fspath(path)}: there is no vector here{' of a word in the vocabulary' if vocabulary else ''}"
        )
    return [listed[row] for row in rows], np.asarray(vectors[rows], np.float32)


def load_vectors(
    path: FilePath, vocabulary: Vocabulary | None = None, binary: bool | None = None, max_words: int | None = None
) -> tuple[list[str], F32]:
    """Read word vectors: word2vec text or binary, GloVe text, or what :meth:`KeyedVectors.save` wrote.

    Parameters
    ----------
    path : path or binary stream
        Plain, gzip or xz (recognised by content).
    vocabulary : Vocabulary, optional
        Leave out words that are not in it.
    binary : bool, optional
        Whether it is word2vec's binary format; found out when not given.
    max_words : int, optional
        Read the first vectors of the file only, this many.

    Returns
    -------
    words : list of str
        Distinct words in the order of the file; of words that come twice, the first.
    vectors : float32 array (len(words), d)

    Raises
    ------
    ValueError
        Naming file and line (or vector): a header that the file cannot fulfil, a row of the wrong length, text that is
        no number, values that are not finite, words that are not UTF-8, a damaged or truncated file.
    """
    ok = isinstance(max_words, int | np.integer) and not isinstance(max_words, bool) and max_words > 0
    if max_words is not None and not ok:
        raise ValueError(f"max_words must be an integer of at least 1 or None, got {max_words!r}")
    name, size = display_name(path), _capacity(path)
    if isinstance(path, str | os.PathLike) and formats.is_native(path):
        return _native(path, vocabulary, max_words)
    seen: dict[str, None] = {}
    blocks, block = [], []
    with open_bytes(path) as stream:
        rows = _rows(LookAhead(stream), name, size, binary)
        try:
            for word, values in itertools.islice(rows, max_words):
                if word in seen or (vocabulary is not None and word not in vocabulary):
                    continue
                seen[word] = None
                block.append(values)
                if len(block) * len(values) >= _BLOCK:
                    blocks.append(np.stack(block))
                    block = []
        except DAMAGED as error:
            raise ValueError(f"{name}: the compressed file is damaged or cut short ({error})") from error
    if block:
        blocks.append(np.stack(block))
    if not blocks:
        raise ValueError(f"{name}: there is no vector here{' of a word in the vocabulary' if vocabulary else ''}")
    return list(seen), np.concatenate(blocks)
