"""``Word2Vec`` as named arrays and a header: model files, checkpoints; what is said of words left out."""

import hashlib
import json
import os
import warnings
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from fastbpts._arguments import Array
from fastbpts.io import Tensors, check_continuation, read_tensors, to_json, write_tensors
from fastbpts.words._counting import I64, CountTable, Kept
from fastbpts.words._model import Tree, Vectors, zero_rows
from fastbpts.words._training import Plan

if TYPE_CHECKING:
    from fastbpts.words.word2vec import Word2Vec

T = TypeVar("T", bound="Word2Vec")
_FREE = {"workers", "memory_limit", "checkpoint_every", "verbose", "compute_loss"}
_FACTS = ("n_tokens_", "n_invalid_", "n_too_long_", "min_count_")


def warn_left_out(name: str, n_invalid: int, n_long: int) -> None:
    """Say that words of a text were left out although they may be frequent."""
    if n_invalid:
        warnings.warn(f"{name}: {n_invalid} words that are not valid UTF-8 were left out", stacklevel=4)
    if n_long:
        warnings.warn(f"{name}: {n_long} words of more than 1000 bytes were left out", stacklevel=4)


def joined(known: list[str], kept: Kept, table: CountTable) -> tuple[list[str], I64]:
    """The known words, then the new ones of those kept; how often each occurred."""
    count_of = dict(zip(table.coded(np.arange(table.n)), table.count.tolist(), strict=False))
    old = set(known)
    new = [k for k, word in enumerate(kept.words) if word not in old]
    counts = np.array([count_of.get(word.encode(), 0) for word in known], np.int64)
    return known + [kept.words[k] for k in new], np.concatenate([counts, kept.counts[new]])


def _params(model: "Word2Vec") -> dict[str, Any]:
    """The parameters a file holds; a model from elsewhere must not say which file a later fit overwrites."""
    return {name: value for name, value in model.get_params().items() if name != "checkpoint"}


def to_tensors(model: "Word2Vec") -> tuple[Tensors, dict[str, Any]]:
    """All of a model."""
    size, plan = model.vector_size, model._plan
    tensors: dict[str, Array] = {
        name: rows[:, :size] for name, rows in model._vectors._asdict().items() if rows is not None
    }
    tensors["words"] = np.frombuffer("\0".join(model._words).encode(), np.uint8)
    tensors["counts"] = model._counts
    if model._tree is not None:
        tensors |= {f"tree/{name}": array for name, array in model._tree._asdict().items()}
    facts = {name: getattr(model, name) for name in _FACTS}
    progress = {"first_epoch": plan.first_epoch, "done": plan.done, "history": plan.history}
    return tensors, {"class": "Word2Vec", "params": _params(model), "facts": facts, "progress": progress}


def _padded(rows: Array, dtype: str, size: int) -> Array:
    if rows.ndim != 2 or rows.shape[1] != size or rows.dtype != dtype:
        raise ValueError(f"vectors of shape {rows.shape} and {rows.dtype} do not fit vector_size={size}, {dtype}")
    result = zero_rows(len(rows), np.empty((0, -(-size // 16) * 16), dtype))
    result[:, :size] = rows
    return result


def _set(model: "Word2Vec", tensors: Tensors, header: dict[str, Any]) -> None:
    """Take back what `to_tensors` gave, but for the parameters."""
    words = bytes(tensors["words"]).decode().split("\0")
    counts = tensors["counts"].astype(np.int64)
    rows = [tensors.get(name) for name in Vectors._fields]
    padded = [None if r is None else _padded(r, model.dtype, model.vector_size) for r in rows]
    if padded[0] is None or not len(words) == len(counts) == len(padded[0]) == len(set(words)):
        raise ValueError("words, counts and vectors are not of equal number")
    model._words, model._counts, model._vectors = words, counts, Vectors(padded[0], padded[1], padded[2])
    model._tree = Tree(*(tensors[f"tree/{name}"] for name in Tree._fields)) if model.hs else None
    model._check_sizes()
    progress = header["progress"]
    model._plan = Plan(
        model.epochs, int(counts.sum()), model._alpha, model.min_alpha, model.seed, model._threads,
        int(progress["first_epoch"]), int(progress["done"]), list(progress["history"]),
    )  # fmt: skip
    model.history_ = model._plan.history
    for name in _FACTS:
        setattr(model, name, int(header["facts"][name]))


def from_tensors(cls: type[T], tensors: Tensors, header: dict[str, Any]) -> T:
    """The model of a file or a checkpoint."""
    if header.get("class") != "Word2Vec":
        raise ValueError(f"the file holds a {header.get('class')}, not a Word2Vec")
    model = cls(**header["params"])
    model._check()
    _set(model, tensors, header)
    model._finish()
    return model


def _fingerprint(model: "Word2Vec") -> str:
    """A digest of the text's vocabulary and counts."""
    digest = hashlib.sha256("\0".join(model._words).encode())
    digest.update(model._counts.tobytes())
    return digest.hexdigest()


def write_checkpoint(model: "Word2Vec") -> None:
    """Write the state of training after an epoch to the file `checkpoint`, atomically."""
    tensors, header = to_tensors(model)
    write_tensors(str(model.checkpoint), tensors, {**header, "fingerprint": _fingerprint(model)})


def read_checkpoint(model: "Word2Vec") -> None:
    """Continue from the file `checkpoint`.

    Raises
    ------
    ValueError
        The file is damaged, or belongs to other parameters or another text.
    """
    name = os.fspath(model.checkpoint or "")
    tensors, header = read_tensors(name)
    try:
        given = json.loads(to_json(_params(model)))
        check_continuation(header, "Word2Vec", given, _FREE, _fingerprint(model))
        _set(model, tensors, header)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"checkpoint={name!r}: cannot be continued: {error}") from error
