"""Collecting trees node by node, for readers of Python objects."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from fastbpts.data.flat import FlatTrees
from fastbpts.data.plan import plan
from fastbpts.data.vocabulary import Vocabulary

Node = tuple[Any, str | None, Sequence[Any]]  # label (None: none), word of a leaf, children


class Options(NamedTuple):
    """Those of :func:`fastbpts.read_ptb`."""

    labels: str
    unary: str
    binarize: str | None


class PostOrder:
    """Nodes of several trees in post-order."""

    def __init__(self, options: Options) -> None:
        self.collapse, self.binarize = options.unary == "collapse", options.binarize
        self.ends: list[int] = [0]
        self.n_child: list[int] = []
        self.word: list[int] = []
        self.label: list[Any] = []
        self.words: dict[str, int] = {}

    def add(self, tree: Any, read: Callable[[Any], Node]) -> None:
        """Append a tree. Root first and children from the right is post-order backwards; it needs no recursion."""
        stack: list[tuple[Any, int]] = [(tree, 0)]
        nodes: list[tuple[int, str | None, Any, int]] = []
        opened: set[int] = set()  # lists that are being read: only they can contain themselves
        while stack:
            item, joins = stack.pop()
            if joins < 0:
                opened.remove(item)
                continue
            label, word, children = read(item)
            if isinstance(item, list):
                if id(item) in opened:
                    raise ValueError("a list that contains itself")
                opened.add(id(item))
                stack.append((id(item), -1))
            last = len(children) - 1
            stack += [(child, self.binarize == "left" and 0 < k < last) for k, child in enumerate(children)]
            nodes.append((len(children), word, label, joins))
        for n_child, word, label, joins in reversed(nodes):
            self._close(n_child, word, label)
            if joins:  # (a b c) = ((a b) c), and this is b
                self._emit(2, None, None)
        self.ends.append(len(self.n_child))

    def _close(self, n_child: int, word: str | None, label: Any) -> None:
        """The same decisions as in src_c/text/ptb.c."""
        if n_child == 1 and self.collapse:
            if label is not None:
                self.label[-1] = label
            return
        if n_child > 2 and self.binarize == "right":  # (a b c) = (a (b c))
            for _ in range(n_child - 2):
                self._emit(2, None, None)
        self._emit(min(n_child, 2) if self.binarize else n_child, word, label)

    def _emit(self, n_child: int, word: str | None, label: Any) -> None:
        self.n_child.append(n_child)
        self.word.append(-1 if word is None else self.words.setdefault(word, len(self.words)))
        self.label.append(label)

    def flat(self, numeric: bool) -> FlatTrees:
        """What was collected."""
        names: dict[str, int] = {}
        if numeric:
            ids = [-1 if label is None else int(label) for label in self.label]
        else:
            ids = [-1 if label is None else names.setdefault(label, len(names)) for label in self.label]
        n_child, word, label = (np.array(values, np.int32) for values in (self.n_child, self.word, ids))
        trees = plan(np.array(self.ends, np.int64), n_child, word, label)
        vocabulary = Vocabulary._of_distinct(list(self.words))
        if numeric:
            return FlatTrees(trees, vocabulary)
        phrase, none = trees.label, np.full_like(trees.label, -1)
        return FlatTrees(trees._replace(label=none), vocabulary, phrase, list(names))
