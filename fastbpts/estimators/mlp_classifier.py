"""``MLPClassifier``: multilayer perceptrons on rows of numbers."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from fastbpts._base import checks
from fastbpts.estimators.base import NetworkEstimator
from fastbpts.estimators.examples import check_y, class_numbers
from fastbpts.estimators.mlp_options import MLPOptions, widths_of
from fastbpts.layers.mlp import MLP
from fastbpts.training.class_weights import class_weights
from fastbpts.training.loop import Scores, Tensors, batches
from fastbpts.training.options import with_parameters

_CHUNK = 4096  # rows per call


class Examples(NamedTuple):
    """Rows and their class numbers; the number of classes stands for a label that the model does not know."""

    x: NDArray[Any]
    y: NDArray[np.int32]


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

    def _groups(self) -> list[str]:
        return [
            f"{2 * k}.{kind}" for k in range(len(widths_of(self.hidden_layer_sizes)) + 1) for kind in ("weight", "bias")
        ]

    def _check_params(self) -> None:
        super()._check_params()
        n_hidden = len(widths_of(self.hidden_layer_sizes))
        if not isinstance(self.activation, str) and len(self.activation) != n_hidden:
            raise checks.wrong("activation", f"one name, or {n_hidden} of them", self.activation)

    def _make_network(self, seed: int) -> MLP:
        return MLP(
            (self.n_features_in_, *widths_of(self.hidden_layer_sizes), len(self.classes_)),
            self.activation,
            dropout=float(self.dropout),
            alpha=dict(self.alpha) if isinstance(self.alpha, Mapping) else self.alpha,
            dtype=np.dtype(self.dtype).name,
            optimizer=self._make_optimizer(),
            max_norm=self.max_norm,
            class_weight=None if self.class_weight is None else self.class_weight_,
            n_threads=self.n_threads,
            random_state=seed,
        )

    # -- examples ----------------------------------------------------------------------------------------------------

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[NDArray[Any], NDArray[Any]]:
        dtype = np.dtype(self.dtype)
        rows, labels = validate_data(self, X, y, reset=reset, dtype=dtype, order="C")
        return rows, check_y(labels, len(rows), "row")

    def _split(self, X: Any, y: Any, rng: np.random.Generator) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
        rows, labels = self._checked(X, y, True)
        n_held = max(1, round(self.validation_fraction * len(rows)))
        if n_held >= len(rows):
            raise ValueError(f"early_stopping=True: {len(rows)} rows are too few to hold some out; pass dev")
        order = rng.permutation(len(rows))
        train, held = ((rows[part], labels[part]) for part in (np.sort(order[n_held:]), np.sort(order[:n_held])))
        return train, held

    def _read(self, X: Any, y: Any = None, *, learn: bool = False, classes: Any = None) -> Examples:
        rows, labels = self._checked(X, y, learn)
        if learn:
            self.classes_ = np.unique(labels if classes is None else classes)
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"classes={classes!r}: the first call was given {self.classes_.tolist()}")
        if (labels.dtype.kind in "US") != (self.classes_.dtype.kind in "US"):
            raise ValueError(f"y has labels like {labels[0]!r}, the classes are {self.classes_.tolist()[:5]}")
        number = class_numbers(labels, self.classes_)
        if learn:
            self.class_weight_ = class_weights(self.class_weight, number, self.classes_)
        return Examples(rows, number)

    # -- training ----------------------------------------------------------------------------------------------------

    def _n_batches(self, data: Examples) -> int:
        return -(-len(data.x) // int(self.batch_size))

    def _steps(self, data: Examples, rng: np.random.Generator) -> Iterator[tuple[float, float]]:
        if data.y.max() >= len(self.classes_):
            raise ValueError(f"y has labels that are not among the classes {self.classes_.tolist()}")
        for chosen in batches(len(data.x), int(self.batch_size), rng):
            y = data.y[chosen]
            loss = self.net_.step(data.x[chosen], y)
            yield loss * len(chosen), float(self.class_weight_[y].sum())
        if not np.isfinite(self.net_.predict_proba(data.x[:1])).all():  # the last update has no later loss
            raise FloatingPointError("after the last update the probabilities are not finite")

    def _evaluate(self, data: Examples) -> Scores:
        proba = self._probabilities(data.x)
        at = proba[np.arange(len(proba)), np.minimum(data.y, proba.shape[1] - 1)]
        weight = np.append(self.class_weight_, 0.0)[data.y]
        loss = -(weight * np.log(np.maximum(at, np.finfo(proba.dtype).tiny))).sum() / max(weight.sum(), 1e-300)
        return {"score": float((proba.argmax(axis=1) == data.y).mean()), "loss": float(loss)}

    def _fingerprint(self, data: Examples) -> str:
        digest = hashlib.blake2b(digest_size=16)
        for array in data:
            digest.update(np.ascontiguousarray(array).data)
        digest.update(repr((data.x.shape, self.classes_.tolist())).encode())
        return digest.hexdigest()

    # -- what was learnt ---------------------------------------------------------------------------------------------

    def _learnt(self) -> tuple[Tensors, dict[str, Any]]:
        names = getattr(self, "feature_names_in_", None)
        meta = {"classes": self.classes_.tolist(), "n_features": int(self.n_features_in_)}
        return {"class_weight": self.class_weight_}, meta | ({} if names is None else {"names": names.tolist()})

    def _set_learnt(self, tensors: Tensors, meta: dict[str, Any]) -> None:
        self.classes_, self.class_weight_ = np.array(meta["classes"]), tensors["class_weight"]
        self.n_features_in_ = int(meta["n_features"])
        if "names" in meta:
            self.feature_names_in_ = np.array(meta["names"], object)
        if self.classes_.ndim != 1 or self.class_weight_.shape != self.classes_.shape:
            raise ValueError("the classes are damaged")

    def _check_stored(self, params: Tensors) -> None:
        sizes = [self.n_features_in_, *widths_of(self.hidden_layer_sizes), len(self.classes_)]
        found = [array.shape for name, array in params.items() if name.endswith("weight")]
        if sorted(found) != sorted(zip(sizes[1:], sizes[:-1], strict=True)):
            raise ValueError(f"hidden_layer_sizes={self.hidden_layer_sizes!r} do not fit the weights")

    # -- prediction --------------------------------------------------------------------------------------------------

    def _probabilities(self, rows: NDArray[Any]) -> NDArray[Any]:
        out = np.empty((len(rows), len(self.classes_)), self.net_.dtype)
        for start in range(0, len(rows), _CHUNK):
            out[start : start + _CHUNK] = self.net_.predict_proba(rows[start : start + _CHUNK])
        return out

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Probability of each class.

        Parameters
        ----------
        X : array-like (n, n_features)

        Returns
        -------
        ndarray (n, n_classes)
            Columns as in ``classes_``.
        """
        check_is_fitted(self, "net_")
        rows = validate_data(self, X, reset=False, dtype=np.dtype(self.dtype), order="C")
        return self._probabilities(rows)

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of each row."""
        best = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[best]
        return labels
