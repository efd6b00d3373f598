"""Estimators in the style of scikit-learn."""

from typing import Any

from fastbpts.estimators.base import NetworkEstimator
from fastbpts.estimators.errors import DivergenceError
from fastbpts.estimators.storage import own_params, part, set_tensors
from fastbpts.estimators.tree import TreeClassifier
from fastbpts.io import Tensors

__all__ = ["DivergenceError", "NetworkEstimator", "TreeClassifier", "from_tensors"]

_CLASSES: dict[str, type[NetworkEstimator]] = {"TreeClassifier": TreeClassifier}


def from_tensors(tensors: Tensors, header: dict[str, Any]) -> NetworkEstimator:
    """The estimator in a model file or checkpoint (of which: its best model so far)."""
    if header.get("class") not in _CLASSES:
        raise ValueError(f"it holds a {header.get('class')!r}, which this fastbpts does not know")
    estimator = _CLASSES[header["class"]](**own_params(header["params"]))
    same = set_tensors(estimator, tensors, header)
    best = part(tensors, "best/")
    if best and not same:
        raise ValueError("it is a checkpoint of another version of fastbpts")
    if best:
        estimator.net_.load_state(best)
    return estimator
