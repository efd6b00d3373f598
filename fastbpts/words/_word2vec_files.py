"""The arrays of a ``Word2Vec`` in files and checkpoints; what is said of words left out."""

import warnings
from typing import Any, Protocol

import numpy as np

from fastbpts import _core
from fastbpts._base.arguments import Array
from fastbpts._files.tensors import Tensors
from fastbpts.words._counting import I64, CountTable, Kept
from fastbpts.words._model import Tree, Vectors, zero_rows
from fastbpts.words._training import Plan


class Word2VecArrays(Protocol):
    """What is stored of a :class:`fastbpts.Word2Vec`: words, counts, vectors, the tree of words, progress."""

    vector_size: int
    dtype: str
    hs: int
    epochs: int
    min_alpha: float
    seed: int
    history_: list[dict[str, Any]]
    _trained_with: dict[str, Any]
    _words: list[str]
    _counts: I64
    _vectors: Vectors
    _tree: Tree | None
    _plan: Plan

    @property
    def _alpha(self) -> float: ...
    @property
    def _threads(self) -> int: ...
    def _check_sizes(self) -> None: ...


def warn_left_out(name: str, n_invalid: int, n_long: int) -> None:
    """Say that words of a text were left out although they may be frequent."""
    if n_invalid:
        warnings.warn(f"{name}: {n_invalid} words that are not valid UTF-8 were left out", stacklevel=4)
    if n_long:
        warnings.warn(f"{name}: {n_long} words of more than {_core.LONGEST_WORD} bytes were left out", stacklevel=4)


def joined(known: list[str], kept: Kept, table: CountTable) -> tuple[list[str], I64]:
    """The known words, then the new ones of those kept; how often each occurred."""
    count_of = dict(zip(table.coded(np.arange(table.n)), table.count.tolist(), strict=False))
    old = set(known)
    new = [k for k, word in enumerate(kept.words) if word not in old]
    counts = np.array([count_of.get(word.encode(), 0) for word in known], np.int64)
    return known + [kept.words[k] for k in new], np.concatenate([counts, kept.counts[new]])


def arrays(model: Word2VecArrays) -> tuple[Tensors, dict[str, Any]]:
    """Vectors, the tree of hierarchical softmax, and how far training is."""
    size, plan = model._trained_with["vector_size"], model._plan
    tensors: dict[str, Array] = {
        name: rows[:, :size] for name, rows in model._vectors._asdict().items() if rows is not None
    }
    if model._tree is not None:
        tensors |= {f"tree/{name}": array for name, array in model._tree._asdict().items()}
    return tensors, {"first_epoch": plan.first_epoch, "done": plan.done, "history": plan.history}


def _padded(rows: Array, dtype: str, size: int) -> Array:
    if rows.ndim != 2 or rows.shape[1] != size or rows.dtype != dtype:
        raise ValueError(f"vectors of shape {rows.shape} and {rows.dtype} do not fit vector_size={size}, {dtype}")
    result = zero_rows(len(rows), np.empty((0, -(-size // 16) * 16), dtype))
    result[:, :size] = rows
    return result


def set_arrays(
    model: Word2VecArrays, words: list[str], counts: I64, tensors: Tensors, progress: dict[str, Any]
) -> None:
    """Take back what `arrays` gave."""
    rows = [tensors.get(name) for name in Vectors._fields]
    padded = [None if r is None else _padded(r, model.dtype, model.vector_size) for r in rows]
    if padded[0] is None or not len(words) == len(counts) == len(padded[0]) == len(set(words)):
        raise ValueError("words, counts and vectors are not of equal number")
    model._words, model._counts, model._vectors = words, counts, Vectors(padded[0], padded[1], padded[2])
    model._tree = Tree(*(tensors[f"tree/{name}"] for name in Tree._fields)) if model.hs else None
    model._check_sizes()
    model._plan = Plan(
        model.epochs, int(counts.sum()), model._alpha, model.min_alpha, model.seed, model._threads,
        int(progress["first_epoch"]), int(progress["done"]), list(progress["history"]),
    )  # fmt: skip
    model.history_ = model._plan.history
