"""``Word2Vec``: skip-gram and CBOW."""

from typing import Any, ClassVar, Self

import numpy as np

from fastbpts import _core
from fastbpts._base import checks
from fastbpts._base.arguments import Array
from fastbpts._base.errors import DivergenceError
from fastbpts._base.options import with_parameters
from fastbpts._base.threads import resolve_n_threads
from fastbpts._files.atomic import PathLike
from fastbpts._files.tensors import write_tensors
from fastbpts.words import _model as model
from fastbpts.words import _word2vec_files as files
from fastbpts.words._counting import I64, count_text, keep_words
from fastbpts.words._encoded import EncodedText
from fastbpts.words._options import Word2VecOptions
from fastbpts.words._progress import Bar
from fastbpts.words._storage import FREE, Stored
from fastbpts.words._text import TextSource
from fastbpts.words._training import Plan, train
from fastbpts.words.vectors import KeyedVectors


@with_parameters
class Word2Vec(Word2VecOptions, Stored):
    """Word vectors learnt by predicting words from their neighbours (Mikolov et al. 2013).

    Parameters have the names of gensim's and, unless it is said here, the same meaning and default.

    Attributes
    ----------
    wv : KeyedVectors
        The input vectors. More training makes another object; an earlier one keeps its values.
    vectors_output_ : array (n_words, vector_size)
        The output vectors of negative sampling or of the full softmax; `partial_fit` changes them in place.
    history_ : list of dict
        Per epoch: loss, words, pairs (predictions), seconds.
    n_tokens_ : int
        Words of the training text, unknown ones included.
    n_invalid_, n_too_long_ : int
        Words left out because they are not valid UTF-8, or have more than 1000 bytes.
    min_count_ : int
        `min_count` as raised by `max_final_vocab`.
    """

    __module__ = "fastbpts"

    _stored_as: ClassVar[str] = "Word2Vec"
    _facts: ClassVar[tuple[str, ...]] = ("n_tokens_", "n_invalid_", "n_too_long_", "min_count_")
    _free: ClassVar[frozenset[str]] = frozenset({*FREE, "compute_loss"})
    _arrays, _set_arrays = files.arrays, files.set_arrays
    wv: KeyedVectors
    _vectors: model.Vectors

    def fit(self, X: Any, y: Any = None, *, resume: bool = False) -> Self:
        """Learn a vocabulary and vectors.

        Parameters
        ----------
        X : path or iterable of lists of str
            A text file, plain, gzip or xz, with ASCII white space between words and a sentence per line. Or sentences,
            which are slower, since every word is a Python object. They are read twice or more: not a generator.
        y : ignored
        resume : bool, default=False
            Continue from the file `checkpoint`, if it exists. With one worker, the result has the same bits as without
            a break. `epochs` must be as before, since the learning rate falls over all; `partial_fit` adds more.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            A parameter is wrong, or no two words of X occur `min_count` times.
        DivergenceError
            The loss is not finite: lower `alpha`.
        """
        del y
        self._check_params()
        self._reset()
        source = TextSource(X)
        words, counts = self._count(source)
        self._join(words, counts)
        self._plan = Plan(self.epochs, int(counts.sum()), self._alpha, self.min_alpha, self.seed, self._threads)
        if resume:
            self._resume()
        self._train(source, checkpoint=self.checkpoint is not None)
        return self

    def partial_fit(self, X: Any, y: Any = None, *, epochs: int = 1) -> Self:
        """Train on more text. Words that occur `min_count` times in it are added at the end of the vocabulary.

        Parameters
        ----------
        X : path or iterable of lists of str
        y : ignored
        epochs : int, default=1
            Passes over X; the learning rate falls from `alpha` to `min_alpha` meanwhile.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As for :meth:`fit`, or the vectors so far have another size, dtype or cost than the parameters say.
        """
        del y
        self._check_params()
        checks.integer("epochs", epochs, 1)
        if hasattr(self, "wv"):
            self._check_sizes()
        else:
            self._reset()
        source = TextSource(X)
        words, counts = self._count(source, known=self._words)
        self._join(words, counts)
        self._plan = Plan(
            epochs, int(counts.sum()), self._alpha, self.min_alpha, self.seed, self._threads, len(self.history_),
            history=self.history_,
        )  # fmt: skip
        self._train(source, checkpoint=False)
        return self

    # -- parameters ----------------------------------------------------------------------------------------------------

    def _check_params(self) -> None:
        super()._check_params()
        if self.min_alpha > self._alpha:
            raise checks.wrong("min_alpha", f"at most alpha={self._alpha!r}", self.min_alpha)

    @property
    def _alpha(self) -> float:
        """The learning rate at the beginning."""
        if self.alpha is not None:
            return float(self.alpha)
        return 0.075 if not self.sg and self.cbow_mean else 0.025

    @property
    def _threads(self) -> int:
        return resolve_n_threads(self.workers)

    # -- steps of a fit ----------------------------------------------------------------------------------------------

    def _reset(self) -> None:
        """Forget what was learnt."""
        for name in [name for name in vars(self) if name.endswith("_") or name == "wv"]:
            delattr(self, name)
        self._words: list[str] = []
        self._counts: I64 = np.zeros(0, np.int64)
        self._tree: model.Tree | None = None
        self.history_: list[dict[str, Any]] = []

    def _join(self, words: list[str], counts: I64) -> None:
        """Set the vocabulary to these words, the known ones first; counts: how often each occurs in the new text."""
        n_old = len(self._words)
        self._words = words
        self._counts = counts + np.concatenate([self._counts, np.zeros(len(words) - n_old, np.int64)])
        fresh = model.Fresh(self.vector_size, self.dtype, self.seed, bool(self.negative or not self.hs), bool(self.hs))
        self._vectors = model.grown(self._vectors if n_old else None, len(words), fresh)
        if self.hs and len(words) > n_old:
            self._tree = model.grown_tree(self._tree, counts[n_old:])

    def _count(self, source: TextSource, known: list[str] | None = None) -> tuple[list[str], I64]:
        """The vocabulary, the known words first, and how often its words occur in the text."""
        counted = count_text(source, self._threads, self.max_vocab_size)
        kept = keep_words(counted.table, self.min_count, self.max_final_vocab)
        self.n_tokens_, self.n_too_long_ = counted.n_tokens, counted.n_long
        self.n_invalid_, self.min_count_ = kept.n_invalid, kept.min_count
        files.warn_left_out(source.name, kept.n_invalid, counted.n_long)
        words, counts = kept.words, kept.counts
        if known:
            words, counts = files.joined(known, kept, counted.table)
        if len(words) < 2:
            found = f"{counted.n_tokens} words, {counted.table.n} distinct ones"
            raise ValueError(
                f"{source.name}: {found}, of which {len(words)} occur min_count={kept.min_count} times: at least two "
                "are needed"
            )
        return words, counts

    def _trainer(self) -> _core.WordTrainer:
        counts = self._counts
        noise = model.noise_table(counts, self.ns_exponent) if self.negative else None
        return _core.WordTrainer(
            *self._vectors,
            model.keep_chances(counts, self.sample),
            noise,
            self._tree,
            skip_gram=bool(self.sg),
            mean=bool(self.cbow_mean),
            negative=self.negative,
            window=self.window,
            shrink=bool(self.shrink_windows),
            shared=bool(self.shared_negatives),
            max_sentence=self.max_sentence_length,
        )

    def _train(self, source: TextSource, checkpoint: bool) -> None:
        self._trained_with = self._stored_params()
        plan = self._plan
        text = EncodedText(source, self._words, self.max_sentence_length, self.memory_limit, plan.n_threads)

        def save() -> None:
            if plan.done % self.checkpoint_every == 0 or plan.done == plan.n_epochs:
                self._write_checkpoint()

        self.history_ = plan.history
        try:
            with Bar(plan, int(self.verbose)) as bar:
                self._interrupted = not train(self._trainer(), text, plan, bar, save if checkpoint else None)
        except FloatingPointError as error:
            self.__dict__.pop("wv", None)  # the model's own are spoilt; who was given them before has good ones
            raise DivergenceError(f"training diverged: {error}; lower alpha={self._alpha!r}") from None
        self._finish()

    def _check_sizes(self) -> None:
        """Raise ValueError where stored vectors are not those that the parameters ask for."""
        v, n = self._vectors, len(self._words)
        wanted = (n, n if self.negative or not self.hs else None, n - 1 if self.hs else None)
        if tuple(None if rows is None else len(rows) for rows in v) != wanted:
            raise ValueError(f"the numbers of vectors do not fit hs={self.hs}, negative={self.negative}")
        if hasattr(self, "wv") and (self.wv.vector_size, self.wv.vectors.dtype.name) != (self.vector_size, self.dtype):
            raise ValueError(f"the vectors do not fit vector_size={self.vector_size}, dtype={self.dtype!r}")
        if self._tree is not None:
            self._tree.check(n)

    def _check_fitted(self) -> None:
        if not hasattr(self, "wv"):
            raise ValueError("this Word2Vec has not been fitted yet: call fit first")

    def _finish(self) -> None:
        size = self.vector_size
        self.wv = KeyedVectors(self._words, self._vectors.inputs[:, :size], self._counts)
        if self._vectors.outputs is not None:
            self.vectors_output_: Array = self._vectors.outputs[:, :size]

    # -- files -------------------------------------------------------------------------------------------------------

    def save(self, path: PathLike) -> None:
        """Write the model to a safetensors file, atomically; ``fastbpts.load`` reads it, ``partial_fit`` goes on.

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
        self._check_fitted()
        write_tensors(path, *self._to_tensors())
