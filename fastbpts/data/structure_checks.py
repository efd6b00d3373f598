"""Checks of a structure's arrays, made once and vectorised, so that no C code need look at an index twice."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastbpts.data.plan import I32, I64


class GraphArrays(NamedTuple):
    """The arrays of a Structure, which says what they mean."""

    level_ptr: I64
    child_ptr: I64
    child: I32
    word: I32
    label: I32
    graph: I32
    root: I32
    inputs: I32
    order: I64


def _need(name: str, condition: bool, what: str) -> None:
    if not condition:
        raise ValueError(f"{name}: {what}")


def _must_be(name: str, condition: bool, what: str) -> None:
    if not condition:
        raise ValueError(f"{name} must be {what}")


def _in_range(values: NDArray[Any], low: int, high: int) -> bool:
    return values.size == 0 or bool(low <= values.min() and values.max() < high)


def check_structure(s: GraphArrays) -> None:
    """Raise ValueError naming the first array that is wrong."""
    for name, array in s._asdict().items():
        dtype = np.dtype(np.int64 if name in ("level_ptr", "child_ptr", "order") else np.int32)
        ok = isinstance(array, np.ndarray) and array.dtype == dtype and array.ndim == 1 and array.flags.c_contiguous
        _must_be(name, ok, f"a C-ordered array of {dtype} with one dimension")
    n, n_edges, n_graphs = len(s.graph), len(s.child), len(s.root)
    _need("graph", n >= 1, "there must be one node at least")
    ends = (("level_ptr", s.level_ptr, n, 1), ("child_ptr", s.child_ptr, n_edges, 0))
    for name, ptr, total, step in ends:
        ok = len(ptr) >= 2 and ptr[0] == 0 and ptr[-1] == total and bool((np.diff(ptr) >= step).all())
        _must_be(name, ok, f"values rising from 0 to {total}{', no two the same' if step else ''}")
    _must_be("child_ptr", len(s.child_ptr) == n + 1, f"{n + 1} values, one per node and an end")
    _must_be("child", _in_range(s.child, 0, n), f"nodes, 0..{n - 1}")
    for name in ("word", "label", "order"):
        _must_be(name, len(getattr(s, name)) == n, f"{n} values, one per node")
    _must_be("word", _in_range(s.word, -1, 1 << 31), "values of at least -1")
    _must_be("label", _in_range(s.label, -1, 1 << 31), "values of at least -1")
    _must_be("graph", _in_range(s.graph, 0, n_graphs), f"values in 0..{n_graphs - 1}, for {n_graphs} roots")
    _must_be("root", _in_range(s.root, 0, n), f"nodes, 0..{n - 1}")
    _need("root", bool((s.graph[s.root] == np.arange(n_graphs)).all()), "root[g] must be a node of graph g")
    _must_be("inputs", _in_range(s.inputs, 0, n) and bool((np.diff(s.inputs) > 0).all()), "ascending nodes")
    ok = _in_range(s.order, 0, n) and bool((np.bincount(s.order, minlength=n) == 1).all())
    _must_be("order", ok, f"each number from 0 to {n - 1} once")
    _check_levels(s)


def _check_levels(s: GraphArrays) -> None:
    n = len(s.graph)
    level = np.repeat(np.arange(len(s.level_ptr) - 1), np.diff(s.level_ptr))
    n_child = np.diff(s.child_ptr)
    parent = np.repeat(np.arange(n), n_child)
    height = np.zeros(n, np.int64)
    inner = np.flatnonzero(n_child)
    if inner.size:
        height[inner] = np.maximum.reduceat(level[s.child], s.child_ptr[inner]) + 1
    wrong = np.flatnonzero(height != level)
    _need(
        "level_ptr", not wrong.size, f"node {wrong[0] if wrong.size else 0} must be one level above its highest child"
    )
    same_level = np.diff(level) == 0
    _need("graph", bool((np.diff(s.graph)[same_level] >= 0).all()), "nodes of a level must be sorted by graph")
    _need("child", bool((s.graph[s.child] == s.graph[parent]).all()), "an edge joins two graphs")
    key = np.sort(parent * n + s.child)
    _need("child", bool((np.diff(key) > 0).all()), "a node is given twice as child of one parent")
