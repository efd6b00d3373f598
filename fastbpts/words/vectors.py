"""Word vectors by word: neighbours, analogies, similarities, files."""

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np

from fastbpts._base import checks
from fastbpts._files.atomic import PathLike
from fastbpts._files.streams import FilePath
from fastbpts._files.tensors import Tensors
from fastbpts.data.vocabulary import Vocabulary
from fastbpts.words import formats
from fastbpts.words._table import Array, UnknownWordError, WordTable, at_least_one
from fastbpts.words.evaluation import Analogies, Correlation, word_analogies, word_pairs
from fastbpts.words.pretrained import load_vectors

__all__ = ["KeyedVectors", "UnknownWordError"]

Item = str | Array | tuple[str | Array, float]
Found = list[tuple[str, float]]
_EPS = 1e-6  # added to the denominator of 3CosMul, as in the paper and in gensim


class KeyedVectors(WordTable):
    """Vectors of words, with the names of gensim's class.

    Parameters
    ----------
    words : iterable of str
        Distinct words. If `restrict_vocab` is to be of use, the most frequent come first.
    vectors : array (n_words, vector_size), float32 or float64
        One row per word. The array is kept, not copied. After changes in place call :meth:`fill_norms`.
    counts : array (n_words,) of int, optional
        How often each word occurred.

    Attributes
    ----------
    index_to_key : sequence of str
        The words by row.
    key_to_index : mapping from str to int
        The row of each word.
    vectors, counts : arrays as given

    Raises
    ------
    ValueError
        A word comes twice, shapes do not fit, or a value is not finite.
    """

    __module__ = "fastbpts"

    # -- neighbours ----------------------------------------------------------------------------------------------

    def _term(self, item: str | Array) -> Array:
        """What an item adds to a query (vector_size,): a word's vector at length one, a vector as it is."""
        if isinstance(item, str):
            return self.get_vector(item, norm=True)
        vector = np.asarray(item)
        if vector.shape != (self.vector_size,) or vector.dtype.kind not in "fiu" or not np.isfinite(vector).all():
            raise ValueError(
                f"an item must be a word or a vector of {self.vector_size} finite numbers, got {item!r:.80}"
            )
        return vector

    def _unit(self, item: str | Array) -> Array:
        """The same at length one."""
        vector = self._term(item)
        unit: Array = vector / (np.linalg.norm(vector) or 1)
        return unit

    def _weighted(self, items: str | Array | Sequence[Item] | None, sign: float) -> list[tuple[str | Array, float]]:
        if items is None:
            return []
        if (
            isinstance(items, str)
            or not isinstance(items, Iterable)
            or (isinstance(items, np.ndarray) and items.ndim == 1)
        ):
            items = [items]
        pairs = [item if isinstance(item, tuple) else (item, sign) for item in items]
        for pair in pairs:
            if len(pair) != 2 or not isinstance(pair[1], int | float | np.number):
                raise ValueError(f"an item must be a pair of a word or a vector and its weight, got {pair!r:.80}")
        return pairs

    def _best(self, scores: Array, topn: int, used: Iterable[str | Array]) -> Found:
        """The `topn` words with the highest scores, without those the query was made of."""
        rows = {self.key_to_index[word] for word in used if isinstance(word, str)}
        hidden = [row for row in rows if row < len(scores)]
        scores[hidden] = -np.inf
        k = min(topn, len(scores) - len(hidden))
        if k <= 0:
            return []
        top = np.argpartition(scores, len(scores) - k)[len(scores) - k :]
        top = top[np.lexsort((top, -scores[top]))]
        return [(self.index_to_key[row], float(scores[row])) for row in top.tolist()]

    def _cosines(self, unit: Array, limit: int) -> Array:
        cosines: Array = self.vectors[:limit] @ unit.astype(self.vectors.dtype)
        return cosines / self._lengths()[:limit]

    def most_similar(
        self,
        positive: str | Array | Sequence[Item] | None = None,
        negative: str | Array | Sequence[Item] | None = None,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
    ) -> Any:
        """The words nearest to a sum of words (3CosAdd of Mikolov et al. 2013 for ``[b, c], [a]``).

        Parameters
        ----------
        positive, negative : word, vector, or list of words, vectors and pairs (word or vector, weight), optional
            What is added to and subtracted from the query: words at length one, vectors as they are. The weights are
            1 and -1 unless given.
        topn : int or None, default=10
            Number of words; None gives the cosine with every word as an array.
        restrict_vocab : int, optional
            Look among the first words only, this many. Default: among all.

        Returns
        -------
        list of (str, float) or array (n_words,)
            Words by falling cosine, without those of the query.

        Raises
        ------
        ValueError
            The query is empty, or an argument has a wrong value.
        UnknownWordError
            A word has no vector.
        """
        terms = self._weighted(positive, 1.0) + self._weighted(negative, -1.0)
        if not terms:
            raise ValueError("positive, negative: a query needs a word or a vector")
        query = sum((weight * self._term(item).astype(np.float64) for item, weight in terms), np.zeros(1))
        scores = self._cosines(self._unit(query), self._limit(restrict_vocab))
        return scores if topn is None else self._best(scores, at_least_one("topn", topn), (item for item, _ in terms))

    def most_similar_cosmul(
        self,
        positive: str | Array | Sequence[str | Array],
        negative: str | Array | Sequence[str | Array] | None = None,
        topn: int = 10,
        restrict_vocab: int | None = None,
    ) -> Found:
        """The words nearest to a query by products of cosines (3CosMul of Levy and Goldberg 2014).

        Cosines are moved to the range 0 .. 1 first.

        Parameters
        ----------
        positive, negative : word, vector, or list of words and vectors
            Their cosines are multiplied with, and divided by.
        topn : int, default=10
            Number of words.
        restrict_vocab : int, optional
            As for :meth:`most_similar`.

        Returns
        -------
        list of (str, float)
            Words by falling score, without those of the query.

        Raises
        ------
        ValueError
            `positive` is empty, or an argument has a wrong value.
        UnknownWordError
            A word has no vector.
        """
        limit = self._limit(restrict_vocab)
        above, below = self._weighted(positive, 1.0), self._weighted(negative, 1.0)
        if not above:
            raise ValueError("positive: a query needs a word or a vector")
        scores = np.ones(limit, self.vectors.dtype)
        for item, _ in above:
            scores *= (1 + self._cosines(self._unit(item), limit)) / 2
        divisor = np.ones(limit, self.vectors.dtype)
        for item, _ in below:
            divisor *= (1 + self._cosines(self._unit(item), limit)) / 2
        scores /= divisor + self.vectors.dtype.type(_EPS)
        return self._best(scores, at_least_one("topn", topn), (item for item, _ in above + below))

    def analogy(
        self, a: str, b: str, c: str, topn: int = 5, method: str = "add", restrict_vocab: int | None = None
    ) -> Found:
        """Answer "`a` is to `b` as `c` is to ?".

        Parameters
        ----------
        a, b, c : str
            The words of the question.
        topn : int, default=5
            Number of answers.
        method : {"add", "mul"}, default="add"
            3CosAdd (:meth:`most_similar`) or 3CosMul (:meth:`most_similar_cosmul`).
        restrict_vocab : int, optional
            As for :meth:`most_similar`.

        Returns
        -------
        list of (str, float)
            Answers and their scores, the best first.

        Raises
        ------
        ValueError
            `method` is neither, or `topn` is less than 1.
        UnknownWordError
            A word has no vector.
        """
        if method not in ("add", "mul"):
            raise ValueError(f"method must be 'add' or 'mul', got {method!r}")
        search = self.most_similar if method == "add" else self.most_similar_cosmul
        found: Found = search([b, c], [a], topn=topn, restrict_vocab=restrict_vocab)
        return found

    def similarity(self, a: str, b: str) -> float:
        """The cosine of two words.

        Parameters
        ----------
        a, b : str
            The words.

        Returns
        -------
        float
            Between -1 and 1; 0 if a vector is zero.
        """
        return float(self._unit(a) @ self._unit(b))

    def n_similarity(self, first: Sequence[str], second: Sequence[str]) -> float:
        """The cosine of the mean vectors of two sets of words.

        Parameters
        ----------
        first, second : list of str
            At least one word each.

        Returns
        -------
        float
            Between -1 and 1.

        Raises
        ------
        ValueError
            A list is empty, or a string in place of a list.
        UnknownWordError
            A word has no vector.
        """
        for name, words in (("first", first), ("second", second)):
            if isinstance(words, str) or not len(words):
                raise ValueError(f"{name} must be a list of at least one word, got {words!r}")
        return float(self._unit(self[first].mean(axis=0)) @ self._unit(self[second].mean(axis=0)))

    def doesnt_match(self, words: Sequence[str]) -> str:
        """The word farthest from the mean of all of them.

        Parameters
        ----------
        words : list of str
            At least two words.

        Returns
        -------
        str
            One of `words`.

        Raises
        ------
        ValueError
            There are fewer than two words.
        UnknownWordError
            A word has no vector.
        """
        if isinstance(words, str) or len(words) < 2:
            raise ValueError(f"words must be a list of at least two words, got {words!r}")
        unit = np.stack([self._unit(word) for word in words])
        return words[int(np.argmin(unit @ unit.mean(axis=0)))]

    # -- evaluation ----------------------------------------------------------------------------------------------

    def evaluate_word_analogies(self, analogies: FilePath, **options: Any) -> Analogies:
        """Score on analogy questions.

        Parameters
        ----------
        analogies : path or binary stream
            The questions; see :func:`fastbpts.words.evaluation.read_analogies`.
        **options : object
            Those of :func:`fastbpts.words.evaluation.word_analogies`.

        Returns
        -------
        Analogies
            ``accuracy`` and ``sections``.
        """
        return word_analogies(self, analogies, **options)

    def evaluate_word_pairs(self, pairs: FilePath, **options: Any) -> Correlation:
        """Correlate cosines with judgements of similarity.

        Parameters
        ----------
        pairs : path or binary stream
            Words and scores; see :func:`fastbpts.words.evaluation.read_pairs`.
        **options : object
            Those of :func:`fastbpts.words.evaluation.word_pairs`.

        Returns
        -------
        Correlation
            ``pearson``, ``spearman``, ``n_pairs`` and ``n_unknown``.
        """
        return word_pairs(self, pairs, **options)

    # -- files ---------------------------------------------------------------------------------------------------

    @classmethod
    def load_word2vec_format(
        cls,
        path: FilePath,
        binary: bool | None = None,
        limit: int | None = None,
        vocabulary: Vocabulary | None = None,
    ) -> Self:
        """Read a file of word2vec (text or binary) or GloVe (text), plain, gzip or xz.

        Parameters
        ----------
        path, binary, limit, vocabulary
            As for :func:`load_vectors`.

        Returns
        -------
        KeyedVectors
            The vectors of the file, in its order.

        Raises
        ------
        ValueError
            As for :func:`load_vectors`.
        """
        if limit is not None:
            checks.integer("limit", limit, 1, none=True)
        return cls(*load_vectors(path, vocabulary, binary, limit))

    def save_word2vec_format(self, path: PathLike, binary: bool = False, write_header: bool = True) -> None:
        """Write word2vec's text or binary format, or GloVe's text; the words in their order.

        Parameters
        ----------
        path : str or path
            The file to write.
        binary : bool, default=False
            Numbers as bytes in place of decimal digits.
        write_header : bool, default=True
            Begin with the line "n_words vector_size". GloVe's text has none.

        Raises
        ------
        ValueError
            The format cannot hold a word: it is empty, or has white space in it.
        """
        formats.write_word2vec(path, self.index_to_key, self.vectors, binary, write_header)

    def save(self, path: PathLike) -> None:
        """Write the native file, a safetensors file whose vectors begin at a page of memory; :meth:`load` maps it.

        Parameters
        ----------
        path : str or path
            The file to write.
        """
        formats.write_native(path, self.index_to_key, self.vectors, self.counts)

    @classmethod
    def _from_tensors(cls, tensors: Tensors, header: dict[str, Any]) -> Self:  # noqa: ARG003
        """The vectors in a model file."""
        words = formats.StoredWords(tensors["text"], tensors["text_ptr"])
        return cls(words[:], tensors["vectors"], tensors.get("counts"))

    @classmethod
    def load(cls, path: PathLike, mmap: bool = True) -> Self:
        """Read what :meth:`save` wrote.

        Parameters
        ----------
        path : str or path
            The file.
        mmap : bool, default=True
            Map the file: a million words are there in milliseconds. Vectors are read from the disk when they are used,
            and processes share them. The file must not be changed meanwhile. A new :meth:`save` to its name is safe,
            since it makes a new file.

        Returns
        -------
        KeyedVectors
            The vectors, with counts if they were saved.
        """
        self = cls.__new__(cls)
        self.index_to_key, self.key_to_index, self.vectors, self.counts = formats.read_native(path, mmap)
        return self

    def to_gensim(self) -> Any:
        """The same as ``gensim.models.KeyedVectors``."""
        from gensim.models import KeyedVectors as Gensim

        other = Gensim(self.vector_size, count=0, dtype=self.vectors.dtype)
        other.add_vectors(list(self.index_to_key), self.vectors)
        if self.counts is not None:
            other.allocate_vecattrs(attrs=["count"], types=[np.int64])
            other.expandos["count"][:] = self.counts
        return other
