"""SequenceTagger and SequenceClassifier: what they learn, the forms of examples and labels, features, wrong data."""

import io

import numpy as np
import pytest
from data import data_dir, needs_data

import fastbpts as fb
from fastbpts.estimators.sequence_task import length_batches
from fastbpts.estimators.token_features import feature

WORDS = ("the", "a", "dog", "cat", "sees", "hears", "old", "young", "and", "red")


@pytest.fixture(scope="module")
def sentences():
    rng = np.random.default_rng(3)
    X = [[WORDS[k] for k in rng.integers(0, len(WORDS), rng.integers(1, 9))] for _ in range(80)]
    after = [["start", *("vowel" if word[0] in "aeiou" else "other" for word in x[:-1])] for x in X]
    return X, after


def flat(y):
    return [label for labels in y for label in labels]


def tagger(**params):
    given = {"n_state": 8, "n_embedding": 8, "max_iter": 30, "learning_rate": 0.03, "n_threads": 1}
    return fb.SequenceTagger(**{**given, **params})


@pytest.mark.slow
def test_a_tag_that_depends_on_the_word_before(sentences):
    """Both directions are needed for this and its mirror image; one without memory would not do."""
    X, y = sentences
    backwards = [[*t[1:], "end"] for t in y]
    both = [[f"{a} {b}" for a, b in zip(s, t, strict=True)] for s, t in zip(y, backwards, strict=True)]
    model = tagger(max_iter=60).fit(X, both)
    assert model.score(X, both) > 0.97
    predicted, proba = model.predict(X), model.predict_proba(X)
    assert [len(p) for p in predicted] == [len(x) for x in X]
    for labels, p, states in zip(predicted, proba, model.transform(X), strict=True):
        np.testing.assert_array_equal(labels, model.classes_[p.argmax(axis=1)])
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
        assert states.shape == (len(labels), 16)
    one_by_one = np.concatenate([model.predict_proba([x])[0] for x in X])
    np.testing.assert_allclose(one_by_one, np.concatenate(proba), atol=1e-5)


def test_scores_are_those_of_the_predictions(sentences):
    X, y = sentences
    model = tagger(max_iter=3).fit(X, y, dev=(X, y))
    hits = [p == t for p, t in zip(np.concatenate(model.predict(X)), flat(y), strict=True)]
    entry = model.history_[model.best_iter_ - 1]
    assert model.score(X, y) == entry["dev_score"] == pytest.approx(np.mean(hits))
    number = {label: k for k, label in enumerate(model.classes_.tolist())}
    p = np.concatenate(model.predict_proba(X))
    right = p[np.arange(len(p)), [number[t] for t in flat(y)]]
    assert entry["dev_loss"] == pytest.approx(-np.log(right).mean(), rel=1e-5)


def test_training_loss_is_the_cross_entropy_per_step(sentences):
    X, y = sentences
    entry = tagger(max_iter=1, learning_rate=1e-30, unknown=None).fit(X, y, dev=(X, y)).history_[0]
    assert entry["loss"] == pytest.approx(entry["dev_loss"], rel=1e-4)


def test_ignored_steps_do_not_count(sentences):
    X, y = sentences
    ids = [[0 if label == "start" else len(label) for label in labels] for labels in y]
    masked = [[-1 if label == 0 else label for label in labels] for labels in ids]
    model = tagger(max_iter=2).fit(X, masked)
    assert 0 not in model.classes_
    assert -1 not in model.classes_
    counted = np.concatenate([np.array(t) >= 0 for t in masked])
    hits = np.concatenate(model.predict(X)) == np.concatenate([np.array(t) for t in masked])
    assert model.score(X, masked) == pytest.approx(hits[counted].mean())
    named = [["?" if label == "start" else label for label in labels] for labels in y]
    assert tagger(max_iter=1, ignore="?").fit(X, named).classes_.tolist() == ["other", "vowel"]
    with pytest.raises(ValueError, match="nothing to score"):
        model.score([["dog"]], [[-1]])
    with pytest.raises(ValueError, match="no label that counts"):
        tagger().fit([["dog"]], [[-1]])


