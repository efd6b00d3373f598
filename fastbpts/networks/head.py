"""The head: scores that are an affine map of the states, or the states themselves.

Dimension key: n rows, W width of the states, C classes.
"""

from abc import ABC, abstractmethod

from fastbpts import _core
from fastbpts._base.arguments import Array
from fastbpts.layers.mlp import MLP
from fastbpts.training.losses import Loss


class Head(ABC):
    """Scores of states.

    Attributes
    ----------
    params, grads : dict
        Live arrays by name; a step of the network writes the gradients.
    kernel : _core.Perceptron or None
        What the network's kernel computes the scores with; None: they are the states.
    """

    params: dict[str, Array]
    grads: dict[str, Array]
    kernel: _core.Perceptron | None

    @staticmethod
    @abstractmethod
    def shapes(n_out: int, n_classes: int) -> dict[str, tuple[int, ...]]:
        """Name -> shape of its parameters."""

    @abstractmethod
    def logits(self, h: Array) -> Array:
        """Scores (n, C) of h (n, W)."""


class Affine(Head):
    """z = Ws h + bs: a multilayer perceptron of one layer."""

    def __init__(self, n_out: int, n_classes: int, dtype: str, n_threads: int, loss: Loss) -> None:
        self._mlp = MLP((n_out, n_classes), dtype=dtype, n_threads=n_threads, loss=loss)
        names = {"Ws": "0.weight", "bs": "0.bias"}
        self.params = {name: self._mlp.params[own] for name, own in names.items()}
        self.grads = {name: self._mlp.grads[own] for name, own in names.items()}
        self.kernel = self._mlp.kernel

    @staticmethod
    def shapes(n_out: int, n_classes: int) -> dict[str, tuple[int, ...]]:
        """Ws (C, W), bs (C,)."""
        return {"Ws": (n_classes, n_out), "bs": (n_classes,)}

    def logits(self, h: Array) -> Array:
        """The scores Ws h + bs."""
        return self._mlp.forward(h)


class Direct(Head):
    """z = h: a component of the state per class."""

    def __init__(self, n_out: int, n_classes: int, dtype: str, n_threads: int, loss: Loss) -> None:  # noqa: ARG002
        self.params, self.grads, self.kernel = {}, {}, None

    @staticmethod
    def shapes(n_out: int, n_classes: int) -> dict[str, tuple[int, ...]]:  # noqa: ARG004
        """No parameters."""
        return {}

    def logits(self, h: Array) -> Array:
        """The scores h."""
        return h.copy()


HEADS: dict[str, type[Affine] | type[Direct]] = {"affine": Affine, "direct": Direct}
