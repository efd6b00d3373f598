"""Checkpoints as files: a model file with the state of training and a digest of the data, for every kind of model."""

import json
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from fastbpts._base import checks
from fastbpts._files.atomic import PathLike, check_writable
from fastbpts._files.tensors import Tensors, read_tensors, to_json, write_tensors


def check_checkpoint(path: Any) -> None:
    """Raise ValueError unless this is None or a file that can be written after an epoch."""
    if path is None:
        return
    if not isinstance(path, str | os.PathLike):
        raise checks.wrong("checkpoint", "a path or None", path)
    check_writable(f"checkpoint={os.fspath(path)!r}", path)


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


def check_resumable(path: Any) -> None:
    """ValueError unless there is a parameter `checkpoint` to continue from."""
    if path is None:
        raise ValueError("resume=True: set the parameter checkpoint, the file to continue from")


def write_checkpoint(path: PathLike, tensors: Tensors, header: Mapping[str, Any], fingerprint: str) -> None:
    """Write a model with the state of its training, atomically; `fingerprint` is a digest of the training data."""
    write_tensors(path, tensors, {**header, "fingerprint": fingerprint})


def resume_from(
    path: PathLike | None,
    name: str,
    params: Mapping[str, Any],
    free: Collection[str],
    fingerprint: str,
    take: Callable[[Tensors, dict[str, Any]], None],
    meant: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
) -> None:
    """Continue from a checkpoint, if there is one; the other arguments are as of `check_continuation`.

    Parameters
    ----------
    path : path or None
        The parameter `checkpoint` of an estimator.
    take : callable
        Called with the tensors and the header; a ValueError, KeyError or TypeError says that it cannot use them.
    meant : callable
        What parameters mean, those of the file and those given: only this is compared.

    Raises
    ------
    ValueError
        There is no such parameter, the file is damaged, or it belongs to other parameters or other data.
    """
    check_resumable(path)
    assert path is not None
    if not Path(path).exists():
        return
    tensors, header = read_tensors(path)
    try:
        then = {**header, "params": meant(header["params"])}
        check_continuation(then, name, meant(json.loads(to_json(params))), free, fingerprint)
        take(tensors, header)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"checkpoint={os.fspath(path)!r}: cannot be continued: {error}") from error
