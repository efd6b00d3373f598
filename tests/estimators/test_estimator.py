"""TreeClassifier as an estimator: scikit-learn's checks and tools, inputs, labels, predictions, bad arguments."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils import estimator_checks

import fastbpts as fb
from fastbpts.estimators.tree_classifier import TreeClassifier

CHECKS = [
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
    "check_no_attributes_set_in_init",
    "check_estimator_repr",
    "check_valid_tag_types",
    "check_estimator_tags_renamed",
    "check_mixin_order",
    "check_fit_score_takes_y",
    "check_estimators_unfitted",
    "check_estimators_pickle",
    "check_estimator_cloneable",
    "check_positive_only_tag_during_fit",
]


@pytest.fixture(scope="module")
def bank():
    return fb.demo_treebank("sentiment", n_trees=150)


def small(**params):
    return TreeClassifier(**{"n_state": 4, "max_iter": 2, "learning_rate": 0.05, **params})


@pytest.fixture(scope="module")
def model(bank):
    return small(max_iter=8).fit(bank)


@pytest.mark.unseeded
@pytest.mark.parametrize("name", CHECKS)
def test_scikit_learn_checks(name):
    getattr(estimator_checks, name)("TreeClassifier", small())


@pytest.mark.parametrize("as_list", [False, True])
def test_grid_search(bank, as_list):
    X = list(bank) if as_list else bank
    search = GridSearchCV(small(), {"n_state": [2, 3], "cell": ["concat", "rntn"]}, cv=2, error_score="raise")
    search.fit(X, bank.root_labels())
    assert search.best_estimator_.predict(X).shape == (len(bank),)


def test_grid_search_without_y_and_over_nested_tuples(bank):
    trees = [tree.nested() for tree in bank[:40]]
    search = GridSearchCV(small(), {"n_state": [2, 3]}, cv=2, error_score="raise").fit(trees)
    assert set(search.best_params_) == {"n_state"}
    assert len(cross_val_score(small(), trees, cv=3)) == 3


def test_all_forms_of_trees_give_the_same_bits(bank):
    nltk = pytest.importorskip("nltk")
    texts = [tree.to_ptb() for tree in bank]
    forms = {
        "trees": list(bank),
        "nested": [tree.nested() for tree in bank],
        "text": texts,
        "objects": np.array([*[tree.nested() for tree in bank], None], dtype=object)[:-1],
        "nltk": [nltk.Tree.fromstring(text) for text in texts],
        "iterator": iter(texts),
    }
    expected = small().fit(bank).predict_proba(bank)
    for form in forms.values():
        np.testing.assert_array_equal(small().fit(form).predict_proba(bank), expected)


def test_clone_and_pickle(model, bank):
    assert not hasattr(clone(model), "net_")
    assert clone(model).get_params() == model.get_params()
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(bank), model.predict_proba(bank))
    more = [m.partial_fit(bank).transform(bank) for m in (copy, pickle.loads(pickle.dumps(model)))]
    np.testing.assert_array_equal(*more)


def test_predictions_agree(model, bank):
    proba, nodes = model.predict_proba(bank), model.predict_nodes(bank)
    every = model.predict_proba_nodes(bank)
    assert proba.shape == (len(bank), 5)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(model.predict(bank), model.classes_[proba.argmax(axis=1)])
    np.testing.assert_allclose([p[-1] for p in every], proba, rtol=1e-5)
    assert [len(labels) for labels in nodes] == [tree.n_nodes for tree in bank]
    hits = np.concatenate([labels == tree.labels for labels, tree in zip(nodes, bank, strict=True)])
    assert model.score_nodes(bank) == pytest.approx(hits.mean())
    assert model.score(bank) == pytest.approx((model.predict(bank) == bank.root_labels()).mean())
    assert model.transform(bank).shape == (len(bank), 4)


def test_a_node_alone_is_its_subtree(model):
    """The order of predict_nodes is that of Tree.labels: checked by predicting each subtree on its own."""
    tree = fb.Treebank.from_trees(
        ["(2 (2 the film) (1 (2 is) (1 (2 not) (3 good))))".replace("(2 the film)", "(2 film)")]
    )[0]
    subtrees = {text: model.predict_proba([text])[0] for text in ("(3 good)", "(1 (2 not) (3 good))", tree.to_ptb())}
    nodes = model.predict_proba_nodes([tree])[0]
    np.testing.assert_allclose(nodes[tree.labels == 3][0], subtrees["(3 good)"], rtol=1e-5)
    np.testing.assert_allclose(nodes[-3], subtrees["(1 (2 not) (3 good))"], rtol=1e-5)
    np.testing.assert_allclose(nodes[-1], subtrees[tree.to_ptb()], rtol=1e-5)


def test_no_trees_no_predictions(model, bank):
    none = bank[:0]
    assert model.predict(none).shape == (0,)
    assert model.predict_proba(none).shape == (0, 5)
    assert model.predict_nodes(none) == []
    with pytest.raises(ValueError, match="nothing to score"):
        model.score(none)


def test_many_chunks_are_one(model, bank):
    big = bank[np.tile(np.arange(len(bank)), 8)]
    np.testing.assert_allclose(model.predict_proba(big)[: len(bank)], model.predict_proba(bank), rtol=1e-5)
    assert len(model.predict_nodes(big)) == len(big)


@pytest.mark.parametrize("loss_nodes", ["all", "root"])
def test_classes_are_any_integers(bank, loss_nodes):
    shifted = [tree.to_ptb(tree.labels * 10 + 5) for tree in bank]
    plain, other = (small(loss_nodes=loss_nodes).fit(X) for X in (bank, shifted))
    assert other.classes_.tolist() == [5, 15, 25, 35, 45]
    np.testing.assert_array_equal(other.predict(shifted), plain.predict(bank) * 10 + 5)
    assert other.score_nodes(shifted) == plain.score_nodes(bank)


def test_y_replaces_the_roots_labels(bank):
    y = np.where(np.arange(len(bank)) % 2, -1, 1)
    model = small(loss_nodes="root").fit(bank, y)
    assert model.classes_.tolist() == [-1, 1]
    assert model.score(bank, y) == (model.predict(bank) == y).mean()
    assert set(small().fit(bank, y).classes_) == {-1, 0, 1, 2, 3, 4}
    names = np.where(y > 0, "good", "bad")
    assert set(small(loss_nodes="root").fit(bank, names).predict(bank)) <= {"good", "bad"}
    with pytest.raises(ValueError, match="one kind"):
        small().fit(bank, names)


def test_score_with_weights_and_unlabelled_roots(model):
    X = ["(3 good)", "(-1 film)", "(0 awful)"]
    hits = model.predict(X)[[0, 2]] == [3, 0]
    assert model.score(X) == hits.mean()
    assert model.score(X, [3, 0, 0], sample_weight=[1, 0, 0]) == hits[0]
    with pytest.raises(ValueError, match="sample_weight"):
        model.score(X, [3, 0, 0], sample_weight=[1, -1, 0])
    with pytest.raises(ValueError, match="nothing to score"):
        model.score(["(-1 film)"])


def test_labels_unknown_to_the_model_count_as_misses(model):
    assert model.score(["(17 film)", "(17 good)", "(3 good)"]) in (0, 1 / 3)
    assert model.score_nodes(["(17 film)", "(3 good)"]) in (0, 0.5)


def test_a_score_needs_a_label_that_the_model_knows(model, bank):
    for score in (model.score, model.score_nodes):
        with pytest.raises(ValueError, match=r"no label is among the classes of the model, 0, 1, 2, 3, 4$"):
            score(["(17 film)"])
    names = np.where(bank.root_labels() > 2, "good", "bad")
    named = small(loss_nodes="root").fit(bank, names)
    assert named.score(bank, names) > 0.5
    assert named.score(["(3 good)", "(0 bad)"], ["good", "odd"]) in (0, 0.5)
    for wrong in (lambda: named.score(bank), lambda: named.score_nodes(bank), lambda: named.score(bank, names == "x")):
        with pytest.raises(ValueError, match=r"classes of the model, 'bad', 'good', but .* y must"):
            wrong()
    with pytest.raises(ValueError, match="no label is among"):
        small(loss_nodes="root").fit(bank, names, dev=bank)


def test_partial_fit(bank):
    model = small()
    for part in (bank[:50], bank[50:100], bank[100:]):
        model.partial_fit(part, classes=range(5))
    assert (model.n_iter_, len(model.history_)) == (3, 3)
    assert model.classes_.tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="classes"):
        model.partial_fit(bank, classes=[0, 1])
    with pytest.raises(ValueError, match="not among the classes"):
        model.partial_fit(["(9 film)"])


def test_partial_fit_continues_fit(bank):
    whole, steps = small(max_iter=4), small(max_iter=2)
    whole.fit(bank)
    steps.fit(bank).partial_fit(bank).partial_fit(bank)
    np.testing.assert_array_equal(whole.predict_proba(bank), steps.predict_proba(bank))


def test_nothing_works_before_fit(bank):
    for name in (
        "predict",
        "predict_proba",
        "predict_nodes",
        "predict_proba_nodes",
        "transform",
        "score",
        "score_nodes",
    ):
        with pytest.raises(NotFittedError):
            getattr(TreeClassifier(), name)(bank)


BAD = {
    "cell": ["perceptron", None],
    "n_state": [0, 2.5, "25", True],
    "loss_nodes": ["leaves"],
    "optimizer": ["lbfgs", None],
    "learning_rate": [0, -1, float("nan"), "fast"],
    "alpha": [-1, {"U": 1.0}, {"W": -1.0}, "x"],
    "batch_size": [0, 1.5],
    "max_iter": [0, None],
    "random_state": [-1, "seed", 1.5],
    "n_threads": [0, 1.5],
    "dtype": ["float16", "int32", None],
    "input_activation": ["relu"],
    "dropout": [1.0, -0.1],
    "input_dropout": [1.0],
    "class_weight": ["even", {9: 1.0}, {0: -1.0}],
    "max_norm": [0, -1],
    "schedule": ["warp", None, 3],
    "accumulator_reset": [0],
    "momentum": [1.0],
    "beta1": [1.0],
    "beta2": [-0.1],
    "eps": [0, 1e-31],
    "min_count": [0],
    "max_vocabulary": [0],
    "unknown": ["guess"],
    "unk_rate": [-1, 1.5],
    "embeddings": [
        3,
        (["film"], np.ones((1, 3))),
        *((["film"], [v]) for v in ([np.nan] * 4, [1e39] * 4, ["1"] * 4, [1j] * 4)),
    ],
    "train_embeddings": ["yes"],
    "validation_fraction": [0, 1.0],
    "early_stopping": [1],
    "n_iter_no_change": [0],
    "tol": [-1],
    "monitor": ["accuracy"],
    "checkpoint": [5, ".", "no/such/directory/file"],
    "checkpoint_every": [0],
    "verbose": [-1],
}


def test_parameters_set_after_fitting_wait_for_the_next_fit(bank):
    model = small().fit(bank)
    before = model.transform(bank[:3])
    model.set_params(n_state=model.n_state + 1, cell="sum", dtype="float64")
    np.testing.assert_array_equal(model.transform(bank[:3]), before)
    assert model.fit(bank).transform(bank[:3]).shape == (3, model.n_state)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_bad_parameters_are_named(bank, name, value):
    with pytest.raises(ValueError, match=name):
        small(**{name: value}).fit(bank)


@pytest.mark.parametrize(
    ("X", "y"),
    [
        ("(3 film)", None),
        ("trees.txt", None),
        (5, None),
        ([], None),
        ([3], None),
        (["(3 film"], None),
        (["(-1 film)"], None),
        (["(1 a)", "(0 b)"], [1]),
        (["(1 a)", "(0 b)"], [0.5, 1.0]),
        (["(1 a)", "(0 b)"], [np.nan, 1.0]),
        (["(1 (0 a) (1 b) (0 c))"], None),
    ],
)
def test_bad_data(X, y):
    with pytest.raises(ValueError):
        small().fit(X, y)


@pytest.mark.parametrize("y", [["x", 1], [None, "x"]])
def test_labels_of_several_kinds_are_refused(y):
    with pytest.raises(ValueError, match="several kinds"):
        TreeClassifier(loss_nodes="root").fit(["(0 a)", "(1 b)"], np.array(y, object))
