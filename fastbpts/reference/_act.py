"""Non-linearities and their derivatives, the latter from the value: what a backward step has at hand."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from fastbpts.reference._cell import Array


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), through the exponential that is at most 1."""
    e = np.exp(np.where(z.real < 0, z, -z))
    value: Array = np.where(z.real < 0, e, np.ones_like(e)) / (1 + e)
    return value


def tanh(z: Array) -> Array:
    """The hyperbolic tangent."""
    value: Array = np.tanh(z)
    return value


class Activation(NamedTuple):
    """A non-linearity y = value(z) and its derivative slope(y)."""

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]


ACTIVATIONS = {
    "identity": Activation(lambda z: z, np.ones_like),
    "tanh": Activation(tanh, lambda y: 1 - y**2),
    "sigmoid": Activation(sigmoid, lambda y: y * (1 - y)),
    "relu": Activation(lambda z: np.where(z.real < 0, np.zeros_like(z), z), lambda y: (y.real > 0).astype(y.dtype)),
}
