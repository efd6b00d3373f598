"""The passes of training over encoded text, and what is shown of them."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from fastbpts import _core
from fastbpts._base import seeds
from fastbpts.words._encoded import EncodedText

_DIVERGED = 1e6  # mean loss of a prediction: scores, which are logarithms, of a thousand and more


class Reporter(Protocol):
    """What shows the progress."""

    def update(self, done: float, loss: float, words_per_second: float) -> None: ...

    def epoch(self, entry: dict[str, Any]) -> None: ...


@dataclass
class Plan:
    """How long to train, and at which rates: from `alpha` to `min_alpha` over `n_epochs`, evenly by words."""

    n_epochs: int
    n_words: int  # of one epoch
    alpha: float
    min_alpha: float
    seed: int
    n_threads: int
    first_epoch: int = 0  # number of epochs the seeds have been used for
    done: int = 0  # epochs of this plan that are over
    history: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class _Sums:
    words: int = 0
    loss: float = 0.0
    pairs: int = 0
    pieces: int = 0

    @property
    def mean(self) -> float:
        return self.loss / max(self.pairs, 1)


def train(
    trainer: _core.WordTrainer,
    text: EncodedText,
    plan: Plan,
    report: Reporter | None = None,
    after_epoch: Callable[[], None] | None = None,
) -> bool:
    """Train until the plan ends; False when it was interrupted.

    Raises
    ------
    FloatingPointError
        The loss is not finite, or beyond what scores can be.
    ValueError
        The text, which had words when they were counted, has none.
    """
    try:
        while plan.done < plan.n_epochs:
            started = time.perf_counter()
            sums = _epoch(trainer, text, plan, report)
            seconds = time.perf_counter() - started
            plan.done += 1
            entry = {"epoch": plan.first_epoch + plan.done, "loss": sums.mean, "words": sums.words, "pairs": sums.pairs}
            plan.history.append(entry | {"seconds": seconds})
            if report is not None:
                report.epoch(plan.history[-1])
            if after_epoch is not None:
                after_epoch()
    except KeyboardInterrupt:
        epoch = plan.first_epoch + plan.done + 1
        warnings.warn(f"training interrupted in epoch {epoch}; the vectors so far were kept", stacklevel=3)
        return False
    if plan.done and not any(entry["pairs"] for entry in plan.history[-plan.done :]):
        reason = "no word had another one beside it (sample=0 keeps the frequent words of a short text)"
        warnings.warn(f"nothing was learnt: {reason}", stacklevel=4)
    return True


def _epoch(trainer: _core.WordTrainer, text: EncodedText, plan: Plan, report: Reporter | None) -> _Sums:
    sums, started = _Sums(), time.perf_counter()
    step = (plan.alpha - plan.min_alpha) / max(plan.n_epochs * plan.n_words, 1)
    seed = seeds.stream_seed(plan.seed, plan.first_epoch + plan.done)
    for block in text.blocks():
        n = len(block.piece_words)
        loss, pairs = np.zeros(n), np.zeros(n, np.int64)
        alpha = plan.alpha - step * (plan.done * plan.n_words + sums.words)
        trainer.train(
            block.text, block.piece_ptr, block.piece_words, sums.pieces, alpha, step, plan.min_alpha, seed,
            plan.n_threads, loss, pairs,
        )  # fmt: skip
        sums.words += block.n_words
        sums.loss += float(loss.sum())
        sums.pairs += int(pairs.sum())
        sums.pieces += n
        if not sums.mean < _DIVERGED:
            raise FloatingPointError(f"the loss is {sums.mean} in epoch {plan.first_epoch + plan.done + 1}")
        if report is not None:
            done = plan.done + sums.words / max(plan.n_words, 1)
            report.update(done, sums.mean, sums.words / max(time.perf_counter() - started, 1e-9))
    if plan.n_words and not sums.words:
        raise ValueError("X: there is nothing when it is read again; it must be readable more than once")
    return sums
