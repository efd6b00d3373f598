"""``TreeClassifier``: recursive networks on labelled trees."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from fastbpts._base.options import with_parameters
from fastbpts._cells.cell import cell as make_cell
from fastbpts.data.treebank import Treebank
from fastbpts.estimators.base import NetworkEstimator
from fastbpts.estimators.classes import as_labels, check_known
from fastbpts.estimators.store import Trained, stored_reading
from fastbpts.estimators.tree_examples import Examples, TreeReader, as_treebank, number_labels, split_nodes
from fastbpts.estimators.tree_options import TreeOptions
from fastbpts.estimators.tree_task import TreeTask, node_hits, node_probabilities, per_root
from fastbpts.estimators.word_rows import check_unknown, set_pretrained
from fastbpts.networks.tree_network import Network
from fastbpts.training.loop import Tensors
from fastbpts.training.options import optimizer_of

_READING = {"unary": ("collapse",), "binarize": ("left", "right")}  # what a model's file may ask for


@with_parameters
class TreeClassifier(ClassifierMixin, TreeOptions, NetworkEstimator):  # type: ignore[misc]
    """Recursive network with a softmax classifier at the nodes of trees.

    Attributes
    ----------
    classes_ : ndarray
        The labels.
    vocabulary_ : Vocabulary
        The words; row 0 is the unknown word.
    net_ : Network
    n_iter_ : int
    history_ : list of dict
        Per epoch: epoch, loss, learning_rate, seconds, and with a validation set dev_score, dev_score_nodes,
        dev_score_sum, dev_loss.
    best_iter_, best_score_
        Epoch and score of the model kept; only with a validation set.
    reading_ : dict
        Options `unary` and `binarize` with which ``fastbpts train`` read the trees; saved, and taken by the other
        commands.

    Examples
    --------
    >>> import fastbpts as fb
    >>> bank = fb.demo_treebank("sentiment", n_trees=300)
    >>> clf = fb.TreeClassifier(n_state=8, learning_rate=0.05, max_iter=5).fit(bank)
    >>> clf.predict(bank[:3]).shape
    (3,)
    """

    __module__ = "fastbpts"

    _shown: ClassVar[dict[str, str]] = {
        "loss": "loss",
        "dev_loss": "dev loss",
        "dev_score": "dev root",
        "dev_score_nodes": "dev nodes",
    }

    net_: Network
    _trained: Trained[TreeReader]
    classes_: NDArray[Any]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.target_tags.required = False
        return tags

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _make_reader(self) -> TreeReader:
        arity = make_cell(self.cell, n_state=1).arity
        vocabulary = self.min_count, self.max_vocabulary
        return TreeReader(self.cell, arity, self.loss_nodes == "all", self.class_weight, *vocabulary)

    def _make_task(self, reader: TreeReader) -> TreeTask:
        return TreeTask(reader.classes, reader.all_nodes, int(self.batch_size), self.unknown, self.unk_rate)

    def _make_network(self, reader: TreeReader, seed: int) -> Network:
        return Network(
            cell=self.cell,
            n_state=int(self.n_state),
            n_classes=len(reader.classes),
            n_words=len(reader.vocabulary),
            dtype=np.dtype(self.dtype).name,
            input_activation=self.input_activation,
            reduction=self.reduction,
            loss_nodes=self.loss_nodes,
            class_weight=None if self.class_weight is None else reader.classes.weight,
            alpha=dict(self.alpha) if isinstance(self.alpha, Mapping) else self.alpha,
            dropout=self.dropout,
            input_dropout=self.input_dropout,
            optimizer=optimizer_of(self),
            max_norm=self.max_norm,
            train_embeddings=bool(self.train_embeddings),
            n_threads=self.n_threads,
            random_state=seed,
        )

    def _begin_network(self, net: Network, reader: TreeReader) -> None:
        if self.embeddings is not None:
            set_pretrained(net, "E", self.embeddings, reader.vocabulary)

    def _groups(self) -> list[str]:
        return [*make_cell(self.cell, n_state=1).shapes, "Ws", "bs", "E"]

    def _check_params(self) -> None:
        super()._check_params()
        check_unknown(self.unknown, self.unk_rate)

    def _check_stored(self, reader: TreeReader, params: Tensors) -> None:  # noqa: ARG002
        widths = [array.shape[-1] for array in params.values() if array.ndim > 1]
        if self.n_state > min(widths, default=0):
            raise ValueError(f"n_state={self.n_state} does not fit the weights")

    def _facts(self) -> dict[str, Any]:
        return {"reading": getattr(self, "reading_", {})}

    def _set_facts(self, meta: dict[str, Any]) -> None:
        if reading := stored_reading(meta, _READING):
            self.reading_ = reading

    # -- prediction ----------------------------------------------------------------------------------------------------

    def _unlabelled(self, X: Any) -> Examples:
        check_is_fitted(self, "net_")
        return self._trained.reader.unlabelled(X)

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Probability of each class at the root.

        Parameters
        ----------
        X : Treebank or list of trees
            The trees; labels in them are not read.

        Returns
        -------
        ndarray (n_trees, n_classes)
            Columns as in ``classes_``.
        """
        data = self._unlabelled(X)
        return per_root(self.net_, data, lambda s: self.net_.predict_proba(s, nodes="root"), len(self.classes_))

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class at the root of each tree.

        Parameters
        ----------
        X : Treebank or list of trees
            The trees; labels in them are not read.

        Returns
        -------
        ndarray (n_trees,)
            Classes.
        """
        best = self.predict_proba(X).argmax(axis=1)
        predicted: NDArray[Any] = self.classes_[best]
        return predicted

    def transform(self, X: Any) -> NDArray[Any]:
        """The vector of each tree: the state at its root.

        Parameters
        ----------
        X : Treebank or list of trees
            The trees; labels in them are not read.

        Returns
        -------
        ndarray (n_trees, n_state)
            One row per tree.
        """
        data = self._unlabelled(X)
        return per_root(self.net_, data, lambda s: self.net_.transform(s, nodes="root"), self.net_.cell.n_state)

    def _all_nodes(self, X: Any) -> tuple[Treebank, NDArray[Any]]:
        data = self._unlabelled(X)
        proba = np.empty((data.bank.n_nodes, len(self.classes_)), self.net_.dtype)
        for nodes, values in node_probabilities(self.net_, data):
            proba[nodes] = values
        return data.bank, proba

    def predict_proba_nodes(self, X: Any) -> list[NDArray[Any]]:
        """Probability of each class at every node.

        Parameters
        ----------
        X : Treebank or list of trees
            The trees; labels in them are not read.

        Returns
        -------
        list of ndarray (n_nodes, n_classes)
            One array per tree, nodes numbered as for :meth:`predict_nodes`.
        """
        bank, proba = self._all_nodes(X)
        return split_nodes(proba, bank)

    def predict_nodes(self, X: Any) -> list[NDArray[Any]]:
        """The most probable class of every node.

        Parameters
        ----------
        X : Treebank or list of trees
            The trees; labels in them are not read.

        Returns
        -------
        list of ndarray (n_nodes,)
            One array per tree, nodes numbered as in ``Tree.labels``: level by level from the leaves, the root last.
            ``tree.to_ptb(labels)`` writes a tree with them.
        """
        bank, proba = self._all_nodes(X)
        return split_nodes(self.classes_[proba.argmax(axis=1)], bank)

    def score(self, X: Any, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> float:
        """Accuracy at the root.

        Parameters
        ----------
        X : Treebank or list of trees
            The trees.
        y : array-like (n_trees,), optional
            True classes. Without it the labels of the roots; trees without one are left out.
        sample_weight : array-like (n_trees,), optional
            Weight of each tree.

        Returns
        -------
        float
            Share of the trees whose class is predicted right.

        Raises
        ------
        ValueError
            No root has a label, or the model knows none of the labels.
        """
        bank = as_treebank(X)
        proba = self.predict_proba(bank)
        labels = None if y is None else as_labels(y, len(bank))
        truth = number_labels(bank, labels, self.classes_).root_labels()
        counted = truth >= 0
        weight = counted.astype(float)
        if sample_weight is not None:
            given = np.asarray(sample_weight, float)
            if given.shape != weight.shape or not np.isfinite(given).all() or (given < 0).any():
                raise ValueError(f"sample_weight must be {len(bank)} numbers of at least 0, one per tree")
            weight *= given
        if not weight.any():
            raise ValueError("X has no labelled root and y is None: there is nothing to score")
        check_known(truth, self.classes_)
        return float(np.average(proba.argmax(axis=1) == truth, weights=weight))

    def score_nodes(self, X: Any, y: ArrayLike | None = None) -> float:
        """Accuracy over all labelled nodes.

        Parameters
        ----------
        X : Treebank or list of trees
            The trees.
        y : array-like (n_trees,), optional
            Classes in place of the labels of the roots.

        Returns
        -------
        float
            Share of the labelled nodes whose class is predicted right.

        Raises
        ------
        ValueError
            No node has a label, or the model knows none of the labels.
        """
        label, hit = self._node_hits(X, y)
        known = label >= 0
        if not known.any():
            raise ValueError("X has no labelled node: there is nothing to score")
        check_known(label, self.classes_)
        return float(hit[known].mean())

    def _node_hits(self, X: Any, y: ArrayLike | None = None) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """The class number of each node's label, and whether it is predicted."""
        check_is_fitted(self, "net_")
        data = self._trained.reader.read(X, y)
        return data.bank.label, node_hits(self.net_, data)
