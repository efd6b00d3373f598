"""Estimators in the style of scikit-learn."""

import importlib
from typing import Any

from fastbpts.estimators.base import NetworkEstimator
from fastbpts.estimators.errors import DivergenceError
from fastbpts.estimators.storage import own_params, part, set_tensors, trained_params
from fastbpts.estimators.tree import TreeClassifier
from fastbpts.io import Tensors

__all__ = ["DivergenceError", "NetworkEstimator", "TreeClassifier", "from_tensors"]

# Class name in model files -> module that defines it.
_CLASSES = {
    "LanguageModel": "fastbpts.sequence.language_model",
    "MLPClassifier": "fastbpts.estimators.mlp",
    "SequenceClassifier": "fastbpts.sequence.classifier",
    "SequenceTagger": "fastbpts.sequence.tagger",
    "TreeClassifier": "fastbpts.estimators.tree",
}


def from_tensors(tensors: Tensors, header: dict[str, Any]) -> NetworkEstimator:
    """The estimator in a model file or checkpoint (of which: its best model so far)."""
    name = header.get("class")
    if name not in _CLASSES:
        raise ValueError(f"it holds a {name!r}, which this fastbpts does not know")
    kind: type[NetworkEstimator] = getattr(importlib.import_module(_CLASSES[name]), name)
    estimator = kind(**own_params(header["params"]))
    estimator._trained_with = trained_params(estimator, None)
    same = set_tensors(estimator, tensors, header)
    best = part(tensors, "best/")
    if best and not same:
        raise ValueError("it is a checkpoint of another version of fastbpts")
    if best:
        estimator.net_.load_state(best)
    return estimator
