"""``Word2Vec``: parameters, training from files and sentences, growth, files, checkpoints, errors."""

import pickle
import warnings

import numpy as np
import pytest

import fastbpts as fb
from fastbpts._base import seeds
from fastbpts.words import _training


def corpus(n=300, seed=0):
    """Sentences in which animals meet verbs of animals and tools meet verbs of tools."""
    rng = np.random.default_rng(seed)
    groups = [("cat dog cow", "eats sleeps runs"), ("saw axe nail", "cuts hits bends")]
    groups = [(a.split(), b.split()) for a, b in groups]
    sentences = []
    for _ in range(n):
        nouns, verbs = groups[rng.integers(2)]
        sentences.append(["the", str(rng.choice(nouns)), str(rng.choice(verbs)), "and", str(rng.choice(verbs))])
    return sentences


OPTIONS = {"vector_size": 12, "window": 3, "min_count": 2, "epochs": 4, "workers": 1, "alpha": 0.08, "sample": 0}
SENTENCES = corpus()


def fitted(sentences=None, **options):
    return fb.Word2Vec(**(OPTIONS | options)).fit(SENTENCES if sentences is None else sentences)


@pytest.mark.parametrize(
    "options",
    [{}, {"sg": 0}, {"hs": 1, "negative": 0}, {"sg": 0, "hs": 1}, {"negative": 0}, {"shared_negatives": False}],
    ids=["skip-gram", "cbow", "hs", "both", "softmax", "own noise"],
)
def test_learns_what_belongs_together(options):
    model = fitted(**(options | {"epochs": 30}))
    losses = [entry["loss"] for entry in model.history_]
    assert losses[-1] < 0.9 * losses[0]
    assert model.wv.similarity("cat", "dog") > model.wv.similarity("cat", "axe") + 0.2
    assert model.wv.index_to_key[0] == "and"
    assert model.wv.counts[:2].tolist() == [300, 300]


def test_loss_is_the_mean_cost_of_a_prediction():
    model = fitted(alpha=1e-9, min_alpha=0, epochs=1, window=1, shrink_windows=False)
    entry = model.history_[0]
    assert entry["loss"] == pytest.approx(6 * np.log(2), rel=1e-6)  # all scores are zero at the beginning
    assert entry["pairs"] == 300 * 8
    assert entry["words"] == 1500


def test_one_worker_is_deterministic_and_file_equals_sentences(tmp_path):
    path = tmp_path / "text"
    path.write_text("\n".join(map(" ".join, SENTENCES)))
    a, b, c = fitted(), fitted(str(path)), fitted(path, memory_limit=0)
    for other in (b, c):
        np.testing.assert_array_equal(a.wv.vectors, other.wv.vectors)
    assert not np.array_equal(a.wv.vectors, fitted(seed=2).wv.vectors)


def test_every_epoch_draws_anew():
    assert len({seeds.stream_seed(seed, epoch) for seed in range(3) for epoch in range(5)}) == 15


def test_several_workers_learn_the_same():
    model = fitted(corpus(3000), workers=2, epochs=10)
    assert model.wv.similarity("cat", "dog") > model.wv.similarity("cat", "axe") + 0.2


def test_float64_is_close_to_float32():
    a, b = fitted(epochs=1), fitted(epochs=1, dtype="float64")
    assert b.wv.vectors.dtype == np.float64
    np.testing.assert_allclose(a.wv.vectors, b.wv.vectors, atol=1e-3)


# -- growth ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"hs": 1, "negative": 0}])
def test_partial_fit_adds_words(options):
    model = fitted(**options)
    old, vectors = model.wv.index_to_key, model.wv.vectors.copy()
    model.partial_fit([["the", "cat", "purrs", "and", "purrs"]] * 5)
    assert model.wv.index_to_key == [*old, "purrs"]
    assert model.wv.counts[-1] == 10
    assert model.wv.counts[model.wv.key_to_index["cat"]] > 5
    unseen = [model.wv.key_to_index[word] for word in ("axe", "saw")]
    np.testing.assert_array_equal(model.wv.vectors[unseen], vectors[unseen])
    assert not np.array_equal(model.wv["cat"], vectors[old.index("cat")])
    assert [entry["epoch"] for entry in model.history_] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ({"hs": 1, "negative": 0}, {"hs": 0, "negative": 5}),
        ({"hs": 1, "negative": 0}, {"negative": 5}),
        ({"hs": 1, "negative": 0}, {"hs": 0}),
        ({}, {"hs": 1, "negative": 0}),
        ({}, {"vector_size": 7}),
        ({}, {"vector_size": 40}),
        ({}, {"dtype": "float64"}),
    ],
)
def test_vectors_learnt_with_other_parameters_are_not_continued(options, changed):
    model = fitted(**options).set_params(**changed)
    with pytest.raises(ValueError, match="vectors do not fit .*" + next(iter(changed))):
        model.partial_fit(SENTENCES)


@pytest.mark.parametrize("new", [[], ["one", "more"]])
def test_vectors_handed_out_keep_their_values(new):
    model = fitted()
    kept, row = model.wv, model.wv["the"]
    before = kept.vectors.copy(), row.copy()
    model.partial_fit([*SENTENCES, new, new])
    np.testing.assert_array_equal(kept.vectors, before[0])
    np.testing.assert_array_equal(row, before[1])
    assert model.wv is not kept
    assert (model.wv["the"] != row).all()


@pytest.mark.parametrize("epochs", [0, -1, 1.5, "x"])
def test_partial_fit_epochs(epochs):
    with pytest.raises(ValueError, match="^epochs must be an integer of at least 1, got "):
        fitted().partial_fit(SENTENCES, epochs=epochs)


