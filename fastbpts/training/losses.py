"""Loss functions over plain arrays."""

import numpy as np
from numpy.typing import ArrayLike

from fastbpts._base.arguments import Array, as_array


def softmax_cross_entropy(
    z: ArrayLike, y: ArrayLike, weight: ArrayLike | None = None, class_weight: ArrayLike | None = None
) -> tuple[float, Array]:
    """Cross-entropy of softmax(z) with targets y, summed over rows, and its gradient by z.

    Parameters
    ----------
    z : array (n, C)
        Logits; the gradient has their dtype if that is float32 or float64, else float64.
    y : array (n,) of int, or (n, C)
        Classes, -1 = row ignored; or soft targets.
    weight : array (n,), optional
        Weight of each row.
    class_weight : array (C,), optional
        Weight of each class.

    Returns
    -------
    loss : float
        sum_i w_i sum_j c_j y_ij (log sum exp z_i - z_ij), from the logits, never from a rounded probability.
    dz : array (n, C)

    Raises
    ------
    ValueError
        Naming the argument whose shape or range does not fit.
    """
    logits = np.asarray(z)
    logits = logits if logits.dtype in (np.float32, np.float64) else as_array(logits, logits.shape, np.float64, "z")
    if logits.ndim != 2 or logits.shape[1] == 0:
        raise ValueError(f"z must have shape (n, C), got {logits.shape}")
    n, n_classes = logits.shape
    t = as_targets(y, n, n_classes)
    w = np.ones(n) if weight is None else as_array(weight, (n,), np.float64, "weight")
    if class_weight is not None:
        t = t * as_array(class_weight, (n_classes,), np.float64, "class_weight")
    t = t * w[:, None]
    shifted = (logits - logits.max(axis=1, keepdims=True, initial=-np.inf)).astype(np.float64)
    e = np.exp(shifted)
    total = e.sum(axis=1, keepdims=True)
    mass = t.sum(axis=1, keepdims=True)
    wanted = np.where(t != 0, shifted, 0)  # a logit of minus infinity costs only where it is a target: 0 * inf is NaN
    loss = float((mass * np.log(total)).sum() - (t * wanted).sum())
    return loss, (mass * (e / total) - t).astype(logits.dtype)


def as_targets(y: ArrayLike, n: int, n_classes: int) -> Array:
    """Targets as rows (n, C) of float64; zeros where a class is -1."""
    target = np.asarray(y)
    if target.ndim == 2:
        return as_array(target, (n, n_classes), np.float64, "y")
    if target.shape != (n,) or target.dtype.kind not in "iu":
        raise ValueError(
            f"y must be integers of shape ({n},) or soft targets ({n}, {n_classes}), got {target.dtype} {target.shape}"
        )
    if n and (target.min() < -1 or target.max() >= n_classes):
        raise ValueError(f"y must be in -1 .. {n_classes - 1}, got {target.min()} .. {target.max()}")
    rows = np.zeros((n, n_classes))
    known = np.flatnonzero(target >= 0)
    rows[known, target[known]] = 1
    return rows
