"""Baselines: the majority class and a bag of words on trees, counts of neighbours on text."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from fastbpts.data.numbered_text import Text
from fastbpts.data.treebank import Treebank


def _counts(bank: Treebank, n_words: int) -> csr_matrix:
    """How often each word occurs in each tree."""
    tree = np.repeat(np.arange(len(bank)), np.diff(bank.node_ptr))
    leaf = bank.word >= 0
    ones = np.ones(int(leaf.sum()))
    return csr_matrix((ones, (tree[leaf], bank.word[leaf])), shape=(len(bank), n_words))


def majority(train: Treebank, dev: Treebank) -> float:
    """Accuracy on `dev` of always saying the most frequent root label of `train`."""
    labels: NDArray[np.int32] = train.root_labels()
    return float((dev.root_labels() == np.bincount(labels).argmax()).mean())


def bag_of_words(train: Treebank, dev: Treebank) -> float:
    """Accuracy on `dev` of logistic regression on word counts; both treebanks must share their vocabulary."""
    if train.vocabulary is not dev.vocabulary:
        raise ValueError("dev must have the vocabulary of train (take both from one treebank)")
    n_words = len(train.vocabulary)
    model = LogisticRegression(max_iter=1000).fit(_counts(train, n_words), train.root_labels())
    return float(model.score(_counts(dev, n_words), dev.root_labels()))


def ngram(train: Text, dev: Text, n: int) -> float:
    """Nats per token on `dev` of a table of each token's n - 1 predecessors, counted in `train` with one added to each.

    Both texts must be parts of one, so that they share their vocabulary.
    """
    if train.vocabulary is not dev.vocabulary:
        raise ValueError("dev must have the vocabulary of train (take both from one text)")
    n_tokens = len(train.vocabulary)
    learnt, new = _runs(train, n), _runs(dev, n)
    hits = _occurrences(new, learnt)
    context = _occurrences(new // n_tokens, learnt // n_tokens)
    return float(-np.log((hits + 1) / (context + n_tokens)).mean())


def _runs(text: Text, n: int) -> NDArray[np.int64]:
    """Every run of n tokens as one number, whose last digit is the last token."""
    ids = text.ids.astype(np.int64)
    code = np.zeros(len(ids) - n + 1, np.int64)
    for k in range(n):
        code = code * len(text.vocabulary) + ids[k : k + len(code)]
    return code


def _occurrences(wanted: NDArray[np.int64], among: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each of `wanted` occurs."""
    known, count = np.unique(among, return_counts=True)
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[place] == wanted, count[place], 0)