def test_partial_fit_first_is_a_fit():
    a = fb.Word2Vec(**OPTIONS).partial_fit(SENTENCES, epochs=4)
    np.testing.assert_array_equal(a.wv.vectors, fitted().wv.vectors)


# -- files, pickles, checkpoints -------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"hs": 1}, {"hs": 1, "negative": 0, "dtype": "float64"}])
def test_files_and_pickles(tmp_path, options):
    model = fitted(**options)
    model.save(tmp_path / "m.safetensors")
    more = corpus(50, seed=1)
    copies = [fb.load(tmp_path / "m.safetensors"), fb.Word2Vec.load(tmp_path / "m.safetensors")]
    copies.append(pickle.loads(pickle.dumps(model)))
    model.partial_fit(more)
    for copy in copies:
        assert copy.get_params() == model.get_params()
        copy.partial_fit(more)
        np.testing.assert_array_equal(copy.wv.vectors, model.wv.vectors)


def test_resumption_gives_the_same_bits(tmp_path, monkeypatch):
    path, whole = tmp_path / "c.safetensors", fitted()
    epoch = _training._epoch

    def stopped(trainer, text, plan, report):
        if plan.done == 2:
            raise KeyboardInterrupt
        return epoch(trainer, text, plan, report)

    monkeypatch.setattr(_training, "_epoch", stopped)
    with pytest.warns(UserWarning, match="interrupted in epoch 3; the vectors so far were kept"):
        half = fitted(checkpoint=path)
    assert len(half.history_) == 2
    assert "cat" in half.wv
    monkeypatch.undo()
    resumed = fb.Word2Vec(**OPTIONS, checkpoint=path).fit(SENTENCES, resume=True)
    np.testing.assert_array_equal(resumed.wv.vectors, whole.wv.vectors)
    assert [e["loss"] for e in resumed.history_] == [e["loss"] for e in whole.history_]
    for options, message in (
        ({"window": 2}, "window=3, now window=2"),
        ({"min_count": 200}, "min_count"),
        ({"epochs": 9}, "epochs=4, now epochs=9"),  # the learning rate fell towards the end of four
    ):
        with pytest.raises(ValueError, match=f"cannot be continued: it was made with {message}"):
            fb.Word2Vec(**(OPTIONS | options), checkpoint=path).fit(SENTENCES, resume=True)
    with pytest.raises(ValueError, match="other training"):
        fb.Word2Vec(**OPTIONS, checkpoint=path).fit(SENTENCES[:-9], resume=True)


def test_a_damaged_file_is_one_error(tmp_path):
    model = fitted(hs=1)
    model._counts = model._counts[:-1]
    model.save(tmp_path / "m.safetensors")
    with pytest.raises(ValueError, match="not a usable model"):
        fb.load(tmp_path / "m.safetensors")


# -- parameters and errors -------------------------------------------------------------------------------------------


def test_parameters():
    model = fb.Word2Vec(vector_size=7, sg=0)
    assert repr(model) == "Word2Vec(vector_size=7, sg=0)"
    assert model.set_params(window=2).get_params()["window"] == 2
    with pytest.raises(ValueError, match="size: no such parameter"):
        model.set_params(size=3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vector_size", 0),
        ("window", 0),
        ("negative", -1),
        ("epochs", 0),
        ("epochs", True),
        ("alpha", float("nan")),
        ("alpha", "much"),
        ("min_alpha", 1.0),
        ("sample", -1.0),
        ("sg", 2),
        ("workers", 0),
        ("max_final_vocab", 0),
        ("dtype", "float16"),
        ("seed", -1),
    ],
)
def test_wrong_parameters_are_named(name, value):
    with pytest.raises(ValueError, match=f"^{name} must be .*, got {value!r}$"):
        fitted(**{name: value})


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        ([], "X: 0 words, 0 distinct ones, of which 0 occur min_count=2 times"),
        ([[]], "0 words"),
        ([["one"] * 9], "9 words, 1 distinct ones, of which 1 occur min_count=2 times: at least two are needed"),
        ([list("abcdef")], "6 words, 6 distinct ones, of which 0 occur"),
    ],
)
def test_texts_without_two_words(sentences, message):
    with pytest.raises(ValueError, match=message):
        fitted(sentences)


def test_a_text_that_can_be_read_once_only():
    class Once:
        sentences = iter(SENTENCES)

        def __iter__(self):
            return self.sentences

    with pytest.raises(ValueError, match="more than once"):
        fitted(Once())


def test_empty_file(tmp_path):
    (tmp_path / "empty").write_text("")
    with pytest.raises(ValueError, match="empty: 0 words"):
        fitted(tmp_path / "empty")


def test_words_left_out_are_told(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"a b a b \xff " + b"x" * 2000)
    with pytest.warns(UserWarning, match="left out") as told:
        model = fitted(path)
    assert sorted(str(w.message).split(": ")[-1] for w in told) == [
        "1 words of more than 1000 bytes were left out",
        "1 words that are not valid UTF-8 were left out",
    ]
    assert (model.n_invalid_, model.n_too_long_, model.n_tokens_) == (1, 1, 6)


def test_unfitted():
    with pytest.raises(ValueError, match="call fit first"):
        fb.Word2Vec().save("nowhere")


def test_progress(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted(verbose=2, epochs=2)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[:3] for line in lines] == [["epoch", "1/2", "loss"], ["epoch", "2/2", "loss"]]
    assert all("words/s" in line for line in lines)
