"""``SequenceClassifier``: a label for a whole sequence."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from fastbpts.estimators.examples import check_y
from fastbpts.estimators.labelled_sequences import LabelledSequences
from fastbpts.estimators.sequence_options import SequenceClassifierOptions
from fastbpts.estimators.sequences import Sequences, as_sequences, check_labels
from fastbpts.training.options import with_parameters


@with_parameters
class SequenceClassifier(ClassifierMixin, SequenceClassifierOptions, LabelledSequences):  # type: ignore[misc]
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

    @property
    def _pool(self) -> str:
        return self.pooling

    def _labels(self, X: Any, y: Any, sequences: Sequences) -> tuple[NDArray[Any], NDArray[np.bool_]]:  # noqa: ARG002
        labels = check_y(y, len(sequences), "sequence")
        if labels.dtype.kind == "O":
            labels = check_labels(labels.tolist(), "y")
        return labels, np.ones(len(labels), bool)

    def _split(self, X: Any, y: Any, rng: np.random.Generator) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
        sequences = as_sequences(X, self.level)
        labels = check_y(y, len(sequences), "sequence")
        n_held = max(1, round(self.validation_fraction * len(sequences)))
        if n_held >= len(sequences):
            raise ValueError(f"early_stopping=True: {len(sequences)} sequences are too few to hold some out; pass dev")
        order = rng.permutation(len(sequences))
        parts = np.sort(order[n_held:]), np.sort(order[:n_held])
        train, held = ((sequences.take(part), labels[part]) for part in parts)
        return train, held

    def _per_sequence(self, X: Any, what: str) -> NDArray[Any]:
        check_is_fitted(self, "net_")
        sequences = self._sequences(X)
        return self._outputs(sequences, self._rows(sequences), what)

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Probability of each class.

        Parameters
        ----------
        X : list of sequences

        Returns
        -------
        ndarray (n_sequences, n_classes)
            Columns as in ``classes_``.
        """
        return self._per_sequence(X, "predict_proba")

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each sequence."""
        best = self.predict_proba(X).argmax(axis=1)
        predicted: NDArray[Any] = self.classes_[best]
        return predicted

    def transform(self, X: Any) -> NDArray[Any]:
        """What the classifier reads of each sequence: (n_sequences, n_state), or (n_sequences, 2 n_state)."""
        return self._per_sequence(X, "transform")

    def score(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Accuracy.

        Parameters
        ----------
        X : list of sequences
        y : array-like
            True classes.
        sample_weight : array-like, optional
            Weight of each sequence.
        """
        predicted = self.predict(X)
        truth = check_y(y, len(predicted), "sequence")
        return float(
            np.average(predicted == truth, weights=None if sample_weight is None else np.asarray(sample_weight))
        )
