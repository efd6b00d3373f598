"""Checks of a treebank's arrays, made once and vectorised, so that no C code need look at an index twice."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastbpts.data.plan import I32, Plan
from fastbpts.data.vocabulary import Vocabulary

_CHUNK = 1 << 21  # nodes looked at together


def as_integers(name: str, given: ArrayLike, dtype: type[np.signedinteger[Any]]) -> NDArray[Any]:
    """A one-dimensional C-ordered copy of integers, all of which `dtype` can hold."""
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise ValueError(f"{name} must be a one-dimensional array of integers ({error})") from error
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError(
            f"{name} must be a one-dimensional array of integers, got {array.dtype} of shape {array.shape}"
        )
    info = np.iinfo(dtype)
    if array.size and (int(array.min()) < info.min or int(array.max()) > info.max):
        raise ValueError(f"{name}: values from {array.min()} to {array.max()} do not fit {np.dtype(dtype)}")
    return np.array(array, dtype, order="C")


def _pointers(name: str, ptr: NDArray[np.int64], n_trees: int, total: int) -> None:
    ok = len(ptr) == n_trees + 1 and ptr[0] == 0 and ptr[-1] == total and not (np.diff(ptr) < 0).any()
    if not ok:
        raise ValueError(f"{name} must be {n_trees + 1} values rising from 0 to {total}")


def check_plan(arrays: Sequence[ArrayLike], vocabulary: Vocabulary) -> Plan:
    """Copies of the arrays of a Treebank, or a ValueError that names the one at fault."""
    if not isinstance(vocabulary, Vocabulary):
        raise ValueError(f"vocabulary must be a Vocabulary, got {vocabulary!r:.80}")
    named = zip(Plan._fields, arrays, strict=True)
    plan = Plan(*(as_integers(name, a, np.int64 if name.endswith("_ptr") else np.int32) for name, a in named))
    if len(plan.node_ptr) == 0:
        raise ValueError("node_ptr must have one value at least, got none")
    n_trees, n_nodes = len(plan.node_ptr) - 1, len(plan.word)
    for name, size in (("node_ptr", n_nodes), ("level_ptr", len(plan.level_size)), ("edge_ptr", len(plan.child))):
        _pointers(name, getattr(plan, name), n_trees, size)
    for name in ("n_child", "label"):
        if len(getattr(plan, name)) != n_nodes:
            raise ValueError(
                f"{name} must be {n_nodes} values, one per node, as word has them, got {len(getattr(plan, name))}"
            )
    for name, low, high in (("n_child", 0, n_nodes), ("word", -1, len(vocabulary)), ("label", -1, 1 << 31)):
        values = getattr(plan, name)
        if n_nodes and not (low <= values.min() and int(values.max()) < high):
            raise ValueError(f"{name} must be in {low}..{high - 1}, got values from {values.min()} to {values.max()}")
    start = 0
    while start < n_trees:
        stop = int(np.searchsorted(plan.node_ptr, plan.node_ptr[start] + _CHUNK, side="right")) - 1
        stop = max(stop, start + 1)
        _check_trees(plan, start, stop)
        start = stop
    return plan


def _check_trees(p: Plan, start: int, stop: int) -> None:
    size = np.diff(p.node_ptr[start : stop + 1])
    tree = np.repeat(np.arange(stop - start), size)
    nodes = slice(p.node_ptr[start], p.node_ptr[stop])
    n_child = p.n_child[nodes].astype(np.int64)
    child = p.child[p.edge_ptr[start] : p.edge_ptr[stop]]
    level_size = p.level_size[p.level_ptr[start] : p.level_ptr[stop]]
    n_levels = np.diff(p.level_ptr[start : stop + 1])

    def fail(name: str, bad: NDArray[Any], what: str) -> None:
        if bad.any():
            raise ValueError(f"{name}: tree {start + int(np.argmax(bad))} {what}")

    fail("node_ptr", size == 0, "has no node")
    fail("edge_ptr", np.diff(p.edge_ptr[start : stop + 1]) != size - 1, "does not have one edge less than nodes")
    fail(
        "n_child", np.bincount(tree, n_child, stop - start) != size - 1, "does not have its number of edges as the sum"
    )
    level_tree = np.repeat(np.arange(stop - start), n_levels)
    fail(
        "level_size",
        np.bincount(level_tree, level_size, stop - start) != size,
        "does not have its number of nodes as the sum",
    )
    if (level_size < 1).any():
        fail(
            "level_size",
            np.bincount(level_tree[level_size < 1], minlength=stop - start) > 0,
            "has a level without nodes",
        )
    edge_tree = np.repeat(np.arange(stop - start), size - 1)
    outside = (child < 0) | (child >= size[edge_tree])
    fail("child", np.bincount(edge_tree[outside], minlength=stop - start) > 0, "has a child that is none of its nodes")
    base = p.node_ptr[start:stop] - p.node_ptr[start]
    below = child + base[edge_tree]
    is_root = np.zeros(len(tree), bool)
    is_root[base + size - 1] = True
    wrong = np.bincount(below, minlength=len(tree)) == is_root
    fail(
        "child",
        np.bincount(tree[wrong], minlength=stop - start) > 0,
        "does not have one parent at every node but the last",
    )
    level = np.repeat(
        np.arange(len(level_size)) - np.repeat((p.level_ptr[start:stop] - p.level_ptr[start]), n_levels), level_size
    )
    height = np.zeros(len(tree), np.int64)
    inner = np.flatnonzero(n_child)
    if inner.size:
        first = np.cumsum(n_child) - n_child
        height[inner] = np.maximum.reduceat(level[below], first[inner]) + 1
    fail(
        "level_size",
        np.bincount(tree[height != level], minlength=stop - start) > 0,
        "has a node that is not on its level",
    )
    fail(
        "word",
        np.bincount(tree[(n_child > 0) & (p.word[nodes] >= 0)], minlength=stop - start) > 0,
        "has an inner node with a word",
    )


def checked_phrase(
    phrase: ArrayLike | None, names: Sequence[str] | None, n_nodes: int
) -> tuple[I32 | None, list[str] | None]:
    """Phrase labels and their names, which come together or not at all."""
    if phrase is None and names is None:
        return None, None
    if phrase is None or names is None or not all(isinstance(name, str) for name in names):
        raise ValueError(
            "phrase and label_names must both be given (an integer per node, a list of strings), or neither"
        )
    ids = as_integers("phrase", phrase, np.int32)
    if len(ids) != n_nodes or (n_nodes and not (ids.min() >= -1 and ids.max() < len(names))):
        raise ValueError(f"phrase must be {n_nodes} values in -1..{len(names) - 1}")
    return ids, list(names)
