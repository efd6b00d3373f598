"""Plain text of any size, cut into characters or words."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbpts._files.lines import TextError
from fastbpts._files.streams import FilePath, display_name, open_bytes, utf8_blocks
from fastbpts.data.numbered_text import LEVELS, Text, smallest_type
from fastbpts.data.vocabulary import Vocabulary

BLOCK = 1 << 20
WORDS = r"\n|\S+"
_CODES = 0x110000
_Ids = NDArray[np.unsignedinteger[Any]]


class Tokenizer:
    """Cuts pieces of one text into tokens and numbers them by first appearance.

    Parameters
    ----------
    level : {"char", "word"}
    pattern : str, optional
        Regular expression whose matches are the words; default: runs without white space, and line ends.
    """

    def __init__(self, level: str, pattern: str | None) -> None:
        if level not in LEVELS:
            raise ValueError(f"level must be one of {', '.join(map(repr, LEVELS))}, got {level!r}")
        if pattern is not None and level == "char":
            raise ValueError("pattern: goes with level='word' only")
        try:
            compiled = re.compile(WORDS if pattern is None else pattern)
        except (re.error, TypeError) as error:
            raise ValueError(f"pattern={pattern!r}: not a regular expression ({error})") from None
        self.level, self._match = level, compiled.finditer
        self._place = np.full(_CODES if level == "char" else 0, -1, np.int32)
        self.clear()

    def clear(self) -> None:
        """Forget the tokens seen."""
        self.index: dict[str, int] = {}
        self._place.fill(-1)

    def ids(self, piece: str) -> _Ids:
        """The numbers of a piece's tokens."""
        found = self._char_ids(piece) if self.level == "char" else self._word_ids(piece)
        return found.astype(smallest_type(len(self.index)))

    def _word_ids(self, piece: str) -> NDArray[np.int32]:
        index = self.index
        words = (match.group() for match in self._match(piece))
        return np.fromiter((index.setdefault(word, len(index)) for word in words if word), np.int32)

    def _char_ids(self, piece: str) -> NDArray[np.int32]:
        codes = np.frombuffer(piece.encode("utf-32-le", "surrogatepass"), np.uint32)
        ids = self._place[codes]
        if (new := codes[ids < 0]).size:
            distinct, first = np.unique(new, return_index=True)
            for code in distinct[np.argsort(first)].tolist():
                self._place[code] = len(self.index)
                self.index[chr(code)] = len(self.index)
            ids = self._place[codes]
        return ids

    def text(self, parts: list[_Ids]) -> Text:
        """The text of pieces numbered since the last clear."""
        kind = smallest_type(len(self.index))
        ids = np.concatenate([part.astype(kind, copy=False) for part in parts]) if parts else np.empty(0, kind)
        return Text(ids, Vocabulary._of_distinct(list(self.index)), self.level)


def _pieces(path: FilePath, level: str, encoding: str, block: int) -> Iterator[str]:
    """The text piece by piece; words are cut at white space only."""
    line, column = 1, 1
    waiting = ""
    with open_bytes(path) as stream:
        for part, ending in utf8_blocks(stream, encoding, block):
            text = part.decode()
            line += text.count("\n")
            column = len(text) - text.rfind("\n") if "\n" in text else column + len(text)
            if ending:
                raise TextError(ending, display_name(path), line, column)
            whole = level == "char" or ending is not None
            end = len(text) if whole else _end_of_words(text)
            if (end or whole) and (piece := waiting + text[:end]):
                yield piece
                waiting = ""
            waiting += text[end:]


def _end_of_words(text: str) -> int:
    """The end of the last white space: what follows may continue in the next block."""
    return len(text) if not text or text[-1].isspace() else len(text) - len(text.rsplit(None, 1)[-1])


def iter_text(
    path: FilePath,
    level: str = "char",
    *,
    pattern: str | None = None,
    encoding: str = "utf-8",
    _block: int = BLOCK,
) -> Iterator[Text]:
    """Read a plain text piece by piece, in constant memory.

    Parameters
    ----------
    path, level, pattern, encoding
        As for :func:`read_text`.

    Yields
    ------
    Text
        The next tokens, about a million characters of them. Each piece has a vocabulary of its own.

    Raises
    ------
    ValueError
        As for :func:`read_text`.
    """
    tokenizer = Tokenizer(level, pattern)
    for piece in _pieces(path, level, encoding, _block):
        tokenizer.clear()
        yield tokenizer.text([tokenizer.ids(piece)])


def read_text(
    path: FilePath,
    level: str = "char",
    *,
    pattern: str | None = None,
    encoding: str = "utf-8",
    _block: int = BLOCK,
) -> Text:
    """Read a plain text as one array of token numbers.

    Parameters
    ----------
    path : path or binary stream
        Plain, gzip or xz (recognised by content).
    level : {"char", "word"}
        Tokens are characters, or words.
    pattern : str, optional
        Regular expression whose matches are the words (none of which may have white space inside, other than a line
        end on its own). Default: runs of anything but white space, and line ends.
    encoding : str
        Encoding of the text; a byte order mark is skipped.

    Returns
    -------
    Text

    Raises
    ------
    ValueError
        An argument is wrong; or, naming file, line and column: invalid encoding, a damaged archive.
    """
    tokenizer = Tokenizer(level, pattern)
    return tokenizer.text([tokenizer.ids(piece) for piece in _pieces(path, level, encoding, _block)])


def parse_text(text: str, level: str = "char", pattern: str | None = None) -> Text:
    """Like :func:`read_text`, for a string."""
    tokenizer = Tokenizer(level, pattern)
    return tokenizer.text([tokenizer.ids(text)])
