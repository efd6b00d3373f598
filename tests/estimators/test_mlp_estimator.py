"""MLPClassifier: scikit-learn's own checks, training, files, errors."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.utils.estimator_checks import parametrize_with_checks

import fastbpts as fb
from fastbpts import DivergenceError, MLPClassifier

Data = tuple[NDArray[Any], NDArray[Any]]


@pytest.mark.unseeded  # some checks draw from NumPy's generator
@parametrize_with_checks([MLPClassifier(n_threads=1)])
def test_scikit_learn(estimator: MLPClassifier, check: Any) -> None:
    check(estimator)


@pytest.fixture(scope="module")
def data() -> Data:
    """Three rings around each other, which no line separates."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 300)
    angle, radius = rng.uniform(0, 2 * np.pi, 300), y + rng.uniform(0.2, 0.8, 300)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), np.array(["a", "b", "c"])[y]


def small(**params: Any) -> MLPClassifier:
    return MLPClassifier(**{"hidden_layer_sizes": (16, 8), "max_iter": 4, "learning_rate": 0.02, **params})


def same(a: MLPClassifier, b: MLPClassifier) -> bool:
    theirs = b.net_.state()
    return all(np.array_equal(array, theirs[name]) for name, array in a.net_.state().items())


def test_learns(data: Data) -> None:
    clf = small(max_iter=40, activation="tanh").fit(*data)
    assert clf.score(*data) > 0.95
    assert clf.predict_proba(data[0]).shape == (300, 3)
    losses = [entry["loss"] for entry in clf.history_]
    assert len(losses) == clf.n_iter_ == 40
    assert losses[-1] < 0.3 * losses[0]


@pytest.mark.parametrize(
    "params", [{}, {"dropout": 0.2, "max_norm": 1.0}, {"early_stopping": True, "dtype": "float64"}]
)
def test_same_seed_same_bits(data: Data, params: dict[str, Any]) -> None:
    first = small(n_threads=1, hidden_layer_sizes=(300, 300), max_iter=2, batch_size=300, **params).fit(*data)
    again = small(n_threads=2, hidden_layer_sizes=(300, 300), max_iter=2, batch_size=300, **params).fit(*data)
    assert same(first, again)
    assert not same(first, first.__class__(**first.get_params() | {"random_state": 1}).fit(*data))


@pytest.mark.parametrize("monitor", ["score", "loss"])
def test_the_best_model_is_kept(data: Data, monitor: str) -> None:
    X, y = data
    clf = small(max_iter=12, monitor=monitor, learning_rate=0.1).fit(X[:200], y[:200], dev=(X[200:], y[200:]))
    kept = [entry[f"dev_{monitor}"] for entry in clf.history_]
    best = max(kept) if monitor == "score" else min(kept)
    assert clf.best_score_ == best == kept[clf.best_iter_ - 1]
    proba = clf.predict_proba(X[200:])
    loss = -np.log(proba[np.arange(100), np.searchsorted(clf.classes_, y[200:])]).mean()
    assert np.isclose(clf.history_[clf.best_iter_ - 1]["dev_loss"], loss, rtol=1e-5)
    assert clf.score(X[200:], y[200:]) == clf.history_[clf.best_iter_ - 1]["dev_score"]


def test_early_stopping(data: Data) -> None:
    clf = small(max_iter=200, early_stopping=True, n_iter_no_change=2, tol=0.05).fit(*data)
    assert clf.n_iter_ < 50
    with pytest.raises(ValueError, match="2 rows are too few"):
        small(early_stopping=True, validation_fraction=0.9).fit(data[0][:2], data[1][:2])


def test_files_and_resumption(data: Data, tmp_path: Any) -> None:
    path, checkpoint = tmp_path / "m.safetensors", tmp_path / "c.safetensors"
    whole = small(max_iter=5, dropout=0.1, class_weight={"b": 2.0}).fit(*data)
    whole.save(path)
    loaded = fb.load(path)
    assert np.array_equal(loaded.predict_proba(data[0]), whole.predict_proba(data[0]))
    assert same(loaded.partial_fit(*data), whole.partial_fit(*data))
    small(max_iter=3, dropout=0.1, class_weight={"b": 2.0}, checkpoint=checkpoint).fit(*data)
    resumed = small(max_iter=6, dropout=0.1, class_weight={"b": 2.0}, checkpoint=checkpoint).fit(*data, resume=True)
    assert resumed.n_iter_ == 6
    assert same(resumed, whole)


def test_class_weight_is_the_networks(data: Data) -> None:
    X, y = data
    rare = np.concatenate([np.flatnonzero(y != "c"), np.flatnonzero(y == "c")[:10]])
    plain, balanced = (small(class_weight=w).fit(X[rare], y[rare]) for w in (None, "balanced"))
    counts = np.array([(y[rare] == c).sum() for c in "abc"])
    assert np.allclose(balanced.class_weight_, len(rare) / (3 * counts))
    assert (balanced.predict(X) == "c").sum() > (plain.predict(X) == "c").sum()


def test_partial_fit(data: Data) -> None:
    X, y = data
    clf = small().partial_fit(X[y != "c"], y[y != "c"], classes=["a", "b", "c"])
    clf.partial_fit(X, y)
    assert clf.n_iter_ == 2
    with pytest.raises(ValueError, match="not among the classes"):
        clf.partial_fit(X, np.where(y == "c", "d", y))
    with pytest.raises(ValueError, match="classes must be those of the first call"):
        clf.partial_fit(X, y, classes=["a", "b"])


def test_divergence_keeps_the_last_good_model(data: Data) -> None:
    clf = small(optimizer="sgd", learning_rate=1e20)
    with pytest.raises(DivergenceError, match="lower learning_rate"):
        clf.fit(*data)
    assert np.isfinite(clf.predict_proba(data[0])).all()


def test_progress_and_options(data: Data, capsys: pytest.CaptureFixture[str]) -> None:
    small(verbose=1, schedule="cosine", accumulator_reset=2).fit(*data)
    assert "loss" in capsys.readouterr().err
    logistic = MLPClassifier((), max_iter=2).fit(*data)
    assert list(logistic.net_.params) == ["0.weight", "0.bias"]
    one = MLPClassifier(4, activation=["sigmoid"], max_iter=1, alpha={"0.weight": 0.1}).fit(*data)
    assert one.net_.sizes == (2, 4, 3)


ARGUMENTS = [
    ({"hidden_layer_sizes": (0,)}, r"hidden_layer_sizes must be integers from 1 to 16384, got \(0,\)"),
    ({"hidden_layer_sizes": 2.5}, "hidden_layer_sizes must be integers from 1 to 16384, got 2.5"),
    ({"activation": "gelu"}, "activation must be one of .*, got 'gelu'"),
    ({"activation": ("tanh",)}, "activation must be one name, or 2 of them"),
    ({"dropout": 1}, r"dropout must be a number in \[0, 1\), got 1"),
    ({"alpha": {"9.weight": 1.0}}, "the keys of alpha must be one of .*, got '9.weight'"),
    ({"class_weight": {"z": 1.0}}, "class_weight must be a dict whose keys are among .*, got 'z'"),
    ({"class_weight": "even"}, "class_weight must be .*, got 'even'"),
    ({"monitor": "score_nodes"}, "monitor must be one of 'score', 'loss', got 'score_nodes'"),
    ({"batch_size": 0}, "batch_size must be an integer of at least 1, got 0"),
]


@pytest.mark.parametrize(("change", "message"), ARGUMENTS)
def test_wrong_arguments(data: Data, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small(**change).fit(*data)
