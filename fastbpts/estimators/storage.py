"""Fitted estimators as named arrays and a header, the contents of model files and checkpoints."""

from typing import TYPE_CHECKING, Any

import numpy as np

from fastbpts.estimators import checks
from fastbpts.estimators.training import Progress, Tensors

if TYPE_CHECKING:
    from fastbpts.estimators.base import NetworkEstimator


def _storable(name: str, value: Any) -> bool:
    if name == "random_state":
        return value is None or isinstance(value, int | np.integer)
    return not callable(value) and not (name == "embeddings" and isinstance(value, tuple))


def stored_params(estimator: "NetworkEstimator") -> dict[str, Any]:
    """The parameters that a file can hold."""
    params = estimator.get_params(deep=False)
    params["dtype"] = np.dtype(params["dtype"]).name
    return {name: value for name, value in params.items() if _storable(name, value)}


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
    estimator.net_ = estimator._make_network(estimator._seed)
    estimator.net_.load_state(part(tensors, "net/"))
    if score is not None:
        estimator._progress.best_score = score
        estimator._progress.best_state = part(tensors, "best/") or estimator.net_.state()
    estimator._finish()
