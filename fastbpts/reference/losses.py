"""Losses of scores z and targets y, and their gradients, row by row.

    L = sum_i w_i l(z_i, y_i) / sum_i w_i

    softmax_cross_entropy   l = - sum_j y_j log p_j,  p = softmax(z),            dl/dz = p - y
    sigmoid_cross_entropy   l = sum_j log(1 + exp z_j) - y_j z_j                 dl/dz = sigmoid(z) - y
    squared                 l = sum_j (z_j - y_j)^2 / 2                          dl/dz = z - y
    huber                   l = sum_j d^2 / 2 or delta (|d| - delta / 2)         dl/dz = clip(d, -delta, delta)
    kullback_leibler        l = sum_j y_j (log y_j - log p_j)                    dl/dz = p - y

d is z - y; Huber's loss is linear if |d| is above delta. w_i is the weight of the row; for classes, times the weight of
its class (for soft targets, the mean of the classes' weights).

Dimension key: N rows, C components.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from fastbpts.reference._cell import Array
from fastbpts.reference.softmax import log_softmax, target_rows

Row = Callable[[Array, Array, float], tuple[float | Array, Array]]  # (z (C,), y (C,), option) -> l, dl/dz


class Rule(NamedTuple):
    """A loss of one row, and whether its weight is the sum of the row's targets, each times its class's weight."""

    row: Row
    weighs_targets: bool = False
    option: float = 0.0


def _softmax_cross_entropy(z: Array, y: Array, option: float) -> tuple[float, Array]:  # noqa: ARG001
    log_p = log_softmax(z)
    wanted = y != 0  # a score of minus infinity costs only where it is a target
    return float(-(y[wanted] * log_p[wanted]).sum()), np.asarray(y.sum() * np.exp(log_p) - y)


def _sigmoid_cross_entropy(z: Array, y: Array, option: float) -> tuple[Array, Array]:  # noqa: ARG001
    yes, no = np.zeros_like(z), np.zeros_like(z)
    np.multiply(y, np.logaddexp(0, -z), out=yes, where=y != 0)
    np.multiply(1 - y, np.logaddexp(0, z), out=no, where=y != 1)
    return np.asarray(yes + no), np.asarray(np.exp(-np.logaddexp(0, -z)) - y)


def _squared(z: Array, y: Array, option: float) -> tuple[Array, Array]:  # noqa: ARG001
    return np.asarray((z - y) ** 2 / 2), np.asarray(z - y)


def _huber(z: Array, y: Array, option: float) -> tuple[Array, Array]:
    d = z - y
    return np.where(np.abs(d) <= option, d**2 / 2, option * (np.abs(d) - option / 2)), np.clip(d, -option, option)


def _kullback_leibler(z: Array, y: Array, option: float) -> tuple[float, Array]:  # noqa: ARG001
    log_p = log_softmax(z)
    known = y > 0
    return float((y[known] * (np.log(y[known]) - log_p[known])).sum()), np.asarray(y.sum() * np.exp(log_p) - y)


RULES = {
    "softmax_cross_entropy": Rule(_softmax_cross_entropy, weighs_targets=True),
    "sigmoid_cross_entropy": Rule(_sigmoid_cross_entropy),
    "squared": Rule(_squared),
    "huber": Rule(_huber, option=1.0),
    "kullback_leibler": Rule(_kullback_leibler, weighs_targets=True),
}


def loss(
    name: str,
    z: Array,
    y: Array,
    weight: Array | None = None,
    class_weight: Array | None = None,
    *,
    option: float | None = None,
    normalizer: float | None = None,
) -> tuple[float, Array]:
    """The weighted mean of the rows' losses, and its gradient.

    Parameters
    ----------
    name : str
        One of `RULES`.
    z : array (N, C)
    y : array (N, C), or for classes (N,) of int, -1 ignored
    weight : array (N,), optional
    class_weight : array (C,), optional
        Of cross-entropies: a factor on each component's target, or on each label's loss.
    option : float, optional
        The loss's own.
    normalizer : float, optional
        What the sum is divided by; None: the sum of the weights.

    Returns
    -------
    loss : float
        0 where no row has a weight.
    dz : array (N, C)
    """
    rule = RULES[name]
    rows, c = target_rows(y, z.shape[1]), np.ones(z.shape[1]) if class_weight is None else class_weight
    w = np.ones(len(z)) if weight is None else weight
    own = (rows * c).sum(axis=1) if rule.weighs_targets else np.ones(len(z))
    total = float((w * own).sum())
    scale = 0.0 if total == 0 else 1 / (normalizer or total)
    value, dz = 0.0, np.zeros_like(z)
    for i in range(len(z)):
        if scale * w[i] == 0 or (rule.weighs_targets and own[i] == 0):
            continue
        y_i = rows[i] * c if rule.weighs_targets else rows[i]
        found, slope = rule.row(z[i], y_i, rule.option if option is None else option)
        factor = 1.0 if rule.weighs_targets else c
        value += scale * w[i] * float(np.sum(factor * found))
        dz[i] = scale * w[i] * factor * slope
    return value, dz
