"""Choosing trees of a treebank, and joining treebanks."""

from typing import TYPE_CHECKING

import numpy as np

from fastbpts.data.plan import I32, I64, Plan, join
from fastbpts.data.vocabulary import Vocabulary

if TYPE_CHECKING:
    from fastbpts.data.treebank import Treebank


def _rows(ptr: I64, index: I64) -> tuple[I64, slice | I64]:
    """New offsets, and where the elements of the chosen segments are: one slice if they lie in a row."""
    size = np.diff(ptr)[index]
    new = np.zeros(len(index) + 1, np.int64)
    np.cumsum(size, out=new[1:])
    if index.size and (np.diff(index) == 1).all():
        return new, slice(int(ptr[index[0]]), int(ptr[index[-1] + 1]))
    return new, np.arange(new[-1]) + np.repeat(ptr[:-1][index] - new[:-1], size)


def select(bank: "Treebank", index: I64) -> "Treebank":
    """The trees of these numbers, with the same vocabulary; an unbroken range shares the arrays."""
    node_ptr, nodes = _rows(bank.node_ptr, index)
    level_ptr, levels = _rows(bank.level_ptr, index)
    edge_ptr, edges = _rows(bank.edge_ptr, index)
    plan = Plan(
        node_ptr, level_ptr, bank.level_size[levels], edge_ptr, bank.child[edges],
        bank.n_child[nodes], bank.word[nodes], bank.label[nodes],
    )  # fmt: skip
    return type(bank)._of_plan(
        plan, bank.vocabulary, None if bank.phrase is None else bank.phrase[nodes], bank.label_names
    )


def _merge(lists: list[list[str]]) -> tuple[list[str], list[I32]]:
    """All strings in order of first appearance; for each list the new numbers of its strings, with -1 at the end."""
    index: dict[str, int] = {}
    maps = [np.array([*(index.setdefault(s, len(index)) for s in strings), -1], np.int32) for strings in lists]
    return list(index), maps


def _renumbered(values: list[I32], maps: list[I32]) -> I32:
    return np.concatenate([new[old] for old, new in zip(values, maps, strict=True)])


def concat(banks: "list[Treebank]") -> "Treebank":
    """The trees of all banks, in order."""
    from fastbpts.data.treebank import Treebank, empty_bank

    if not all(isinstance(bank, Treebank) for bank in banks):
        raise ValueError("banks: an iterable of Treebank is needed")
    if len(banks) < 2:
        return banks[0] if banks else empty_bank()
    plan = join(bank.plan for bank in banks)
    vocabulary = banks[0].vocabulary
    if any(bank.vocabulary is not vocabulary for bank in banks):
        words, maps = _merge([bank.vocabulary.words for bank in banks])
        vocabulary = Vocabulary._of_distinct(words)
        plan = plan._replace(word=_renumbered([bank.word for bank in banks], maps))
    if all(bank.phrase is None for bank in banks):
        return Treebank._of_plan(plan, vocabulary)
    names, maps = _merge([bank.label_names or [] for bank in banks])
    phrases = [np.full(bank.n_nodes, -1, np.int32) if bank.phrase is None else bank.phrase for bank in banks]
    return Treebank._of_plan(plan, vocabulary, _renumbered(phrases, maps), names)
