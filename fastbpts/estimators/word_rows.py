"""Words in training: how unknown words get a vector, and vectors that come from elsewhere."""

import os
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastbpts._base import checks
from fastbpts.data.vocabulary import Vocabulary
from fastbpts.words.pretrained import load_vectors

I32 = NDArray[np.int32]
UNKNOWN = 0  # row of the unknown word
RATES = {"singletons": 0.5, "dropout": 0.25}


def check_unknown(how: Any, rate: Any) -> None:
    """The parameters `unknown` and `unk_rate` of an estimator."""
    checks.choice("unknown", how, (*RATES, None))
    if rate is not None:
        checks.number("unk_rate", rate, 0, 1 if how == "singletons" else np.inf)


class Words(Protocol):
    """The words of examples: a number for each, -1 for none."""

    @property
    def word(self) -> I32: ...


def unknown_words(
    bank: Words, word_map: I32, how: str | None, rate: float | None, rng: np.random.Generator
) -> Callable[[], I32]:
    """A function that gives the word map of the next minibatch, with some words taken for unknown; call it per epoch.

    Parameters
    ----------
    bank, word_map
        The training set and its words' rows.
    how : {"singletons", "dropout", None}
        See TreeClassifier.
    rate : float or None
        See `unk_rate` there.
    rng : Generator
        Drawn from at once for "singletons", at each minibatch for "dropout".
    """
    if how is None:
        return lambda: word_map
    share = RATES[how] if rate is None else float(rate)
    counts = np.bincount(bank.word[bank.word >= 0], minlength=len(word_map))
    if how == "singletons":
        once = np.flatnonzero(counts == 1)
        changed = word_map.copy()
        changed[once[rng.random(once.size) < share]] = UNKNOWN
        return lambda: changed
    probability = (share / np.maximum(share + counts, 1e-30)).astype(np.float32)

    def dropped() -> I32:
        return np.where(rng.random(len(probability), np.float32) < probability, np.int32(UNKNOWN), word_map)

    return dropped


def embedding_rows(embeddings: Any, vocabulary: Vocabulary, width: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Rows of the vocabulary that pretrained vectors have, and their vectors.

    Parameters
    ----------
    embeddings : path, KeyedVectors (of this library or of gensim) or tuple (words, matrix)
    vocabulary : Vocabulary
    width : int
        The width that the vectors must have.
    """
    if isinstance(embeddings, str | os.PathLike):
        words, matrix = load_vectors(embeddings, vocabulary)
    elif hasattr(embeddings, "index_to_key"):
        words, matrix = embeddings.index_to_key, embeddings.vectors
    else:
        try:
            words, matrix = embeddings
        except (TypeError, ValueError):
            raise checks.wrong("embeddings", "a path, KeyedVectors or a tuple (words, matrix)", embeddings) from None
        try:
            matrix = np.asarray(matrix)
        except ValueError as error:
            raise ValueError(f"embeddings: the matrix has rows of several lengths ({error})") from None
    if matrix.ndim != 2 or matrix.shape[1] != width or len(words) != len(matrix):
        what = f"have one row per word, of width {width}"
        raise ValueError(f"embeddings must {what}, got {len(words)} words with a matrix of shape {matrix.shape}")
    known = [(vocabulary[word], k) for k, word in enumerate(words) if word in vocabulary]
    rows, columns = np.array(known, np.int64).reshape(-1, 2).T
    vectors = matrix[columns]
    if vectors.dtype.kind not in "fiub":
        raise ValueError(f"embeddings must have a matrix of real numbers, got dtype {vectors.dtype}")
    with np.errstate(over="ignore"):
        bad = np.flatnonzero(~np.isfinite(vectors.astype(np.float32)).all(axis=1))
    if bad.size:
        word = words[columns[bad[0]]]
        raise ValueError(f"embeddings: the vector of {word!r} has NaN, infinity or a number that float32 cannot hold")
    return rows, vectors


def set_pretrained(net: Any, name: str, embeddings: Any, vocabulary: Vocabulary) -> None:
    """Give a network the pretrained vectors of the words that have one; `name` is its parameter, a row per word."""
    table = net.params[name]
    rows, vectors = embedding_rows(embeddings, vocabulary, table.shape[1])
    table[rows] = vectors
    net.set_params({name: table})
