"""Model files: named arrays and a header in one safetensors file, written so that a crash leaves the old file.

The header's entry ``fastbpts`` is a JSON object with format version, class name, parameters, and what else the class
needs.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbpts._files.atomic import PathLike, write_atomic

FORMAT = 2  # 1: version 0.1, where word vectors had headers of their own
_KEY = "fastbpts"

Tensors = dict[str, NDArray[Any]]


def _plain(value: Any) -> Any:
    """Translate a value that JSON does not know."""
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
    data = Path(path).read_bytes()  # not mapped: a mapped file that shrinks while it is read would be a bus error
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
