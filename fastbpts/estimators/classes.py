"""Classes: labels as numbers, their weights in the loss, and scores of probabilities."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastbpts.training.class_weights import class_weights
from fastbpts.training.loop import Tensors

I32 = NDArray[np.int32]


def as_labels(y: ArrayLike, n: int, of: str = "tree") -> NDArray[Any]:
    """One label per tree, or per other kind of example."""
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (n,):
        raise ValueError(f"y must be one label per {of}, ({n},), got shape {labels.shape}")
    if labels.dtype.kind == "f":
        if not np.isfinite(labels).all():
            raise ValueError("y must be class labels, got NaN or infinity")
        if (labels == np.floor(labels)).all():
            labels = labels.astype(np.int64)
        else:
            raise ValueError("y must be class labels, got fractions. Unknown label type: continuous")
    if labels.dtype.kind not in "iubUSO":
        raise ValueError(f"y must be class labels, got dtype {labels.dtype}")
    try:
        np.unique(labels)
    except TypeError as error:
        raise ValueError(f"y must be all numbers or all strings, got labels of several kinds ({error})") from None
    return labels


def class_numbers(labels: NDArray[Any], classes: NDArray[Any]) -> I32:
    """The position of each label in the sorted `classes`; the number of classes for a label that is not among them."""
    place = np.searchsorted(classes, labels).clip(0, len(classes) - 1)
    return np.where(classes[place] == labels, place, len(classes)).astype(np.int32)


def label_numbers(labels: NDArray[Any], classes: NDArray[Any]) -> I32:
    """The same for labels that must be of the kind of the classes, strings or numbers."""
    if labels.size and (labels.dtype.kind in "US") != (classes.dtype.kind in "US"):
        raise ValueError(f"y has labels like {labels.tolist()[0]!r}, the classes are {classes.tolist()[:5]}")
    return class_numbers(labels, classes)


def check_known(number: NDArray[Any], classes: NDArray[Any]) -> None:
    """Refuse labels of which none is one of the classes; `number` has class numbers, -1 for none."""
    counted = number[number >= 0]
    if counted.size and counted.min() >= len(classes):
        shown = ", ".join(map(repr, classes[:5].tolist())) + (", ..." if len(classes) > 5 else "")
        hint = "" if classes.dtype.kind in "iu" else ", but trees have integers: y must give the classes"
        raise ValueError(f"no label is among the classes of the model, {shown}{hint}")


@dataclass(frozen=True)
class Classes:
    """The classes that an estimator has learnt.

    A class number is the position of a label among `values`; -1 where there is no label, and the number of classes for
    a label that is not among them.

    Attributes
    ----------
    values : array (C,)
        The labels, sorted.
    weight : array (C,) of float64
        Weight of each class in the loss.
    """

    values: NDArray[Any]
    weight: NDArray[np.float64]

    @classmethod
    def learn(cls, values: NDArray[Any], number: I32, class_weight: Any) -> "Classes":
        """Classes with the weights of an estimator's `class_weight`; `number` has the labels that the loss sees."""
        return cls(values, class_weights(class_weight, number, values))

    def __len__(self) -> int:
        return len(self.values)

    def number(self, labels: NDArray[Any]) -> I32:
        """The class number of each label."""
        return label_numbers(labels, self.values)

    def check_again(self, classes: Any) -> None:
        """`classes`, if given to a later call, must be these."""
        if classes is not None and not np.array_equal(np.unique(classes), self.values):
            raise ValueError(f"classes must be those of the first call, {self.values.tolist()}, got {classes!r}")

    def weights(self, number: NDArray[Any]) -> NDArray[np.float64]:
        """The weight of each label in the loss; 0 if it is none or unknown."""
        weights: NDArray[np.float64] = np.append(self.weight, [0.0, 0.0])[number]
        return weights

    def log_probability(self, proba: NDArray[Any], number: NDArray[Any]) -> NDArray[Any]:
        """The log probability of each row's own class; of any class if that is none or unknown."""
        own = proba[np.arange(len(number)), np.clip(number, 0, len(self.values) - 1)]
        log: NDArray[Any] = np.log(np.maximum(own, np.finfo(proba.dtype).tiny))
        return log

    def loss(self, log_p: NDArray[Any], weight: NDArray[np.float64]) -> float:
        """Mean cross-entropy; NaN if nothing has a weight."""
        return -float((weight * log_p).sum() / weight.sum()) if weight.any() else float("nan")

    def to_tensors(self) -> tuple[Tensors, dict[str, Any]]:
        """For a model file."""
        return {"class_weight": self.weight}, {"classes": self.values.tolist(), "dtype": self.values.dtype.str}

    @classmethod
    def from_tensors(cls, tensors: Tensors, meta: dict[str, Any]) -> "Classes":
        """Back from a model file; those of before version 0.2 do not say the dtype."""
        values, weight = np.array(meta["classes"], meta.get("dtype")), tensors["class_weight"]
        if values.ndim != 1 or weight.shape != values.shape:
            raise ValueError("the classes are damaged")
        return cls(values, weight)


def mean(hits: NDArray[np.bool_]) -> float:
    """The share of hits; NaN if there are no labels."""
    return float(hits.mean()) if hits.size else float("nan")