def test_class_weights(sentences):
    X, _ = sentences
    labels = [len(x) > 4 for x in X]
    plain = fb.SequenceClassifier(n_state=4, max_iter=4).fit(X, labels)
    heavy = fb.SequenceClassifier(n_state=4, max_iter=4, class_weight={True: 50.0}).fit(X, labels)
    assert heavy.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean()
    balanced = fb.SequenceClassifier(n_state=4, max_iter=1, class_weight="balanced").fit(X, labels)
    n = np.bincount(labels)
    np.testing.assert_allclose(balanced.class_weight_, len(X) / (2 * n))


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_classes_of_series(pooling, rng):
    """Values in place of tokens: whether a series rises or falls."""
    slopes = rng.choice([-1.0, 1.0], 120)
    X = [s * np.linspace(0, 1, n) + rng.normal(0, 0.1, n) for s, n in zip(slopes, rng.integers(3, 9, 120), strict=True)]
    clf = fb.SequenceClassifier("gru", 8, pooling=pooling, max_iter=25, learning_rate=0.02)
    assert clf.fit(X[:80], slopes[:80] > 0).score(X[80:], slopes[80:] > 0) > 0.9
    assert clf.transform(X).shape == (120, 8)
    assert clf.vocabularies_ == {}
    with pytest.raises(ValueError, match="steps of 2 values, the model was made for 1 values"):
        clf.predict([np.ones((3, 2))])
    with pytest.raises(ValueError, match="steps of tokens"):
        clf.predict([["a"]])


def test_forms_of_examples_give_the_same_bits(sentences):
    X, _ = sentences
    y = [len(x) % 2 for x in X]
    forms = [X, [" ".join(x) for x in X], [tuple(x) for x in X], [np.array(x, object) for x in X], iter(X)]
    expected = fb.SequenceClassifier(n_state=3, max_iter=1).fit(X, y).predict_proba(X)
    for form in forms:
        np.testing.assert_array_equal(
            fb.SequenceClassifier(n_state=3, max_iter=1).fit(form, y).predict_proba(X), expected
        )
    letters = fb.SequenceClassifier(n_state=3, max_iter=1, level="char").fit(["abc", "b"], [0, 1])
    assert set(letters.vocabularies_["word"].words) == {"<unk>", "a", "b", "c"}
    numbers = fb.SequenceClassifier(n_state=3, max_iter=1).fit(np.array([[1, 2], [2, 3]]), [0, 1])
    assert numbers.n_values_ == 0
    assert fb.SequenceClassifier(n_state=3, max_iter=1).fit(np.ones((2, 4, 3)), [0, 1]).n_values_ == 3


def test_conllu_columns():
    text = "1\tdogs\tdog\tNOUN\t_\t_\t2\tnsubj\t_\t_\n2\tbark\tbark\tVERB\t_\t_\t0\troot\t_\t_\n\n"
    bank = fb.read_conllu(io.BytesIO((text * 3).encode()))
    model = tagger(max_iter=20).fit(bank, "upos", dev=(bank, "upos"))
    assert model.score(bank, "upos") == 1
    assert model.predict([["dogs", "bark"]])[0].tolist() == ["NOUN", "VERB"]
    with pytest.raises(ValueError, match="y must .*got 'pos'"):
        model.score(bank, "pos")
    with pytest.raises(ValueError, match="ConlluBank"):
        model.score([["dogs"]], "upos")


def test_features():
    found = {name: feature(name, "McDonald's") for name in ("word", "lower", "shape", "prefix2", "suffix3")}
    assert found == {"word": "McDonald's", "lower": "mcdonald's", "shape": "XxXxx'x", "prefix2": "mc", "suffix3": "d's"}
    assert feature("shape", "2,500-year-OLD") == "d,dd-xx-XX"
    assert feature("suffix9", "a") == "a"


def test_unknown_words_and_frequent_ones():
    X = [["dog", "dog", "cat"], ["dog", "<unk>", "cow"]]
    y = [["x"] * 3] * 2
    assert tagger(max_iter=1, features=("word",)).fit(X, y).vocabularies_["word"].words == [
        "<unk>",
        "dog",
        "cat",
        "cow",
    ]
    assert tagger(max_iter=1, min_count=2).fit(X, y).vocabularies_["word"].words == ["<unk>", "dog"]
    assert tagger(max_iter=1, max_vocabulary=3).fit(X, y).vocabularies_["word"].words == ["<unk>", "dog", "cat"]


def test_pretrained_vectors():
    X, y = [["dog", "cat"]], [["x", "y"]]
    vectors = (["cat", "cow"], np.arange(16.0).reshape(2, 8))
    model = tagger(max_iter=1, embeddings=vectors, train_embeddings=False).fit(X, y)
    row = model.vocabularies_["word"]["cat"]
    np.testing.assert_array_equal(model.net_.params["E.word"][row], np.arange(8))


