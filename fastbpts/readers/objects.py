"""Trees as Python objects: nested tuples, ``nltk.Tree`` (known by its methods, never imported), PTB strings, Tree."""

import operator
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from .._bankjoin import concat, select
from .._forest import plan
from .._tree import Tree
from ..treebank import Treebank
from ..vocabulary import Vocabulary
from .ptb import parse_ptb

Node = tuple[Any, str | None, Sequence[Any]]  # label (None: none), word of a leaf, children


def _is_nltk(item: object) -> bool:
    return isinstance(item, list) and callable(getattr(item, "label", None))


def _show(item: object) -> str:
    """A short description; repr of a deep tuple would recurse."""
    if isinstance(item, tuple | list):
        return f"a {type(item).__name__} of {len(item)} elements"
    return f"{item!r:.60}"


def _is_int(label: object) -> bool:
    return hasattr(label, "__index__") and not isinstance(label, bool | np.bool_)


def _tuple_node(item: Any, labels: str) -> Node:
    if isinstance(item, str):
        return None, item, ()
    if not isinstance(item, tuple | list) or _is_nltk(item):
        raise ValueError(f"{_show(item)} where a tuple or a word is expected")
    label, rest = None, item
    if labels == "str" and item:
        label, rest = item[0], item[1:]
        if label is not None and not isinstance(label, str):
            raise ValueError(f"label {_show(label)} is not a string, but labels='str' was given")
    elif item and (item[0] is None or _is_int(item[0])):
        label, rest = item[0], item[1:]
        if label is not None:
            label = operator.index(label)
            if not -1 <= label < 1 << 31:
                raise ValueError(f"label {label} is out of range: accepted are 0..2147483647, and -1 or None for none")
    return _with_children(label, rest)


def _nltk_node(item: Any, _labels: str) -> Node:
    if isinstance(item, str):
        return None, item, ()
    if not _is_nltk(item):
        raise ValueError(f"{_show(item)} where an nltk.Tree or a word is expected")
    label = item.label()
    if label is not None and not isinstance(label, str) and not _is_int(label):
        raise ValueError(f"label {_show(label)} is neither a string nor an integer")
    return _with_children(None if label in (None, "") else str(label), list(item))


def _with_children(label: Any, rest: Sequence[Any]) -> Node:
    if not rest:
        raise ValueError("a node with neither a word nor children")
    if len(rest) == 1 and isinstance(rest[0], str):
        return label, rest[0], ()
    return label, None, rest


class _PostOrder(NamedTuple):
    """Nodes of several trees in post-order, while they are collected."""

    ends: list[int]
    n_child: list[int]
    word: list[int]
    label: list[Any]
    words: dict[str, int]

    def add(self, tree: Any, read: Callable[[Any, str], Node], labels: str) -> None:
        """Append a tree. Root first and children from the right is post-order backwards, and needs no recursion."""
        stack = [tree]
        nodes: list[tuple[int, str | None, Any]] = []
        while stack:
            label, word, children = read(stack.pop(), labels)
            stack += children
            nodes.append((len(children), word, label))
        for n_child, word, label in reversed(nodes):
            self.n_child.append(n_child)
            self.word.append(-1 if word is None else self.words.setdefault(word, len(self.words)))
            self.label.append(label)
        self.ends.append(len(self.n_child))

    def bank(self, numeric: bool) -> Treebank:
        """The treebank of what was collected."""
        names: dict[str, int] = {}
        if numeric:
            ids = [-1 if label is None else int(label) for label in self.label]
        else:
            ids = [-1 if label is None else names.setdefault(label, len(names)) for label in self.label]
        n_child, word, label = (np.array(values, np.int32) for values in (self.n_child, self.word, ids))
        trees = plan(np.array([0, *self.ends], np.int64), n_child, word, label)
        vocabulary = Vocabulary._of_distinct(list(self.words))
        if numeric:
            return Treebank._of_plan(trees, vocabulary)
        return Treebank._of_plan(
            trees._replace(label=np.full_like(trees.label, -1)), vocabulary, trees.label, list(names)
        )


def _collect(start: int, items: Iterable[Any], read: Callable[[Any, str], Node], labels: str) -> _PostOrder:
    forest = _PostOrder([], [], [], [], {})
    for k, item in enumerate(items, start):
        try:
            forest.add(item, read, labels)
        except ValueError as error:
            raise ValueError(f"trees[{k}]: {error}") from None
    return forest


def _read_tuples(start: int, items: list[Any], labels: str) -> Treebank:
    return _collect(start, items, _tuple_node, labels).bank(numeric=labels != "str")


def _unwrapped(tree: Any) -> Any:
    """Without the root of a tree that was read from "( (S ...))"."""
    return tree[0] if len(tree) == 1 and tree.label() in (None, "") and _is_nltk(tree[0]) else tree


def _read_nltk(start: int, items: list[Any], labels: str) -> Treebank:
    forest = _collect(start, map(_unwrapped, items), _nltk_node, labels)
    first = next((label for label in forest.label if label is not None), "-1")
    numeric = labels == "int" or (labels == "auto" and _number(first) is not None)
    if numeric:
        for k, label in enumerate(forest.label):
            if label is not None and _number(label) is None:
                tree = start + int(np.searchsorted(forest.ends, k, side="right"))
                raise ValueError(
                    f"trees[{tree}]: label {label!r} is not an integer from 0 to 2147483647, or -1 for none"
                )
    return forest.bank(numeric)


def _number(label: str) -> int | None:
    """The value of an integer label."""
    if label != "-1" and not (label.isascii() and label.isdigit()):
        return None
    return int(label) if len(label) <= 10 and int(label) < 1 << 31 else None


def _read_strings(start: int, items: list[str], labels: Any) -> Treebank:
    banks = []
    for k, item in enumerate(items, start):
        banks.append(parse_ptb(item, labels=labels, name=f"trees[{k}]"))
        if len(banks[-1]) != 1:
            raise ValueError(f"trees[{k}]: one tree is needed, the text has {len(banks[-1])}")
    return concat(banks)


def _read_views(_start: int, items: list[Tree], _labels: str) -> Treebank:
    banks = []
    for _, views in groupby(items, key=lambda tree: id(tree.bank)):
        run = list(views)
        banks.append(select(run[0].bank, np.array([tree.index for tree in run], np.int64)))
    return concat(banks)


def _reader(item: object) -> Callable[[int, list[Any], str], Treebank]:
    if isinstance(item, Tree):
        return _read_views
    if isinstance(item, str):
        return _read_strings
    return _read_nltk if _is_nltk(item) else _read_tuples


def from_trees(trees: Iterable[Any], labels: str) -> Treebank:
    """See :meth:`fastbpts.Treebank.from_trees`."""
    if labels not in ("auto", "int", "str"):
        raise ValueError(f"labels={labels!r}: accepted are 'auto', 'int', 'str'")
    if isinstance(trees, Treebank):
        return trees
    if isinstance(trees, str | bytes) or not isinstance(trees, Iterable):
        raise ValueError(f"trees: an iterable of trees is needed, not {_show(trees)}; for text use Treebank.from_ptb")
    banks = []
    start = 0
    for read, group in groupby(trees, key=_reader):
        items = list(group)
        banks.append(read(start, items, labels))
        start += len(items)
    return concat(banks)
