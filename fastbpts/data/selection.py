"""Choosing trees, and joining several collections of them."""

import numpy as np

from fastbpts.data.flat import FlatTrees
from fastbpts.data.plan import I32, I64, Plan, empty, join
from fastbpts.data.vocabulary import Vocabulary


def _rows(ptr: I64, index: I64) -> tuple[I64, slice | I64]:
    """New offsets, and where the elements of the chosen segments are: one slice if they lie in a row."""
    size = np.diff(ptr)[index]
    new = np.zeros(len(index) + 1, np.int64)
    np.cumsum(size, out=new[1:])
    if index.size and (np.diff(index) == 1).all():
        return new, slice(int(ptr[index[0]]), int(ptr[index[-1] + 1]))
    return new, np.arange(new[-1]) + np.repeat(ptr[:-1][index] - new[:-1], size)


def select(trees: FlatTrees, index: I64) -> FlatTrees:
    """The trees of these numbers, with the same vocabulary; an unbroken range shares the arrays."""
    old = trees.plan
    node_ptr, nodes = _rows(old.node_ptr, index)
    level_ptr, levels = _rows(old.level_ptr, index)
    edge_ptr, edges = _rows(old.edge_ptr, index)
    plan = Plan(
        node_ptr, level_ptr, old.level_size[levels], edge_ptr, old.child[edges],
        old.n_child[nodes], old.word[nodes], old.label[nodes],
    )  # fmt: skip
    return trees._replace(plan=plan, phrase=None if trees.phrase is None else trees.phrase[nodes])


def _merge(lists: list[list[str]]) -> tuple[list[str], list[I32]]:
    """All strings in order of first appearance; for each list the new numbers of its strings, with -1 at the end."""
    index: dict[str, int] = {}
    maps = [np.array([*(index.setdefault(s, len(index)) for s in strings), -1], np.int32) for strings in lists]
    return list(index), maps


def _renumbered(values: list[I32], maps: list[I32]) -> I32:
    return np.concatenate([new[old] for old, new in zip(values, maps, strict=True)])


def concat(parts: list[FlatTrees]) -> FlatTrees:
    """The trees of all parts, in order, with a common vocabulary."""
    if not parts:
        return FlatTrees(empty(), Vocabulary._of_distinct([]))
    if len(parts) == 1:
        return parts[0]
    plan = join(part.plan for part in parts)
    vocabulary = parts[0].vocabulary
    if any(part.vocabulary is not vocabulary for part in parts):
        words, maps = _merge([part.vocabulary.words for part in parts])
        vocabulary = Vocabulary._of_distinct(words)
        plan = plan._replace(word=_renumbered([part.plan.word for part in parts], maps))
    if all(part.phrase is None for part in parts):
        return FlatTrees(plan, vocabulary)
    names, maps = _merge([part.label_names or [] for part in parts])
    phrases = [np.full(len(p.plan.word), -1, np.int32) if p.phrase is None else p.phrase for p in parts]
    return FlatTrees(plan, vocabulary, _renumbered(phrases, maps), names)
