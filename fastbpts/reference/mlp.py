"""Multilayer perceptron (CS224d midterm review 2015, part 1; Gutfreund 2018).

    a^1 = x,   z^(l+1) = W^l a^l + b^l,   a^(l+1) = mask * g^l(z^(l+1)),   l = 1 .. n - 1

The last layer is the head's argument: identity for scores and for a softmax (`softmax_cross_entropy` gives its error).
With delta^(l+1) = g'(z^(l+1)) * mask * (error that reaches a^(l+1)):

    dW^l = sum over rows of delta^(l+1) (a^l)^T,   db^l = sum of delta^(l+1),   a^l receives (W^l)^T delta^(l+1)

What reaches a^1 is dx, the notes' "gradient with respect to the input vector". Gutfreund's conclusion swaps b and b^,
and his derivative of the softmax lacks hats.

Dimension key: M rows, D input width, H width of a layer.
"""

from collections.abc import Sequence

import numpy as np

from fastbpts.reference._act import ACTIVATIONS
from fastbpts.reference._cell import Array


def forward(
    W: Sequence[Array], b: Sequence[Array], x: Array, activations: Sequence[str], masks: Sequence[Array] | None = None
) -> tuple[list[Array], list[Array]]:
    """Values of all layers.

    Parameters
    ----------
    W, b : arrays (H, D) and (H,), one per layer
    x : array (M, D)
    activations : "sigmoid", "tanh", "relu" or "identity", one per layer
    masks : arrays (M, H), one per layer, optional
        Dropout factors, 0 or 1 / (1 - p).

    Returns
    -------
    a : list of arrays (M, H)
        x, then the layers' values; the last are the scores.
    y : list of arrays (M, H)
        The layers' values before dropout.
    """
    a, y = [x], []
    for layer, name in enumerate(activations):
        z = a[layer] @ W[layer].T + b[layer]
        y.append(ACTIVATIONS[name].value(z))
        a.append(y[layer] if masks is None else masks[layer] * y[layer])
    return a, y


def backward(
    W: Sequence[Array],
    a: Sequence[Array],
    y: Sequence[Array],
    activations: Sequence[str],
    dout: Array,
    masks: Sequence[Array] | None = None,
) -> tuple[list[Array], list[Array], Array]:
    """Gradients dW, db (lists like W and b) and dx (M, D) of ``sum(dout * a[-1])``."""
    dW, db = [np.zeros_like(w) for w in W], [np.zeros_like(w[:, 0]) for w in W]
    da = dout
    for layer in reversed(range(len(W))):
        dy = da if masks is None else masks[layer] * da  # a[layer + 1] = masks[layer] * y[layer]
        delta = ACTIVATIONS[activations[layer]].slope(y[layer]) * dy  # y[layer] = g(z)
        dW[layer] = delta.T @ a[layer]  # z = a[layer] @ W[layer].T + b[layer]
        db[layer] = delta.sum(axis=0)  # z = a[layer] @ W[layer].T + b[layer]
        da = delta @ W[layer]  # z = a[layer] @ W[layer].T + b[layer]
    return dW, db, da
