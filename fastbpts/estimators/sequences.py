"""Sequences as estimators take them, in one form: flat arrays of token numbers or of values."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbpts.data.conllu_bank import ConlluBank
from fastbpts.data.tree import Tree
from fastbpts.data.treebank import Treebank
from fastbpts.networks.packing import I32, I64

_KINDS = (
    "must be a list of sequences: each a list of tokens, a string, or an array (n_steps, n_values); or a ConlluBank"
)


@dataclass(frozen=True)
class Sequences:
    """Sequence k is from ``ptr[k]`` to ``ptr[k + 1]``.

    Attributes
    ----------
    ptr : int64 (n + 1,)
    token : int32 (n_steps,)
        The number of each token among `tokens`; no elements where the steps are values.
    tokens : list of str
        The distinct tokens.
    values : array (n_steps, n_values) or None
    """

    ptr: I64
    token: I32
    tokens: list[str]
    values: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.ptr) - 1

    @property
    def word(self) -> I32:
        """`token`, under the name that a treebank has for it."""
        return self.token

    @property
    def n_values(self) -> int:
        """Values per step."""
        return 0 if self.values is None else self.values.shape[1]

    def take(self, chosen: I64) -> "Sequences":
        """Some of the sequences."""
        ptr, place = flat_places(self.ptr, chosen)
        if self.values is not None:
            return Sequences(ptr, self.token, self.tokens, self.values[place])
        return Sequences(ptr, self.token[place], self.tokens)


def flat_places(ptr: I64, chosen: I64) -> tuple[I64, I64]:
    """The new ptr of the sequences `chosen`, and where in the old flat array their steps are."""
    length = np.diff(ptr)[chosen]
    new = np.concatenate([np.zeros(1, np.int64), np.cumsum(length)])
    return new, np.repeat(ptr[:-1][chosen] - new[:-1], length) + np.arange(new[-1])


def as_sequences(X: Any, level: str) -> Sequences:
    """Sequences from what the estimators accept.

    That is a ConlluBank (its forms), or an iterable of sequences: lists of tokens; strings, which `level` cuts into
    characters or at white space; arrays (n_steps,) or (n_steps, n_values) of floats. Two- and three-dimensional arrays
    are read as their first axis says; integers are tokens, floats are values.
    """
    if isinstance(X, Sequences):
        return X
    if isinstance(X, ConlluBank):
        return Sequences(X.ptr, X.ids["form"], X.names["form"])
    if isinstance(X, str | bytes | os.PathLike | Treebank | Tree):
        raise ValueError(f"X {_KINDS}, got {type(X).__name__}")
    if hasattr(X, "toarray"):
        raise ValueError(f"X {_KINDS}, got a sparse matrix")
    try:
        items = list(X)
    except TypeError:
        raise ValueError(f"X {_KINDS}, got {type(X).__name__}") from None
    if not items:
        raise ValueError("X has no sequences")
    if all(isinstance(item, np.ndarray) and item.dtype.kind == "f" for item in items):
        return _of_values(items)
    return _of_tokens([_tokens(k, item, level) for k, item in enumerate(items)])


def _of_values(items: list[NDArray[Any]]) -> Sequences:
    items = [item[:, None] if item.ndim == 1 else item for item in items]
    for k, item in enumerate(items):
        if item.ndim != 2 or item.shape[1] != items[0].shape[-1] or not item.size:
            raise ValueError(
                f"X[{k}] has shape {item.shape}: must be (n_steps, n_values) with at least one step, and as many "
                f"values as X[0] of shape {items[0].shape}"
            )
        if not np.isfinite(item).all():
            raise ValueError(f"X[{k}] contains NaN or infinity")
    ptr = np.cumsum([0, *map(len, items)], dtype=np.int64)
    return Sequences(ptr, np.empty(0, np.int32), [], np.concatenate(items))


def _tokens(k: int, item: Any, level: str) -> list[str]:
    if isinstance(item, str):
        item = list(item) if level == "char" else item.split()
    elif isinstance(item, np.ndarray) and item.ndim == 1 and item.dtype.kind in "biu":
        item = [str(value) for value in item.tolist()]
    elif isinstance(item, bytes) or not isinstance(item, Iterable):
        raise ValueError(f"X {_KINDS}, got X[{k}] of type {type(item).__name__}")
    else:
        item = [str(t) if isinstance(t, int | np.integer) and not isinstance(t, bool) else t for t in item]
    for place, token in enumerate(item):
        if not isinstance(token, str):
            raise ValueError(f"X[{k}][{place}] must be a token (a string), got {type(token).__name__}: X {_KINDS}")
    if not len(item):
        raise ValueError(f"X[{k}] is empty: every sequence needs at least one step")
    return list(item)


def _of_tokens(items: list[list[str]]) -> Sequences:
    index: dict[str, int] = {}
    token = np.array([index.setdefault(token, len(index)) for item in items for token in item], np.int32)
    return Sequences(np.cumsum([0, *map(len, items)], dtype=np.int64), token, list(index))


def check_labels(values: list[Any], name: str) -> NDArray[Any]:
    """Labels as an array: all integers, or all strings."""
    kinds = {int if isinstance(value, int | np.integer | np.bool_) else type(value) for value in values}
    if kinds <= {float, np.float32, np.float64}:
        floats = np.array(values, float)
        if not np.isfinite(floats).all():
            raise ValueError(f"{name} must be class labels, got NaN or infinity")
        if (floats != np.floor(floats)).any():
            raise ValueError(f"{name} must be class labels, got fractions. Unknown label type: continuous")
        return floats.astype(np.int64)
    if kinds - {int, str, np.str_} or len({kind is str or kind is np.str_ for kind in kinds}) > 1:
        found = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise ValueError(f"{name} must be all integers or all strings, got labels of several kinds ({found})")
    return np.array(values)
