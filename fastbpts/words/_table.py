"""Words and their vectors: look-up by word, and lengths of vectors."""

import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastbpts.data.vocabulary import _as_words

Array = NDArray[Any]


class UnknownWordError(KeyError, ValueError):
    """A word that has no vector."""

    __module__ = "fastbpts"

    def __str__(self) -> str:
        return str(self.args[0])


class WordTable:
    """One vector per word; :class:`KeyedVectors` documents the parameters."""

    index_to_key: Sequence[str]
    key_to_index: Mapping[str, int]
    vectors: Array
    counts: NDArray[np.int64] | None
    _norms: Array | None = None

    def __init__(self, words: Iterable[str], vectors: ArrayLike, counts: ArrayLike | None = None) -> None:
        listed, matrix = _as_words(words), np.asarray(vectors)
        if matrix.ndim != 2 or len(matrix) != len(listed) or matrix.shape[1] < 1:
            raise ValueError(
                f"vectors must have shape ({len(listed)}, vector_size), a row per word, got {matrix.shape}"
            )
        if matrix.dtype not in (np.float32, np.float64):
            raise ValueError(f"vectors must be float32 or float64, got {matrix.dtype}")
        if not np.isfinite(matrix).all():
            raise ValueError("vectors: there are values that are not finite")
        index = {word: row for row, word in enumerate(listed)}
        if len(index) != len(listed):
            twice = next(word for row, word in enumerate(listed) if index[word] != row)
            raise ValueError(f"words: {twice!r} occurs more than once")
        self.index_to_key, self.key_to_index, self.vectors, self.counts = listed, index, matrix, None
        if counts is not None:
            given = np.asarray(counts)
            if given.shape != (len(listed),) or given.dtype.kind not in "iu" or (given.size and given.min() < 0):
                raise ValueError(f"counts must be {len(listed)} integers of at least 0, one per word")
            self.counts = given.astype(np.int64)

    # -- words ---------------------------------------------------------------------------------------------------

    @property
    def vector_size(self) -> int:
        """The number of components of a vector."""
        return int(self.vectors.shape[1])

    def __len__(self) -> int:
        return len(self.index_to_key)

    def __contains__(self, word: object) -> bool:
        return word in self.key_to_index

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)} words, vector_size={self.vector_size}>"

    def index(self, word: str) -> int:
        """The row of a word.

        Parameters
        ----------
        word : str
            The word.

        Returns
        -------
        int
            Its row in `vectors`.

        Raises
        ------
        UnknownWordError
            The word has no vector; a KeyError and a ValueError.
        """
        row = self.key_to_index.get(word) if isinstance(word, str) else None
        if row is None:
            lower = word.lower() if isinstance(word, str) else word
            hint = f" (but {lower!r} is)" if lower != word and lower in self.key_to_index else ""
            raise UnknownWordError(f"the word {word!r} is not among the {len(self)} words that have a vector{hint}")
        return row

    def get_vector(self, word: str, norm: bool = False) -> Array:
        """The vector of a word.

        Parameters
        ----------
        word : str
            The word.
        norm : bool, default=False
            Divide by the vector's length.

        Returns
        -------
        array (vector_size,)
            Read-only.

        Raises
        ------
        UnknownWordError
            The word has no vector.
        """
        row = self.index(word)
        vector: Array = self.vectors[row] / self._lengths()[row] if norm else self.vectors[row]
        vector.flags.writeable = False
        return vector

    def __getitem__(self, words: str | Sequence[str]) -> Array:
        """The vector of a word (vector_size,), or those of a list of words (n, vector_size)."""
        if isinstance(words, str) or not isinstance(words, Iterable):
            return self.get_vector(words)
        rows: Array = self.vectors[[self.index(word) for word in words]]
        return rows

    def _limit(self, restrict_vocab: int | None) -> int:
        """The number of words, from the first, that a query may find."""
        return len(self) if restrict_vocab is None else min(at_least_one("restrict_vocab", restrict_vocab), len(self))

    def fill_norms(self) -> None:
        """Measure the lengths of the vectors again, after `vectors` was changed in place.

        Raises
        ------
        ValueError
            A value is not finite, or too large to be squared.
        """
        norms = np.sqrt(np.einsum("ij,ij->i", self.vectors, self.vectors))
        if not np.isfinite(norms).all():
            raise ValueError("vectors: there are values that are not finite, or too large to be squared")
        self._norms = np.where(norms > 0, norms, 1).astype(self.vectors.dtype)

    def _lengths(self) -> Array:
        """Lengths of the vectors (n_words,). A vector of zeros has length 1 here, so its cosines are 0."""
        if self._norms is None:
            self.fill_norms()
        assert self._norms is not None
        return self._norms

    def normed(self, rows: Any = slice(None)) -> Array:
        """Vectors of length one.

        Parameters
        ----------
        rows : index, default all
            Rows of `vectors`: anything that indexes the first axis of an array.

        Returns
        -------
        array (n, vector_size)
            A vector of zeros stays zero.
        """
        unit: Array = self.vectors[rows] / self._lengths()[rows, None]
        return unit


def at_least_one(name: str, value: Any) -> int:
    """An integer from 1 on; ValueError names the argument."""
    try:
        number = 0 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}")
    return number
