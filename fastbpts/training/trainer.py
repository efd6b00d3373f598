"""The trainer: the loop over epochs, with a progress bar and a checkpoint after epochs."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastbpts.training.epoch_bar import Bar
from fastbpts.training.loop import Plan, Progress, Scores, train
from fastbpts.training.steps import OnGradients, Steps


@dataclass
class Trainer:
    """Trains a network as a plan says.

    Attributes
    ----------
    net : network
    plan : Plan
    progress : Progress
        The state of training, which is continued.
    verbose : int
        0 nothing, 1 a bar and lines, 2 lines.
    shown : mapping
        Entries of the history that a line has -> what they are called.
    accumulate, on_gradients
        As of ``Steps``.
    save : callable or None
        Writes a checkpoint.
    save_every : int
        Epochs between checkpoints; there is one after the last epoch in any case.
    """

    net: Any
    plan: Plan
    progress: Progress
    verbose: int
    shown: Mapping[str, str]
    accumulate: int = 1
    on_gradients: OnGradients | None = None
    save: Callable[[], None] | None = None
    save_every: int = 1

    def run(
        self,
        n_steps: int,
        epoch: Callable[[Any], Iterator[tuple[float, float]]],
        scores: Callable[[], Scores] | None,
    ) -> bool:
        """Train to the end of the plan; False: interrupted.

        Parameters
        ----------
        n_steps : int
            Steps per epoch.
        epoch : callable
            Trains one epoch as an iterator of (summed loss, number of predictions) per step, with what it is given in
            place of the network.
        scores : callable or None
            Scores of the validation set.
        """
        bar = None
        if self.verbose:
            bar = Bar(self.shown, self.plan.n_epochs, n_steps, self.verbose, self.progress.epoch)

        def steps() -> Iterator[tuple[float, float]]:
            net = Steps(self.net, self.accumulate, self.on_gradients)
            yield from epoch(net)
            net.finish()

        with bar or contextlib.nullcontext():
            save = None if self.save is None else self._save
            return train(self.net, self.plan, self.progress, steps, scores, save, bar)

    def _save(self) -> None:
        assert self.save is not None
        epoch, stale = self.progress.epoch, self.progress.stale
        last = epoch >= self.plan.n_epochs or (self.plan.patience is not None and stale >= self.plan.patience)
        if last or epoch % self.save_every == 0:
            self.save()
