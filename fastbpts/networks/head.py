"""The head: a softmax over an affine map of the states, or over the states themselves.

Dimension key: n rows, W width of the states, C classes.
"""

from abc import ABC, abstractmethod

from fastbpts._base.arguments import Array
from fastbpts.layers.mlp import MLP
from fastbpts.training.losses import Loss
from fastbpts.training.losses import loss as compute_loss


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
    def loss_and_grad(self, h: Array, target: Array, weight: Array | None) -> tuple[float, Array]:
        """The weighted mean of the loss over the targets, and its gradient by h.

        The gradient by the parameters is written to `grads`.
        """


class Affine(Head):
    """z = Ws h + bs: a multilayer perceptron of one layer."""

    def __init__(self, n_out: int, n_classes: int, dtype: str, n_threads: int, loss: Loss) -> None:
        self._mlp = MLP((n_out, n_classes), dtype=dtype, n_threads=n_threads, loss=loss)
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

    def loss_and_grad(self, h: Array, target: Array, weight: Array | None) -> tuple[float, Array]:
        """The loss, and its gradient by h."""
        loss = self._mlp.loss_and_grad(h, target, weight)
        return loss, self._mlp.dx


class Direct(Head):
    """z = h: a component of the state per class."""

    def __init__(self, n_out: int, n_classes: int, dtype: str, n_threads: int, loss: Loss) -> None:  # noqa: ARG002
        self.params, self.grads, self._loss = {}, {}, loss

    @staticmethod
    def shapes(n_out: int, n_classes: int) -> dict[str, tuple[int, ...]]:  # noqa: ARG004
        """No parameters."""
        return {}

    def logits(self, h: Array) -> Array:
        """The scores h."""
        return h.copy()

    def loss_and_grad(self, h: Array, target: Array, weight: Array | None) -> tuple[float, Array]:
        """The loss, and its gradient by h."""
        return compute_loss(self._loss, h, target, weight)


HEADS: dict[str, type[Affine] | type[Direct]] = {"affine": Affine, "direct": Direct}
