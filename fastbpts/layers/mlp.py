"""Multilayer perceptrons: dense layers, bound once; one training step is one C call."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastbpts import _core
from fastbpts._base import checks, seeds
from fastbpts._base.arguments import (
    Array,
    as_array,
    check_norm,
    check_rate,
    check_seed,
    check_width,
)
from fastbpts._base.locks import lock_of
from fastbpts._base.threads import resolve_n_threads
from fastbpts.layers._mlp_state import MLPState
from fastbpts.training.gradients import Gradients, check_gradients
from fastbpts.training.losses import Loss, as_loss
from fastbpts.training.optimizer import Optimizer
from fastbpts.training.updates import Block, update_blocks

Activation = Literal["identity", "sigmoid", "tanh", "relu"]
ACTIVATIONS = tuple(_core.ACTIVATIONS)


class MLP(MLPState):
    """Multilayer perceptron: z = W a + b, a' = act(z), layer after layer; the last one has scores z.

    Parameters
    ----------
    sizes : sequence of int
        Widths from the input to the output: (784, 256, 128, 10) has two hidden layers, (50, 5) is an affine map.
    activation : str or sequence of str
        "sigmoid", "tanh", "relu" or "identity", of all hidden layers or of each.
    head : "softmax" or "linear"
        Whether the scores are logits of classes, which have a loss and probabilities, or the result.
    dropout : float
        Chance that a hidden layer's output is set to zero in a training step.
    alpha : float or dict
        Penalty alpha ||W||^2, which acts through the update only; a dict gives it by parameter, 0 for the others.
    dtype : "float32" or "float64"
    optimizer : Optimizer or str
        Of :meth:`step`.
    max_norm : float, optional
        The gradient, penalty included, is scaled down to this norm in :meth:`step`.
    loss : str or Loss
        One of :func:`fastbpts.losses`; it says what a target is, and the loss of a batch is the weighted mean.
    class_weight : array (n_classes,), optional
        Factor on the loss of each class, for the losses that take it.
    n_threads : int, optional
        None: all processors. Results do not depend on it.
    random_state : int or numpy Generator
        Of the initial weights, uniform in +-sqrt(6 / (n_in + n_out)) (Glorot and Bengio 2010), and of the masks.

    Attributes
    ----------
    params, grads : dict
        Name as in ``torch.nn.Sequential(Linear, act, Linear, ...)``: "0.weight" (n_out, n_in), "0.bias" (n_out),
        "2.weight", ... The arrays are live: a change of those of params changes the network, and
        ``params[name] = value`` copies into them.
    dx : array (n, n_in)
        Gradient with respect to the input of the last :meth:`loss_and_grad`.

    Raises
    ------
    ValueError
        An argument is not accepted; the message names it.

    Notes
    -----
    A network may be used by several Python threads, whose calls then run one after another; but forward and backward
    belong together.
    """

    __module__ = "fastbpts"

    def __init__(
        self,
        sizes: Sequence[int],
        activation: Activation | Sequence[Activation] = "tanh",
        head: Literal["softmax", "linear"] = "softmax",
        dropout: float = 0.0,
        alpha: float | Mapping[str, float] = 0.0,
        dtype: DTypeLike = "float32",
        *,
        optimizer: Optimizer | str = "sgd",
        max_norm: float | None = None,
        loss: Loss | str = "softmax_cross_entropy",
        class_weight: ArrayLike | None = None,
        n_threads: int | None = None,
        random_state: int | np.random.Generator | None = 0,
    ) -> None:
        if not isinstance(sizes, Sequence) or len(sizes) < 2:
            raise ValueError(f"sizes must be two widths or more, from the input to the output, got {sizes!r}")
        self.sizes = tuple(check_width(size, f"sizes[{k}]") for k, size in enumerate(sizes))
        if head not in ("softmax", "linear"):
            raise ValueError(f"head must be 'softmax' or 'linear', got {head!r}")
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise ValueError(f"dtype must be 'float32' or 'float64', got {dtype!r}")
        self.loss = as_loss(loss)
        self.head, self.dtype, self.dropout = head, np.dtype(dtype), check_rate(dropout, "dropout")
        self.activations = _activations(activation, len(sizes) - 2)
        self.optimizer = optimizer if isinstance(optimizer, Optimizer) else Optimizer(optimizer)
        self.max_norm, self.n_threads = check_norm(max_norm), resolve_n_threads(n_threads)
        rng = seeds.generator(random_state)
        self._lock = lock_of(self)
        self._config = {
            "sizes": self.sizes,
            "activation": self.activations,
            "head": head,
            "dropout": self.dropout,
            "alpha": alpha,
            "dtype": self.dtype.name,
            "optimizer": self.optimizer,
            "max_norm": self.max_norm,
            "loss": self.loss,
            "class_weight": class_weight,
            "n_threads": self.n_threads,
        }
        self._takes_classes = head == "softmax" and self.loss.row.target == "class"
        codes = tuple(_core.ACTIVATIONS[name] for name in (*self.activations, "identity"))
        self._net = _core.Perceptron(self.sizes, codes, self.dtype)
        self._bind(alpha)
        self._net.set_loss(*self.loss.arguments())
        if (weight := self.loss.check_class_weight(class_weight, self.sizes[-1], self.dtype)) is not None:
            self._net.set_class_weight(weight)
        self._net.set_threads(self.n_threads)
        self.learning_rate = self.optimizer.learning_rate
        for name, array in self.params.items():
            if array.ndim == 2:
                bound = np.sqrt(6 / sum(array.shape))
                self.params[name] = rng.uniform(-bound, bound, array.shape)
        self._seed, self._n_steps, self._n_rows = seeds.mask_seed(rng), 0, 0

    def __repr__(self) -> str:
        return f"MLP({self.sizes}, {self.activations}, head={self.head!r}, {self.dtype})"

    @property
    def learning_rate(self) -> float:
        """The rate of the next step; schedules set it."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        o = self.optimizer
        self._learning_rate = Optimizer(o.name, learning_rate=value).learning_rate
        self._net.set_optimizer(*o.arguments(self._learning_rate, self.max_norm))

    def step(self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None = None) -> float:
        """One training step on a batch; gradients are not kept.

        Parameters
        ----------
        x, y, weight
            As for :meth:`loss_and_grad`.

        Returns
        -------
        float
            The loss before the update. If it is not finite, nothing was updated.
        """
        if not (self._takes_classes and self._net.fits(x, y, weight)):
            x, y, weight = self._arguments(x, y, weight)
        with self._lock:
            if self.dropout:
                self._net.set_dropout(self.dropout, self._next_seed())
            self._n_rows = 0
            return self._net.step(x, y, weight, 0.0, True)

    def gradients(
        self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None = None, normalizer: float | None = None
    ) -> float:
        """The first half of a training step: loss and gradients, kept as :attr:`last_gradients`; nothing is updated.

        Parameters
        ----------
        x, y, weight
            As for :meth:`loss_and_grad`.
        normalizer : float, optional
            What the weighted sum of losses is divided by. None: the sum of the weights.

        Returns
        -------
        float
            The loss.
        """
        if normalizer is not None:
            checks.number("normalizer", normalizer, 0, above=True)
        if not (self._takes_classes and self._net.fits(x, y, weight)):
            x, y, weight = self._arguments(x, y, weight)
        with self._lock:
            if self.dropout:
                self._net.set_dropout(self.dropout, self._next_seed())
            self._n_rows = 0
            loss = self._net.step(x, y, weight, normalizer or 0.0, False)
            dense = {name: g for name, (_, g, *_) in self._blocks.items()}
            self.last_gradients = Gradients(dense, {}, normalizer or self._net.total_weight)
            return loss

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
        with self._lock:
            blocks = [
                Block(w, given.dense[name], states, ones, l2) for name, (w, _, states, ones, l2) in self._blocks.items()
            ]
            update_blocks(self._net, self.optimizer.arguments(self._learning_rate, self.max_norm), blocks)
            self._n_rows = 0

    def loss_and_grad(
        self,
        x: ArrayLike,
        y: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        normalizer: float | None = None,
        training: bool = False,
    ) -> float:
        """The loss of a batch and its gradients, which overwrite :attr:`grads` and :attr:`dx`.

        Parameters
        ----------
        x : array (n, n_in)
        y : array (n,) of int, or (n, n_out)
            What the loss takes: classes (-1 = row ignored), or rows of targets.
        weight : array (n,), optional
            Weight of each row.
        normalizer : float, optional
            What the sum over rows is divided by; None: the sum of their weights.
        training : bool
            Whether dropout acts.

        Returns
        -------
        loss : float
            sum_i w_i l_i / normalizer, without the penalty; w_i is the weight of the row, times that of its class.

        Raises
        ------
        ValueError
            Naming the argument that does not fit.
        """
        if normalizer is not None and not 0 < normalizer < np.inf:
            raise ValueError(f"normalizer must be a positive number, got {normalizer!r}")
        if not (self._takes_classes and self._net.fits(x, y, weight)):
            x, y, weight = self._arguments(x, y, weight)
        dx = np.empty(np.shape(x), self.dtype)
        with self._lock:
            self._net.set_dropout(self.dropout if training else 0.0, self._next_seed() if training else 0)
            self._n_rows = 0
            loss = self._net.step(x, y, weight, normalizer or 0.0, False, dx)
            self.dx = dx
            return loss

    def _arguments(self, x: ArrayLike, y: ArrayLike, weight: ArrayLike | None) -> tuple[Array, Array, Array | None]:
        """What a user gave, as the kernels want it."""
        if self.head != "softmax":
            raise ValueError("head='linear' has no loss: use forward and backward")
        rows = self._input(x)
        label, soft = self.loss.targets(y, len(rows), self.sizes[-1], self.dtype, "y")
        target = soft if label is None else label
        assert target is not None
        return rows, target, None if weight is None else as_array(weight, (len(rows),), self.dtype, "weight")

    def _input(self, x: ArrayLike) -> Array:
        shape = np.shape(x)
        if len(shape) != 2 or shape[1] != self.sizes[0] or not shape[0]:
            raise ValueError(f"x must have shape (n, {self.sizes[0]}) with n >= 1, got {shape}")
        return as_array(x, shape, self.dtype, "x")

    def _next_seed(self) -> int:
        self._n_steps += 1
        return seeds.step_seed(self._seed, self._n_steps)

    def forward(self, x: ArrayLike, training: bool = False, seed: int | None = None) -> Array:
        """Scores of rows; what :meth:`backward` needs is kept, and x itself is not copied.

        Parameters
        ----------
        x : array (n, n_in)
            Input rows.
        training : bool, default=False
            Apply dropout.
        seed : int, optional
            Seed of the masks. None: other masks at each call, which follow from random_state.

        Returns
        -------
        array (n, n_out)
            Scores.
        """
        rows, seed = self._input(x), check_seed(seed)
        out = np.empty((len(rows), self.sizes[-1]), self.dtype)
        with self._lock:
            rate = self.dropout if training else 0.0
            self._net.set_dropout(rate, seed if seed is not None else self._next_seed() if rate else 0)
            self._n_rows = 0
            self._net.forward(rows, out)
            self._n_rows = len(rows)
        return out

    def backward(self, dout: ArrayLike) -> Array:
        """Gradients of the last :meth:`forward`: those of the parameters are added to :attr:`grads`.

        Parameters
        ----------
        dout : array (n, n_out)
            Upstream gradient of the scores.

        Returns
        -------
        dx : array (n, n_in)

        Raises
        ------
        ValueError
            If no forward step went before, or dout does not fit to it.
        """
        with self._lock:
            if not self._n_rows:
                raise ValueError("backward needs a forward before it, with no other call between them")
            upstream = as_array(dout, (self._n_rows, self.sizes[-1]), self.dtype, "dout")
            dx = np.empty((self._n_rows, self.sizes[0]), self.dtype)
            self._net.backward(upstream, dx)
        return dx

    def predict_proba(self, x: ArrayLike) -> Array:
        """Softmax of the scores.

        Parameters
        ----------
        x : array (n, n_in)
            Input rows.

        Returns
        -------
        array (n, n_classes)
            Probabilities.

        Raises
        ------
        ValueError
            The head has no probabilities, or x has a wrong shape.
        """
        if self.head != "softmax":
            raise ValueError("head='linear' has no probabilities: use forward")
        rows = self._input(x)
        out = np.empty((len(rows), self.sizes[-1]), self.dtype)
        with self._lock:
            self._net.set_dropout(0.0, 0)
            self._n_rows = 0
            self._net.forward(rows, out, True)
        return out


def _activations(activation: Activation | Sequence[Activation], n_hidden: int) -> tuple[Activation, ...]:
    """One name for each hidden layer."""
    names = (activation,) * n_hidden if isinstance(activation, str) else tuple(activation)
    if len(names) != n_hidden or not set(names) <= set(ACTIVATIONS):
        raise ValueError(f"activation must be one of {ACTIVATIONS}, or {n_hidden} of them, got {activation!r}")
    return names
