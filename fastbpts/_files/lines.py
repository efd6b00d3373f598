"""Errors that say where in a text they are, and the lines of a file."""

from collections.abc import Iterator
from typing import IO

from fastbpts._files.streams import utf8_blocks


class TextError(ValueError):
    """Malformed text; ``filename``, ``line`` and ``column`` say where (from 1, columns in characters)."""

    def __init__(self, message: str, filename: str, line: int, column: int) -> None:
        super().__init__(message, filename, line, column)
        self.message, self.filename, self.line, self.column = message, filename, line, column

    def __str__(self) -> str:
        return f"{self.filename}:{self.line}:{self.column}: {self.message}"


def lines(
    stream: IO[bytes], encoding: str, block: int, filename: str, error: type[TextError]
) -> Iterator[tuple[int, str]]:
    """Numbers (from 1) and texts of the lines, without their ends (LF or CR LF)."""
    number, waiting = 1, [""]
    for part, ending in utf8_blocks(stream, encoding, block):
        first, *others = part.decode().split("\n")
        waiting.append(first)
        if others:
            for text in ("".join(waiting), *others[:-1]):
                yield number, text.removesuffix("\r")
                number += 1
            waiting = [others[-1]]
        if ending:
            raise error(ending, filename, number, len("".join(waiting)) + 1)
    if last := "".join(waiting):
        yield number, last.removesuffix("\r")
