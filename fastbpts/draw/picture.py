"""Pictures: a tree with a class and, from a model, probabilities at every node."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastbpts.data.tree import Tree
from fastbpts.draw.colours import NO_CLASS, palette


class NodeClassifier(Protocol):
    """A fitted model that gives classes to nodes, as :class:`fastbpts.TreeClassifier` does."""

    classes_: NDArray[Any]

    def predict_proba_nodes(self, X: list[Tree]) -> list[NDArray[Any]]: ...


@dataclass(frozen=True)
class Picture:
    """A tree and the class of each of its nodes.

    Parameters
    ----------
    tree : Tree
        The tree.
    classes : list
        Names of the classes.
    shown : int64 array (n_nodes,)
        The class of each node, as position in `classes`; -1: none.
    proba : array (n_nodes, n_classes), optional
        A model's probabilities. Without them the classes are the tree's own labels.
    """

    tree: Tree
    classes: list[Any]
    shown: NDArray[np.int64]  # per node: position in classes, -1 for none
    proba: NDArray[Any] | None = None  # (n_nodes, n_classes)

    @classmethod
    def of_labels(cls, tree: Tree) -> "Picture":
        """A picture of the labels that a tree itself has.

        Parameters
        ----------
        tree : Tree
            The tree.

        Returns
        -------
        Picture
            Its classes are 0 to the largest label.
        """
        labels = tree.labels
        classes = list(range(int(labels.max(initial=0)) + 1))
        return cls(tree, classes, labels.astype(np.int64))

    @classmethod
    def of_model(cls, model: NodeClassifier, trees: Sequence[Tree], labelled: bool = False) -> "list[Picture]":
        """Pictures of what a model predicts for trees.

        Parameters
        ----------
        model : TreeClassifier
            A fitted classifier.
        trees : list of Tree
            The trees.
        labelled : bool, default=False
            Show classes only at nodes that have a label.

        Returns
        -------
        list of Picture
            One per tree.
        """
        classes = model.classes_.tolist()
        return [
            cls(tree, classes, np.where(labelled & (tree.labels < 0), -1, proba.argmax(axis=1)), proba)
            for tree, proba in zip(trees, model.predict_proba_nodes(list(trees)), strict=True)
        ]

    @property
    def root(self) -> int:
        """The number of the root."""
        return self.tree.n_nodes - 1

    def children(self) -> list[list[int]]:
        """The children of each node."""
        ptr, child = self.tree.child_ptr.tolist(), self.tree.child.tolist()
        return [child[a:b] for a, b in itertools.pairwise(ptr)]

    def words(self) -> dict[int, str]:
        """The word of each leaf that has one."""
        names = self.tree.bank.vocabulary.words
        bank, k = self.tree.bank, self.tree.index
        numbers = bank.word[bank.node_ptr[k] : bank.node_ptr[k + 1]].tolist()
        return {i: names[number] for i, number in enumerate(numbers) if number >= 0}

    def texts(self) -> list[str]:
        """The label drawn at each node."""
        return [str(self.classes[k]) if k >= 0 else "·" for k in self.shown.tolist()]

    def misses(self) -> list[str]:
        """At each node, the tree's label if the model predicts another one, else nothing."""
        if self.proba is None:
            return [""] * self.tree.n_nodes
        pairs = zip(self.tree.labels.tolist(), self.shown.tolist(), strict=True)
        return [str(label) if label >= 0 and label != self.classes[k] else "" for label, k in pairs]  # k < 0: no label

    def colours(self) -> list[str]:
        """The colour of each node."""
        known = palette(self.classes)
        return [known[k] if k >= 0 else NO_CLASS for k in self.shown.tolist()]

    def summary(self) -> str:
        """One line on the root."""
        text = self.texts()[self.root]
        if self.proba is None:
            return f"label {text}"
        line = f"predicted {text} with probability {float(self.proba[self.root].max()):.2f}"
        miss, label = self.misses()[self.root], self.tree.label
        return line + (f", the label is {miss}" if miss else ", as labelled" if label >= 0 else "")
