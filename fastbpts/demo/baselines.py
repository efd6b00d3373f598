"""What a model must beat to have learnt composition: the majority class, and a bag of words."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from fastbpts.treebank import Treebank


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
        raise ValueError("dev: must have the vocabulary of train (take both from one treebank)")
    n_words = len(train.vocabulary)
    model = LogisticRegression(max_iter=1000).fit(_counts(train, n_words), train.root_labels())
    return float(model.score(_counts(dev, n_words), dev.root_labels()))
