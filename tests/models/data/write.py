"""Writes the files in this folder: models of every kind, and what each says.

They were written by fastbpts 0.1.0 (commit db9aa06) and must load in every later version, so this program is not run
again for a version that has been written already. For another one: ``python tests/models/data/write.py NAME``, where
NAME begins the names of the files.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import fastbpts as fb

HERE = Path(__file__).parent
TREES = ["(1 (1 good) (1 film))", "(0 (0 (2 not) (1 good)) (1 film))", "(0 (0 bad) (1 film))", "(1 (2 not) (0 bad))"]
SENTENCES = [["the", "dog", "barks"], ["a", "cat", "sleeps", "here"], ["dogs", "sleep"]]
TAGS = [["DET", "NOUN", "VERB"], ["DET", "NOUN", "VERB", "ADV"], ["NOUN", "VERB"]]
NEW = [["the", "cat", "barks", "unseen"]]
TEXT = "the cat sat on the mat. the dog sat on the cat. "
ROWS = [[0.0, 0.5, 1.0], [1.0, 0.0, 0.25], [0.5, 0.5, 0.5], [0.0, 1.0, 0.0]]
ONE = {"n_threads": 1, "max_iter": 2}


def plain(value: Any) -> Any:
    """A result as JSON has it."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def note(name: str, about: dict[str, Any]) -> None:
    (HERE / f"{name}.json").write_text(json.dumps(about, indent=None) + "\n")


def model(name: str, fitted: Any, *calls: tuple[str, list[Any]]) -> None:
    """A model file, and for each call the method, its arguments and what it returns."""
    fitted.save(HERE / f"{name}.safetensors")
    told(name, fitted, *calls)


def told(name: str, fitted: Any, *calls: tuple[str, list[Any]]) -> None:
    results = [[method, plain(given), plain(getattr(fitted, method)(*given))] for method, given in calls]
    note(name, {"class": type(fitted).__name__, "calls": results})


def arrays(name: str, kind: str, owner: Any, options: dict[str, Any], state: dict[str, Any], x: Any, y: Any) -> None:
    """Parameters of a layer or network, as a user keeps them in an .npz file."""
    np.savez_compressed(HERE / f"{name}.npz", **state)
    note(name, {"class": kind, "options": options, "x": plain(x), "y": plain(y)})


def main(v: str) -> None:
    for cell in fb.cells():
        options = {"alpha": {"Ws": 1e-3}, "dtype": "float64" if cell == "gru" else "float32"}
        clf = fb.TreeClassifier(cell=cell, n_state=4, random_state=3, **options, **ONE).fit(TREES)
        model(
            f"{v}_tree_{cell}", clf, ("predict", [TREES]), ("predict_proba", [TREES]), ("predict_proba_nodes", [TREES])
        )
    options = {"loss_nodes": "root", "class_weight": {"bad": 2.0}, "optimizer": "adam", "schedule": "cosine"}
    clf = fb.TreeClassifier("concat", 3, input_activation="tanh", **options, **ONE).fit(TREES, ["good", "bad"] * 2)
    model(f"{v}_tree_strings", clf, ("predict", [TREES]), ("predict_proba", [TREES]))
    checkpoint = HERE / f"{v}_tree_checkpoint.safetensors"
    clf = fb.TreeClassifier(n_state=3, n_threads=1, max_iter=6, learning_rate=0.5, checkpoint=checkpoint)
    told(f"{v}_tree_checkpoint", clf.fit(TREES, dev=TREES[:2]), ("predict_proba", [TREES]))

    mlp = fb.MLPClassifier((5, 4), activation=("relu", "tanh"), **ONE).fit(np.array(ROWS), ["x", "y", "z", "x"])
    model(f"{v}_mlp", mlp, ("predict", [ROWS]), ("predict_proba", [ROWS]))
    for cell in ("elman", "gru", "lstm"):
        rnn = {"cell": cell, "n_state": 3, "n_embedding": 4, **ONE}
        seq = fb.SequenceClassifier(pooling="max", n_layers=2, **rnn).fit(SENTENCES, ["x", "y", "x"])
        model(f"{v}_classifier_{cell}", seq, ("predict", [NEW]), ("predict_proba", [SENTENCES]))
        tagger = fb.SequenceTagger(n_feature=2, features=("word", "suffix1"), **rnn).fit(SENTENCES, TAGS)
        model(f"{v}_tagger_{cell}", tagger, ("predict", [NEW]), ("predict_proba", [NEW]))
        lm = fb.LanguageModel(n_steps=4, level="char", **rnn).fit(TEXT * 3)
        model(f"{v}_language_model_{cell}", lm, ("log_loss", [TEXT]))
    values = fb.SequenceClassifier(n_state=3, bidirectional=True, dtype="float64", **ONE)
    values.fit([np.array(ROWS)[:n] for n in (2, 3, 4)], [0, 1, 0]).save(HERE / f"{v}_classifier_values.safetensors")
    told(f"{v}_classifier_values", values, ("predict_proba", [[np.array(ROWS)]]))

    word = {"vector_size": 5, "min_count": 1, "workers": 1, "epochs": 2}
    queries = (("get_vector", ["cat"]), ("similarity", ["cat", "dog"]))
    for name, options in (("skipgram", {}), ("cbow", {"sg": 0}), ("softmax", {"hs": 1, "negative": 0})):
        w2v = fb.Word2Vec(sample=0, **options, **word).fit(SENTENCES * 3)
        w2v.save(HERE / f"{v}_word2vec_{name}.safetensors")
        told(f"{v}_word2vec_{name}", w2v.wv, *queries)
    w2v.wv.save(HERE / f"{v}_keyed_vectors.safetensors")
    told(f"{v}_keyed_vectors", w2v.wv, *queries)
    checkpoint = HERE / f"{v}_word2vec_checkpoint.safetensors"
    told(f"{v}_word2vec_checkpoint", fb.Word2Vec(checkpoint=checkpoint, **word).fit(SENTENCES * 3).wv, *queries)
    glove = fb.GloVe(x_max=10, **word).fit(SENTENCES * 3)
    glove.save(HERE / f"{v}_glove.safetensors")
    told(f"{v}_glove", glove.wv, *queries)

    x = np.linspace(-1, 1, 24).reshape(3, 2, 4).astype(np.float32)
    for kind in ("Elman", "GRU", "LSTM"):
        options = {"n_in": 4, "n_state": 3, "num_layers": 2, "bidirectional": True, "n_threads": 1}
        layer = getattr(fb, kind)(**options)
        arrays(f"{v}_layer_{kind}", kind, layer, options, layer.state_dict(), x, layer.forward(x)[0])
    options = {"sizes": [4, 5, 3], "n_threads": 1}
    perceptron = fb.MLP(**options)
    arrays(f"{v}_layer_MLP", "MLP", perceptron, options, perceptron.state_dict(), x[0], perceptron.predict_proba(x[0]))
    options = {"cell": "rntn", "n_state": 3, "n_classes": 2, "n_words": 4, "n_threads": 1}
    net, s = fb.Network(**options), fb.Structure.from_ptb(TREES[1], fb.Vocabulary(["not", "good", "film"]))
    arrays(f"{v}_network", "Network", net, options, net.params, TREES[1], net.predict_proba(s))


if __name__ == "__main__":
    main(sys.argv[1])
