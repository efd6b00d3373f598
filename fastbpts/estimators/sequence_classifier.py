"""``SequenceClassifier``: a label for a whole sequence."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from fastbpts._base import checks
from fastbpts.estimators.examples import check_y
from fastbpts.estimators.labelled_sequences import LabelledSequences
from fastbpts.estimators.sequences import Sequences, as_sequences, check_labels


@dataclass(eq=False, repr=False)
class SequenceClassifier(ClassifierMixin, LabelledSequences):  # type: ignore[misc]
    """Recurrent network with a softmax classifier over the last state, or over the states' mean or maximum.

    A sequence is a list of tokens, a string (`level` says how it is cut), or an array (n_steps, n_values) of floats.

    Parameters
    ----------
    cell : {"lstm", "gru", "elman"}, default="lstm"
    n_state : int, default=64
        Width of the states, in each direction.
    n_layers : int, default=1
        The output of a layer is the input of the next.
    bidirectional : bool, default=False
        Also run from right to left.
    pooling : {"last", "mean", "max"}, default="last"
        What the classifier reads: the state after the last step (of the reverse direction after the first), or the mean
        or maximum over the steps.
    features : tuple of str, default=("word",)
        What is looked up of each token; see :class:`SequenceTagger`.
    n_embedding, n_feature : int, default=64, 16
        Width of the vectors of words ("word", "lower") and of other features.
    dropout : float, default=0.0
        Of the outputs of every layer, and so of what the classifier reads.
    input_dropout : float, default=0.0
        Of the vectors looked up.
    head : {"affine", "direct"}, default="affine"
        softmax(Ws h + bs), or softmax(h), which needs as many components as there are classes.
    optimizer : {"adam", "adamw", "sgd", "momentum", "nesterov", "adagrad"}, default="adam"
    learning_rate : float, default=0.002
        `schedule` multiplies it.
    schedule : str, dict or callable, default="constant"
        Learning rate by epoch; see ``fastbpts.training.schedules.make_schedule``.
    max_norm : float or None, default=5.0
        Gradients of greater norm are scaled down to it.
    alpha : float or dict, default=0.0
        L2 penalty ``alpha * ||theta||^2`` on the matrices; a dict gives one for each of "E" (vectors looked up), "W"
        (input), "U" (recurrent), "Ws" (classifier), 0 for those it leaves out.
    batch_size, max_iter : int, default=32, 10
        Sequences per step; epochs.
    random_state : int, numpy Generator, RandomState or None, default=0
        The same seed gives the same model, to the bit, whatever the number of threads.
    n_threads : int or None, default=None
        None takes what the machine has.
    dtype : {"float32", "float64"}, default="float32"
    level : {"word", "char"}, default="word"
        How strings are cut: at white space, or into characters.
    min_count : int, default=1
        Words seen less often are unknown words.
    max_vocabulary : int or None, default=None
        At most so many words, the most frequent.
    unknown, unk_rate, embeddings, train_embeddings
        As for :class:`TreeClassifier`; vectors of `embeddings` have width `n_embedding`.
    class_weight : None, "balanced" or dict, default=None
        Weight of each class in the loss.
    validation_fraction, early_stopping, n_iter_no_change, tol, accumulator_reset, momentum, beta1, beta2, eps
        As for :class:`TreeClassifier`.
    monitor : {"score", "loss"}, default="score"
        The validation score that says which model is best: accuracy or loss.
    checkpoint, checkpoint_every, verbose
        As for :class:`TreeClassifier`.

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

    pooling: str = "last"

    @property
    def _pool(self) -> str:
        return self.pooling

    def _check_params(self) -> None:
        checks.choice("pooling", self.pooling, ("last", "mean", "max"))
        super()._check_params()

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
