"""Model files: named arrays and a header in one safetensors file, written so that a crash leaves the old file.

The header's entry ``fastbpts`` is a JSON object: format version, class name, parameters, what else the class needs.
"""

import contextlib
import json
import os
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
_KEY = "fastbpts"

Tensors = dict[str, NDArray[Any]]
PathLike = str | os.PathLike[str]


def _plain(value: Any) -> Any:
    """What JSON does not know, as what it knows."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
        return np.dtype(value).name
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"a value of type {type(value).__name__} cannot be stored in a model file")


def to_json(value: Any) -> str:
    """`value` as JSON; numpy numbers, arrays, dtypes and paths become plain ones."""
    return json.dumps(value, default=_plain)


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
    """The file that is written, links followed, and whether in place: a device or a pipe is never replaced."""
    target = Path(path)
    if target.exists() and not target.is_file():
        return target, True
    return target.resolve() if target.is_symlink() else target, False


def _temporary(target: Path) -> Path:
    return target.parent / f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp"


def check_writable(what: str, path: PathLike) -> None:
    """Refuse a file that could not be written: before the work, not after it. The ValueError begins with `what`."""
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
            os.lstat(_temporary(target))  # other errors: no file can have this name
    except (OSError, RuntimeError, TypeError, ValueError) as error:  # links in a circle, folders that cannot be entered
        raise ValueError(f"{what}: {error}") from None


def check_checkpoint(path: Any) -> None:
    """ValueError unless this is None or a file that can be written when an epoch is over."""
    if path is None:
        return
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"checkpoint={path!r}: must be a path or None")
    check_writable(f"checkpoint={os.fspath(path)!r}", path)


def _sync_directory(directory: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def open_atomic(path: PathLike, **text: str) -> Iterator[IO[Any]]:
    """A file to write, of bytes or, with `encoding`, of text; `path` is the old file until this is whole, also after a
    power cut, and stays the old one after an error.
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
        if isinstance(error, OSError) and error.filename in (None, os.fspath(temporary)):  # None where a disk is full
            error.filename = os.fspath(path)
        raise
    if not in_place:
        _sync_directory(target.parent)


def write_atomic(path: PathLike, data: bytes | Iterable[bytes | memoryview]) -> None:
    """Write `data`, whole or in parts, to `path`, as `open_atomic` does."""
    with open_atomic(path) as file:
        file.writelines([data] if isinstance(data, bytes) else data)


def write_tensors(path: PathLike, tensors: Mapping[str, NDArray[Any]], header: Mapping[str, Any]) -> None:
    """Write arrays and a JSON header to a safetensors file, atomically."""
    from safetensors.numpy import save

    text = to_json({"format": FORMAT, **header})
    write_atomic(path, save({k: np.ascontiguousarray(v) for k, v in tensors.items()}, metadata={_KEY: text}))


def read_tensors(path: PathLike) -> tuple[Tensors, dict[str, Any]]:
    """Read what `write_tensors` wrote.

    Raises
    ------
    ValueError
        The file is not a whole model file of this library; the message names it.
    OSError
        The file cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as parse

    name = os.fspath(path)
    data = Path(path).read_bytes()  # not mapped: a file that shrinks while it is read must not be a bus error
    try:
        tensors = parse(data)
        metadata = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")]).get("__metadata__", {})
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise ValueError(f"{name}: not a safetensors file, or damaged ({error})") from None
    if _KEY not in metadata:
        raise ValueError(f"{name}: a safetensors file, but not one of fastbpts")
    try:
        header = json.loads(metadata[_KEY])
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or not isinstance(header.get("format"), int):
        raise ValueError(f"{name}: the header is damaged")
    if header["format"] > FORMAT:
        raise ValueError(f"{name}: format {header['format']} is newer than this fastbpts reads ({FORMAT})")
    return tensors, header


def check_continuation(
    header: Mapping[str, Any], name: str, given: Mapping[str, Any], free: Collection[str], fingerprint: str
) -> None:
    """Check that training can continue from a checkpoint.

    Parameters
    ----------
    header : mapping
        Of the checkpoint.
    name, given : str, mapping
        Class and parameters (as JSON has them) of the estimator that is to continue.
    free : collection of str
        Parameters that may differ.
    fingerprint : str
        Of the training data.

    Raises
    ------
    ValueError
        The checkpoint belongs to something else; the message says to what.
    """
    if header.get("class") != name:
        raise ValueError(f"it holds a {header.get('class')}, not a {name}")
    if "fingerprint" not in header:
        raise ValueError("it is a model file, not a checkpoint")
    for param, stored in header["params"].items():
        if param not in free and param in given and given[param] != stored:
            raise ValueError(f"it was made with {param}={stored!r}, now {param}={given[param]!r}")
    if header["fingerprint"] != fingerprint:
        raise ValueError("it was made with other training or validation data")
