"""How a network learns from labelled sequences, and its predictions."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbpts.estimators.classes import Classes, mean
from fastbpts.estimators.sequence_examples import Examples
from fastbpts.estimators.sequences import Sequences
from fastbpts.estimators.word_rows import unknown_words
from fastbpts.networks.packing import I32, I64, Rows, pack
from fastbpts.networks.sequence_network import SequenceNetwork
from fastbpts.training.loop import Scores

_ROWS = 1 << 15  # packed rows per call, if a sequence is not longer
_SORTED_TOGETHER = 50  # batches


def length_batches(lengths: I64, size: int, rng: np.random.Generator) -> Iterator[I64]:
    """Numbers 0..n-1 in random order, `size` at a time, those of similar length together."""
    order = rng.permutation(len(lengths)).astype(np.int64, copy=False)
    groups = []
    for start in range(0, len(order), _SORTED_TOGETHER * size):
        part = order[start : start + _SORTED_TOGETHER * size]
        part = part[np.argsort(lengths[part], kind="stable")]
        groups += [part[k : k + size] for k in range(0, len(part), size)]
    for k in rng.permutation(len(groups)).tolist():
        yield groups[k]


def _network_rows(net: SequenceNetwork, sequences: Sequences, rows: I32, batch_sizes: I64, place: I64) -> Rows:
    if sequences.values is not None:
        return Rows(batch_sizes, None, sequences.values[place].astype(net.dtype))
    return Rows(batch_sizes, rows[sequences.token[place]])


def outputs(net: SequenceNetwork, sequences: Sequences, rows: I32, what: str, per_step: bool) -> NDArray[Any]:
    """Results of a method of the network, "predict_proba" or "transform", per step or per sequence."""
    lengths = np.diff(sequences.ptr)
    by_length = np.argsort(lengths, kind="stable")
    group = np.cumsum(lengths[by_length]) // _ROWS
    out: NDArray[Any] | None = None
    for chosen in np.split(by_length, np.flatnonzero(np.diff(group)) + 1):
        batch_sizes, place, order = pack(sequences.ptr, chosen)
        given = _network_rows(net, sequences, rows, batch_sizes, place)
        found = net.predict_proba(given) if what == "predict_proba" else net.transform(given)[0]
        if out is None:
            out = np.empty((sequences.ptr[-1] if per_step else len(sequences), found.shape[1]), found.dtype)
        out[place if per_step else order] = found
    assert out is not None
    return out


class SequenceTask:
    """Classification of sequences or of their steps.

    Parameters
    ----------
    classes : Classes
    word_column : int or None
        Which of the tables is that of words; None: none.
    per_step : bool
        Whether each step has a label, or each sequence.
    weighted : bool
        Whether the classes have weights in the loss.
    batch_size : int
        Sequences per step.
    unknown, unk_rate
        Parameters of SequenceClassifier.
    """

    def __init__(
        self,
        classes: Classes,
        word_column: int | None,
        per_step: bool,
        weighted: bool,
        batch_size: int,
        unknown: str | None,
        unk_rate: float | None,
    ) -> None:
        self._classes, self._word_column, self._per_step, self._weighted = classes, word_column, per_step, weighted
        self._batch_size, self._unknown, self._unk_rate = batch_size, unknown, unk_rate

    def n_steps(self, data: Examples) -> int:
        """See `Task`."""
        return -(-len(data.sequences) // self._batch_size)

    def _rows_of_batches(self, data: Examples, rng: np.random.Generator) -> Callable[[], I32]:
        """A function that gives the tokens' rows for the next batch, some words taken for unknown."""
        k = self._word_column
        if k is None:
            return lambda: data.rows
        words = unknown_words(data.sequences, data.rows[:, k], self._unknown, self._unk_rate, rng)

        def rows() -> I32:
            changed = data.rows.copy()
            changed[:, k] = words()
            return changed

        return rows

    def steps(self, net: SequenceNetwork, data: Examples, rng: np.random.Generator) -> Iterator[tuple[float, float]]:
        """See `Task`."""
        sequences = data.sequences
        if (data.label >= len(self._classes)).any():
            raise ValueError(f"y has labels that are not among the classes {self._classes.values.tolist()}")
        rows = self._rows_of_batches(data, rng)
        for chosen in length_batches(np.diff(sequences.ptr), self._batch_size, rng):
            batch_sizes, place, order = pack(sequences.ptr, chosen)
            target = data.label[place if self._per_step else order]
            weight = self._classes.weights(target) if self._weighted else None
            read = _network_rows(net, sequences, rows(), batch_sizes, place)
            loss, _ = net.step(read, target, weight)
            total = float((target >= 0).sum() if weight is None else weight.sum())
            yield loss * total, total
        if not np.isfinite(net.logits(read)[0]).all():  # the last update has no later loss
            raise FloatingPointError("after the last update the scores are not finite")

    def scores(self, net: SequenceNetwork, data: Examples) -> Scores:
        """Accuracy and loss."""
        proba = outputs(net, data.sequences, data.rows, "predict_proba", self._per_step)
        counted = data.label >= 0
        label, proba = data.label[counted], proba[counted]
        loss = self._classes.loss(self._classes.log_probability(proba, label), self._classes.weights(label))
        return {"score": mean(proba.argmax(axis=1) == label), "loss": loss}
