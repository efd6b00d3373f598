"""Trees as estimators take them, in one form: class numbers as labels, and words as rows of the model."""

import hashlib
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbpts.data.tree import Tree
from fastbpts.data.treebank import Treebank
from fastbpts.data.vocabulary import Vocabulary
from fastbpts.estimators.classes import Classes, as_labels, class_numbers
from fastbpts.estimators.parts import Given, split_numbers
from fastbpts.training.loop import Tensors

I32 = NDArray[np.int32]
_SHOWN = 8  # words of a tree in an error


@dataclass(frozen=True)
class Examples:
    """Trees whose labels are class numbers (-1 none; the number of classes: a label the model does not know)."""

    bank: Treebank
    word_map: I32


def as_treebank(X: Any) -> Treebank:
    """A treebank from what the estimators accept.

    That is a Treebank, or an iterable of trees: Tree, nested tuples, PTB strings, nltk trees. A two-dimensional array
    is read as one sequence of tokens per row, composed from left to right.
    """
    if isinstance(X, Treebank):
        return X
    if isinstance(X, str | bytes | os.PathLike):
        raise ValueError(f"X must be a Treebank or a list of trees (fastbpts.read_ptb reads a file), got {X!r:.60}")
    if isinstance(X, Tree):
        raise ValueError("X must be a Treebank or a list of trees, got one Tree")
    if isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "biuf":
        items: list[Any] = [_row(row) for row in X]
    else:
        try:
            items = list(X)
        except TypeError:
            raise ValueError(f"X must be a Treebank or a list of trees, got {type(X).__name__}") from None
    if not items:
        raise ValueError("X has no trees")
    if all(isinstance(item, Tree) and item.bank is items[0].bank for item in items):
        bank: Treebank = items[0].bank
        return bank[np.array([item.index for item in items], np.int64)]
    return Treebank.from_trees(items)


def _row(row: NDArray[Any]) -> Any:
    node: Any = (-1, str(row[0]))
    for value in row[1:]:
        node = (-1, node, (-1, str(value)))
    return node


def check_children(bank: Treebank, cell: str, arity: int | None) -> None:
    """Every inner node must have as many children as the cell composes (None: any number)."""
    if arity is None or not (wrong := (bank.n_child != arity) & (bank.n_child > 0)).any():
        return
    node = int(np.argmax(wrong))
    tree, n = bank[int(np.searchsorted(bank.node_ptr, node, side="right")) - 1], int(bank.n_child[node])
    advice, option = ("binarize the trees", "--binarize left or right")
    if n < arity:
        advice, option = ("collapse unary chains", "--unary collapse")
    found = f"{n} {'child' if n == 1 else 'children'}"
    error = ValueError(
        f"X: the tree of {' '.join(tree.words[:_SHOWN])!r:.60} has a node with {found}; "
        f"cell {cell!r} needs exactly {arity} children at every inner node; {advice} when reading them"
    )
    vars(error)["option"] = option  # of a command line
    raise error


def relabelled(bank: Treebank, label: NDArray[Any]) -> Treebank:
    """The same trees with other labels."""
    return Treebank._of_plan(bank.plan._replace(label=label.astype(np.int32, copy=False)), bank.vocabulary)


def roots(bank: Treebank) -> NDArray[np.int64]:
    """The node number of each tree's root: the last node of the tree."""
    return bank.node_ptr[1:] - 1


def find_classes(bank: Treebank, y: NDArray[Any] | None, all_nodes: bool) -> NDArray[Any]:
    """The distinct labels that the loss sees, sorted."""
    if y is None:
        label = bank.label if all_nodes else bank.label[roots(bank)]
        classes: NDArray[Any] = np.unique(label[label >= 0]).astype(np.int64)
        if not classes.size:
            where = "node" if all_nodes else "root"
            raise ValueError(f"X has no labelled {where} and y is None: there is nothing to learn")
        return classes
    classes = np.unique(y)
    if not all_nodes:
        return classes
    inner = bank.label.copy()
    inner[roots(bank)] = -1
    found = np.unique(inner[inner >= 0])
    if not found.size:
        return classes
    if classes.dtype.kind not in "iu":
        raise ValueError(
            f"y has labels like {classes[0]!r}, inner nodes like {found[0]}: "
            'must be of one kind for loss_nodes="all", or use loss_nodes="root"'
        )
    return np.union1d(classes, found.astype(np.int64))


