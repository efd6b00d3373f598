"""What the estimators over sequences have in common: scikit-learn's checks, seeds, files, checkpoints."""

import pickle
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.model_selection import GridSearchCV
from sklearn.utils import estimator_checks

import fastbpts as fb
from fastbpts.estimators.sequence_task import SequenceTask
from fastbpts.estimators.text_task import TextTask

WORDS = ("the", "a", "dog", "cat", "sees", "hears", "old", "young", "and", "red")
KINDS = ("SequenceClassifier", "SequenceTagger", "LanguageModel")
CHECKS = [
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
    "check_no_attributes_set_in_init",
    "check_estimator_repr",
    "check_valid_tag_types",
    "check_estimator_tags_renamed",
    "check_mixin_order",
    "check_estimators_unfitted",
    "check_estimator_cloneable",
]
# These fit on a matrix and a label per row, which is no example for a tagger.
FITTED_CHECKS = ["check_fit_score_takes_y", "check_estimators_pickle", "check_positive_only_tag_during_fit"]
FITTED = {"SequenceClassifier": [*FITTED_CHECKS, "check_requires_y_none"], "LanguageModel": FITTED_CHECKS}


def examples(n=60):
    """Sentences; the class is whether the first word is the last; the tags are the words' lengths."""
    rng = np.random.default_rng(7)
    X = [[WORDS[k] for k in rng.integers(0, len(WORDS), rng.integers(1, 8))] for _ in range(n)]
    return X, [str(x[0] == x[-1]) for x in X], [[len(word) for word in x] for x in X]


X, Y, TAGS = examples()
GIVEN = {"SequenceClassifier": (X, Y), "SequenceTagger": (X, TAGS), "LanguageModel": ("".join(map("".join, X)), None)}


def small(kind, **params):
    given = {"n_state": 5, "n_embedding": 4, "max_iter": 2, "learning_rate": 0.02, "n_threads": 1}
    return getattr(fb, kind)(**{**given, **params})


def fitted(kind, **params):
    return small(kind, **params).fit(*GIVEN[kind])


def says(model, kind):
    """Predictions of a model for the examples, as one array."""
    if kind == "LanguageModel":
        return np.array([model.log_loss(GIVEN[kind][0])])
    return np.concatenate(model.predict_proba(X)).ravel()


def _same(a, b):
    for name, array in a.net_.state().items():
        np.testing.assert_array_equal(array, b.net_.state()[name], err_msg=name)
    for one, other in zip(a.history_, b.history_, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}


