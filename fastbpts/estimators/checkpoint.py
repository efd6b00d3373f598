"""Checkpoints: a model file that also holds the best model so far, from which training continues to the same bits."""

import json
import os

from fastbpts._files.checkpoints import check_continuation
from fastbpts._files.tensors import read_tensors, to_json, write_tensors
from fastbpts.estimators.storage import Stored, set_tensors, stored_params, to_tensors

# What may differ between the run that wrote a checkpoint and the run that continues it.
_FREE = {"max_iter", "n_threads", "checkpoint_every", "verbose"}


def write(estimator: Stored, fingerprint: str) -> None:
    """Write the state of training after an epoch to the estimator's `checkpoint`, atomically."""
    tensors, header = to_tensors(estimator)
    progress = estimator._progress
    if progress.best_state is not None and progress.best_epoch != progress.epoch:
        tensors |= {f"best/{k}": v for k, v in progress.best_state.items()}
    write_tensors(estimator.checkpoint, tensors, {**header, "fingerprint": fingerprint})


def restore(estimator: Stored, fingerprint: str) -> None:
    """Set network, generator and progress from the estimator's `checkpoint`.

    Raises
    ------
    ValueError
        The file is damaged, or belongs to other parameters or other data.
    """
    name = os.fspath(estimator.checkpoint)
    tensors, header = read_tensors(name)
    try:
        given = json.loads(to_json(stored_params(estimator)))
        check_continuation(header, type(estimator).__name__, given, _FREE, fingerprint)
        if not set_tensors(estimator, tensors, header):
            raise ValueError("it was made by another version of fastbpts")
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"checkpoint={name!r}: cannot be continued: {error}") from error
