"""How a network learns from a text, and how well it predicts one."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbpts.networks.packing import I32, Rows, streams
from fastbpts.networks.sequence_network import SequenceNetwork, State
from fastbpts.training.loop import Scores

Ids = NDArray[np.integer[Any]]
_PIECE = 4096  # tokens at least of each piece of a text that is scored
_PIECES = 32
_WINDOW = 256  # steps per call when scoring, fewer for many words:
_SCORES = 1 << 22  # the most scores at once


def _rows(data: I32, places: Ids) -> Rows:
    """The symbols at places (T, B)."""
    return Rows(np.full(len(places), places.shape[1], np.int64), data[places].reshape(-1, 1))


def log_loss(net: SequenceNetwork, data: I32, n_words: int) -> float:
    """Nats per symbol, of all but the first."""
    n_streams = min(_PIECES, max(1, (len(data) - 1) // _PIECE))
    places = streams(len(data) - 1, n_streams)
    rest = np.arange(places[-1, -1] + 1, len(data) - 1)[:, None]  # what the pieces leave over
    total, n_steps = 0.0, min(_WINDOW, max(1, _SCORES // (n_streams * n_words)))
    for part in (places, rest):
        end: State | None = None
        for first in range(0, len(part), n_steps):
            window = part[first : first + n_steps]
            z, end = net.logits(_rows(data, window), end)
            z -= z.max(axis=1, keepdims=True)
            true = z[np.arange(len(z)), data[window + 1].ravel()]
            total += float((np.log(np.exp(z).sum(axis=1)) - true).sum(dtype=np.float64))
    return total / (len(data) - 1)


class TextTask:
    """Prediction of each symbol from all before it, by truncated back-propagation through time.

    Parameters
    ----------
    n_words : int
        The size of the vocabulary.
    batch_size : int
        Streams that the text is cut into.
    n_steps : int
        Steps through which gradients go back.
    """

    def __init__(self, n_words: int, batch_size: int, n_steps: int) -> None:
        self._n_words, self._batch_size, self._n_steps = n_words, batch_size, n_steps

    def _n_streams(self, data: I32) -> int:
        return min(self._batch_size, len(data) - 1)

    def n_steps(self, data: I32) -> int:
        """See `Task`."""
        return -(-((len(data) - 1) // self._n_streams(data)) // self._n_steps)

    def steps(self, net: SequenceNetwork, data: I32, rng: np.random.Generator) -> Iterator[tuple[float, float]]:
        """See `Task`."""
        spare = (len(data) - 1) % self._n_streams(data)  # begin anywhere: other windows in each epoch
        start = int(rng.integers(spare + 1))
        places = start + streams(len(data) - 1 - spare, self._n_streams(data))
        end: State | None = None
        for first in range(0, len(places), self._n_steps):
            window = places[first : first + self._n_steps]
            rows = _rows(data, window)
            loss, end = net.step(rows, data[window + 1].ravel(), None, end)
            yield loss * window.size, float(window.size)
        if not np.isfinite(net.logits(rows)[0]).all():  # the last update has no later loss
            raise FloatingPointError("after the last update the scores are not finite")

    def scores(self, net: SequenceNetwork, data: I32) -> Scores:
        """The loss."""
        return {"loss": log_loss(net, data, self._n_words)}
