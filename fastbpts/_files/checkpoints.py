"""Checkpoints as files: whether one can be written, and whether training can continue from one."""

import os
from collections.abc import Collection, Mapping
from typing import Any

from fastbpts._files.atomic import check_writable


def check_checkpoint(path: Any) -> None:
    """ValueError unless this is None or a file that can be written when an epoch is over."""
    if path is None:
        return
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"checkpoint={path!r}: must be a path or None")
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
