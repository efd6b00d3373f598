"""``TreeClassifier``: recursive networks on labelled trees."""

from typing import Any, ClassVar

from sklearn.base import ClassifierMixin

from fastbpts._cells.cell import cell as make_cell
from fastbpts.estimators.prediction import TreePrediction
from fastbpts.estimators.tree_options import TreeOptions
from fastbpts.estimators.tree_training import TreeTraining
from fastbpts.estimators.word_rows import check_unknown
from fastbpts.training.options import with_parameters


@with_parameters
class TreeClassifier(TreePrediction, ClassifierMixin, TreeOptions, TreeTraining):  # type: ignore[misc]
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

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.target_tags.required = False
        return tags

    def _groups(self) -> list[str]:
        return [*make_cell(self.cell, n_state=1).shapes, "Ws", "bs", "E"]

    def _check_params(self) -> None:
        super()._check_params()
        check_unknown(self.unknown, self.unk_rate)
