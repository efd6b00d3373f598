"""SequenceNetwork: embeddings, recurrent layers, pooling, a softmax head and an optimiser."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fastbpts import _core
from fastbpts._base import checks, seeds
from fastbpts._base.arguments import Array, as_array
from fastbpts._base.locks import lock_of
from fastbpts._base.threads import resolve_n_threads
from fastbpts.layers._parameters import by_chain
from fastbpts.layers._stack import Stack
from fastbpts.networks.head import HEADS
from fastbpts.networks.packing import I32, Rows
from fastbpts.networks.shape import Shape, initial, penalties
from fastbpts.training.gradients import Gradients, check_gradients
from fastbpts.training.losses import Loss, as_loss, predictions
from fastbpts.training.optimizer import Optimizer
from fastbpts.training.state import state_values
from fastbpts.training.updates import Updater

State = tuple[Array, Array | None]


class SequenceNetwork:
    """A classifier of sequences or of their steps.

    Parameters
    ----------
    shape : Shape
    dropout : float
        Of the outputs of every layer; of what the head reads, that is, for the last.
    input_dropout : float
        Of the first layer's input.
    alpha : float or mapping
        Penalty alpha ||theta||^2 on matrices; a mapping gives one for each of "E", "W", "U", "Ws".
    loss : str or Loss
        One of :func:`fastbpts.losses`.
    optimizer : Optimizer
    max_norm : float, optional
        The gradient is scaled down to this norm.
    train_embeddings : bool
        False: the tables stay as they are.
    dtype, n_threads, random_state
        As for Network.

    Notes
    -----
    A network may be used by several Python threads; its calls then run one after another.
    """

    last_gradients: Gradients | None = None

    def __init__(
        self,
        shape: Shape,
        *,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        alpha: float | Mapping[str, float] = 0.0,
        loss: Loss | str = "softmax_cross_entropy",
        optimizer: Optimizer,
        max_norm: float | None = None,
        train_embeddings: bool = True,
        dtype: str = "float32",
        n_threads: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.shape, self.dropout, self.input_dropout = shape, dropout, input_dropout
        self.dtype, self.n_threads, self.optimizer = np.dtype(dtype), resolve_n_threads(n_threads), optimizer
        self._lock = lock_of(self)
        rng = seeds.generator(random_state)
        self.loss = as_loss(loss)
        self._head = HEADS[shape.head](shape.n_out, shape.n_classes, dtype, self.n_threads, self.loss)
        first = {name: initial(name, shape, size, rng) for name, size in shape.params().items()}
        self._params = {name: self._head.params.get(name, value.astype(dtype)) for name, value in first.items()}
        self._tables = {name: array for name, array in self._params.items() if name.startswith("E.")}
        layers = {name: self._params[name] for name in shape.layers()}
        self._grads = {name: np.zeros_like(array) for name, array in layers.items()}
        self._train_embeddings = train_embeddings and bool(self._tables)
        self._stack = Stack(shape.cell, shape.n_in, shape.n_state, shape.n_layers, shape.n_directions, dtype, None)
        self._stack.keep_packed()
        self._weights = by_chain(shape.cell, list(layers.values()))
        self.set_params(first)
        self._net = _core.SequenceNet(
            self._stack.chains,
            shape.n_directions,
            tuple(self._tables.values()),
            shape.n_values,
            shape.pool,
            self._head.kernel,
            by_chain(shape.cell, list(self._grads.values())),
            *self.loss.arguments(),
            self.dtype,
            self.n_threads,
        )
        trained = self._params if train_embeddings else {k: v for k, v in self._params.items() if k not in self._tables}
        self._updater = Updater(trained, optimizer, penalties(alpha, list(trained)), max_norm)
        self._seed, self._n_steps = seeds.mask_seed(rng), 0

    # -- training ----------------------------------------------------------------------------------------------------

    def step(
        self, rows: Rows, target: Array, weight: Array | None = None, state: State | None = None
    ) -> tuple[float, State]:
        """One training step on the mean loss of the targets.

        Parameters
        ----------
        rows : Rows
        target : array
            What the loss takes, for each packed row, or for each sequence with a pooling: classes, of which -1 is none,
            or rows of targets.
        weight : array, optional
            Of each target's loss.
        state : pair (h, c), optional
            Where the layers begin; they are given back where they end. Gradients do not pass through it.

        Returns
        -------
        loss : float
            The weighted mean over the targets, before the update. If it is not finite, nothing was updated.
        state : pair (h, c)
        """
        with self._lock:
            loss, end, grads, read = self._loss_and_grads(rows, target, weight, state)
            if np.isfinite(loss):
                self._updater.step(grads, read)
                self._n_steps += 1
            return loss, end

    def gradients(
        self,
        rows: Rows,
        target: Array,
        weight: Array | None = None,
        state: State | None = None,
        normalizer: float | None = None,
    ) -> tuple[float, State]:
        """The first half of a training step: loss and gradients, kept as :attr:`last_gradients`; nothing is updated.

        Parameters
        ----------
        rows, target, weight, state
            As for :meth:`step`.
        normalizer : float, optional
            What the weighted sum of losses is divided by. None: the sum of the weights.

        Returns
        -------
        loss : float
        state : pair (h, c)
        """
        if normalizer is not None:
            checks.number("normalizer", normalizer, 0, above=True)
        with self._lock:
            loss, end, grads, read = self._loss_and_grads(rows, target, weight, state, normalizer or 0.0)
            self._n_steps += bool(np.isfinite(loss))
            sparse = {name: (np.asarray(read[name], np.int32), grads[name]) for name in read}
            dense = {name: grad for name, grad in grads.items() if name not in read}
            self.last_gradients = Gradients(dense, sparse, normalizer or self._net.total_weight)
            return loss, end

    def update(self, gradients: Gradients | None = None) -> None:
        """The second half of a training step: the optimiser changes the parameters.

        Parameters
        ----------
        gradients : Gradients, optional
            None: those of the last :meth:`gradients`. Penalty and clipping are added here.

        Raises
        ------
        ValueError
            There are no gradients, or they are of another network.
        """
        given = check_gradients(gradients, self.last_gradients)
        values = {name: value for name, (_, value) in given.sparse.items()}
        with self._lock:
            self._updater.step(given.dense | values, {name: rows for name, (rows, _) in given.sparse.items()})

    def _loss_and_grads(
        self, rows: Rows, target: Array, weight: Array | None, state: State | None, normalizer: float = 0.0
    ) -> tuple[float, State, dict[str, Array], dict[str, I32]]:
        """The loss, the final states, every gradient by name, and which rows of tables the sparse ones belong to."""
        seed = seeds.step_seed(self._seed, self._n_steps)
        n = int(rows.batch_sizes.sum() if _core.pools()[self.shape.pool] else rows.batch_sizes[:1].sum())
        label, soft = self.loss.targets(target, n, self.shape.n_classes, self.dtype, "target")
        y = soft if label is None else label
        assert y is not None
        weights = None if weight is None else as_array(weight, (n,), self.dtype, "weight")
        h0, c0 = state or (None, None)
        loss, h, c = self._net.gradients(
            rows.batch_sizes,
            self._ids(rows),
            self._values(rows),
            y,
            weights,
            h0,
            c0,
            self.dropout,
            self.input_dropout,
            seed,
            self._train_embeddings,
            normalizer,
        )
        grads, read = {**self._grads, **self._head.grads}, {}
        if self._train_embeddings:
            for name, (number, grad) in zip(self._tables, self._net.sparse, strict=True):
                grads[name], read[name] = grad, number
        return loss, (h, c), grads, read

    def _ids(self, rows: Rows) -> Array | None:
        return None if rows.ids is None else np.ascontiguousarray(rows.ids, np.int32)

    def _values(self, rows: Rows) -> Array | None:
        return None if rows.values is None else np.ascontiguousarray(rows.values, self.dtype)

    def _predict(self, rows: Rows, state: State | None, n_classes: int) -> tuple[Array, State]:
        """Scores, or for 0 classes what the head reads; and the final states."""
        h0, c0 = state or (None, None)
        with self._lock:
            y, h, c = self._net.predict(rows.batch_sizes, self._ids(rows), self._values(rows), h0, c0, n_classes)
        return y, (h, c)

    # -- prediction --------------------------------------------------------------------------------------------------

    def transform(self, rows: Rows, state: State | None = None) -> tuple[Array, State]:
        """What the head reads: a vector per packed row, or per sequence with a pooling; and the final states."""
        return self._predict(rows, state, 0)

    def logits(self, rows: Rows, state: State | None = None) -> tuple[Array, State]:
        """Scores (n, n_classes), of which the loss's link makes predictions; and the final states."""
        return self._predict(rows, state, self.shape.n_classes)

    def stepper(self, state: State) -> Callable[[int], Array]:
        """A function that reads one symbol after another from `state` on and gives the scores (n_classes,) after it."""
        with self._lock:
            self._stack.pack()
        tables = tuple(self._tables.values())

        def step(symbol: int) -> Array:
            nonlocal state
            with self._lock:
                x = np.concatenate([table[symbol : symbol + 1] for table in tables], axis=1)
                y, h, c = self._stack.step(x, *state)
                state = h, c
                scores: Array = self._head.logits(y)[0]
                return scores

        return step

    def predict_proba(self, rows: Rows) -> Array:
        """Predictions (n, n_classes): what the loss's link makes of the scores, such as probabilities."""
        return predictions(self.loss, self.logits(rows)[0])

    # -- what training continues from --------------------------------------------------------------------------------

    @property
    def learning_rate(self) -> float:
        """The rate of the next step; schedules set it."""
        return float(self._updater.learning_rate)

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._updater.learning_rate = value

    @property
    def params(self) -> dict[str, Array]:
        """Copies of all parameters."""
        with self._lock:
            return {name: array.copy() for name, array in self._params.items()}

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Set some or all parameters by name."""
        unknown = sorted(set(params) - set(self._params))
        if unknown:
            raise ValueError(f"params: unknown names {unknown}, accepted are {list(self._params)}")
        own = self._params
        values = {k: as_array(v, own[k].shape, self.dtype, f"params[{k!r}]") for k, v in params.items()}
        with self._lock:
            for name, value in values.items():
                own[name][...] = value
            self._stack.bind(self._weights)

    def reset_accumulator(self) -> None:
        """Forget the optimiser's state."""
        with self._lock:
            self._updater.reset()

    def state(self) -> dict[str, Array]:
        """What later steps depend on, to the bit."""
        with self._lock:
            return {name: array.copy() for name, array in self._state().items()}

    def _state(self) -> dict[str, Array]:
        weights = {f"weights.{name}": array for name, array in self._params.items()}
        optimizer = {f"optimizer.{name}": array for name, array in self._updater.state().items()}
        return {**weights, **optimizer, "counters": np.array([self._seed, self._n_steps], np.int64)}

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Back to a :meth:`state` of a network of the same shape."""
        values = state_values(state, self._state())
        with self._lock:
            self._updater.load_state({k.removeprefix("optimizer."): v for k, v in values.items()})
            self.set_params({name: values[f"weights.{name}"] for name in self._params})
            self._seed, self._n_steps = (int(v) for v in values["counters"])
