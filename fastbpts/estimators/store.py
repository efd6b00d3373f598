"""Fitted estimators as named arrays and a header: the contents of model files, checkpoints and pickles.

A network's parameters are stored in their public shapes, which every version reads. The state that training continues
from is stored in the layout of the kernels beside them, and taken only by a version whose layout is the same.
"""

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastbpts._base import seeds
from fastbpts._cells.spec import with_new_names
from fastbpts.estimators.parts import Reader
from fastbpts.training.loop import Net, Progress, Tensors
from fastbpts.training.optimizer import OPTIMIZERS, OPTIONS

_WEIGHTS = "weights."  # what a network's state calls the parameters in the kernels' layout
# Parameters that ``partial_fit`` takes from the estimator; a network keeps the others as they were when it was made.
_ANEW = {
    *("learning_rate", "schedule", "accumulator_reset", "batch_size", "max_iter", "tol", "monitor", "n_iter_no_change"),
    *(
        "early_stopping",
        "validation_fraction",
        "accumulate",
        "checkpoint_every",
        "verbose",
        "unknown",
        "unk_rate",
        "n_steps",
    ),
}
# What may differ between the run that wrote a checkpoint and the run that continues it.
FREE = {"max_iter", "n_threads", "checkpoint_every", "verbose"}


R = TypeVar("R", bound=Reader[Any])


@dataclass
class Trained(Generic[R]):
    """A model and the state of its training.

    Attributes
    ----------
    params : dict
        The parameters of the estimator that trained it, as `stored_params` gives them.
    reader : Reader
    net : network
    seed : int
        Of the network.
    rng : Generator
        Of all else that is random in training.
    progress : Progress
    """

    params: dict[str, Any]
    reader: R
    net: Any
    seed: int
    rng: np.random.Generator
    progress: Progress = field(default_factory=Progress)


def _storable(name: str, value: Any) -> bool:
    if name == "checkpoint":  # a model from elsewhere must not say which file a later fit overwrites
        return False
    if name == "random_state":
        return value is None or isinstance(value, int | np.integer)
    return not callable(value) and (name != "embeddings" or value is None or isinstance(value, str | os.PathLike))


def stored_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Those of an estimator's parameters that a file can hold, as it holds them."""
    stored = {name: value for name, value in params.items() if _storable(name, value)}
    stored["dtype"] = np.dtype(params["dtype"]).name
    if isinstance(params.get("class_weight"), Mapping):  # JSON's keys are strings, classes need not be
        stored["class_weight"] = [[key, weight] for key, weight in params["class_weight"].items()]
    return stored


def own_params(stored: dict[str, Any]) -> dict[str, Any]:
    """The constructor's arguments from what `stored_params` gave.

    Files of version 0.1 have values for the options of all optimisers; those that their own does not take are left out.
    """
    row = OPTIMIZERS.get(stored.get("optimizer", ""))
    untaken = OPTIONS.keys() & stored.keys() - row.options.keys() if row else ()
    weight = stored.get("class_weight")
    changed = {"class_weight": dict(weight)} if isinstance(weight, list) else {}
    return stored | changed | dict.fromkeys(untaken)


def meant_params(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The same with the value of each option that the optimiser takes, and without the others.

    Files of version 0.1 have a value where later ones have None for the usual value.
    """
    row = OPTIMIZERS.get(stored.get("optimizer", ""))
    taken = row.options if row else {}
    values = {name: usual if stored.get(name) is None else stored[name] for name, usual in taken.items()}
    return {name: value for name, value in stored.items() if name not in OPTIONS} | values


def continued_params(before: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The parameters for further training: `given`, except those that made the network; both as of `stored_params`."""
    kept = {name: value for name, value in before.items() if name not in _ANEW}
    return kept | {name: value for name, value in given.items() if name in _ANEW}


def stored_reading(meta: dict[str, Any], accepted: Mapping[str, Collection[str]]) -> dict[str, str]:
    """How files are to be read, if the model's file says so; older ones do not."""
    reading = meta.get("reading") or {}
    if not isinstance(reading, dict) or not all(value in accepted.get(name, ()) for name, value in reading.items()):
        raise ValueError(f"it says that files are to be read with {reading!r}")
    return dict(reading)


def pack(name: str, trained: Trained[Any], facts: dict[str, Any]) -> tuple[Tensors, dict[str, Any]]:
    """A fitted estimator as named arrays and a header for JSON.

    Parameters
    ----------
    name : str
        The class of the estimator.
    trained : Trained
    facts : dict
        Further facts of the estimator, for JSON.
    """
    learnt, meta = trained.reader.to_tensors()
    progress = trained.progress
    header = {
        "class": name,
        "params": trained.params,
        "learnt": meta | facts,
        "seed": trained.seed,
        "rng": trained.rng.bit_generator.state,
        "progress": {
            "epoch": progress.epoch,
            "stale": progress.stale,
            "best_epoch": progress.best_epoch,
            "best_score": progress.best_score if progress.best_state is not None else None,
            "history": progress.history,
        },
    }
    tensors = {f"net/{k}": v for k, v in net_tensors(trained.net).items()}
    return tensors | {f"learnt/{k}": v for k, v in learnt.items()}, header


def pack_checkpoint(name: str, trained: Trained[Any], facts: dict[str, Any]) -> tuple[Tensors, dict[str, Any]]:
    """The same with the best model so far, if it is another one."""
    tensors, header = pack(name, trained, facts)
    progress = trained.progress
    if progress.best_state is not None and progress.best_epoch != progress.epoch:
        tensors |= {f"best/{k}": v for k, v in progress.best_state.items()}
    return tensors, header


def unpack(
    tensors: Tensors,
    header: dict[str, Any],
    reader: Reader[Any],
    make_network: Callable[[Reader[Any], int, Tensors], Net],
) -> tuple[Trained[Any], bool]:
    """Take back what `pack` gave.

    Parameters
    ----------
    tensors, header
        The contents of a file.
    reader : Reader
        Of an estimator with the parameters in the header.
    make_network : callable
        Makes a network of reader, seed and the stored parameters, which it may refuse before memory is asked for.

    Returns
    -------
    trained : Trained
    same : bool
        False: only the network's parameters were taken, its state having the layout of another version.
    """
    reader.set_tensors(part(tensors, "learnt/"), header["learnt"])
    rng = seeds.own_generator(0)
    rng.bit_generator.state = header["rng"]
    stored, seed = dict(header["progress"]), int(header["seed"])
    score = stored.pop("best_score")
    progress = Progress(**stored)
    net = make_network(reader, seed, part(tensors, "net/params/"))
    same = set_net(net, part(tensors, "net/"))
    if score is not None:
        progress.best_score = score
        progress.best_state = part(tensors, "best/") or net.state()
    return Trained(header["params"], reader, net, seed, rng, progress), same


def _is_padded(array: NDArray[Any], params: Tensors) -> bool:
    """True if an array of the state is one of the parameters with a margin of zeros."""
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
    params, stored = with_new_names(part(tensors, "params/"), net.params), part(tensors, "state/")
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
