"""Fitted estimators as named arrays and a header, the contents of model files and checkpoints.

A network's parameters are stored in their public shapes, which every version reads. The state that training continues
from is stored in the layout of the kernels beside them, and taken only by a version whose layout is the same.
"""

import os
from collections.abc import Collection, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastbpts._base import seeds
from fastbpts.training.loop import Net, Progress, Tensors


class Stored(Protocol):
    """What is stored of an estimator, and how it takes that back; :class:`NetworkEstimator` says what each does."""

    checkpoint: Any
    net_: Any
    _progress: Progress
    _trained_with: dict[str, Any]
    _seed: int
    _rng: np.random.Generator

    def get_params(self, deep: bool = True) -> dict[str, Any]: ...
    def _learnt(self) -> tuple[Tensors, dict[str, Any]]: ...
    def _set_learnt(self, tensors: Tensors, meta: dict[str, Any]) -> None: ...
    def _check_stored(self, params: Tensors) -> None: ...
    def _make_network(self, seed: int) -> Net: ...
    def _finish(self) -> None: ...


_WEIGHTS = "weights."  # what a network's state calls the parameters in the kernels' layout
# Parameters that ``partial_fit`` takes anew; the others stay, for a network, what they were when it was made.
_ANEW = {
    *("learning_rate", "schedule", "accumulator_reset", "batch_size", "max_iter", "tol", "monitor", "n_iter_no_change"),
    *("early_stopping", "validation_fraction", "checkpoint_every", "verbose", "unknown", "unk_rate", "n_steps"),
}


def _storable(name: str, value: Any) -> bool:
    if name == "checkpoint":  # a model from elsewhere must not say which file a later fit overwrites
        return False
    if name == "random_state":
        return value is None or isinstance(value, int | np.integer)
    return not callable(value) and (name != "embeddings" or value is None or isinstance(value, str | os.PathLike))


def stored_params(estimator: Stored) -> dict[str, Any]:
    """The parameters that a file can hold."""
    params = estimator.get_params(deep=False)
    params["dtype"] = np.dtype(params["dtype"]).name
    if isinstance(params.get("class_weight"), Mapping):  # JSON's keys are strings, classes need not be
        params["class_weight"] = [[key, weight] for key, weight in params["class_weight"].items()]
    return {name: value for name, value in params.items() if _storable(name, value)}


def trained_params(estimator: Stored, before: dict[str, Any] | None) -> dict[str, Any]:
    """The parameters that training begins or, after `before`, goes on with, as `stored_params` gives them."""
    given = stored_params(estimator)
    if before is None:
        return given
    kept = {name: value for name, value in before.items() if name not in _ANEW}
    return kept | {name: value for name, value in given.items() if name in _ANEW}


def stored_reading(meta: dict[str, Any], accepted: Mapping[str, Collection[str]]) -> dict[str, str]:
    """How files are to be read, as a model's file says it; those of older versions do not."""
    reading = meta.get("reading") or {}
    if not isinstance(reading, dict) or not all(value in accepted.get(name, ()) for name, value in reading.items()):
        raise ValueError(f"it says that files are to be read with {reading!r}")
    return dict(reading)


def own_params(stored: dict[str, Any]) -> dict[str, Any]:
    """The constructor's arguments from what `stored_params` gave."""
    weight = stored.get("class_weight")
    return {**stored, "class_weight": dict(weight)} if isinstance(weight, list) else stored


def to_tensors(estimator: Stored) -> tuple[Tensors, dict[str, Any]]:
    """All of a fitted estimator as named arrays and a JSON-able header."""
    learnt, meta = estimator._learnt()
    progress = estimator._progress
    header = {
        "class": type(estimator).__name__,
        "params": estimator._trained_with,
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
    tensors = {f"net/{k}": v for k, v in net_tensors(estimator.net_).items()}
    return tensors | {f"learnt/{k}": v for k, v in learnt.items()}, header


def _is_padded(array: NDArray[Any], params: Tensors) -> bool:
    """Whether an array of the state is one of the parameters beside a margin of zeros."""
    return any(
        p.ndim == array.ndim == 2
        and len(p) == len(array)
        and np.array_equal(array[:, : p.shape[1]], p)
        and not array[:, p.shape[1] :].any()
        for p in params.values()
    )


def net_tensors(net: Net) -> Tensors:
    """A network as arrays: params/NAME in public shapes, state/NAME to continue from (but for copies of the former)."""
    params, state = net.params, net.state()
    kept = {k: v for k, v in state.items() if not (k.startswith(_WEIGHTS) and _is_padded(v, params))}
    return {f"params/{k}": v for k, v in params.items()} | {f"state/{k}": v for k, v in kept.items()}


def set_net(net: Net, tensors: Tensors) -> bool:
    """Take back what `net_tensors` gave; False: only the parameters, the state having the layout of another version."""
    params, stored = part(tensors, "params/"), part(tensors, "state/")
    if set(params) != set(net.params):
        raise ValueError(f"it has the parameters {sorted(params)}, the network has {sorted(net.params)}")
    net.set_params(params)
    own = net.state()
    same = all(name in stored or name.startswith(_WEIGHTS) for name in own)
    for name, array in stored.items():
        same = same and name in own and own[name].shape == array.shape
        if same and name.startswith(_WEIGHTS):
            same = bool(np.allclose(own[name], array, rtol=1e-5, atol=1e-30))
    if same:
        net.load_state(own | stored)
    return same


def part(tensors: Tensors, prefix: str) -> Tensors:
    """The arrays whose names start with `prefix`, without it."""
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def set_tensors(estimator: Stored, tensors: Tensors, header: dict[str, Any]) -> bool:
    """Take back what `to_tensors` gave, but for the estimator's parameters; the result is that of `set_net`."""
    estimator._set_learnt(part(tensors, "learnt/"), header["learnt"])
    estimator._seed = int(header["seed"])
    estimator._rng = seeds.own_generator(0)
    estimator._rng.bit_generator.state = header["rng"]
    stored = dict(header["progress"])
    score = stored.pop("best_score")
    estimator._progress = Progress(**stored)
    estimator._check_stored(part(tensors, "net/params/"))
    estimator.net_ = estimator._make_network(estimator._seed)
    same = set_net(estimator.net_, part(tensors, "net/"))
    if score is not None:
        estimator._progress.best_score = score
        estimator._progress.best_state = part(tensors, "best/") or estimator.net_.state()
    estimator._finish()
    return same