def test_partial_fit():
    model = tagger()
    model.partial_fit([["dog"]], [["N"]], classes=["N", "V"]).partial_fit([["runs", "dog"]], [["V", "N"]])
    assert (model.n_iter_, model.classes_.tolist()) == (2, ["N", "V"])
    with pytest.raises(ValueError, match="not among the classes"):
        model.partial_fit([["dog"]], [["X"]])
    with pytest.raises(ValueError, match="classes"):
        model.partial_fit([["dog"]], [["N"]], classes=["N"])
    assert model.score([["dog"]], [["X"]]) == 0  # a label that the model does not know is a miss


def test_batches_are_of_similar_length(rng):
    lengths = rng.integers(1, 100, 1000)
    found = list(length_batches(lengths, 16, rng))
    assert sorted(np.concatenate(found)) == list(range(1000))
    assert np.mean([np.ptp(lengths[k]) for k in found]) < 10
    assert np.mean(np.diff([lengths[k].mean() for k in found]) > 0) < 0.9  # and not in order of length


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("dog", "X must .*got str"),
        (5, "X must .*got int"),
        ([], "no sequences"),
        ([["a"], []], r"X\[1\] is empty"),
        (["a", "  "], r"X\[1\] is empty"),
        ([["a", 3.5]], r"X\[0\]\[1\] must .*got float"),
        ([["a"], 7], r"X must be .*got X\[1\] of type int"),
        ([b"a"], r"X must be .*got X\[0\] of type bytes"),
        ([np.ones((2, 3)), np.ones((2, 2))], r"X\[1\] has shape \(2, 2\)"),
        ([np.ones((0, 3))], r"X\[0\] has shape"),
        ([np.array([1.0, np.nan])], r"X\[0\] contains NaN"),
        ([np.array([1.0]), np.array([-1e300])], "X has values too large for dtype='float32'"),
        (fb.demo_treebank(n_trees=2), "X must .*got Treebank"),
    ],
)
def test_wrong_sequences(X, message):
    with pytest.raises(ValueError, match=message):
        fb.SequenceClassifier().fit(X, [0, 1])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y"),
        ([["N"]], "labels of 1 sequences, X has 2"),
        ([["N"], ["N", "V", "N"]], r"y\[1\] has 3 labels, X\[1\] has 2 steps"),
        (["N", "V"], r"y\[0\] must .*got str"),
        ([1, 2], r"y\[0\] must .*got int"),
        ([["N"], ["V", 1]], "several kinds"),
        ([["N"], ["V", None]], "several kinds"),
        ([[0.5], [1.0, 2.0]], "fractions"),
        ([[np.nan], [1.0, 2.0]], "NaN"),
        (3, "y must .*got 3"),
    ],
)
def test_wrong_tags(y, message):
    with pytest.raises(ValueError, match=message):
        tagger().fit([["dog"], ["dog", "barks"]], y)


@pytest.mark.parametrize(
    ("y", "message"), [([1], "one label per sequence"), ([0.5, 1], "fractions"), ([None, "x"], "kinds")]
)
def test_wrong_classes(y, message):
    with pytest.raises(ValueError, match=message):
        fb.SequenceClassifier().fit([["dog"], ["barks"]], y)


def test_numbers_where_names_are_expected():
    model = tagger(max_iter=1).fit([["dog"]], [["N"]])
    with pytest.raises(ValueError, match="y has labels like 1, the classes are"):
        model.score([["dog"]], [[1]])


@pytest.mark.slow
@needs_data("ud_ewt")
def test_universal_dependencies():
    bank = fb.read_conllu(data_dir("ud_ewt") / "en_ewt-ud-dev.conllu.xz")
    model = tagger(n_state=16, max_iter=6, learning_rate=0.02, batch_size=16).fit(bank[:300], "upos")
    assert model.score(bank[300:500], "upos") > 0.75


def test_predictions_do_not_depend_on_what_is_predicted_together(sentences, monkeypatch):
    X, y = sentences
    model = tagger(max_iter=1).fit(X, y)
    together = np.concatenate(model.predict_proba(X))
    monkeypatch.setattr("fastbpts.estimators.sequence_task._ROWS", 20)
    np.testing.assert_allclose(np.concatenate(model.predict_proba(X)), together, rtol=1e-5)
