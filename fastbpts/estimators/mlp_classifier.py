"""``MLPClassifier``: multilayer perceptrons on rows of numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from fastbpts._base import checks
from fastbpts._base.options import with_parameters
from fastbpts.estimators.base import NetworkEstimator
from fastbpts.estimators.mlp_options import MLPOptions, widths_of
from fastbpts.estimators.row_examples import RowReader
from fastbpts.estimators.row_task import RowTask, probabilities
from fastbpts.estimators.store import Trained
from fastbpts.layers.mlp import MLP
from fastbpts.training.loop import Tensors
from fastbpts.training.options import optimizer_of


@with_parameters
class MLPClassifier(ClassifierMixin, MLPOptions, NetworkEstimator):  # type: ignore[misc]
    """Multilayer perceptron with a softmax classifier.

    Attributes
    ----------
    classes_ : ndarray
        The labels.
    net_ : MLP
    n_features_in_ : int
    n_iter_ : int
    history_ : list of dict
        Per epoch: epoch, loss, learning_rate, seconds, and with a validation set dev_score and dev_loss.
    best_iter_, best_score_
        Epoch and score of the model kept; only with a validation set.

    Examples
    --------
    >>> import fastbpts as fb
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]] * 20, [0, 1, 1, 0] * 20
    >>> clf = fb.MLPClassifier((10, 10), activation="tanh", learning_rate=0.01).fit(X, y)
    >>> clf.predict([[1, 0], [1, 1]])
    array([1, 0])
    """

    __module__ = "fastbpts"

    net_: MLP
    _trained: Trained[RowReader]
    classes_: NDArray[Any]

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _accepted(self, X: Any, y: Any, learn: bool) -> tuple[Any, Any]:
        rows, labels = validate_data(self, X, y, reset=learn, dtype=np.dtype(self.dtype), order="C")
        return rows, labels

    def _make_reader(self) -> RowReader:
        return RowReader(self.class_weight)

    def _make_task(self, reader: RowReader) -> RowTask:
        return RowTask(reader.classes, int(self.batch_size))

    def _make_network(self, reader: RowReader, seed: int) -> MLP:
        return MLP(
            (reader.n_features, *widths_of(self.hidden_layer_sizes), len(reader.classes)),
            self.activation,
            dropout=float(self.dropout),
            alpha=dict(self.alpha) if isinstance(self.alpha, Mapping) else self.alpha,
            dtype=np.dtype(self.dtype).name,
            optimizer=optimizer_of(self),
            max_norm=self.max_norm,
            class_weight=None if self.class_weight is None else reader.classes.weight,
            n_threads=self.n_threads,
            random_state=seed,
        )

    def _groups(self) -> list[str]:
        return [
            f"{2 * k}.{kind}" for k in range(len(widths_of(self.hidden_layer_sizes)) + 1) for kind in ("weight", "bias")
        ]

    def _check_params(self) -> None:
        super()._check_params()
        n_hidden = len(widths_of(self.hidden_layer_sizes))
        if not isinstance(self.activation, str) and len(self.activation) != n_hidden:
            raise checks.wrong("activation", f"one name, or {n_hidden} of them", self.activation)

    def _check_stored(self, reader: RowReader, params: Tensors) -> None:
        sizes = [reader.n_features, *widths_of(self.hidden_layer_sizes), len(reader.classes)]
        found = [array.shape for name, array in params.items() if name.endswith("weight")]
        if sorted(found) != sorted(zip(sizes[1:], sizes[:-1], strict=True)):
            raise ValueError(f"hidden_layer_sizes={self.hidden_layer_sizes!r} do not fit the weights")

    def _facts(self) -> dict[str, Any]:
        names = getattr(self, "feature_names_in_", None)
        return {} if names is None else {"names": names.tolist()}

    def _set_facts(self, meta: dict[str, Any]) -> None:
        if "names" in meta:
            self.feature_names_in_ = np.array(meta["names"], object)

    # -- prediction ----------------------------------------------------------------------------------------------------

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Probability of each class.

        Parameters
        ----------
        X : array-like (n, n_features)
            Rows of numbers.

        Returns
        -------
        ndarray (n, n_classes)
            Columns as in ``classes_``.
        """
        check_is_fitted(self, "net_")
        rows = validate_data(self, X, reset=False, dtype=np.dtype(self.dtype), order="C")
        return probabilities(self.net_, rows)

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each row.

        Parameters
        ----------
        X : array-like (n, n_features)
            Rows of numbers.

        Returns
        -------
        ndarray (n,)
            Classes.
        """
        best = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[best]
        return labels
