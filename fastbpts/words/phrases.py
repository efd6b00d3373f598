"""Phrases: words that follow each other more often than chance (Mikolov et al. 2013, section 4)."""

from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np

from fastbpts._base.options import with_parameters
from fastbpts._base.threads import resolve_n_threads
from fastbpts._files.atomic import PathLike, write_atomic
from fastbpts.words._cooccurrence import Windows, count_rows
from fastbpts.words._counting import count_text, keep_words
from fastbpts.words._encoded import EncodedText
from fastbpts.words._options import PhrasesOptions
from fastbpts.words._parameters import Parameters
from fastbpts.words._text import TextSource

_WHOLE_LINES = 2**31 - 1
_PIECES = 1 << 16  # characters joined before they are written


@with_parameters
class Phrases(PhrasesOptions, Parameters):
    """Find pairs of words that are phrases, and join them in texts.

    Two words a, b are a phrase if ``(n_ab - discount) / (n_a * n_b) * n_words > threshold``. The left side says how
    much more often b follows a than it would by chance, with a discount for rare pairs. Applied to its own result, it
    finds longer phrases.

    Attributes
    ----------
    phrases_ : dict of (str, str) to float
        The score of each phrase.
    """

    __module__ = "fastbpts"

    phrases_: dict[tuple[str, str], float]

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002
        """Count the pairs of a text.

        Parameters
        ----------
        X : path or iterable of lists of str
            As for :class:`Word2Vec`.
        y : ignored

        Returns
        -------
        self
        """
        self._check_params()
        source, n_threads = TextSource(X), resolve_n_threads(self.workers)
        kept = keep_words(count_text(source, n_threads, None).table, 1, None)
        words, counts, total = kept.words, kept.counts, int(kept.counts.sum())
        text = EncodedText(source, words, _WHOLE_LINES, 0, n_threads)
        discount = self.min_count if self.discount is None else self.discount
        self.phrases_ = {}
        side_by_side = Windows(window=1, symmetric=False, weighted=False)  # the context of b is the word before it
        for rows in count_rows(text, len(words), total, side_by_side, self.memory_limit, n_threads) if words else ():
            b = np.repeat(np.arange(rows.first, rows.first + len(rows.n_in_row)), rows.n_in_row)
            a, n_ab = rows.column, rows.sum / side_by_side.weights()[1]
            score = (n_ab - discount) / counts[a] / counts[b] * total
            for k in np.flatnonzero((n_ab >= self.min_count) & (score > self.threshold)).tolist():
                self.phrases_[words[a[k]], words[b[k]]] = float(score[k])
        return self

    def join(self, sentence: Iterable[str]) -> list[str]:
        """One sentence with its phrases joined, from left to right. A word is part of one phrase only.

        Parameters
        ----------
        sentence : iterable of str
            The words.

        Returns
        -------
        list of str
            The words, and phrases as one word each.

        Raises
        ------
        ValueError
            `sentence` is a string, or :meth:`fit` was not called.
        """
        self._check_fitted()
        if isinstance(sentence, str):
            raise ValueError(f"sentence must be a list of words, got {sentence!r:.60}")
        result: list[str] = []
        before, phrases = None, self.phrases_
        for word in sentence:
            if before is not None and (before, word) in phrases:
                result[-1] = f"{before}{self.delimiter}{word}"
                before = None
            else:
                result.append(word)
                before = word
        return result

    def transform(self, X: Any) -> "JoinedText":
        """A text with its phrases joined, which can be read more than once, as :class:`Word2Vec` needs it.

        Parameters
        ----------
        X : path or iterable of lists of str
            As for :class:`Word2Vec`.

        Returns
        -------
        iterable of lists of str
            The sentences.
        """
        self._check_fitted()
        return JoinedText(self, TextSource(X))

    def write(self, X: Any, path: PathLike) -> None:
        """Write a text with its phrases joined to a file, a sentence per line; training from a file is faster.

        Parameters
        ----------
        X : path or iterable of lists of str
        path : str or path
        """
        write_atomic(path, _lines(self.transform(X)))

    def _check_fitted(self) -> None:
        if not hasattr(self, "phrases_"):
            raise ValueError("this Phrases is not fitted yet: call fit first")


class JoinedText:
    """The sentences of a text with phrases joined."""

    def __init__(self, phrases: Phrases, source: TextSource) -> None:
        self._phrases, self._source = phrases, source

    def __iter__(self) -> Iterator[list[str]]:
        return (self._phrases.join(sentence) for sentence in self._source.sentences())


def _lines(sentences: Iterable[list[str]]) -> Iterator[bytes]:
    lines: list[str] = []
    size = 0
    for sentence in sentences:
        lines.append(" ".join(sentence))
        size += len(lines[-1])
        if size >= _PIECES:
            yield "\n".join([*lines, ""]).encode("utf-8", "surrogateescape")
            lines, size = [], 0
    yield "\n".join([*lines, ""]).encode("utf-8", "surrogateescape")
