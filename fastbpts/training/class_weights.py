"""Weights of classes in the loss."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbpts._base import checks


def check_class_weight(name: str, value: Any) -> None:
    """`value` is None, "balanced" or a mapping from classes to weights."""
    if value is not None and not isinstance(value, Mapping) and not (isinstance(value, str) and value == "balanced"):
        raise checks.wrong(name, "None, 'balanced' or a dict of weights by class", value)


def class_weights(class_weight: Any, number: NDArray[np.int32], classes: NDArray[Any]) -> NDArray[np.float64]:
    """Weight of each class.

    Parameters
    ----------
    class_weight : None, "balanced" or mapping
        All 1; or inverse to the frequency of a class, with mean 1 over the labels; or the user's, and 1 for the others.
    number : array of int
        Class numbers of the predictions that the loss sees; those not in 0 .. C-1 do not count.
    classes : array (C,)
    """
    n_classes = len(classes)
    weight = np.ones(n_classes)
    if class_weight is None:
        return weight
    if isinstance(class_weight, str):
        counts = np.bincount(number[(number >= 0) & (number < n_classes)], minlength=n_classes)
        return np.where(counts > 0, counts.sum() / (n_classes * np.maximum(counts, 1)), 1.0)
    place = {value: k for k, value in enumerate(classes.tolist())}
    for key, value in class_weight.items():
        if key not in place:
            raise checks.wrong("class_weight", f"a dict whose keys are among {list(place)}", key)
        checks.number(f"class_weight[{key!r}]", value, 0)
        weight[place[key]] = value
    return weight
