"""Trees in post-order, as readers hand them over, and their level-major plan, as a Treebank keeps them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastbpts import _core

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

_SPARE = 1 << 20  # arrays grow by their size up to this, then by an eighth


class Plan(NamedTuple):
    """Level-major trees: the arrays of a Treebank, which says what they mean."""

    node_ptr: I64
    level_ptr: I64
    level_size: I32
    edge_ptr: I64
    child: I32
    n_child: I32
    word: I32
    label: I32


def plan(node_ptr: I64, n_child: I32, word: I32, label: I32) -> Plan:
    """Number the nodes of post-order trees by level."""
    n = int(node_ptr[-1])
    n_child, word, label = n_child[:n], word[:n], label[:n]
    largest = int(np.diff(node_ptr).max(initial=0))
    out = tuple(np.empty(n, np.int32) for _ in range(5))
    level_ptr, edge_ptr = np.empty_like(node_ptr), np.empty_like(node_ptr)
    scratch = np.empty(4 * largest + 1, np.int32)
    bad = _core.plan_forest(node_ptr, n_child, word, label, (*out, level_ptr, edge_ptr), scratch, largest)
    if bad:
        raise ValueError(f"tree {bad - 1}: the numbers of children do not describe one tree in post-order")
    new_n_child, new_word, new_label, child, level_size = out
    child, level_size = child[: edge_ptr[-1]].copy(), level_size[: level_ptr[-1]].copy()
    return Plan(node_ptr, level_ptr, level_size, edge_ptr, child, new_n_child, new_word, new_label)


class Collector:
    """Joins plans as they come, in arrays that grow in place, so that memory peaks little above the result."""

    def __init__(self) -> None:
        self._arrays: list[NDArray[Any]] = [array.copy() for array in empty()]
        self._used = [array.size for array in self._arrays]

    def __len__(self) -> int:
        """Number of trees."""
        return self._used[0] - 1

    def add(self, part: Plan) -> None:
        """Append the trees of a plan."""
        for k, name in enumerate(Plan._fields):
            values: NDArray[Any] = getattr(part, name)
            used = self._used[k]
            new = values[1:] + self._arrays[k][used - 1] if name.endswith("_ptr") else values
            self._used[k] = used + len(new)
            if self._used[k] > self._arrays[k].size:
                spare = max(used // 8, min(used, _SPARE))
                self._arrays[k].resize(self._used[k] + spare, refcheck=False)
            self._arrays[k][used : self._used[k]] = new

    def plan(self) -> Plan:
        """The plan of all trees; nothing can be added after that."""
        for array, used in zip(self._arrays, self._used, strict=True):
            array.resize(used, refcheck=False)
        return Plan(*self._arrays)


def join(plans: Iterable[Plan]) -> Plan:
    """Concatenate."""
    collector = Collector()
    for part in plans:
        collector.add(part)
    return collector.plan()


def empty() -> Plan:
    """The plan of no trees."""
    none, start = np.empty(0, np.int32), np.zeros(1, np.int64)
    return Plan(start, start, none, start, none, none, none, none)
