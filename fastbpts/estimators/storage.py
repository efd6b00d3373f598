"""Fitted estimators as named arrays and a header, the contents of model files and checkpoints."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fastbpts.estimators import checks
from fastbpts.estimators.training import Progress, Tensors

if TYPE_CHECKING:
    from fastbpts.estimators.base import NetworkEstimator


def _storable(name: str, value: Any) -> bool:
    if name == "checkpoint":  # a model from elsewhere must not say which file a later fit overwrites
        return False
    if name == "random_state":
        return value is None or isinstance(value, int | np.integer)
    return not callable(value) and not (name == "embeddings" and isinstance(value, tuple))


def stored_params(estimator: "NetworkEstimator") -> dict[str, Any]:
    """The parameters that a file can hold."""
    params = estimator.get_params(deep=False)
    params["dtype"] = np.dtype(params["dtype"]).name
    if isinstance(params["class_weight"], Mapping):  # JSON's keys are strings, classes need not be
        params["class_weight"] = [[key, weight] for key, weight in params["class_weight"].items()]
    return {name: value for name, value in params.items() if _storable(name, value)}


def own_params(stored: dict[str, Any]) -> dict[str, Any]:
    """The constructor's arguments from what `stored_params` gave."""
    weight = stored.get("class_weight")
    return {**stored, "class_weight": dict(weight) if isinstance(weight, list) else weight}


def to_tensors(estimator: "NetworkEstimator") -> tuple[Tensors, dict[str, Any]]:
    """All of a fitted estimator as named arrays and a JSON-able header."""
    learnt, meta = estimator._learnt()
    progress = estimator._progress
    header = {
        "class": type(estimator).__name__,
        "params": stored_params(estimator),
        "learnt": meta,
        "seed": estimator._seed,
        "rng": estimator._rng.bit_generator.state,
        "progress": {
            "epoch": progress.epoch,
            "stale": progress.stale,
            "best_epoch": progress.best_epoch,
            "best_score": progress.best_score if progress.best_state is not None else None,
            "history": progress.history,
        },
    }
    tensors = {f"net/{k}": v for k, v in estimator.net_.state().items()}
    return tensors | {f"learnt/{k}": v for k, v in learnt.items()}, header


def part(tensors: Tensors, prefix: str) -> Tensors:
    """The arrays whose names start with `prefix`, without it."""
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def set_tensors(estimator: "NetworkEstimator", tensors: Tensors, header: dict[str, Any]) -> None:
    """Take back what `to_tensors` gave: everything but the parameters."""
    estimator._set_learnt(part(tensors, "learnt/"), header["learnt"])
    estimator._seed = int(header["seed"])
    estimator._rng = checks.generator(0)
    estimator._rng.bit_generator.state = header["rng"]
    stored = dict(header["progress"])
    score = stored.pop("best_score")
    estimator._progress = Progress(**stored)
    weights = part(tensors, "net/")
    widths = [array.shape[-1] for name, array in weights.items() if name.startswith("weights.") and array.ndim]
    if estimator.n_state > min(widths, default=0):  # before memory is asked for
        raise ValueError(f"n_state={estimator.n_state} does not fit the weights")
    estimator.net_ = estimator._make_network(estimator._seed)
    estimator.net_.load_state(weights)
    if score is not None:
        estimator._progress.best_score = score
        estimator._progress.best_state = part(tensors, "best/") or estimator.net_.state()
    estimator._finish()
