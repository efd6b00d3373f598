"""What a trained recursive network says about trees."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from fastbpts.data.structure import Structure
from fastbpts.data.treebank import Treebank
from fastbpts.data.vocabulary import Vocabulary
from fastbpts.estimators import examples
from fastbpts.estimators.examples import Examples
from fastbpts.networks.tree_network import Network

_CHUNK = 512  # trees per call


def _structures(bank: Treebank, word_map: NDArray[np.int32]) -> Iterator[tuple[slice, Structure]]:
    for start in range(0, len(bank), _CHUNK):
        stop = min(start + _CHUNK, len(bank))
        yield slice(start, stop), bank.batch(np.arange(start, stop), word_map)


def node_probabilities(net: Network, data: Examples) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Class probabilities of all nodes, in the order of the treebank, a slice of its nodes at a time."""
    for trees, s in _structures(data.bank, data.word_map):
        proba = net.predict_proba(s, nodes="all")
        nodes = slice(int(data.bank.node_ptr[trees.start]), int(data.bank.node_ptr[trees.stop]))
        yield nodes, proba[np.argsort(s.graph, kind="stable")]


class TreePrediction:
    """Predictions for trees, by the fitted attributes ``net_``, ``classes_``, ``vocabulary_``."""

    net_: Network
    classes_: NDArray[Any]
    vocabulary_: Vocabulary
    _read: Callable[..., Examples]

    def _examples(self, X: Any) -> Examples:
        check_is_fitted(self, "net_")
        bank = examples.as_treebank(X)
        examples.check_children(bank, self.net_.cell.name, self.net_.cell.arity)
        return Examples(bank, self.vocabulary_.map(bank.vocabulary), np.empty(0))

    def _per_root(self, X: Any, function: Callable[[Structure], NDArray[Any]], width: int) -> NDArray[Any]:
        data = self._examples(X)
        out = np.empty((len(data.bank), width), self.net_.dtype)
        for trees, s in _structures(data.bank, data.word_map):
            out[trees] = function(s)
        return out

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Probability of each class at the root.

        Parameters
        ----------
        X : Treebank or list of trees

        Returns
        -------
        ndarray (n_trees, n_classes)
            Columns as in ``classes_``.
        """
        check_is_fitted(self, "net_")
        return self._per_root(X, lambda s: self.net_.predict_proba(s, nodes="root"), len(self.classes_))

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class at the root of each tree."""
        best = self.predict_proba(X).argmax(axis=1)
        predicted: NDArray[Any] = self.classes_[best]
        return predicted

    def transform(self, X: Any) -> NDArray[Any]:
        """The vector of each tree: the state at its root, (n_trees, n_state)."""
        check_is_fitted(self, "net_")
        return self._per_root(X, lambda s: self.net_.transform(s, nodes="root"), self.net_.cell.n_state)

    def _all_nodes(self, X: Any) -> tuple[Treebank, NDArray[Any]]:
        data = self._examples(X)
        proba = np.empty((data.bank.n_nodes, len(self.classes_)), self.net_.dtype)
        for nodes, values in node_probabilities(self.net_, data):
            proba[nodes] = values
        return data.bank, proba

    def predict_proba_nodes(self, X: Any) -> list[NDArray[Any]]:
        """Probability of each class at every node: per tree an array (n_nodes, n_classes), as `predict_nodes`."""
        bank, proba = self._all_nodes(X)
        return examples.split_nodes(proba, bank)

    def predict_nodes(self, X: Any) -> list[NDArray[Any]]:
        """The most probable class of every node.

        Parameters
        ----------
        X : Treebank or list of trees

        Returns
        -------
        list of ndarray
            One array per tree, nodes numbered as in ``Tree.labels``: level by level from the leaves, the root last.
            ``tree.to_ptb(labels)`` writes a tree with them.
        """
        bank, proba = self._all_nodes(X)
        return examples.split_nodes(self.classes_[proba.argmax(axis=1)], bank)

    def score(self, X: Any, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> float:
        """Accuracy at the root.

        Parameters
        ----------
        X : Treebank or list of trees
        y : array-like, optional
            True classes; without it the roots' labels (trees without one are left out).
        sample_weight : array-like, optional
            Weight of each tree.
        """
        bank = examples.as_treebank(X)
        proba = self.predict_proba(bank)
        labels = None if y is None else examples.check_y(y, len(bank))
        truth = examples.number_labels(bank, labels, self.classes_).root_labels()
        counted = truth >= 0
        weight = counted.astype(float)
        if sample_weight is not None:
            given = np.asarray(sample_weight, float)
            if given.shape != weight.shape or not np.isfinite(given).all() or (given < 0).any():
                raise ValueError(f"sample_weight: must be {len(bank)} numbers that are not negative, one per tree")
            weight *= given
        if not weight.any():
            raise ValueError("X has no labelled root and y is None: there is nothing to score")
        examples.check_known(truth, self.classes_)
        return float(np.average(proba.argmax(axis=1) == truth, weights=weight))

    def score_nodes(self, X: Any, y: ArrayLike | None = None) -> float:
        """Accuracy over all labelled nodes; `y`, if given, replaces the roots' labels."""
        label, hit = self._node_hits(X, y)
        known = label >= 0
        if not known.any():
            raise ValueError("X has no labelled node: there is nothing to score")
        examples.check_known(label, self.classes_)
        return float(hit[known].mean())

    def _node_hits(self, X: Any, y: ArrayLike | None = None) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """The class number of each node's label, and whether it is the prediction."""
        check_is_fitted(self, "net_")
        data = self._read(X, y)
        hit = np.empty(data.bank.n_nodes, bool)
        for nodes, proba in node_probabilities(self.net_, data):
            hit[nodes] = proba.argmax(axis=1) == data.bank.label[nodes]
        return data.bank.label, hit
