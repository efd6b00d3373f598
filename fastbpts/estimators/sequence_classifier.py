"""``SequenceClassifier``: a label for a whole sequence."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from fastbpts._base.options import with_parameters
from fastbpts.estimators.base import NetworkEstimator
from fastbpts.estimators.classes import as_labels
from fastbpts.estimators.sequence_examples import SequenceReader
from fastbpts.estimators.sequence_options import SequenceClassifierOptions
from fastbpts.estimators.sequence_parts import (
    check_stored,
    labelled_reader,
    labelled_shape,
    labelled_task,
    make_network,
)
from fastbpts.estimators.sequence_task import SequenceTask, outputs
from fastbpts.estimators.sequences import Sequences, check_labels
from fastbpts.estimators.store import Trained
from fastbpts.estimators.word_rows import check_unknown, set_pretrained
from fastbpts.networks.sequence_network import SequenceNetwork
from fastbpts.networks.shape import GROUPS
from fastbpts.training.loop import Tensors


class LabelOfEach:
    """A label for each sequence."""

    per_step = False

    def flat(self, X: Any, y: Any, sequences: Sequences) -> tuple[NDArray[Any], NDArray[np.bool_]]:  # noqa: ARG002
        """See `Labelling`."""
        labels = as_labels(y, len(sequences), "sequence")
        if labels.dtype.kind == "O":
            labels = check_labels(labels.tolist(), "y")
        return labels, np.ones(len(labels), bool)

    def halves(self, X: Any, y: Any, parts: tuple[NDArray[Any], NDArray[Any]], n: int) -> tuple[Any, Any]:  # noqa: ARG002
        """See `Labelling`."""
        labels = as_labels(y, n, "sequence")
        return labels[parts[0]], labels[parts[1]]


@with_parameters
class SequenceClassifier(ClassifierMixin, SequenceClassifierOptions, NetworkEstimator):  # type: ignore[misc]
    """Recurrent network with a softmax classifier over the last state, or over the states' mean or maximum.

    A sequence is a list of tokens, a string (`level` says how it is cut), or an array (n_steps, n_values) of floats.

    Attributes
    ----------
    classes_ : ndarray
        The labels.
    vocabularies_ : dict of Vocabulary
        By feature; row 0 is the unknown one. Empty where the steps are values.
    net_ : SequenceNetwork
    n_iter_ : int
    history_ : list of dict
        Per epoch: epoch, loss, learning_rate, seconds, and with a validation set dev_score and dev_loss.
    best_iter_, best_score_
        Epoch and score of the model kept; only with a validation set.

    Examples
    --------
    >>> import fastbpts as fb
    >>> X = ["good film", "not good", "bad film", "not bad"] * 5
    >>> clf = fb.SequenceClassifier(n_state=8, max_iter=40, learning_rate=0.02)
    >>> clf.fit(X, ["plus", "minus", "minus", "plus"] * 5).predict(["not bad"])
    array(['plus'], dtype='<U5')
    """

    __module__ = "fastbpts"

    net_: SequenceNetwork
    _trained: Trained[SequenceReader]
    classes_: NDArray[Any]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _make_reader(self) -> SequenceReader:
        return labelled_reader(self, LabelOfEach(), type(self).__name__)

    def _make_task(self, reader: SequenceReader) -> SequenceTask:
        return labelled_task(self, reader, per_step=False)

    def _make_network(self, reader: SequenceReader, seed: int) -> SequenceNetwork:
        return make_network(self, labelled_shape(self, reader, self.pooling), bool(self.train_embeddings), seed)

    def _begin_network(self, net: SequenceNetwork, reader: SequenceReader) -> None:
        if self.embeddings is not None and "word" in reader.vocabularies:
            set_pretrained(net, "E.word", self.embeddings, reader.vocabularies["word"])

    def _groups(self) -> list[str]:
        return list(GROUPS)

    def _check_params(self) -> None:
        super()._check_params()
        check_unknown(self.unknown, self.unk_rate)

    def _check_stored(self, reader: SequenceReader, params: Tensors) -> None:
        check_stored(labelled_shape(self, reader, self.pooling), params)

    # -- prediction ----------------------------------------------------------------------------------------------------

    def _per_sequence(self, X: Any, what: str) -> NDArray[Any]:
        check_is_fitted(self, "net_")
        reader = self._trained.reader
        sequences = reader.sequences(X)
        return outputs(self.net_, sequences, reader.rows(sequences), what, per_step=False)

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Probability of each class.

        Parameters
        ----------
        X : list of sequences
            As for :meth:`fit`.

        Returns
        -------
        ndarray (n_sequences, n_classes)
            Columns as in ``classes_``.
        """
        return self._per_sequence(X, "predict_proba")

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each sequence.

        Parameters
        ----------
        X : list of sequences
            As for :meth:`fit`.

        Returns
        -------
        ndarray (n_sequences,)
            Classes.
        """
        best = self.predict_proba(X).argmax(axis=1)
        predicted: NDArray[Any] = self.classes_[best]
        return predicted

    def transform(self, X: Any) -> NDArray[Any]:
        """The pooled state of each sequence, which the classifier reads.

        Parameters
        ----------
        X : list of sequences
            As for :meth:`fit`.

        Returns
        -------
        ndarray (n_sequences, n_state)
            Twice as many columns if the network has two directions.
        """
        return self._per_sequence(X, "transform")

    def score(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Accuracy.

        Parameters
        ----------
        X : list of sequences
            As for :meth:`fit`.
        y : array-like (n_sequences,)
            True classes.
        sample_weight : array-like (n_sequences,), optional
            Weight of each sequence.

        Returns
        -------
        float
            Share of the sequences whose class is predicted right.
        """
        predicted = self.predict(X)
        truth = as_labels(y, len(predicted), "sequence")
        return float(
            np.average(predicted == truth, weights=None if sample_weight is None else np.asarray(sample_weight))
        )
