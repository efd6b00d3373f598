"""What stands on the states: a softmax over an affine map of them, or over the states themselves.

Dimension key: n rows, W width of the states, C classes.
"""

from abc import ABC, abstractmethod

import numpy as np

from fastbpts._base.arguments import Array
from fastbpts.layers.mlp import MLP
from fastbpts.training.losses import softmax_cross_entropy


class Head(ABC):
    """Scores of states.

    Attributes
    ----------
    params, grads : dict
        Live arrays by name.
    """

    params: dict[str, Array]
    grads: dict[str, Array]

    @staticmethod
    @abstractmethod
    def shapes(n_out: int, n_classes: int) -> dict[str, tuple[int, ...]]:
        """Name -> shape of its parameters."""

    @abstractmethod
    def logits(self, h: Array) -> Array:
        """Scores (n, C) of h (n, W)."""

    @abstractmethod
    def _loss_and_grad(self, h: Array, target: Array, weight: Array | None, scale: float) -> tuple[float, Array]:
        """The summed loss times `scale`, and its gradient by h; that by the parameters is written to `grads`."""

    def loss_and_grad(self, h: Array, target: Array, weight: Array | None) -> tuple[float, Array]:
        """The cross-entropy summed over targets other than -1, and the gradient of its mean by h.

        The gradient of the mean by the parameters is written to `grads`.
        """
        known = target >= 0
        n = float(known.sum() if weight is None else weight[known].sum(dtype=np.float64))
        scale = 1 / n if n > 0 else 1.0
        loss, dh = self._loss_and_grad(h, target, None if weight is None else weight.astype(h.dtype), scale)
        return loss / scale, dh


class Affine(Head):
    """z = Ws h + bs: a multilayer perceptron of one layer."""

    def __init__(self, n_out: int, n_classes: int, dtype: str, n_threads: int) -> None:
        self._mlp = MLP((n_out, n_classes), dtype=dtype, n_threads=n_threads)
        names = {"Ws": "0.weight", "bs": "0.bias"}
        self.params = {name: self._mlp.params[own] for name, own in names.items()}
        self.grads = {name: self._mlp.grads[own] for name, own in names.items()}

    @staticmethod
    def shapes(n_out: int, n_classes: int) -> dict[str, tuple[int, ...]]:
        """Ws (C, W), bs (C,)."""
        return {"Ws": (n_classes, n_out), "bs": (n_classes,)}

    def logits(self, h: Array) -> Array:
        """The scores Ws h + bs."""
        return self._mlp.forward(h)

    def _loss_and_grad(self, h: Array, target: Array, weight: Array | None, scale: float) -> tuple[float, Array]:
        loss = self._mlp.loss_and_grad(h, target, weight, scale=scale)
        return loss, self._mlp.dx


class Direct(Head):
    """z = h: a component of the state per class."""

    def __init__(self, n_out: int, n_classes: int, dtype: str, n_threads: int) -> None:  # noqa: ARG002
        self.params, self.grads = {}, {}

    @staticmethod
    def shapes(n_out: int, n_classes: int) -> dict[str, tuple[int, ...]]:  # noqa: ARG004
        """No parameters."""
        return {}

    def logits(self, h: Array) -> Array:
        """The scores h."""
        return h.copy()

    def _loss_and_grad(self, h: Array, target: Array, weight: Array | None, scale: float) -> tuple[float, Array]:
        loss, dz = softmax_cross_entropy(h, target, weight)
        return scale * loss, scale * dz


HEADS: dict[str, type[Affine] | type[Direct]] = {"affine": Affine, "direct": Direct}
