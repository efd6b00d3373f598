"""Base of all estimators: fit, partial_fit, files and pickles, for the parts that an estimator names."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from fastbpts._base import checks, seeds
from fastbpts._base.options import check_options
from fastbpts._files.atomic import PathLike
from fastbpts._files.checkpoints import check_checkpoint, resume_from, write_checkpoint
from fastbpts._files.tensors import write_tensors
from fastbpts.estimators import store
from fastbpts.estimators.parts import Reader, Task
from fastbpts.estimators.store import Trained
from fastbpts.training.loop import Net, Plan, Tensors
from fastbpts.training.options import TrainingOptions, optimizer_of
from fastbpts.training.schedules import make_schedule
from fastbpts.training.steps import OnGradients
from fastbpts.training.trainer import Trainer


class NetworkEstimator(TrainingOptions, BaseEstimator, ABC):  # type: ignore[misc]
    """Base of the estimators that train a network by minibatches.

    A subclass makes three parts from its parameters: a reader, a network and a task.

    After ``fit``: ``net_`` (the network), ``n_iter_`` (epochs trained), ``history_`` (one dict per epoch), and with a
    validation set ``best_iter_`` and ``best_score_`` (of the model kept).
    """

    _monitors: ClassVar[dict[str, int]]  # score -> 1 if the greatest is best, -1 if the least is
    _shown: ClassVar[dict[str, str]] = {"loss": "loss", "dev_loss": "dev loss", "dev_score": "dev score"}
    # Parameters that files of older versions lack, with their meaning then.
    _of_old_files: ClassVar[dict[str, Any]] = {"accumulate": 1}
    net_: Any
    _trained: Trained[Any]
    _interrupted: bool

    # -- what a class of estimator provides ----------------------------------------------------------------------------

    @abstractmethod
    def _make_reader(self) -> Reader[Any]:
        """A reader that has learnt nothing yet."""

    @abstractmethod
    def _make_network(self, reader: Any, seed: int) -> Net:
        """A fresh network for what the reader has learnt."""

    @abstractmethod
    def _make_task(self, reader: Any) -> Task[Any]:
        """The task: how the network learns from the reader's examples."""

    @abstractmethod
    def _groups(self) -> list[str]:
        """The names of the network's parameters, or of groups of them, that `alpha` may have."""

    @abstractmethod
    def _check_stored(self, reader: Any, params: Tensors) -> None:
        """Refuse a file's parameters that do not fit this estimator's, before memory is asked for the network."""

    def _begin_network(self, net: Any, reader: Any) -> None:
        """Give a fresh network the pretrained vectors, if there are any."""

    def _accepted(self, X: Any, y: Any, learn: bool) -> tuple[Any, Any]:  # noqa: ARG002
        """X and y after scikit-learn's own checks, which set attributes of the estimator."""
        return X, y

    def _facts(self) -> dict[str, Any]:
        """Facts for files, besides those of the reader, as JSON can hold them."""
        return {}

    def _set_facts(self, meta: dict[str, Any]) -> None:
        """Set what `_facts` gave."""

    # -- training ------------------------------------------------------------------------------------------------------

    def _check_params(self) -> None:
        """ValueError naming the first parameter that is not accepted."""
        check_options(self)
        optimizer_of(self)
        checks.by_name("alpha", self.alpha, self._groups())

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

    def _forget(self) -> None:
        """Drop what was learnt."""
        for name in [name for name in vars(self) if name.endswith("_") and not name.startswith("_")]:
            delattr(self, name)

    def _begin(self, X: Any, y: Any, rng: np.random.Generator, classes: Any = None) -> Any:
        """Read the first examples and make the network for them."""
        reader = self._make_reader()
        data = reader.learn(*self._accepted(X, y, learn=True), classes)
        seed = seeds.network_seed(rng)
        net = self._make_network(reader, seed)
        self._begin_network(net, reader)
        self._trained = Trained(store.stored_params(self.get_params(deep=False)), reader, net, seed, rng)
        self._publish()
        return data

    def _publish(self) -> None:
        """Set the attributes of a fitted estimator."""
        progress = self._trained.progress
        for name, value in self._trained.reader.attributes().items():
            setattr(self, name, value)
        self.net_ = self._trained.net
        self.history_ = progress.history
        self.n_iter_ = progress.epoch
        if progress.best_state is None:
            self.__dict__.pop("best_iter_", None)
            self.__dict__.pop("best_score_", None)
        else:
            self.best_iter_ = progress.best_epoch
            self.best_score_ = self._monitors[self.monitor] * progress.best_score

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        dev: Any = None,
        resume: bool = False,
        on_gradients: OnGradients | None = None,
    ) -> Self:
        """Train from the beginning, or from a checkpoint.

        Parameters
        ----------
        X : examples
            The training set.
        y : array-like, optional
            Labels of the examples, if the examples do not have them.
        dev : examples or tuple (examples, labels), optional
            The validation set: scored after each epoch; the best model is kept. Without it, `early_stopping=True`
            holds out `validation_fraction` of the training set.
        resume : bool, default=False
            Continue from the file `checkpoint`, if it exists, to the same bits as training without a break.
        on_gradients : callable, optional
            Called as ``on_gradients(network, gradients)`` before each update. It may change the
            :class:`~fastbpts.training.gradients.Gradients` in place, for example to exchange them with other processes.

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
        self._check_params()
        self._forget()
        rng = seeds.own_generator(self.random_state)
        if dev is None and self.early_stopping:
            X, y = self._accepted(X, y, learn=True)
            (X, y), dev = self._make_reader().split(X, y, self.validation_fraction, rng)
        data = self._begin(X, y, rng)
        held_out = None if dev is None else self._read_dev(dev)
        if resume:
            self._resume(self._fingerprint(data, held_out))
        patience = self.n_iter_no_change if self.early_stopping else None
        plan = self._plan(self.max_iter, patience)
        self._train(data, held_out, plan, save=self.checkpoint is not None, on_gradients=on_gradients)
        return self

    def partial_fit(self, X: Any, y: Any = None, classes: Any = None) -> Self:
        """Train one more epoch, on the examples given; the first call learns the vocabulary and the classes.

        Parameters
        ----------
        X : examples
            The training set of this epoch.
        y : array-like, optional
            Labels of the examples, if the examples do not have them.
        classes : array-like, optional
            All classes there will be; needed in the first call only if the first examples lack some.

        Returns
        -------
        self
        """
        self._check_params()
        if hasattr(self, "net_"):
            trained = self._trained
            data = trained.reader.read(*self._accepted(X, y, learn=False), classes)
            given = store.stored_params(self.get_params(deep=False))
            trained.params = store.continued_params(trained.params, given)
            trained.progress.best_state, trained.progress.best_score = None, -math.inf
        else:
            self._forget()
            data = self._begin(X, y, seeds.own_generator(self.random_state), classes)
        self._train(data, None, self._plan(self._trained.progress.epoch + 1, None), save=False)
        return self

    def _train(self, data: Any, held_out: Any, plan: Plan, save: bool, on_gradients: OnGradients | None = None) -> None:
        trained, task = self._trained, self._make_task(self._trained.reader)
        write = self._writer(self._fingerprint(data, held_out)) if save else None
        trainer = Trainer(
            trained.net,
            plan,
            trained.progress,
            int(self.verbose),
            self._shown,
            int(self.accumulate),
            on_gradients,
            write,
            self.checkpoint_every,
        )
        try:
            self._interrupted = not trainer.run(
                task.n_steps(data),
                lambda net: task.steps(net, data, trained.rng),
                None if held_out is None else lambda: task.scores(trained.net, held_out),
            )
        finally:
            self._publish()

    def _read_dev(self, dev: Any) -> Any:
        X, y = dev if isinstance(dev, tuple) and len(dev) == 2 else (dev, None)
        try:
            return self._trained.reader.read(*self._accepted(X, y, learn=False))
        except ValueError as error:
            if type(error) is ValueError:  # malformed text says where it is
                text = str(error)
                error.args = (f"dev{text[1:]}" if text[:2] in ("X ", "X[", "X:", "X=") else f"dev: {text}",)
            raise

    def _fingerprint(self, data: Any, held_out: Any) -> str:
        parts = [data] if held_out is None else [data, held_out]
        return "".join(self._trained.reader.fingerprint(part) for part in parts)

    # -- files and pickles ---------------------------------------------------------------------------------------------

    def _writer(self, fingerprint: str) -> Callable[[], None]:
        """A function that writes a checkpoint."""
        name, facts = type(self).__name__, self._facts()
        return lambda: write_checkpoint(
            self.checkpoint, *store.pack_checkpoint(name, self._trained, facts), fingerprint
        )

    def _resume(self, fingerprint: str) -> None:
        def take(tensors: Tensors, header: dict[str, Any]) -> None:
            params = self._trained.params
            if not self._unpack(tensors, header):
                raise ValueError("it was made by another version of fastbpts")
            self._trained.params = params

        given = store.stored_params(self.get_params(deep=False))
        resume_from(self.checkpoint, type(self).__name__, given, store.FREE, fingerprint, take, self._meant)

    @classmethod
    def _meant(cls, stored: Mapping[str, Any]) -> dict[str, Any]:
        """What the parameters of a file mean, whichever version wrote it."""
        return cls._of_old_files | store.meant_params(stored)

    def _network_of(self, reader: Any, seed: int, params: Tensors) -> Net:
        """The network for a file's parameters."""
        self._check_stored(reader, params)
        return self._make_network(reader, seed)

    def _unpack(self, tensors: Tensors, header: dict[str, Any]) -> bool:
        """Take over a file's contents; this estimator has its parameters. Returns what ``store.unpack`` says."""
        self._trained, same = store.unpack(tensors, header, self._make_reader(), self._network_of)
        self._set_facts(header["learnt"])
        self._publish()
        return same

    @classmethod
    def _from_tensors(cls, tensors: Tensors, header: dict[str, Any]) -> Self:
        """The estimator in a model file or checkpoint (of which: its best model so far)."""
        estimator = cls(**cls._of_old_files | store.own_params(header["params"]))
        same = estimator._unpack(tensors, header)
        best = store.part(tensors, "best/")
        if best and not same:
            raise ValueError("it is a checkpoint of another version of fastbpts")
        if best:
            estimator.net_.load_state(best)
        return estimator

    def save(self, path: PathLike) -> None:
        """Write the fitted estimator to a safetensors file, atomically; ``fastbpts.load`` reads it.

        Parameters that no file can hold (a generator as `random_state`, a function as `schedule`, `embeddings` given as
        arrays) and `checkpoint` are not saved: the loaded estimator has their defaults, with the same weights. The file
        has the parameters of the last ``fit`` or ``partial_fit``, not later ones of ``set_params``. A version of the
        library with other kernels can predict from the file, too; if it goes on training, states of the optimiser begin
        anew.

        Parameters
        ----------
        path : str or path
            The file to write.
        """
        check_is_fitted(self, "net_")
        write_tensors(path, *store.pack(type(self).__name__, self._trained, self._facts()))

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if "_trained" in state:
            del state["net_"]
            state["_packed"] = store.pack(type(self).__name__, state.pop("_trained"), self._facts())
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        packed = state.pop("_packed", None)
        super().__setstate__(state)
        if packed is not None:  # the network's own parameters made it; set_params may have changed others since
            tensors, header = packed
            made = self._from_tensors(tensors, header)
            self._trained, self.net_ = made._trained, made.net_
