"""Softmax and cross-entropy (Rosenberg 2016; Turesson 2015, (1) to (11)).

    p = softmax(z),   CE = - sum_j y_j log p_j,   dCE/dz = p - y      for targets y that sum to one

Rosenberg prints the denominator as sum q_i: the exp is missing. Turesson's (4) and (8) lose the minus of -t / y.
log p comes from log-sum-exp, never from a rounded probability.

Dimension key: N rows, C classes.
"""

import numpy as np

from fastbpts.reference._cell import Array


def log_softmax(z: Array) -> Array:
    """Logarithms of the probabilities of one row (C,); the shift by the largest score is a constant and cancels."""
    shifted = z - z.real.max()
    result: Array = shifted - np.log(np.exp(shifted).sum())
    return result


def softmax(z: Array) -> Array:
    """Probabilities, row by row (N, C)."""
    return np.stack([np.exp(log_softmax(row)) for row in z]) if len(z) else np.zeros_like(z)


def target_rows(y: Array, n_classes: int) -> Array:
    """Targets as rows of probabilities (N, C): class labels become one-hot, an ignored row (-1) is all zero."""
    if y.ndim == 2:
        return y
    rows = np.zeros((len(y), n_classes))
    for i, label in enumerate(y):
        if label >= 0:
            rows[i, label] = 1.0
    return rows


def softmax_cross_entropy(
    z: Array, y: Array, weight: Array | None = None, class_weight: Array | None = None
) -> tuple[float, Array]:
    """Weighted sum of the rows' cross-entropies, and its gradient.

    Parameters
    ----------
    z : array (N, C)
        Scores.
    y : array (N,) of int, -1 ignored, or array (N, C) of target probabilities
    weight : array (N,), optional
        One factor per row.
    class_weight : array (C,), optional
        One factor per class; with soft targets each class's term has its own.

    Returns
    -------
    loss : float
    dz : array (N, C)
    """
    n_classes = z.shape[1]
    rows = target_rows(y, n_classes)
    loss, dz = 0.0, np.zeros_like(z)
    for i in range(len(z)):
        t = rows[i] if class_weight is None else rows[i] * class_weight
        w = 1.0 if weight is None else weight[i]
        if not t.any() or w == 0:
            continue
        log_p = log_softmax(z[i])
        loss = loss - w * (t * log_p).sum()
        dz[i] = w * (t.sum() * np.exp(log_p) - t)  # for targets that sum to one: p - y
    return loss, dz
