"""Batching for the peers: what a NumPy or PyTorch user would write over cached per-tree arrays."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Batch:
    """Binary trees numbered level by level; nodes 0 .. n_leaf-1 are the leaves of all trees."""

    n_leaf: int
    levels: list[tuple[int, int]]  # node ranges of the inner levels, bottom up
    child: Ints  # (n_inner, 2) node numbers, row i belongs to node n_leaf + i
    word: Ints  # (n_leaf,)
    label: Ints  # (n_nodes,)
    root: Ints  # (n_trees,)


class Plans:
    """Per-tree arrays of a treebank, made once; `batch` merges some of them with array operations only."""

    def __init__(self, bank: Any) -> None:
        node_ptr = np.asarray(bank.node_ptr, np.int64)
        n_child = np.asarray(bank.n_child)
        if not np.isin(n_child, (0, 2)).all():
            raise ValueError("bank: the peers need binary trees, every node with 0 or 2 children")
        tree = np.repeat(np.arange(len(node_ptr) - 1), np.diff(node_ptr))
        level_size = np.asarray(bank.level_size, np.int64)
        level_ptr = np.asarray(bank.level_ptr, np.int64)
        height = np.arange(len(level_size)) - np.repeat(level_ptr[:-1], np.diff(level_ptr))
        self.start = node_ptr[:-1]
        self.size = np.diff(node_ptr)
        self.level = np.repeat(height, level_size).astype(np.uint16)  # 16 bits: a stable argsort is a radix sort
        self.child = np.zeros((len(n_child), 2), np.int64)
        self.child[n_child == 2] = np.asarray(bank.child).reshape(-1, 2)
        self.child += node_ptr[tree, None]
        self.word = np.asarray(bank.word, np.int64)
        self.label = np.asarray(bank.label, np.int64)

    def batch(self, trees: Ints) -> Batch:
        """Merge the plans of `trees`: one stable sort of all nodes by level."""
        size = self.size[trees]
        end = np.cumsum(size)
        shift = self.start[trees] - end + size  # node number in the bank minus number in the batch
        n_nodes = int(end[-1])
        shift_of = np.repeat(shift, size)
        node = np.arange(n_nodes) + shift_of
        level = self.level[node]
        order = np.argsort(level, kind="stable")
        rank = np.empty(n_nodes, np.int64)
        rank[order] = np.arange(n_nodes)
        node = node[order]
        ptr = np.cumsum(np.bincount(level)).tolist()
        n_leaf = ptr[0]
        child = rank[self.child[node[n_leaf:]] - shift_of[order[n_leaf:], None]]
        return Batch(
            n_leaf=n_leaf,
            levels=list(itertools.pairwise(ptr)),
            child=child,
            word=self.word[node[:n_leaf]],
            label=self.label[node],
            root=rank[end - 1],
        )
