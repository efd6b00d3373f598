"""Rows of numbers as examples: a matrix and class numbers."""

import hashlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastbpts.estimators.classes import Classes, as_labels, label_numbers
from fastbpts.estimators.parts import Given, split_numbers
from fastbpts.training.loop import Tensors


class Examples(NamedTuple):
    """Rows and their class numbers; an unknown label has the number of classes as its number."""

    x: NDArray[Any]
    y: NDArray[np.int32]


class RowReader:
    """Reads matrices, which scikit-learn has checked; learns the classes.

    Parameters
    ----------
    class_weight
        Parameter of MLPClassifier.
    """

    classes: Classes
    n_features: int

    def __init__(self, class_weight: Any) -> None:
        self._class_weight = class_weight

    def learn(self, X: Any, y: Any, classes: Any = None) -> Examples:
        """See `Reader`."""
        labels = as_labels(y, len(X), "row")
        values = np.unique(labels if classes is None else classes)
        self.n_features = X.shape[1]
        self.classes = Classes.learn(values, label_numbers(labels, values), self._class_weight)
        return Examples(X, self.classes.number(labels))

    def read(self, X: Any, y: Any = None, classes: Any = None) -> Examples:
        """See `Reader`."""
        self.classes.check_again(classes)
        return Examples(X, self.classes.number(as_labels(y, len(X), "row")))

    def split(self, X: Any, y: Any, fraction: float, rng: np.random.Generator) -> tuple[Given, Given]:
        """See `Reader`."""
        train, held = split_numbers(len(X), fraction, rng, "rows")
        return (X[train], y[train]), (X[held], y[held])

    def fingerprint(self, data: Examples) -> str:
        """See `Reader`."""
        digest = hashlib.blake2b(digest_size=16)
        for array in data:
            digest.update(np.ascontiguousarray(array).data)
        digest.update(repr((data.x.shape, self.classes.values.tolist())).encode())
        return digest.hexdigest()

    def attributes(self) -> dict[str, Any]:
        """See `Reader`."""
        values, weight = self.classes.values, self.classes.weight
        return {"classes_": values, "class_weight_": weight, "n_features_in_": self.n_features}

    def to_tensors(self) -> tuple[Tensors, dict[str, Any]]:
        """See `Reader`."""
        tensors, meta = self.classes.to_tensors()
        return tensors, meta | {"n_features": self.n_features}

    def set_tensors(self, tensors: Tensors, meta: dict[str, Any]) -> None:
        """See `Reader`."""
        self.classes = Classes.from_tensors(tensors, meta)
        self.n_features = int(meta["n_features"])
