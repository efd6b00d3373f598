"""What all estimators share: the training loop around a network, validation, checkpoints, model files, pickling.

A subclass says how examples are read, how its network is made, how one epoch steps through the examples, how they are
scored, and what it has learnt besides the network (vocabulary, classes).
"""

import contextlib
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from fastbpts._base import checks, seeds
from fastbpts._files.atomic import PathLike
from fastbpts._files.checkpoints import check_checkpoint
from fastbpts._files.tensors import write_tensors
from fastbpts.estimators import checkpoint as _checkpoint
from fastbpts.estimators.storage import net_tensors, own_params, part, set_net, set_tensors, to_tensors, trained_params
from fastbpts.training.epoch_bar import Bar
from fastbpts.training.loop import Net, Plan, Progress, Scores, Tensors, train
from fastbpts.training.optimizer import Optimizer
from fastbpts.training.options import TrainingOptions, check_options
from fastbpts.training.schedules import make_schedule


class NetworkEstimator(TrainingOptions, BaseEstimator, ABC):  # type: ignore[misc]
    """Base of the estimators that train a network by minibatches.

    After ``fit``: ``net_`` (the network), ``n_iter_`` (epochs trained), ``history_`` (one dict per epoch), and with a
    validation set ``best_iter_`` and ``best_score_`` (of the model kept).
    """

    _monitors: ClassVar[dict[str, int]]
    _shown: ClassVar[dict[str, str]] = {"loss": "loss", "dev_loss": "dev loss", "dev_score": "dev score"}
    net_: Any
    _trained_with: dict[str, Any]  # the parameters of `net_`; those set since count from the next ``fit`` on

    # -- what a subclass provides ----------------------------------------------------------------------------------

    @abstractmethod
    def _read(self, X: Any, y: Any = None, *, learn: bool = False, classes: Any = None) -> Any:
        """Examples in the form the other hooks take; with `learn`, also learn vocabulary and classes from them."""

    @abstractmethod
    def _split(self, X: Any, y: Any, rng: np.random.Generator) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
        """Training and validation examples and labels (for `validation_fraction`)."""

    @abstractmethod
    def _groups(self) -> list[str]:
        """The names of the network's parameters."""

    @abstractmethod
    def _make_network(self, seed: int) -> Net:
        """A fresh network for the classes and the vocabulary learnt."""

    @abstractmethod
    def _n_batches(self, data: Any) -> int:
        """Steps per epoch."""

    @abstractmethod
    def _steps(self, data: Any, rng: np.random.Generator) -> Iterator[tuple[float, float]]:
        """Train one epoch; yield (summed loss, number of predictions) after each step."""

    @abstractmethod
    def _evaluate(self, data: Any) -> Scores:
        """Scores of examples, at least one for each name in `_monitors`."""

    @abstractmethod
    def _fingerprint(self, data: Any) -> str:
        """A digest of the examples, to refuse a resumption on other data."""

    @abstractmethod
    def _learnt(self) -> tuple[Tensors, dict[str, Any]]:
        """What was learnt besides the network: arrays and a JSON-able dict."""

    @abstractmethod
    def _set_learnt(self, tensors: Tensors, meta: dict[str, Any]) -> None:
        """Take back what `_learnt` gave."""

    def _check_stored(self, params: Tensors) -> None:
        """Refuse a file's parameters that are not this estimator's, before memory is asked for the network."""
        widths = [array.shape[-1] for array in params.values() if array.ndim > 1]
        if self.n_state > min(widths, default=0):
            raise ValueError(f"n_state={self.n_state} does not fit the weights")

    # -- training --------------------------------------------------------------------------------------------------

    def _check_params(self) -> None:
        """ValueError naming the first parameter that is not accepted."""
        check_options(self)
        checks.by_name("alpha", self.alpha, self._groups())

    def _make_optimizer(self) -> Optimizer:
        return Optimizer(self.optimizer, self.learning_rate, self.momentum, self.beta1, self.beta2, self.eps)

    def _plan(self, n_epochs: int, patience: int | None) -> Plan:
        return Plan(
            n_epochs,
            float(self.learning_rate),
            make_schedule(self.schedule, self.max_iter),
            self.accumulator_reset,
            patience,
            float(self.tol),
            self.monitor,
            self._monitors[self.monitor],
        )

    def _reset(self) -> None:
        """Check the parameters, forget what was learnt, make a new generator."""
        self._check_params()
        for name in [name for name in vars(self) if name.endswith("_") and not name.startswith("_")]:
            delattr(self, name)
        self._rng = seeds.own_generator(self.random_state)
        self._progress = Progress()

    def _begin(self, X: Any, y: Any, classes: Any = None) -> Any:
        """Read the first examples and make the network for them."""
        data = self._read(X, y, learn=True, classes=classes)
        self._seed = seeds.network_seed(self._rng)
        self._trained_with = trained_params(self, None)
        self.net_ = self._make_network(self._seed)
        return data

    def _finish(self) -> None:
        self.history_ = self._progress.history
        self.n_iter_ = self._progress.epoch
        if self._progress.best_state is None:
            self.__dict__.pop("best_iter_", None)
            self.__dict__.pop("best_score_", None)
        else:
            self.best_iter_ = self._progress.best_epoch
            self.best_score_ = self._monitors[self.monitor] * self._progress.best_score

    def fit(self, X: Any, y: Any = None, *, dev: Any = None, resume: bool = False) -> Self:
        """Train from the beginning, or from a checkpoint.

        Parameters
        ----------
        X : examples
            The training set.
        y : array-like, optional
            Labels of the examples, where they are not part of them.
        dev : examples or tuple (examples, labels), optional
            The validation set: scored after each epoch; the best model is kept. Without it, `early_stopping=True`
            holds out `validation_fraction` of the training set.
        resume : bool, default=False
            Continue from the file `checkpoint`, if it exists, to the same bits as training without a break.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            An argument or an example is wrong.
        DivergenceError
            The loss left the range of useful numbers; the estimator holds the last good model.
        """
        check_checkpoint(self.checkpoint)
        self._reset()
        if dev is None and self.early_stopping:
            (X, y), dev = self._split(X, y, self._rng)
        data = self._begin(X, y)
        held_out = None
        if dev is not None:
            held_out = self._read_dev(dev)
        if resume:
            self._resume(self._fingerprints(data, held_out))
        patience = self.n_iter_no_change if self.early_stopping else None
        self._train(data, held_out, self._plan(self.max_iter, patience), save=self.checkpoint is not None)
        return self

    def partial_fit(self, X: Any, y: Any = None, classes: Any = None) -> Self:
        """Train one more epoch, on the examples given; the first call learns the vocabulary and the classes.

        Parameters
        ----------
        X : examples
            The training set of this epoch.
        y : array-like, optional
            Labels of the examples, where they are not part of them.
        classes : array-like, optional
            All classes there will be; needed in the first call only if the first examples lack some.

        Returns
        -------
        self
        """
        if hasattr(self, "net_"):
            self._check_params()
            data = self._read(X, y, classes=classes)
            self._trained_with = trained_params(self, self._trained_with)
            self._progress.best_state, self._progress.best_score = None, -math.inf
        else:
            self._reset()
            data = self._begin(X, y, classes)
        self._train(data, None, self._plan(self._progress.epoch + 1, None), save=False)
        return self

    def _train(self, data: Any, held_out: Any, plan: Plan, save: bool) -> None:
        shown = int(self.verbose) > 0
        n_batches, done = self._n_batches(data), self._progress.epoch
        bar = Bar(self._shown, plan.n_epochs, n_batches, int(self.verbose), done) if shown else None
        fingerprint = self._fingerprints(data, held_out) if save else ""

        def save_now() -> None:
            epoch, stale = self._progress.epoch, self._progress.stale
            last = epoch >= plan.n_epochs or (plan.patience is not None and stale >= plan.patience)
            if last or epoch % self.checkpoint_every == 0:
                _checkpoint.write(self, fingerprint)

        try:
            with bar or contextlib.nullcontext():
                self._interrupted = not train(
                    self.net_,
                    plan,
                    self._progress,
                    lambda: self._steps(data, self._rng),
                    None if held_out is None else lambda: self._evaluate(held_out),
                    save_now if save else None,
                    bar,
                )
        finally:
            self._finish()

    def _read_dev(self, dev: Any) -> Any:
        try:
            return self._read(*dev) if isinstance(dev, tuple) and len(dev) == 2 else self._read(dev)
        except ValueError as error:
            if type(error) is ValueError:  # malformed text says where it is
                text = str(error)
                error.args = (f"dev{text[1:]}" if text[:2] in ("X ", "X[", "X:", "X=") else f"dev: {text}",)
            raise

    def _fingerprints(self, data: Any, held_out: Any) -> str:
        return self._fingerprint(data) + ("" if held_out is None else self._fingerprint(held_out))

    def _resume(self, fingerprint: str) -> None:
        if self.checkpoint is None:
            raise ValueError("resume=True: set the parameter checkpoint, the file to continue from")
        if Path(self.checkpoint).exists():
            _checkpoint.restore(self, fingerprint)

    # -- files and pickles -----------------------------------------------------------------------------------------

    def save(self, path: PathLike) -> None:
        """Write the fitted estimator to a safetensors file, atomically; ``fastbpts.load`` reads it.

        Parameters that no file can hold (a generator as `random_state`, a function as `schedule`, `embeddings` given as
        arrays) and `checkpoint` are not saved: the loaded estimator has their defaults. Its weights are the same. The
        file has the parameters of the last ``fit`` or ``partial_fit``, not what ``set_params`` has changed since. A
        version of the library with other kernels predicts from the file as well; there, AdaGrad and the like begin
        anew when training goes on.
        """
        check_is_fitted(self, "net_")
        tensors, header = to_tensors(self)
        write_tensors(path, tensors, header)

    @classmethod
    def _from_tensors(cls, tensors: Tensors, header: dict[str, Any]) -> Self:
        """The estimator in a model file or checkpoint (of which: its best model so far)."""
        estimator = cls(**own_params(header["params"]))
        estimator._trained_with = trained_params(estimator, None)
        same = set_tensors(estimator, tensors, header)
        best = part(tensors, "best/")
        if best and not same:
            raise ValueError("it is a checkpoint of another version of fastbpts")
        if best:
            estimator.net_.load_state(best)
        return estimator

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        net = state.pop("net_", None)
        if net is not None:
            state["_net_tensors"] = net_tensors(net)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        tensors = state.pop("_net_tensors", None)
        super().__setstate__(state)
        if tensors is not None:
            maker = object.__new__(type(self))  # has the parameters of the network, which may have been changed since
            maker.__dict__.update(vars(self) | own_params(self._trained_with))
            self.net_ = maker._make_network(self._seed)
            set_net(self.net_, tensors)
