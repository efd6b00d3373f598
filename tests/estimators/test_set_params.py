"""Files and copies are of the model that was fitted or trained; parameters set after fitting wait for the next fit."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import fastbpts as fb
from fastbpts._files.tensors import to_json

BANK = fb.demo_treebank("sentiment", n_trees=20)
SENTENCES = [["a", "b", "c"], ["b", "c", "d", "a"], ["d", "a"]] * 20
ROWS = np.linspace(0, 1, 60).reshape(20, 3) ** 2
Y = ["x", "y"] * 10
TAGS = [[word.upper() for word in sentence] for sentence in SENTENCES]

# What is fitted on what, what is set afterwards, and what the model says.
MODELS: dict[str, tuple[Any, tuple[Any, ...], dict[str, Any], Any]] = {
    "tree": (
        fb.TreeClassifier(n_state=6, max_iter=1, class_weight="balanced"),
        (BANK,),
        {"n_state": 3, "cell": "lstm", "optimizer": "sgd", "alpha": {"W": 0.1}, "dtype": "float64", "n_threads": -1},
        lambda model: model.transform(BANK),
    ),
    "tag": (
        fb.SequenceTagger(n_state=6, max_iter=1),
        (SENTENCES, TAGS),
        {"n_state": 3, "cell": "gru", "n_layers": 2, "bidirectional": False, "features": ("shape",), "head": "direct"},
        lambda model: np.concatenate(model.predict_proba(SENTENCES)),
    ),
    "classify": (
        fb.SequenceClassifier(n_state=6, max_iter=1),
        (SENTENCES, (Y * 3)),
        {"n_state": 3, "n_embedding": 5, "dropout": 7, "learning_rate": -1.0},
        lambda model: model.predict_proba(SENTENCES),
    ),
    "lm": (
        fb.LanguageModel(n_state=6, max_iter=1, n_steps=4),
        ("the cat sat on the mat. " * 9,),
        {"n_state": 3, "head": "direct", "cell": "elman"},
        lambda model: model.log_loss("the cat"),
    ),
    "mlp": (
        fb.MLPClassifier((5,), max_iter=1),
        (ROWS, Y),
        {"hidden_layer_sizes": (4, 4), "activation": "nothing", "optimizer": "none"},
        lambda model: model.predict_proba(ROWS),
    ),
    "word2vec": (
        fb.Word2Vec(vector_size=6, min_count=1, sample=0, epochs=1, workers=1),
        (SENTENCES,),
        {"vector_size": 9, "hs": 1, "dtype": "float64", "epochs": 0},
        lambda model: model.wv.vectors,
    ),
    "glove": (
        fb.GloVe(vector_size=6, min_count=1, epochs=1, workers=1),
        (SENTENCES,),
        {"vector_size": 40, "dtype": "float64", "eta": -1.0},
        lambda model: model.wv.vectors,
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_files_and_copies_are_of_the_model_that_was_fitted(name, tmp_path):
    model, given, later, says = MODELS[name]
    model = type(model)(**model.get_params()).fit(*given)
    params, before = model.get_params(), says(model)
    model.save(tmp_path / "fitted")
    model.set_params(**later)
    model.save(tmp_path / "changed")
    assert (tmp_path / "changed").read_bytes() == (tmp_path / "fitted").read_bytes()
    loaded = fb.load(tmp_path / "changed")
    np.testing.assert_array_equal(says(loaded), before)
    assert to_json(loaded.get_params()) == to_json(params)  # a file makes lists of tuples
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert other.get_params() == params | later
        other.save(tmp_path / "copy")
        np.testing.assert_array_equal(says(fb.load(tmp_path / "copy")), before)


def test_what_training_went_on_with_is_in_the_file(tmp_path):
    model = fb.TreeClassifier(n_state=6, max_iter=1).fit(BANK)
    model.set_params(learning_rate=0.5, batch_size=7, n_state=3).partial_fit(BANK)
    model.save(tmp_path / "m")
    loaded = fb.load(tmp_path / "m")
    assert (loaded.learning_rate, loaded.batch_size, loaded.n_state) == (0.5, 7, 6)
    again = [m.set_params(n_state=6).partial_fit(BANK).transform(BANK) for m in (model, loaded)]
    np.testing.assert_array_equal(*again)


@pytest.mark.parametrize("cell", fb.cells())
def test_a_copied_network_trains_on_to_the_same_bits(cell):
    trees = BANK.batch(np.arange(len(BANK)))
    params = {"n_classes": 5, "n_words": len(BANK.vocabulary), "dropout": 0.2, "alpha": {"Ws": 1e-3}, "max_norm": 1.0}
    net = fb.Network(cell, 6, **params, optimizer="adam", class_weight=[1, 2, 3, 4, 5], random_state=3, n_threads=1)
    net.step(trees)
    net.learning_rate = 0.05
    for other in (pickle.loads(pickle.dumps(net)), copy.deepcopy(net)):
        before = net.state()
        assert [net.step(trees) for _ in range(3)] == [other.step(trees) for _ in range(3)]
        for name, array in net.params.items():
            np.testing.assert_array_equal(array, other.params[name])
        net.load_state(before)
