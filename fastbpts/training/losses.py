"""Losses: their table, one loss by name with its targets, and losses of plain arrays.

The table is src_c/losses/losses.def.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastbpts import _core
from fastbpts._base.arguments import Array, as_array, as_class_weight, as_soft_targets

REDUCTIONS = ("mean", "sum_per_graph")


class LossRow(NamedTuple):
    """A loss's row in the table.

    Attributes
    ----------
    target : {"class", "labels", "numbers", "distribution"}
        What a target is: the number of a class (or a weight for each class), a 0 or 1 for each label, numbers, or
        probabilities that sum to one.
    link : {"softmax", "sigmoid", "identity"}
        What makes predictions of scores.
    takes_class_weight : bool
    options : dict
        Name of its option -> (default, least, below); empty: it has none.
    """

    target: str
    link: str
    takes_class_weight: bool
    options: dict[str, tuple[float, float, float]]


LOSSES = {name: LossRow(*row) for name, row in _core.losses().items()}


class Loss:
    """A loss by name.

    Parameters
    ----------
    name : str
        One of :func:`fastbpts.losses`.
    **options : float
        The loss's option, if it has one; left out or None: its default.

    Raises
    ------
    ValueError
        Naming the argument that is not accepted.
    """

    __module__ = "fastbpts"

    def __init__(self, name: str = "softmax_cross_entropy", **options: float | None) -> None:
        if name not in LOSSES:
            raise ValueError(f"loss must be one of {list(LOSSES)}, got {name!r}")
        self.name, self.row = name, LOSSES[name]
        for key, value in options.items():
            if value is not None and key not in self.row.options:
                taken = list(self.row.options) or "no option"
                raise ValueError(f"{key} must be left out: loss {name!r} takes {taken}, got {value!r}")
        self.options = {}
        for key, (default, least, below) in self.row.options.items():
            value = default if options.get(key) is None else options[key]
            if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not least <= value < below:
                raise ValueError(f"{key} must be a number in [{least:g}, {below:g}), got {value!r}")
            self.options[key] = float(value)

    def __repr__(self) -> str:
        return f"Loss({self.name!r}{''.join(f', {key}={value!r}' for key, value in self.options.items())})"

    def arguments(self) -> tuple[str, float]:
        """What the kernels take: the name and the value of the option."""
        return self.name, next(iter(self.options.values()), 0.0)

    def check_class_weight(self, class_weight: ArrayLike | None, n_out: int, dtype: DTypeLike) -> Array | None:
        """Check the weights of classes.

        Parameters
        ----------
        class_weight : array (n_out,) or None
            One factor per class.
        n_out : int
            Number of scores.
        dtype : dtype
            Of the result.

        Returns
        -------
        array (n_out,) or None

        Raises
        ------
        ValueError
            Where this loss takes no weights of classes, or they are not finite numbers of at least 0.
        """
        if class_weight is not None and not self.row.takes_class_weight:
            raise ValueError(f"class_weight must be None: loss {self.name!r} takes no weights of classes")
        return as_class_weight(class_weight, n_out, dtype)

    def targets(
        self, y: ArrayLike, n: int, n_out: int, dtype: DTypeLike, name: str
    ) -> tuple[Array | None, Array | None]:
        """Targets as the kernels take them.

        Parameters
        ----------
        y : array (n,) or (n, n_out)
            What this loss takes.
        n, n_out : int
            Number of rows and of scores.
        dtype : dtype
            Of rows of targets.
        name : str
            The argument that errors name.

        Returns
        -------
        label : int32 array (n,) or None
            Classes.
        rows : array (n, n_out) or None
            Rows of targets; one of the two is None.

        Raises
        ------
        ValueError
            Naming the argument `name` where it is not what this loss takes.
        """
        array = np.asarray(y)
        kind = self.row.target
        if kind == "class" and array.ndim != 2:
            return _classes(array, n, n_out, name), None
        if kind in ("class", "distribution"):
            if array.ndim != 2:
                raise ValueError(
                    f"{name} must have shape ({n}, {n_out}) for loss {self.name!r}, got {array.dtype} {array.shape}"
                )
            return None, as_soft_targets(array, (n, n_out), dtype, name)
        if array.ndim == 1 and n_out == 1:
            array = array[:, None]
        rows = as_array(array, (n, n_out), dtype, name)
        if not np.isfinite(rows).all():
            raise ValueError(f"{name} must be finite numbers for loss {self.name!r}: weight=0 leaves a target out")
        if kind == "labels" and rows.size and not 0 <= rows.min() <= rows.max() <= 1:
            raise ValueError(f"{name} must be in 0 .. 1 for loss {self.name!r}, got {rows.min():g} .. {rows.max():g}")
        return None, rows


def as_loss(loss: "Loss | str") -> Loss:
    """A loss by name, or as it is."""
    return loss if isinstance(loss, Loss) else Loss(loss)


def losses() -> list[str]:
    """Names of the losses, in the order of their table."""
    return list(LOSSES)


def loss(
    name: "Loss | str",
    z: ArrayLike,
    y: ArrayLike,
    weight: ArrayLike | None = None,
    class_weight: ArrayLike | None = None,
) -> tuple[float, Array]:
    """Weighted mean of a loss over rows of scores, and its gradient.

    Parameters
    ----------
    name : str or Loss
        One of :func:`fastbpts.losses`.
    z : array (n, n_out)
        Scores; the gradient has their dtype if that is float32 or float64, else float64.
    y : array (n,) of int, or (n, n_out)
        What the loss takes: classes (-1 = row ignored) or rows of targets.
    weight : array (n,), optional
        Weight of each row; 0 leaves it out.
    class_weight : array (n_out,), optional
        Weight of each class, for the losses that take it.

    Returns
    -------
    loss : float
        sum_i w_i l(z_i, y_i) / sum_i w_i, where l is summed over the components of a row; 0 where all weights are 0.
    dz : array (n, n_out)

    Raises
    ------
    ValueError
        Naming the argument whose shape or range does not fit.
    """
    chosen = as_loss(name)
    scores = _scores(z)
    n, n_out = scores.shape
    label, soft = chosen.targets(y, n, n_out, scores.dtype, "y")
    w = None if weight is None else as_array(weight, (n,), scores.dtype, "weight")
    by_class = chosen.check_class_weight(class_weight, n_out, scores.dtype)
    rows = _padded(scores)
    value, _ = _core.plain_loss(*chosen.arguments(), rows, n_out, label, soft, w, by_class)
    return value, rows[:, :n_out].copy()


def predictions(name: "Loss | str", z: ArrayLike) -> Array:
    """What a loss's link makes of scores: probabilities of classes or of labels, or the numbers themselves.

    Parameters
    ----------
    name : str or Loss
        One of :func:`fastbpts.losses`.
    z : array (n, n_out)
        Scores; the predictions have their dtype if that is float32 or float64, else float64.

    Returns
    -------
    array (n, n_out)

    Raises
    ------
    ValueError
        If `name` is no loss's name or z has another shape.
    """
    chosen, scores = as_loss(name), _scores(z)
    rows = _padded(scores)
    _core.plain_link(chosen.name, rows, scores.shape[1])
    return rows[:, : scores.shape[1]].copy()


def _scores(z: ArrayLike) -> Array:
    """Scores as float32 or float64 (n, n_out)."""
    scores = np.asarray(z)
    scores = scores if scores.dtype in (np.float32, np.float64) else as_array(z, scores.shape, np.float64, "z")
    if scores.ndim != 2 or scores.shape[1] == 0:
        raise ValueError(f"z must have shape (n, n_out), got {scores.shape}")
    return scores


def _padded(scores: Array) -> Array:
    """A copy in rows as the kernels have them."""
    rows = np.zeros((len(scores), _core.Net.padded(scores.shape[1])), scores.dtype)
    rows[:, : scores.shape[1]] = scores
    return rows


def _classes(array: Array, n: int, n_out: int, name: str) -> Array:
    if array.shape != (n,) or array.dtype.kind not in "iu":
        raise ValueError(
            f"{name} must be integers of shape ({n},) or soft targets ({n}, {n_out}), got {array.dtype} {array.shape}"
        )
    if n and (array.min() < -1 or array.max() >= n_out):
        raise ValueError(f"{name} must be in -1 .. {n_out - 1}, got {array.min()} .. {array.max()}")
    return np.ascontiguousarray(array, np.int32)


def check_reduction(reduction: Any) -> str:
    """What the sum of losses is divided by."""
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction must be one of {list(REDUCTIONS)}, got {reduction!r}")
    return str(reduction)


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
