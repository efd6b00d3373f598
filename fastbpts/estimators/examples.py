"""Trees as estimators take them, in one form: class numbers as labels, and words as rows of the model."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastbpts.data.tree import Tree
from fastbpts.data.treebank import Treebank

I32 = NDArray[np.int32]
_SHOWN = 8  # words of a tree in an error


@dataclass(frozen=True)
class Examples:
    """Trees whose labels are class numbers (-1 none; the number of classes: a label the model does not know)."""

    bank: Treebank
    word_map: I32
    weight: NDArray[np.float64]  # per tree: the sum of the class weights of its loss nodes


def as_treebank(X: Any) -> Treebank:
    """A treebank from what the estimators accept.

    That is a Treebank, or an iterable of trees: Tree, nested tuples, PTB strings, nltk trees. A two-dimensional array
    is read as one sequence of tokens per row, composed from left to right.
    """
    if isinstance(X, Treebank):
        return X
    if isinstance(X, str | bytes | os.PathLike):
        raise ValueError(f"X={X!r:.60}: must be a Treebank or a list of trees; fastbpts.read_ptb reads a file")
    if isinstance(X, Tree):
        raise ValueError("X is one Tree: must be a Treebank or a list of trees")
    if isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "biuf":
        items: list[Any] = [_row(row) for row in X]
    else:
        try:
            items = list(X)
        except TypeError:
            raise ValueError(f"X is a {type(X).__name__}: must be a Treebank or a list of trees") from None
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


def check_y(y: ArrayLike, n: int, of: str = "tree") -> NDArray[Any]:
    """One label per tree, or what else they are labels of."""
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (n,):
        raise ValueError(f"y has shape {labels.shape}: must be one label per {of}, ({n},)")
    if labels.dtype.kind == "f":
        if not np.isfinite(labels).all():
            raise ValueError("y contains NaN or infinity: must be class labels")
        if (labels == np.floor(labels)).all():
            labels = labels.astype(np.int64)
        else:
            raise ValueError("y contains fractions: must be class labels. Unknown label type: continuous")
    if labels.dtype.kind not in "iubUSO":
        raise ValueError(f"y has dtype {labels.dtype}: must be class labels")
    try:
        np.unique(labels)
    except TypeError as error:
        raise ValueError(f"y has labels of several kinds ({error}): must be all numbers or all strings") from None
    return labels


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


def class_numbers(labels: NDArray[Any], classes: NDArray[Any]) -> I32:
    """The position of each label in the sorted `classes`; their number for a label that is not among them."""
    place = np.searchsorted(classes, labels).clip(0, len(classes) - 1)
    return np.where(classes[place] == labels, place, len(classes)).astype(np.int32)


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


def check_known(number: NDArray[Any], classes: NDArray[Any]) -> None:
    """Some label must be one of the classes, or a score says nothing; `number` has class numbers, -1 for none."""
    counted = number[number >= 0]
    if counted.size and counted.min() >= len(classes):
        shown = ", ".join(map(repr, classes[:5].tolist())) + (", ..." if len(classes) > 5 else "")
        hint = "" if classes.dtype.kind in "iu" else ", but trees have integers: y must give the classes"
        raise ValueError(f"no label is among the classes of the model, {shown}{hint}")


def tree_weights(bank: Treebank, class_weight: NDArray[np.float64], all_nodes: bool) -> NDArray[np.float64]:
    """The weight of each tree in the loss."""
    padded = np.append(class_weight, [0.0, 0.0])  # unknown label, none
    if not all_nodes:
        return padded[bank.label[roots(bank)]]
    return np.add.reduceat(padded[bank.label], bank.node_ptr[:-1])


def split_nodes(values: NDArray[Any], bank: Treebank) -> list[NDArray[Any]]:
    """Values per node as one array per tree."""
    return list(np.split(values, bank.node_ptr[1:-1])) if len(bank) else []
