"""The training loop of every estimator: epochs, schedule, validation, best model, divergence, interruption.

It knows nothing about the model: a network gives its state and takes it back, and one function trains an epoch.
"""

import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastbpts._base.errors import DivergenceError
from fastbpts.training.schedules import Schedule

Tensors = dict[str, NDArray[Any]]
Scores = dict[str, float]
_LOSS_LIMIT = 1e4  # mean cross-entropy in nats: a model this wrong has left the range of useful numbers


class Net(Protocol):
    """What the loop asks of a network."""

    @property
    def learning_rate(self) -> float: ...

    @learning_rate.setter
    def learning_rate(self, value: float) -> None: ...

    @property
    def params(self) -> Tensors: ...

    def set_params(self, params: Mapping[str, NDArray[Any]]) -> None: ...

    def state(self) -> Tensors: ...

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None: ...

    def reset_accumulator(self) -> None: ...


class Reporter(Protocol):
    """What shows the progress."""

    def batch(self, loss: float) -> None: ...

    def epoch(self, entry: Mapping[str, float], best: bool) -> None: ...


@dataclass
class Plan:
    """How long to train and what to watch."""

    n_epochs: int
    learning_rate: float
    schedule: Schedule
    accumulator_reset: int | None = None
    patience: int | None = None
    tol: float = 0.0
    monitor: str = "score"
    sign: int = 1


@dataclass
class Progress:
    """The state of training after `epoch` epochs. With network and generator, it is all that a resumption needs."""

    epoch: int = 0
    stale: int = 0
    best_epoch: int = 0
    best_score: float = -math.inf
    best_state: Tensors | None = None
    history: list[dict[str, float]] = field(default_factory=list)


def batches(n: int, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """The numbers 0..n-1 in random order, `size` at a time."""
    order = rng.permutation(n).astype(np.int64, copy=False)
    for start in range(0, n, size):
        yield order[start : start + size]


def _train_epoch(steps: Iterator[tuple[float, float]], report: Reporter | None) -> float:
    total = weight = 0.0
    for loss, size in steps:
        total += loss
        weight += size
        if not math.isfinite(loss) or loss > _LOSS_LIMIT * max(size, 1.0):
            raise FloatingPointError(f"the loss of a batch is {loss / max(size, 1.0):.3g} per prediction")
        if report is not None:
            report.batch(total / max(weight, 1e-300))
    return total / max(weight, 1e-300)


def _improve(net: Net, plan: Plan, progress: Progress, scores: Scores) -> bool:
    """Note the scores of a validation; keep the network's state if it is the best so far."""
    score = plan.sign * scores[plan.monitor]
    if math.isnan(score):
        raise ValueError(f"monitor={plan.monitor!r}: the validation set has no labels for this score")
    better = score > progress.best_score
    progress.stale = 0 if score > progress.best_score + plan.tol else progress.stale + 1
    if better:
        progress.best_score = score
        progress.best_epoch = progress.epoch
        progress.best_state = net.state()
    return better


def train(
    net: Net,
    plan: Plan,
    progress: Progress,
    epoch_steps: Callable[[], Iterator[tuple[float, float]]],
    evaluate: Callable[[], Scores] | None = None,
    save: Callable[[], None] | None = None,
    report: Reporter | None = None,
) -> bool:
    """Train until the plan ends; the network ends with the best state seen (the last without validation).

    The result is False when training was interrupted.

    Parameters
    ----------
    net, plan, progress
        What is trained, how, and from where; `progress` is updated at the end of each epoch.
    epoch_steps : callable
        Trains one epoch as an iterator of (summed loss, number of predictions) per step.
    evaluate : callable, optional
        Scores of the validation set.
    save : callable, optional
        Called after each epoch.
    report : Reporter, optional
        Told about each batch and epoch.

    Raises
    ------
    DivergenceError
        The loss is not finite or absurd; the network has the last good state.
    """
    good: Tensors = {}
    whole = True
    try:
        while progress.epoch < plan.n_epochs and (plan.patience is None or progress.stale < plan.patience):
            good = net.state()
            started = time.perf_counter()
            net.learning_rate = plan.learning_rate * plan.schedule(progress.epoch)
            if plan.accumulator_reset and progress.epoch and progress.epoch % plan.accumulator_reset == 0:
                net.reset_accumulator()
            loss = _train_epoch(epoch_steps(), report)
            progress.epoch += 1
            entry = {"epoch": progress.epoch, "loss": loss, "learning_rate": net.learning_rate}
            better = False
            if evaluate is not None:
                scores = evaluate()
                entry |= {f"dev_{name}": value for name, value in scores.items()}
                better = _improve(net, plan, progress, scores)
            progress.history.append(entry | {"seconds": time.perf_counter() - started})
            if report is not None:
                report.epoch(progress.history[-1], better)
            if save is not None:
                save()
    except FloatingPointError as error:
        net.load_state(progress.best_state or good)
        raise DivergenceError(
            f"training diverged in epoch {progress.epoch + 1}: {error}; lower learning_rate={plan.learning_rate!r} "
            f"or set max_norm. The last good model was kept."
        ) from None
    except KeyboardInterrupt:
        whole = False
        warnings.warn(f"training interrupted in epoch {progress.epoch + 1}; the model so far was kept", stacklevel=3)
    if progress.best_state is not None:
        net.load_state(progress.best_state)
    return whole
