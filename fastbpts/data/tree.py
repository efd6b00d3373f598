"""One tree of a treebank."""

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastbpts.data.flat import Trees
from fastbpts.data.plan import I32

_UNESCAPED = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}"}
_BREAKS = frozenset(" \t\n\v\f\r\0")


class Tree:
    """A light view of one tree. Nodes are numbered as in :class:`Treebank`, the root last.

    Parameters
    ----------
    bank : Treebank
        The treebank that holds the tree.
    index : int
        The tree's number in it.
    """

    __module__ = "fastbpts"

    __slots__ = ("bank", "index")

    def __init__(self, bank: Trees, index: int) -> None:
        self.bank, self.index = bank, index

    def _nodes(self, array: I32) -> I32:
        return array[self.bank.node_ptr[self.index] : self.bank.node_ptr[self.index + 1]]

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return int(self.bank.node_ptr[self.index + 1] - self.bank.node_ptr[self.index])

    @property
    def labels(self) -> I32:
        """Label of every node, -1 for none; int32 (n_nodes,)."""
        return self._nodes(self.bank.label)

    @property
    def label(self) -> int:
        """Label of the root."""
        return int(self.labels[-1])

    @property
    def words(self) -> list[str]:
        """The leaves' words, left to right, as they were written."""
        words = self.bank.vocabulary.words
        return [words[k] for k in self._nodes(self.bank.word).tolist() if k >= 0]

    def tokens(self) -> list[str]:
        """The leaves' words with escaped brackets (``-LRB-`` and so on) turned into brackets."""
        return [_UNESCAPED.get(word, word) for word in self.words]

    @property
    def child_ptr(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Where each node's children begin in :attr:`child`, and one end; int64 (n_nodes + 1,)."""
        ptr = np.zeros(self.n_nodes + 1, np.int64)
        np.cumsum(self._nodes(self.bank.n_child), out=ptr[1:])
        return ptr

    @property
    def child(self) -> I32:
        """Children of all nodes, node after node."""
        return self.bank.child[self.bank.edge_ptr[self.index] : self.bank.edge_ptr[self.index + 1]]

    def _walk(self, labels: list[Any]) -> list[tuple[Any, str | None, int]]:
        """Label, word and number of children of each node in pre-order."""
        words, ptr, child = self.bank.vocabulary.words, self.child_ptr.tolist(), self.child.tolist()
        word = self._nodes(self.bank.word).tolist()
        stack, result = [self.n_nodes - 1], []
        while stack:
            i = stack.pop()
            stack += reversed(child[ptr[i] : ptr[i + 1]])
            result.append((labels[i], words[word[i]] if word[i] >= 0 else None, ptr[i + 1] - ptr[i]))
        return result

    def to_ptb(self, labels: ArrayLike | None = None) -> str:
        """The tree in PTB brackets on one line.

        Parameters
        ----------
        labels : array-like (n_nodes,), optional
            Written in place of the tree's own labels.

        Returns
        -------
        str
            Brackets in words are escaped; a missing label is written -1, which :func:`read_ptb` reads as none.

        Raises
        ------
        ValueError
            There is not one label per node, or brackets cannot hold a word: it is empty, or has white space in it.
        """
        if labels is not None and np.shape(labels) != (self.n_nodes,):
            raise ValueError(f"labels must be one for each of {self.n_nodes} nodes, got shape {np.shape(labels)}")
        shown = self._shown_labels() if labels is None else np.asarray(labels).tolist()
        return next(ptb_lines(self.bank, shown, self.index, self.index + 1))

    def _shown_labels(self) -> list[Any]:
        """Labels as integers, phrase labels as strings."""
        labels: list[Any] = self.labels.tolist()
        if self.bank.phrase is None or self.bank.label_names is None:
            return labels
        names, phrase = self.bank.label_names, self._nodes(self.bank.phrase).tolist()
        return [names[k] if k >= 0 else label for k, label in zip(phrase, labels, strict=True)]

    def nested(self) -> tuple[Any, ...]:
        """Nested tuples: ``(label, word)`` for a leaf, ``(label, child, ...)``; a missing label is -1."""
        stack: list[tuple[Any, ...]] = []
        for label, word, n_child in reversed(self._walk(self._shown_labels())):
            if n_child:
                children = stack[: -n_child - 1 : -1]
                del stack[-n_child:]
                stack.append((label, *children))
            else:
                stack.append((label, word))
        return stack[0]

    def __repr__(self) -> str:
        words = " ".join(self.words[:8])
        return f"<Tree of {self.n_nodes} nodes, label {self.label}: {words}{' ...' if len(self.words) > 8 else ''}>"


def ptb_lines(bank: Trees, labels: list[Any], first: int, stop: int) -> Iterator[str]:
    """PTB brackets of the trees first .. stop; labels: those of all their nodes, one after another."""
    node, edge = bank.node_ptr[first : stop + 1].tolist(), bank.edge_ptr[first : stop + 1].tolist()
    n_child, words = bank.n_child[node[0] : node[-1]], bank.vocabulary.words
    leaf = np.where(n_child == 0, bank.word[node[0] : node[-1]], -2).tolist()
    shown = {w: _escaped(words[w] if w >= 0 else None) for w in set(leaf) - {-2}}
    heads = [f" ({label} {shown[w]})" if w in shown else f" ({label}" for label, w in zip(labels, leaf, strict=True)]
    counts, child = n_child.tolist(), bank.child[edge[0] : edge[-1]].tolist()
    for k in range(stop - first):
        part = slice(node[k] - node[0], node[k + 1] - node[0])
        ptr, head = list(accumulate(counts[part], initial=edge[k] - edge[0])), heads[part]
        todo, parts = [len(head) - 1], []  # nodes, and -1 where a bracket closes
        while todo:
            i = todo.pop()
            if i < 0:
                parts.append(")")
                continue
            parts.append(head[i])
            if kids := child[ptr[i] : ptr[i + 1]]:
                todo.append(-1)
                todo += kids[::-1]
        yield "".join(parts)[1:]


def _escaped(word: str | None) -> str:
    if word is None or word == "" or not _BREAKS.isdisjoint(word):
        raise ValueError(
            f"word {word!r} cannot be written in PTB brackets: it is empty or has white space or a NUL in it"
        )
    if "(" in word or ")" in word:
        return word.replace("(", "-LRB-").replace(")", "-RRB-")
    return word