@pytest.mark.unseeded
@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in KINDS for name in CHECKS + FITTED.get(kind, [])],
)
def test_scikit_learn_checks(kind, name):
    getattr(estimator_checks, name)(kind, small(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_clone_pickle_and_files(kind, tmp_path):
    model = fitted(kind, dropout=0.2, dtype="float64")
    assert not hasattr(clone(model), "net_")
    assert clone(model).get_params() == model.get_params()
    model.save(tmp_path / "m")
    for copy in (pickle.loads(pickle.dumps(model)), fb.load(tmp_path / "m")):
        np.testing.assert_array_equal(says(copy, kind), says(model, kind))
        _same(copy.partial_fit(*GIVEN[kind]), pickle.loads(pickle.dumps(model)).partial_fit(*GIVEN[kind]))


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_bits_for_any_number_of_threads(kind):
    params = {"dropout": 0.2, "input_dropout": 0.1, "n_layers": 2}
    if kind != "LanguageModel":
        params |= {"bidirectional": True}
    first = fitted(kind, n_threads=1, **params)
    _same(first, fitted(kind, n_threads=2, **params))
    assert (says(first, kind) != says(fitted(kind, random_state=1, **params), kind)).any()


@pytest.mark.parametrize("kind", KINDS)
def test_early_stopping_and_the_best_model(kind):
    params = {"learning_rate": 0.3, "early_stopping": True, "monitor": "loss"}
    model = fitted(kind, max_iter=60, n_iter_no_change=2, tol=0.02, **params)
    assert model.n_iter_ < 60
    losses = [entry["dev_loss"] for entry in model.history_]
    assert model.best_score_ == min(losses)
    assert model.best_iter_ == int(np.argmin(losses)) + 1
    stopped = small(kind, max_iter=model.best_iter_, **params)
    np.testing.assert_array_equal(says(stopped.fit(*GIVEN[kind]), kind), says(model, kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("after", [1, 3])
def test_resumed_equals_unbroken(kind, after, tmp_path, monkeypatch):
    class StopError(Exception):
        pass

    params = {"max_iter": 5, "dropout": 0.2, "early_stopping": True, "schedule": "cosine"}
    whole = fitted(kind, **params)
    path = tmp_path / "run.ckpt"
    broken = small(kind, checkpoint=path, **params)
    task = TextTask if kind == "LanguageModel" else SequenceTask
    epochs, steps = iter(range(100)), task.steps

    def stopping(self, *args):
        if next(epochs) == after:
            raise StopError
        return steps(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(task, "steps", stopping)
        with pytest.raises(StopError):
            broken.fit(*GIVEN[kind])
    _same(whole, small(kind, checkpoint=path, n_threads=2, **params).fit(*GIVEN[kind], resume=True))
    with pytest.raises(ValueError, match=r"n_state=5, now n_state=6"):
        small(kind, checkpoint=path, **{**params, "n_state": 6}).fit(*GIVEN[kind], resume=True)
    other = [given and given[::-1] for given in GIVEN[kind]]
    with pytest.raises(ValueError, match="other training or validation data"):
        small(kind, checkpoint=path, **params).fit(*other, resume=True)


RUN = """
import sys
import fastbpts as fb

text = fb.demo_text(150)
model = fb.LanguageModel("lstm", 12, max_iter=20, dropout=0.1, n_threads=1, checkpoint=sys.argv[1])
model.fit(text, dev=text[:1000], resume=True).save(sys.argv[2])
"""


@pytest.mark.slow
def test_kill_9_loses_nothing_but_time(tmp_path):
    """A run that is killed at any place and started again ends with the bits of an unbroken run."""

    def start(name):
        return subprocess.Popen([sys.executable, "-c", RUN, tmp_path / f"{name}.ckpt", tmp_path / name])

    assert start("whole").wait() == 0
    process = start("broken")
    while process.poll() is None:
        if (tmp_path / "broken.ckpt").exists():
            process.send_signal(signal.SIGKILL)
        time.sleep(0.002)
    assert start("broken").wait() == 0
    _same(fb.load(tmp_path / "whole"), fb.load(tmp_path / "broken"))


@pytest.mark.parametrize("kind", KINDS)
def test_diverged_training_keeps_the_last_good_model(kind):
    model = small(kind, optimizer="sgd", learning_rate=1e30, max_norm=None, cell="elman")
    with pytest.raises(fb.DivergenceError, match="learning_rate"):
        model.fit(*GIVEN[kind])
    assert np.isfinite(says(model, kind)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_works_before_fit(kind):
    names = ("score", "log_loss", "bits", "perplexity", "generate", "predict", "predict_proba", "transform", "save")
    for name in names:
        if hasattr(small(kind), name):
            with pytest.raises(NotFittedError):
                getattr(small(kind), name)(*(GIVEN[kind] if name == "score" else ["x"]))


def test_grid_search():
    search = GridSearchCV(small("SequenceClassifier"), {"cell": ["gru", "elman"]}, cv=2, error_score="raise")
    assert search.fit(X, Y).predict(X).shape == (len(X),)
    tags = GridSearchCV(small("SequenceTagger"), {"n_state": [2, 3]}, cv=2, error_score="raise").fit(X, TAGS)
    assert len(tags.predict(X)) == len(X)


BAD = {
    "cell": ["rntn", None],
    "n_state": [0, 2.5, True, 10**6],
    "n_layers": [0, 1.5],
    "n_embedding": [0],
    "dropout": [1.0, -0.1],
    "input_dropout": [1.0],
    "head": ["linear"],
    "level": ["line"],
    "optimizer": ["lbfgs"],
    "learning_rate": [0, float("nan")],
    "alpha": [-1, {"V": 1.0}],
    "batch_size": [0],
    "max_iter": [0],
    "random_state": [-1],
    "n_threads": [0],
    "dtype": ["float16"],
    "max_norm": [0],
    "schedule": ["warp"],
    "min_count": [0],
    "max_vocabulary": [0],
    "monitor": ["accuracy"],
    "early_stopping": [1],
}
OWN = {
    "LanguageModel": {"n_steps": [0, 1.5], "pattern": ["(", 3]},
    "SequenceTagger": {
        "bidirectional": [1, None],
        "features": [(), "word", ("word", "word"), ("suffix0",), ("stem",), None],
        "n_feature": [0],
        "class_weight": ["even", {99: 1.0}, {3: -1.0}],
        "unknown": ["guess"],
        "unk_rate": [-1],
        "embeddings": [3, (["dog"], np.ones((1, 3)))],
    },
    "SequenceClassifier": {"pooling": ["sum", None]},
}


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [("SequenceTagger", name, value) for name, values in BAD.items() for value in values]
    + [(kind, name, value) for kind, given in OWN.items() for name, values in given.items() for value in values],
)
def test_bad_parameters_are_named(kind, name, value):
    level = {"level": "word"} if name == "pattern" else {}
    with pytest.raises(ValueError, match=name):
        small(kind, **{name: value}, **level).fit(*GIVEN[kind])


@pytest.mark.parametrize("name", ["n_state", "n_layers", "n_embedding", "n_feature"])
def test_a_file_whose_header_does_not_fit_its_weights(name, tmp_path):
    from fastbpts._files import tensors as io

    fitted("SequenceTagger").save(tmp_path / "m")
    tensors, header = io.read_tensors(tmp_path / "m")
    header["params"][name] = 10**9
    io.write_tensors(tmp_path / "m", tensors, header)
    with pytest.raises(ValueError, match="do not fit the weights"):
        fb.load(tmp_path / "m")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["Word2Vec", "GloVe"])
def test_scikit_learn_checks_of_word_vectors(kind):
    with pytest.warns(SkipTestWarning, match="requires input"):  # of an array, which is no text
        estimator_checks.check_estimator(getattr(fb, kind)())
    for name in CHECKS:
        getattr(estimator_checks, name)(kind, getattr(fb, kind)())
    code = f"import sys, fastbpts; fastbpts.{kind}(); print('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