def number_labels(bank: Treebank, y: NDArray[Any] | None, classes: NDArray[Any]) -> Treebank:
    """The trees with class numbers as labels; `y` goes to the roots."""
    label = bank.label
    plain = np.array_equal(classes, np.arange(len(classes)))
    if classes.dtype.kind not in "iu":
        label = np.where(label >= 0, np.int32(len(classes)), np.int32(-1))
    elif not plain:
        label = np.where(label >= 0, class_numbers(label, classes), np.int32(-1))
    elif label.size and label.max() >= len(classes):
        label = np.minimum(label, len(classes))
    if y is not None:
        label = label.copy()
        label[roots(bank)] = class_numbers(y, classes)
    return bank if label is bank.label else relabelled(bank, label)


def split_nodes(values: NDArray[Any], bank: Treebank) -> list[NDArray[Any]]:
    """Values per node as one array per tree."""
    return list(np.split(values, bank.node_ptr[1:-1])) if len(bank) else []


class TreeReader:
    """Reads trees; learns the classes and the vocabulary.

    Parameters
    ----------
    cell : str
    arity : int or None
        How many children the cell composes, None any number.
    all_nodes : bool
        Whether the loss sees all labelled nodes, or the roots only.
    class_weight, min_count, max_vocabulary
        Parameters of TreeClassifier.
    """

    classes: Classes
    vocabulary: Vocabulary

    def __init__(
        self,
        cell: str,
        arity: int | None,
        all_nodes: bool,
        class_weight: Any,
        min_count: int,
        max_vocabulary: int | None,
    ) -> None:
        self._cell, self._arity, self.all_nodes = cell, arity, all_nodes
        self._class_weight, self._min_count, self._max_vocabulary = class_weight, min_count, max_vocabulary

    def trees(self, X: Any) -> Treebank:
        """The trees, which the cell must be able to compose."""
        bank = as_treebank(X)
        check_children(bank, self._cell, self._arity)
        return bank

    def unlabelled(self, X: Any) -> Examples:
        """Trees for prediction: their labels are not read."""
        bank = self.trees(X)
        return Examples(bank, self.vocabulary.map(bank.vocabulary))

    def learn(self, X: Any, y: Any, classes: Any = None) -> Examples:
        """See `Reader`."""
        bank = self.trees(X)
        labels = None if y is None else as_labels(y, len(bank))
        values = find_classes(bank, labels, self.all_nodes) if classes is None else np.unique(classes)
        self.vocabulary = Vocabulary.build(bank, self._min_count, self._max_vocabulary)
        bank = number_labels(bank, labels, values)
        seen = bank.label if self.all_nodes else bank.root_labels()
        self.classes = Classes.learn(values, seen, self._class_weight)
        return Examples(bank, self.vocabulary.map(bank.vocabulary))

    def read(self, X: Any, y: Any = None, classes: Any = None) -> Examples:
        """See `Reader`."""
        bank = self.trees(X)
        labels = None if y is None else as_labels(y, len(bank))
        self.classes.check_again(classes)
        bank = number_labels(bank, labels, self.classes.values)
        return Examples(bank, self.vocabulary.map(bank.vocabulary))

    def split(self, X: Any, y: Any, fraction: float, rng: np.random.Generator) -> tuple[Given, Given]:
        """See `Reader`."""
        bank = as_treebank(X)
        labels = None if y is None else as_labels(y, len(bank))
        parts = split_numbers(len(bank), fraction, rng, "trees")
        train, held = ((bank[part], None if labels is None else labels[part]) for part in parts)
        return train, held

    def fingerprint(self, data: Examples) -> str:
        """See `Reader`."""
        digest = hashlib.blake2b(digest_size=16)
        for array in (*data.bank.plan, data.word_map):
            digest.update(np.ascontiguousarray(array).data)
        digest.update(self.vocabulary.to_bytes())
        digest.update(repr(self.classes.values.tolist()).encode())
        return digest.hexdigest()

    def attributes(self) -> dict[str, Any]:
        """See `Reader`."""
        values, weight = self.classes.values, self.classes.weight
        return {"classes_": values, "class_weight_": weight, "vocabulary_": self.vocabulary}

    def to_tensors(self) -> tuple[Tensors, dict[str, Any]]:
        """See `Reader`."""
        tensors, meta = self.classes.to_tensors()
        return tensors | {"vocabulary": np.frombuffer(self.vocabulary.to_bytes(), np.uint8)}, meta

    def set_tensors(self, tensors: Tensors, meta: dict[str, Any]) -> None:
        """See `Reader`."""
        self.classes = Classes.from_tensors(tensors, meta)
        self.vocabulary = Vocabulary.from_bytes(tensors["vocabulary"])
