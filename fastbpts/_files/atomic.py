"""Writing a file so that a crash leaves the old file whole."""

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

PathLike = str | os.PathLike[str]


def _is_running(pid: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _stale(path: Path) -> Iterator[Path]:
    """Temporary files of `path` whose writer no longer runs."""
    for candidate in path.parent.glob(f".{path.name}.*.tmp"):
        pid = candidate.name.removeprefix(f".{path.name}.").split(".")[0]
        if pid.isdecimal() and not _is_running(int(pid)):
            yield candidate


def _destination(path: PathLike) -> tuple[Path, bool]:
    """The file to write, links followed, and whether to write it in place: a device or a pipe is never replaced."""
    target = Path(path)
    if target.exists() and not target.is_file():
        return target, True
    return target.resolve() if target.is_symlink() else target, False


def _temporary(target: Path) -> Path:
    return target.parent / f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp"


def check_writable(what: str, path: PathLike) -> None:
    """Refuse, before the work, a file that cannot be written. The ValueError begins with `what`."""
    try:
        target, in_place = _destination(path)
        folder = target.absolute().parent
        if target.is_dir():
            raise ValueError("is a directory, must be a file")
        if not in_place and not folder.is_dir():
            raise ValueError(f"the directory {folder} does not exist")
        if not in_place and not os.access(folder, os.W_OK | os.X_OK):
            raise ValueError(f"the directory {folder} cannot be written to")
        if in_place and not os.access(target, os.W_OK):
            raise ValueError("cannot be written to")
        with contextlib.suppress(FileNotFoundError):
            os.lstat(_temporary(target))  # other errors say that no file can have this name
    except (OSError, RuntimeError, TypeError, ValueError) as error:  # links in a circle, folders that cannot be entered
        raise ValueError(f"{what}: {error}") from None


def _sync_directory(directory: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def open_atomic(path: PathLike, **text: str) -> Iterator[IO[Any]]:
    """A file to write, of bytes or, with `encoding`, of text.

    `path` is the old file until the new one is whole, also after a power cut. After an error it stays the old file.
    """
    (target, in_place), kind = _destination(path), "" if text else "b"
    if not in_place:
        for stale in _stale(target):
            stale.unlink(missing_ok=True)
    temporary = target if in_place else _temporary(target)
    try:
        with temporary.open(("w" if in_place else "x") + kind, **text) as file:  # type: ignore[call-overload]
            yield file
            file.flush()
            if not in_place:
                os.fsync(file.fileno())
        if not in_place:
            temporary.replace(target)
    except BaseException as error:
        if not in_place:
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, os.fspath(temporary)):  # None if the disk is full
            error.filename = os.fspath(path)
        raise
    if not in_place:
        _sync_directory(target.parent)


def write_atomic(path: PathLike, data: bytes | Iterable[bytes | memoryview]) -> None:
    """Write `data`, whole or in parts, to `path`, as `open_atomic` does."""
    with open_atomic(path) as file:
        file.writelines([data] if isinstance(data, bytes) else data)
