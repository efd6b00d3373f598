"""``GloVe`` as named arrays and a header: model files and checkpoints."""

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from fastbpts import _core
from fastbpts._arguments import Array
from fastbpts.io import Tensors, check_continuation, read_tensors, to_json, write_tensors

if TYPE_CHECKING:
    from fastbpts.words.glove import GloVe

T = TypeVar("T", bound="GloVe")
_FREE = {"workers", "memory_limit", "checkpoint_every", "verbose", "epochs"}
_FACTS = ("n_tokens_", "n_pairs_", "n_invalid_", "n_too_long_", "min_count_")


def _params(model: "GloVe") -> dict[str, Any]:
    """The parameters a file holds; a model from elsewhere must not say which file a later fit overwrites."""
    return {name: value for name, value in model.get_params().items() if name != "checkpoint"}


def to_tensors(model: "GloVe") -> tuple[Tensors, dict[str, Any]]:
    """All of a model."""
    tensors: dict[str, Array] = {"words": np.frombuffer("\0".join(model._words).encode(), np.uint8)}
    tensors |= {"counts": model._counts, "rows": model._rows, "bias": model._bias}
    facts = {name: getattr(model, name) for name in _FACTS}
    return tensors, {"class": "GloVe", "params": _params(model), "facts": facts, "history": model.history_}


def _aligned(array: Array) -> Array:
    copy: Array = _core.aligned(array.shape, array.dtype)
    copy[...] = array
    return copy


def _set(model: "GloVe", tensors: Tensors, header: dict[str, Any]) -> None:
    """Take back what `to_tensors` gave, but for the parameters."""
    words, counts = bytes(tensors["words"]).decode().split("\0"), tensors["counts"].astype(np.int64)
    model._words, model._counts = words, counts
    n, ld = 2 * len(counts), model._padded_size
    for name, shape in (("rows", (n, 2 * ld)), ("bias", (n, 2))):
        given = tensors[name]
        if given.shape != shape or given.dtype != model.dtype or not len(counts) == len(words) == len(set(words)):
            raise ValueError(f"{name} of shape {given.shape} and {given.dtype} do not fit the words and the parameters")
    model._rows, model._bias = (_aligned(tensors[name]) for name in ("rows", "bias"))
    model.history_ = list(header["history"])
    for name in _FACTS:
        setattr(model, name, int(header["facts"][name]))


def from_tensors(cls: type[T], tensors: Tensors, header: dict[str, Any]) -> T:
    """The model of a file or a checkpoint."""
    if header.get("class") != "GloVe":
        raise ValueError(f"the file holds a {header.get('class')}, not a GloVe")
    model = cls(**header["params"])
    model._check()
    _set(model, tensors, header)
    model._finish()
    return model


def _fingerprint(model: "GloVe") -> str:
    """A digest of the text's vocabulary and counts."""
    digest = hashlib.sha256("\0".join(model._words).encode())
    digest.update(model._counts.tobytes())
    return f"{digest.hexdigest()} {model.n_pairs_}"


def write_checkpoint(model: "GloVe") -> None:
    """Write the state of training after an epoch to the file `checkpoint`, atomically."""
    tensors, header = to_tensors(model)
    write_tensors(str(model.checkpoint), tensors, {**header, "fingerprint": _fingerprint(model)})


def read_checkpoint(model: "GloVe") -> None:
    """Continue from the file `checkpoint`; ValueError where it is damaged or belongs to something else."""
    name = os.fspath(model.checkpoint or "")
    tensors, header = read_tensors(name)
    try:
        check_continuation(header, "GloVe", json.loads(to_json(_params(model))), _FREE, _fingerprint(model))
        _set(model, tensors, header)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"checkpoint={name!r}: cannot be continued: {error}") from error
