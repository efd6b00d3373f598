"""Opening plain, gzip and xz files, and reading them in blocks."""

import codecs
import gzip
import lzma
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

FilePath = str | os.PathLike[str] | IO[bytes]

# The least and the largest number of bytes that LookAhead asks a stream for.
_AHEAD, _MOST = 1 << 18, 1 << 24

# What reading a damaged compressed file can raise.
DAMAGED = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)


@contextmanager
def open_bytes(path: FilePath) -> Iterator[IO[bytes]]:
    """Open a file for reading bytes (a binary stream is passed through); gzip and xz are known by their first bytes."""
    if not isinstance(path, str | os.PathLike):
        if not hasattr(path, "read"):
            raise ValueError(f"path must be a path or a binary stream, got {path!r}")
        yield path
        return
    with Path(path).open("rb") as raw:
        magic = raw.peek(6)[:6]
        if magic.startswith(b"\x1f\x8b"):
            with gzip.open(raw) as stream:
                yield cast(IO[bytes], stream)
        elif magic.startswith(b"\xfd7zXZ\x00"):
            with lzma.open(raw) as stream:
                yield cast(IO[bytes], stream)
        else:
            yield raw


def display_name(path: FilePath) -> str:
    """The name of a file in error messages."""
    return os.fspath(path) if isinstance(path, str | os.PathLike) else str(getattr(path, "name", "<stream>"))


def utf8_blocks(stream: IO[bytes], encoding: str, size: int) -> Iterator[tuple[bytes, str | None]]:
    """Blocks of the text in UTF-8, without byte order mark, and with the last block "" or what is wrong, else None."""
    try:
        decoder = codecs.getincrementaldecoder("utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding)()
        if not isinstance(decoder.decode(b""), str):
            raise LookupError("not an encoding of text")
    except (LookupError, TypeError) as error:
        raise ValueError(f"encoding must be a text encoding that Python knows, got {encoding!r}") from error
    raw = b" "
    while raw:
        try:
            raw = stream.read(size)
        except DAMAGED as error:
            yield b"", f"the compressed file is damaged or cut short ({error})"
            return
        if not isinstance(raw, bytes):
            raise ValueError(f"path must be a path or a binary stream, got one that reads {type(raw).__name__}")
        try:
            yield decoder.decode(raw, final=not raw).encode(), None if raw else ""
        except UnicodeDecodeError as error:
            good = error.object[: error.start].decode(encoding, "replace")
            yield good.encode(), f"invalid {encoding}: {error.reason} (byte 0x{error.object[error.start]:02x})"
            return


class LookAhead:
    """Reads a binary stream by delimiters and by counts."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._buffer, self._at = stream, b"", 0

    def _more(self, n: int = _AHEAD) -> bool:
        """Read more into the buffer; False at the end of the stream."""
        new = self._stream.read(max(_AHEAD, min(n, _MOST)))
        self._buffer, self._at = self._buffer[self._at :] + new, 0
        return bool(new)

    def peek_line(self, limit: int) -> bytes:
        """The text up to and including the next line end, or what there is within `limit`. It is not consumed."""
        return self._buffer[self._at : self._end(b"\n", limit)]

    def _end(self, delimiter: bytes, limit: int) -> int:
        searched = 0
        while (found := self._buffer.find(delimiter, self._at + searched)) < 0:
            searched = len(self._buffer) - self._at
            if searched >= limit or not self._more(searched):
                return len(self._buffer)
        return found + 1

    def until(self, delimiter: bytes, limit: int) -> bytes:
        """The text up to and including the next delimiter; without one, what there is to the end or within `limit`."""
        end = self._end(delimiter, limit)
        start, self._at = self._at, end
        return self._buffer[start:end]

    def take(self, n: int) -> bytes:
        """The next n bytes, fewer at the end of the stream."""
        while len(self._buffer) - self._at < n and self._more(n):
            pass
        start, self._at = self._at, min(self._at + n, len(self._buffer))
        return self._buffer[start : self._at]

    def lines(self) -> Iterator[bytes]:
        """The lines that follow."""
        while line := self.until(b"\n", _MOST):
            yield line
