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

# What reading a damaged compressed file can raise.
DAMAGED = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)


@contextmanager
def open_bytes(path: FilePath) -> Iterator[IO[bytes]]:
    """Open a file for reading bytes (a binary stream is passed through); gzip and xz are known by their first bytes."""
    if not isinstance(path, str | os.PathLike):
        if not hasattr(path, "read"):
            raise ValueError(f"path={path!r}: accepted are a path and a binary stream")
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
    """What error messages call a file."""
    return os.fspath(path) if isinstance(path, str | os.PathLike) else str(getattr(path, "name", "<stream>"))


def utf8_blocks(stream: IO[bytes], encoding: str, size: int) -> Iterator[tuple[bytes, str | None]]:
    """Blocks of the text in UTF-8, without byte order mark; with the last comes "" or what is wrong, else None."""
    try:
        decoder = codecs.getincrementaldecoder("utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding)()
    except (LookupError, TypeError) as error:
        raise ValueError(f"encoding={encoding!r}: accepted are the text encodings Python knows") from error
    raw = b" "
    while raw:
        try:
            raw = stream.read(size)
        except DAMAGED as error:
            yield b"", f"the compressed file is damaged or cut short ({error})"
            return
        if not isinstance(raw, bytes):
            raise ValueError(f"a binary stream is needed, one that reads {type(raw).__name__} was given")
        try:
            yield decoder.decode(raw, final=not raw).encode(), None if raw else ""
        except UnicodeDecodeError as error:
            good = error.object[: error.start].decode(encoding, "replace")
            yield good.encode(), f"invalid {encoding}: {error.reason} (byte 0x{error.object[error.start]:02x})"
            return
