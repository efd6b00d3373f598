"""``GloVe``: word vectors from co-occurrence counts."""

import math
import time
import warnings
from contextlib import closing
from typing import Any, ClassVar, Self

from fastbpts import _core
from fastbpts._base import seeds
from fastbpts._base.arguments import Array
from fastbpts._base.errors import DivergenceError
from fastbpts._base.options import with_parameters
from fastbpts._base.threads import resolve_n_threads
from fastbpts._files.atomic import PathLike
from fastbpts._files.checkpoints import check_resumable
from fastbpts._files.tensors import write_tensors
from fastbpts.words import _glove_files as files
from fastbpts.words._cooccurrence import Windows, count_rows
from fastbpts.words._counting import count_text, keep_words
from fastbpts.words._encoded import EncodedText
from fastbpts.words._options import GloVeOptions
from fastbpts.words._pairs import PairStore
from fastbpts.words._progress import Bar
from fastbpts.words._storage import FREE, Stored
from fastbpts.words._text import TextSource
from fastbpts.words._word2vec_files import warn_left_out
from fastbpts.words.vectors import KeyedVectors

_WHOLE_LINES = 2**31 - 1


class _Epochs:
    """How far training has come, for the progress bar."""

    def __init__(self, n_epochs: int, done: int) -> None:
        self.n_epochs, self.first_epoch, self.done = n_epochs, 0, done


