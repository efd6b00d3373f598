"""Text to train word vectors on: a file, or an iterable of sentences, as blocks of bytes that C cuts into words.

In a file, ASCII white space (or bytes 0 and 1) separates words, and lines are sentences. In an iterable, sentences are
sequences of strings. These may hold anything but the bytes 0 and 1, which separate words and sentences here.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from fastbpts import _core
from fastbpts._files.streams import DAMAGED, open_bytes

BLOCK = 1 << 22
PIECE = 1 << 16  # the unit of work of a thread
_BOM = b"\xef\xbb\xbf"
_BLANKS = bytes.maketrans(b"\0\1", b"  ")

Bytes = NDArray[np.uint8]


class TextSource:
    """A text that can be read again and again.

    Parameters
    ----------
    X : path or iterable of sequences of str
        A plain, gzip or xz file (known by its content), or sentences. The latter are slower: Python joins their words.

    Raises
    ------
    ValueError
        X is neither, or can be read only once.
    """

    def __init__(self, X: Any) -> None:
        self.lists = not isinstance(X, str | os.PathLike)
        self.name = "X" if self.lists else os.fspath(X)
        self._given = X
        if self.lists and (isinstance(X, bytes) or not isinstance(X, Iterable)):
            raise ValueError(f"X must be a path or an iterable of sentences, each a list of strings, got {X!r:.80}")
        if not self.lists and not self.name:
            raise ValueError("X must be a path or an iterable of sentences, got ''")
        if isinstance(X, Iterator):
            raise ValueError(
                f"X is a {type(X).__name__}, which can be read only once: pass a list, or an object whose __iter__ "
                "begins anew"
            )
        if not self.lists and Path(X).exists() and not Path(X).is_file():
            kind = "a directory" if Path(X).is_dir() else "a pipe or a device, which can be read only once"
            raise ValueError(f"{self.name}: must be a text file, got {kind}")

    def blocks(self) -> Iterator[Bytes]:
        """The text in blocks that end between words, and between lines unless a line is longer than a block.

        A block is overwritten by the next one.
        """
        return self._joined() if self.lists else self._read()

    def sentences(self) -> Iterator[list[str]]:
        """The text as lists of words, of a file its lines with words (split where longer than a block).

        Bytes that are not UTF-8 become surrogates.
        """
        if self.lists:
            for sentence in self._given:
                yield list(sentence)
            return
        for block in self._read():
            for line in block.tobytes().translate(_BLANKS).split(b"\n"):
                if words := line.split():
                    yield [word.decode("utf-8", "surrogateescape") for word in words]

    def _joined(self) -> Iterator[Bytes]:
        parts: list[str] = []
        size = 0
        for number, sentence in enumerate(self._given):
            if isinstance(sentence, str | bytes):
                raise ValueError(f"X must have lists of strings, got {sentence!r:.60} as sentence {number}")
            try:
                words = list(sentence)
                text = "\0".join(words)
            except TypeError as error:
                raise ValueError(f"X: sentence {number} is not a list of strings ({error})") from None
            if text.count("\0") != max(len(words) - 1, 0) or "\1" in text:
                raise ValueError(f"X: sentence {number} has a word with a NUL or SOH character in it")
            parts += (text, "\0\1")
            size += len(text) + 2
            if size >= BLOCK:
                yield _array(parts)
                parts, size = [], 0
        if parts:
            yield _array(parts)

    def _read(self) -> Iterator[Bytes]:
        buffer = np.empty(BLOCK + 1, np.uint8)
        with open_bytes(self._given) as stream:
            kept = self._fill(stream, buffer.data[:3])
            if buffer[:kept].tobytes() == _BOM:
                kept = 0
            while True:
                n = kept + self._fill(stream, buffer.data[kept:BLOCK])
                if n < BLOCK:
                    break
                end = _core.text_cut(buffer, n, False)
                if end:
                    yield buffer[:end]
                else:  # nothing but one word: its begin tells that it is too long
                    end = n - _core.LONGEST_WORD - 1
                kept = n - end
                buffer[:kept] = buffer[end:n].copy()
        if n:
            buffer[n] = ord("\n")
            yield buffer[: n + 1]

    def _fill(self, stream: IO[bytes], room: memoryview) -> int:
        """Bytes read: less than there is room for only at the end."""
        n = 0
        try:
            while n < len(room) and (got := stream.readinto(room[n:])):  # type: ignore[attr-defined]
                n += got
        except DAMAGED as error:
            raise ValueError(f"{self.name}: the compressed file is damaged or cut short ({error})") from error
        return n


def _array(parts: list[str]) -> Bytes:
    return np.frombuffer("".join(parts).encode("utf-8", "surrogatepass"), np.uint8)
