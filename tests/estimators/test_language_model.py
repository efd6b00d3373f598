"""LanguageModel: what it learns, its figures against plain sums, text generation, forms of texts, flat memory."""

import itertools
import math
import resource

import numpy as np
import pytest

import fastbpts as fb
from fastbpts.demo.baselines import ngram
from fastbpts.demo.prose import agreement
from fastbpts.networks.generation import choose
from fastbpts.networks.packing import Rows
from fastbpts.readers.text import parse_text


@pytest.fixture(scope="module")
def prose():
    return parse_text(fb.demo_text(1200)).split(0.1)


@pytest.fixture(scope="module")
def model(prose):
    recipe = {"n_embedding": 16, "n_steps": 32, "max_iter": 7, "learning_rate": 0.01, "schedule": "cosine"}
    return fb.LanguageModel("gru", 56, **recipe, n_threads=1).fit(prose[0], dev=prose[1])


def plain_log_loss(model, text):
    """The loss by definition: one symbol after another from an empty state."""
    ids = [model.vocabulary_[token] for token in text]
    state, total = None, 0.0
    for symbol, following in itertools.pairwise(ids):
        z, state = model.net_.logits(Rows(np.ones(1, np.int64), np.array([[symbol]], np.int32)), state)
        z = z[0].astype(float)
        total -= z[following] - z.max() - np.log(np.exp(z - z.max()).sum())
    return total / (len(ids) - 1)


@pytest.mark.slow
def test_it_beats_counts_of_neighbours(prose, model):
    assert model.log_loss(prose[1]) < ngram(*prose, 3) < ngram(*prose, 2) < ngram(*prose, 1)
    assert model.best_score_ == pytest.approx(model.log_loss(prose[1]))


def test_figures(model):
    text = "the old cats that a dog sees wait.\n"
    loss = plain_log_loss(model, text)
    assert model.log_loss(text) == pytest.approx(loss, rel=1e-4)
    assert model.score(text) == -model.log_loss(text)
    assert model.bits(text) == pytest.approx(loss / math.log(2), rel=1e-4)
    assert model.perplexity(text) == pytest.approx(math.exp(loss), rel=1e-3)


@pytest.mark.slow
def test_pieces_of_a_long_text_are_nearly_the_whole(model):
    text = fb.demo_text(190, random_state=3)
    assert len(text) > 2 * 4096
    assert model.log_loss(text) == pytest.approx(plain_log_loss(model, text), rel=0.01)


def test_training_loss_is_per_symbol(prose):
    lm = fb.LanguageModel(n_state=4, max_iter=1, learning_rate=1e-30).fit(prose[0], dev=prose[0])
    assert lm.history_[0]["loss"] == pytest.approx(lm.history_[0]["dev_loss"], rel=1e-3)


@pytest.mark.slow
def test_memory_reaches_beyond_the_window():
    """Gradients go back three steps, states further: the model remembers what it saw ten steps before."""
    rng = np.random.default_rng(0)
    text = "".join(c + "-" * 5 + c + "\n" for c in rng.choice(list("abcd"), 1500))
    sizes = {"cell": "lstm", "n_state": 24, "n_embedding": 8, "batch_size": 16}
    params = {**sizes, "learning_rate": 0.01, "max_iter": 12, "n_threads": 1}
    whole = fb.LanguageModel(n_steps=16, **params).fit(text).log_loss(text)
    assert whole < 1.3 * math.log(4) / 8
    assert fb.LanguageModel(n_steps=1, **params).fit(text).log_loss(text) > 1.5 * whole


@pytest.mark.slow
def test_generate(model):
    first = model.generate("the ", 300)
    assert first == model.generate("the ", 300)
    assert first != model.generate("the ", 300, random_state=1)
    assert len(first) == 300
    sentences = model.generate("\n", 3000).split("\n")[:-1]
    found = [agreement(s) for s in sentences]
    assert np.mean([fits for fits in found if fits is not None]) > 0.45
    assert model.generate("the ", 0) == ""
    assert "<unk>" not in model.generate("", 200, temperature=50.0)
    greedy = model.generate("the old ", 40, temperature=0)
    assert greedy == model.generate("the old ", 40, temperature=2.0, top=1)
    assert greedy == model.generate("the old ", 40, temperature=1e-320)
    assert model.generate("@@", 5, temperature=0)  # symbols that the model does not know
    for prompt, message in (
        (None, "prompt must be a string, a path, a Text, or a list of strings, got NoneType"),
        ([3], r"prompt\[0\] must be a string or a list of tokens, got int"),
    ):
        with pytest.raises(ValueError, match=message):
            model.generate(prompt)


def test_generation_takes_the_likeliest_step_by_step(model):
    text = "the old "
    for letter in model.generate(text, 12, temperature=0):
        ids = np.array([[model.vocabulary_[c]] for c in text], np.int32)
        z, _ = model.net_.logits(Rows(np.ones(len(ids), np.int64), ids))
        assert letter == model.vocabulary_.words[1 + int(z[-1, 1:].argmax())]
        text += letter