@with_parameters
class GloVe(GloVeOptions, Stored):
    """Word vectors whose products approach the logarithms of co-occurrence counts (Pennington et al. 2014).

    Attributes
    ----------
    wv : KeyedVectors
        The sum of word and context vectors, as in the paper.
    vectors_word_, vectors_context_ : array (n_words, vector_size)
    bias_word_, bias_context_ : array (n_words,)
    history_ : list of dict
        Per epoch: loss (the mean over all pairs of half the weighted square, each before its step), pairs, seconds.
    n_tokens_, n_pairs_ : int
        Words of the text, unknown ones included; pairs of words that occur together.
    n_invalid_, n_too_long_ : int
        Words left out because they are not valid UTF-8, or have more than 1000 bytes.
    min_count_ : int
        `min_count` as raised by `max_final_vocab`.
    """

    __module__ = "fastbpts"

    _stored_as: ClassVar[str] = "GloVe"
    _facts: ClassVar[tuple[str, ...]] = ("n_tokens_", "n_pairs_", "n_invalid_", "n_too_long_", "min_count_")
    _free: ClassVar[frozenset[str]] = frozenset({*FREE, "epochs"})
    _arrays, _set_arrays = files.arrays, files.set_arrays
    wv: KeyedVectors
    history_: list[dict[str, Any]]

    def fit(self, X: Any, y: Any = None, *, resume: bool = False) -> Self:  # noqa: ARG002
        """Learn a vocabulary and vectors.

        Parameters
        ----------
        X : path or iterable of lists of str
            A text file, plain, gzip or xz: words between ASCII white space, a sentence per line. Or sentences; they are
            slower, since every word is a Python object. They are read twice, so no generator.
        y : ignored
        resume : bool, default=False
            Continue from the file `checkpoint`, if it exists; with one worker to the same bits as without a break.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            A parameter is wrong, no two words of X occur `min_count` times, or no two words occur together.
        DivergenceError
            The loss is not finite: lower `eta`.
        """
        self._check_params()
        if resume:
            check_resumable(self.checkpoint)
        for name in [name for name in vars(self) if name.endswith("_") or name == "wv"]:
            delattr(self, name)
        source = TextSource(X)
        self._count_words(source)
        with closing(PairStore(self.memory_limit // 2)) as pairs:
            self._count_pairs(source, pairs)
            self._rows, self._bias = self._fresh()
            self.history_ = []
            if resume:
                self._resume()
            self._interrupted = False
            try:
                self._train(pairs)
            except KeyboardInterrupt:
                self._interrupted = True
                epoch = len(self.history_) + 1
                warnings.warn(f"training interrupted in epoch {epoch}; the vectors so far were kept", stacklevel=2)
        self._finish()
        return self

    @property
    def _threads(self) -> int:
        return resolve_n_threads(self.workers)

    def _count_words(self, source: TextSource) -> None:
        counted = count_text(source, self._threads, self.max_vocab_size)
        kept = keep_words(counted.table, self.min_count, self.max_final_vocab)
        self._words, self._counts = kept.words, kept.counts
        self.n_tokens_, self.n_too_long_ = counted.n_tokens, counted.n_long
        self.n_invalid_, self.min_count_ = kept.n_invalid, kept.min_count
        warn_left_out(source.name, kept.n_invalid, counted.n_long)
        if len(kept.words) < 2:
            found = f"{counted.n_tokens} words, {counted.table.n} distinct ones"
            raise ValueError(
                f"{source.name}: {found}, of which {len(kept.words)} occur min_count={kept.min_count} times: at least "
                "two are needed"
            )

    def _count_pairs(self, source: TextSource, pairs: PairStore) -> None:
        text = EncodedText(source, self._words, _WHOLE_LINES, 0, self._threads)
        windows = Windows(self.window, bool(self.symmetric), bool(self.distance_weighting))
        n_words, n_tokens = len(self._words), int(self._counts.sum())
        for rows in count_rows(text, n_words, n_tokens, windows, self.memory_limit // 2, self._threads):
            pairs.add(rows)
        self.n_pairs_ = pairs.n_pairs
        if not pairs.n_pairs:
            raise ValueError(f"{source.name}: no line has two words of the vocabulary")

    @property
    def _padded_size(self) -> int:
        """The length of a row of values in memory."""
        return -(-self.vector_size // _core.PAD) * _core.PAD

    def _fresh(self) -> tuple[Array, Array]:
        """Random vectors and biases of words, then contexts: values, and sums of squares, which are 1."""
        n, size, ld = 2 * len(self._words), self.vector_size, self._padded_size
        rng = seeds.generator(self.seed)
        rows: Array = _core.aligned((n, 2 * ld), self.dtype, True)
        rows[:, ld:] = 1
        bias: Array = _core.aligned((n, 2), self.dtype, True)
        bias[:, 1] = 1
        for part in (rows[:, :size], bias[:, :1]):
            part[...] = (rng.random(part.shape) - 0.5) / size
        return rows, bias

    def _train(self, pairs: PairStore) -> None:
        self._trained_with = self._stored_params()
        plan = _Epochs(self.epochs, len(self.history_))
        with Bar(plan, int(self.verbose), "pairs") as bar:
            while plan.done < self.epochs:
                self._epoch(pairs, plan, bar)
                if self.checkpoint is not None and (plan.done % self.checkpoint_every == 0 or plan.done == self.epochs):
                    self._write_checkpoint()

    def _epoch(self, pairs: PairStore, plan: _Epochs, bar: Bar) -> None:
        started, n, loss = time.perf_counter(), 0, 0.0
        for bucket in pairs.buckets(seeds.stream(self.seed, plan.done)):
            loss += _core.glove_train(self._rows, self._bias, bucket, self.x_max, self.alpha, self.eta, self._threads)
            n += len(bucket)
            if not math.isfinite(loss):
                raise DivergenceError(
                    f"training diverged: the loss is {loss} in epoch {plan.done + 1}; lower eta={self.eta!r}"
                )
            seconds = max(time.perf_counter() - started, 1e-9)
            bar.update(plan.done + n / pairs.n_pairs, loss / max(n, 1), n / seconds)
        plan.done += 1
        entry = {"epoch": plan.done, "loss": loss / n, "pairs": n, "seconds": time.perf_counter() - started}
        self.history_.append(entry)
        bar.epoch(entry)

    def _finish(self) -> None:
        n, size = len(self._words), self.vector_size
        self.vectors_word_, self.vectors_context_ = self._rows[:n, :size], self._rows[n:, :size]
        self.bias_word_, self.bias_context_ = self._bias[:n, 0], self._bias[n:, 0]
        self.wv = KeyedVectors(self._words, self.vectors_word_ + self.vectors_context_, self._counts)

    def _fingerprint(self) -> str:
        return f"{super()._fingerprint()} {self.n_pairs_}"

    def save(self, path: PathLike) -> None:
        """Write the model to a safetensors file, atomically; ``fastbpts.load`` reads it.

        For the vectors alone: ``model.wv.save`` and ``model.wv.save_word2vec_format``.

        Parameters
        ----------
        path : str or path
            The file to write.

        Raises
        ------
        ValueError
            The model is not fitted.
        """
        if not hasattr(self, "wv"):
            raise ValueError("this GloVe is not fitted yet: call fit first")
        write_tensors(path, *self._to_tensors())
