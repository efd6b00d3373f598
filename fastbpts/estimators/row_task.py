"""How a perceptron learns from rows, and its predictions."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbpts.estimators.classes import Classes, mean
from fastbpts.estimators.row_examples import Examples
from fastbpts.layers.mlp import MLP
from fastbpts.training.loop import Scores, batches

_CHUNK = 4096  # rows per call


def probabilities(net: MLP, rows: NDArray[Any]) -> NDArray[Any]:
    """The probability of each class, a row per row."""
    out = np.empty((len(rows), net.sizes[-1]), net.dtype)
    for start in range(0, len(rows), _CHUNK):
        out[start : start + _CHUNK] = net.predict_proba(rows[start : start + _CHUNK])
    return out


class RowTask:
    """Classification of rows.

    Parameters
    ----------
    classes : Classes
    batch_size : int
        Rows per step.
    """

    def __init__(self, classes: Classes, batch_size: int) -> None:
        self._classes, self._batch_size = classes, batch_size

    def n_steps(self, data: Examples) -> int:
        """See `Task`."""
        return -(-len(data.x) // self._batch_size)

    def steps(self, net: MLP, data: Examples, rng: np.random.Generator) -> Iterator[tuple[float, float]]:
        """See `Task`."""
        if data.y.max() >= len(self._classes):
            raise ValueError(f"y has labels that are not among the classes {self._classes.values.tolist()}")
        for chosen in batches(len(data.x), self._batch_size, rng):
            y = data.y[chosen]
            total = float(self._classes.weight[y].sum())
            yield net.step(data.x[chosen], y) * total, total
        if not np.isfinite(net.predict_proba(data.x[:1])).all():  # the last update has no later loss
            raise FloatingPointError("after the last update the probabilities are not finite")

    def scores(self, net: MLP, data: Examples) -> Scores:
        """Accuracy and loss."""
        proba = probabilities(net, data.x)
        log_p = self._classes.log_probability(proba, data.y)
        loss = self._classes.loss(log_p, self._classes.weights(data.y))
        return {"score": mean(proba.argmax(axis=1) == data.y), "loss": loss}