def test_choose_follows_the_probabilities():
    z, rng = np.array([9.0, 0.0, 1.0, 2.0]), np.random.default_rng(0)
    for temperature in (0.5, 1.0, 2.0):
        drawn = np.bincount([choose(z, temperature, None, rng) for _ in range(4000)], minlength=4) / 4000
        p = np.exp(z[1:] / temperature)
        np.testing.assert_allclose(drawn, [0, *(p / p.sum())], atol=0.03)
    assert {choose(z, 1.0, 2, rng) for _ in range(200)} == {2, 3}


def test_words():
    text = "the cat sat .\nthe dog sat .\n" * 40
    lm = fb.LanguageModel(
        level="word", n_state=16, n_embedding=8, n_steps=16, batch_size=4, max_iter=25, learning_rate=0.02
    )
    assert lm.fit(text).perplexity(text) < 1.5
    assert lm.generate("the cat", 3, temperature=0) == "sat .\n"
    assert set(lm.vocabulary_.words) == {"<unk>", "the", "cat", "dog", "sat", ".", "\n"}
    rare = fb.LanguageModel(level="word", max_vocabulary=3, max_iter=1).fit(text)
    assert len(rare.vocabulary_) == 3
    assert fb.LanguageModel(level="word", pattern=r"\w", max_iter=1).fit("ab c").vocabulary_.words == [
        "<unk>",
        "a",
        "b",
        "c",
    ]


@pytest.mark.slow
def test_forms_of_texts_give_the_same_bits(tmp_path):
    text = fb.demo_text(20)
    path = tmp_path / "text"
    path.write_text(text)
    forms = [text, path, parse_text(text), list(text), text.splitlines(keepends=True)]
    models = [fb.LanguageModel(n_state=3, max_iter=1).fit(form) for form in forms]
    for other in models[1:]:
        for name, value in other.net_.params.items():
            np.testing.assert_array_equal(value, models[0].net_.params[name])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("", "X must have two chars at least.*got 0"),
        ("a", "X must have two chars at least.*got 1"),
        ([], "X must have two chars at least.*got 0"),
        (5, "X must .*got int"),
        (b"text", "X must .*got bytes"),
        ([3], r"X\[0\] must .*got int"),
        ([["a", None]], r"X\[0\] must .*got NoneType"),
        (parse_text("a b c", "word"), "Text of words, the model's level is 'char'"),
    ],
)
def test_wrong_texts(X, message):
    with pytest.raises(ValueError, match=message):
        fb.LanguageModel().fit(X)


def test_the_name_of_a_file_is_no_text(tmp_path, model):
    (tmp_path / "text").write_text("the old dog barks")
    with pytest.warns(UserWarning, match=r"taken for the text itself; of a file pass pathlib\.Path"):
        model.log_loss(str(tmp_path / "text"))
    assert model.log_loss(tmp_path / "text") == model.log_loss("the old dog barks")


def test_wrong_arguments(model):
    for arguments, name in (
        ({"n": -1}, "n must be an integer of at least 0, got -1"),
        ({"temperature": -1}, "temperature"),
        ({"top": 0}, "top"),
    ):
        with pytest.raises(ValueError, match=name):
            model.generate("a", **arguments)
    with pytest.raises(ValueError, match="too short"):
        fb.LanguageModel(early_stopping=True).fit("abc")


def test_tiny_texts():
    for text in ("ab", "aaaa", "abc"):
        lm = fb.LanguageModel(n_state=2, max_iter=2, batch_size=50).fit(text)
        assert np.isfinite(lm.log_loss(text))
        assert len(lm.generate(n=5)) == 5


@pytest.mark.slow
def test_a_hundred_thousand_steps_in_flat_memory():
    """One stream, windows of 50: memory is that of a window."""
    text = parse_text("abcdefghij" * 10_000)
    lm = fb.LanguageModel("gru", 8, n_embedding=4, batch_size=1, n_steps=50, max_iter=1, n_threads=1)
    lm.fit(text[:2000])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert lm.fit(text).history_[0]["loss"] < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16_000  # kB


def test_demo_text():
    text = fb.demo_text(500)
    assert text == fb.demo_text(500)
    assert text != fb.demo_text(500, random_state=1)
    assert {agreement(sentence) for sentence in text.splitlines()} == {True}
    assert agreement("the cat that the dogs see sleep.") is False
    assert agreement("the cats.") is None
    with pytest.raises(ValueError, match="n_sentences"):
        fb.demo_text(0)


def test_ngram_is_the_plain_count():
    train, dev = parse_text("abracadabra abracad").split(0.4)
    a, b = "".join(train.tokens()), "".join(dev.tokens())
    size = len(train.vocabulary)
    losses = [
        -math.log((a.count(b[k - 1 : k + 1]) + 1) / (a[:-1].count(b[k - 1]) + size)) for k in range(1, len(b))
    ]  # no letter comes twice in a row here, so str.count misses no pair
    assert ngram(train, dev, 2) == pytest.approx(np.mean(losses))
    with pytest.raises(ValueError, match="vocabulary"):
        ngram(train, parse_text("ab"), 1)
