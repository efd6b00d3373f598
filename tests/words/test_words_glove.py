"""GloVe: counts and steps are the reference's, limits of memory and threads change nothing, files, errors."""

import gzip
import itertools
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastbpts as fb
from fastbpts import _core
from fastbpts._base.errors import DivergenceError
from fastbpts.reference import glove as reference
from fastbpts.words import _cooccurrence, _text
from fastbpts.words._cooccurrence import Windows, count_rows
from fastbpts.words._encoded import EncodedText
from fastbpts.words._pairs import PairStore
from fastbpts.words._text import TextSource

NAMES = [f"w{k}" for k in range(90)]
SMALL: dict[str, Any] = {"vector_size": 5, "min_count": 1, "epochs": 3, "workers": 1, "window": 4, "x_max": 5.0}


def sentences(n: int = 60, seed: int = 0, longest: int = 30) -> list[list[str]]:
    """Sentences of words whose frequencies fall; with long ones."""
    rng = np.random.default_rng(seed)
    return [[NAMES[int(k)] for k in rng.geometric(0.08, rng.integers(longest)) % 90] for _ in range(n)]


def counted(
    text: list[list[str]], windows: Windows, limit: int = 1 << 30, n_threads: int = 1, names: list[str] = NAMES
) -> Any:
    """The matrix of counts (V, V)."""
    encoded = EncodedText(TextSource(text), names, 2**31 - 1, 0, n_threads)
    X = np.zeros((len(names), len(names)))
    row = 0
    for rows in count_rows(encoded, len(names), 1000, windows, limit, n_threads):
        assert rows.first == row
        at = 0
        for n in rows.n_in_row.tolist():
            columns = rows.column[at : at + n]
            assert (np.diff(columns) > 0).all()
            X[row, columns] = rows.sum[at : at + n] * 2.0**-28
            row, at = row + 1, at + n
    assert row == len(names)
    return X


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("window", [1, 3, 40])
def test_counts_are_the_references(symmetric: bool, weighted: bool, window: int) -> None:
    text = [*sentences(), [], ["w0"], ["unknown"], ["w1", "unknown", "w2"]]
    ids = [[NAMES.index(w) for w in s if w in NAMES] for s in text]
    expected = reference.cooccurrences(ids, len(NAMES), window, symmetric, weighted)
    found = counted(text, Windows(window, symmetric, weighted))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(found == 0, expected == 0)
    if symmetric:
        np.testing.assert_array_equal(found, found.T)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.lists(st.sampled_from(NAMES[:7]), max_size=12), min_size=1, max_size=8), st.integers(1, 6))
def test_counts_of_any_text(text: list[list[str]], window: int) -> None:
    ids = [[NAMES.index(w) for w in s] for s in text]
    expected = reference.cooccurrences(ids, 7, window)
    np.testing.assert_allclose(counted(text, Windows(window, True, True), names=NAMES[:7]), expected, atol=1e-6)


def test_many_words() -> None:
    """Numbers on both sides of where a word of bits, a block of such words, and a unit of the encoded text end."""
    names, near = [f"n{k}" for k in range(70000)], [1, 63, 64, 4095, 4096, 32766, 32767, 65535, 69999]
    encoded = EncodedText(TextSource([[names[0], names[k]] for k in near]), names, 2**31 - 1, 0, 1)
    rows = list(count_rows(encoded, 70000, 18, Windows(2, True, True), 1 << 30, 1))
    assert np.concatenate([part.column for part in rows]).tolist() == near + [0] * len(near)
    assert np.flatnonzero(np.concatenate([part.n_in_row for part in rows])).tolist() == [0, *near]


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_limit_of_memory_and_threads_change_nothing(monkeypatch: pytest.MonkeyPatch, n_threads: int) -> None:
    windows, text = Windows(5, True, True), sentences(200)
    whole = counted(text, windows)
    monkeypatch.setattr(_text, "BLOCK", 2000)
    monkeypatch.setattr(_cooccurrence, "_ENTRIES", 700)
    for limit in (0, 10_000, 1 << 30):
        np.testing.assert_array_equal(counted(text, windows, limit, n_threads), whole)


def test_parts_of_a_text_share_their_files(monkeypatch: pytest.MonkeyPatch) -> None:
    files: list[Any] = []
    real = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: files.append(real()) or files[-1])
    monkeypatch.setattr(_text, "BLOCK", 200)
    counted(sentences(200), Windows(5, True, True), 0)
    assert len(files) == 2
    assert all(file.closed for file in files)


def test_no_part_of_a_text_is_longer_than_positions_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_text, "BLOCK", 200)
    monkeypatch.setattr(_cooccurrence, "_LONGEST", 1000)
    encoded = EncodedText(TextSource(sentences(200)), NAMES, 2**31 - 1, 0, 1)
    lengths = [len(ids) for ids, _ in _cooccurrence._chunks(encoded, 10**12, 10**15)]
    assert len(lengths) > 1
    assert max(lengths) <= 1000


def test_pairs_on_disk_come_in_the_same_order() -> None:
    encoded = EncodedText(TextSource(sentences()), NAMES, 2**31 - 1, 0, 1)
    orders = []
    for limit in (0, 12 * 500, 1 << 30):
        store = PairStore(limit)
        for rows in count_rows(encoded, len(NAMES), 1000, Windows(3, True, True), 1 << 30, 1):
            store.add(rows)
        orders.append([np.concatenate([*store.buckets(np.random.default_rng(seed))]) for seed in (0, 0, 1)])
        store.close()
    first = orders[0]
    assert all(np.array_equal(a, b) for order in orders for a, b in zip(order, first, strict=True))
    assert np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], first[2])
    assert np.array_equal(np.unique(first[0], axis=0), np.unique(first[2], axis=0))
    words = first[0][:, 0]
    assert abs(np.corrcoef(words[1:], words[:-1])[0, 1]) < 0.1  # neighbours in this order have nothing in common


def problem(d: int, dtype: str, n_words: int = 23, n_pairs: int = 300) -> tuple[Any, ...]:
    """Rows and biases as the kernel has them, the reference's parameters and sums, pairs."""
    rng = np.random.default_rng(d)
    ld = -(-d // 16) * 16
    rows = _core.aligned((2 * n_words, 2 * ld), dtype, True)
    rows[:, :d], rows[:, ld:] = rng.standard_normal((2 * n_words, d)) / d, 1
    bias = np.ones((2 * n_words, 2), dtype)
    bias[:, 0] = rng.standard_normal(2 * n_words)
    v, c = rows[:n_words, :d].astype(float), rows[n_words:, :d].astype(float)
    params = {"v": v, "c": c, "b": bias[:n_words, 0].astype(float), "b_c": bias[n_words:, 0].astype(float)}
    pairs = rng.integers(n_words, size=(n_pairs, 3)).astype(np.int32)
    x = (rng.random(n_pairs) * 20 + 0.01).astype(np.float32)
    pairs[:, 2] = x.view(np.int32)
    return rows, bias, params, pairs, x.astype(float)


@pytest.mark.parametrize("d", [1, 7, 16, 17, 100])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-5)])
def test_steps_are_the_references(d: int, dtype: str, tolerance: float) -> None:
    rows, bias, params, pairs, x = problem(d, dtype)
    sums = reference.init_sums(params)
    n, ld = len(rows) // 2, rows.shape[1] // 2
    for _ in range(2):
        loss = _core.glove_train(rows, bias, pairs, 10.0, 0.75, 0.05, 1)
        expected = reference.train(params, sums, pairs[:, 0], pairs[:, 1], x, 10.0, 0.75, 0.05)
        assert loss == pytest.approx(expected, rel=tolerance * 10)
    for name, found, sum_found in (
        ("v", rows[:n, :d], rows[:n, ld : ld + d]),
        ("c", rows[n:, :d], rows[n:, ld : ld + d]),
        ("b", bias[:n, 0], bias[:n, 1]),
        ("b_c", bias[n:, 0], bias[n:, 1]),
    ):
        np.testing.assert_allclose(found, params[name], rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(sum_found, sums[name], rtol=tolerance, atol=tolerance)
    assert not rows[:, d:ld].any()


@pytest.mark.parametrize("x_max", [3.0, 1000.0])
def test_gradient_is_the_difference_quotient(x_max: float) -> None:
    _, _, params, pairs, x = problem(3, "float64", n_words=5, n_pairs=30)
    i, j = pairs[:, 0], pairs[:, 1]
    _, grads = reference.loss_and_grad(params, i, j, x, x_max, 0.75)
    for name, p in params.items():
        for at in itertools.product(*map(range, p.shape)):
            kept, losses = p[at], []
            for step in (1e-5, -1e-5):
                p[at] = kept + step
                losses.append(reference.loss_and_grad(params, i, j, x, x_max, 0.75)[0])
            p[at] = kept
            assert grads[name][at] == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-6, abs=1e-8)


def test_a_step_is_down_the_gradient() -> None:
    """From sums of 1 a tiny rate moves every parameter by -rate times its gradient."""
    rows, bias, params, pairs, x = problem(6, "float64", n_pairs=1)
    _, grads = reference.loss_and_grad(params, pairs[:, 0], pairs[:, 1], x, 10.0, 0.75)
    before, eta = rows.copy(), 1e-7
    _core.glove_train(rows, bias, pairs, 10.0, 0.75, eta, 1)
    n = len(rows) // 2
    np.testing.assert_allclose((before[:n, :6] - rows[:n, :6]) / eta, grads["v"], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose((before[n:, :6] - rows[n:, :6]) / eta, grads["c"], rtol=1e-6, atol=1e-8)


def test_training() -> None:
    text = sentences(400)
    model = fb.GloVe(**(SMALL | {"epochs": 15, "eta": 0.1})).fit(text)
    losses = [entry["loss"] for entry in model.history_]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.5 * losses[0]
    X = reference.cooccurrences([[model.wv.index(w) for w in s] for s in text], len(model.wv), 4)
    assert model.n_pairs_ == (X > 0).sum() == model.history_[0]["pairs"]
    i, j = np.nonzero(X)
    params = {"v": model.vectors_word_, "c": model.vectors_context_, "b": model.bias_word_, "b_c": model.bias_context_}
    loss, _ = reference.loss_and_grad(params, i, j, X[i, j], 5.0, 0.75)
    assert losses[-1] == pytest.approx(loss / len(i), rel=0.1)  # a mean over all pairs, each before its own step
    np.testing.assert_array_equal(model.wv.vectors, model.vectors_word_ + model.vectors_context_)
    assert model.wv.counts is not None
    assert model.wv.counts.tolist() == sorted(model.wv.counts, reverse=True)


def test_one_worker_is_deterministic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = sentences(100)
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress("".join(" ".join(s) + "\n" for s in text).encode()))
    model = fb.GloVe(**SMALL).fit(text)
    for other in (fb.GloVe(**SMALL).fit(path), fb.GloVe(**SMALL, memory_limit=0).fit(text)):
        np.testing.assert_array_equal(other.wv.vectors, model.wv.vectors)
    monkeypatch.setattr(_text, "BLOCK", 1000)
    np.testing.assert_array_equal(fb.GloVe(**SMALL, memory_limit=20_000).fit(text).wv.vectors, model.wv.vectors)
    assert (fb.GloVe(**SMALL, seed=2).fit(text).wv.vectors != model.wv.vectors).any()


def test_two_workers_learn_the_same() -> None:
    text = sentences(400)
    losses = [fb.GloVe(**(SMALL | {"workers": n, "epochs": 8})).fit(text).history_[-1]["loss"] for n in (1, 2)]
    assert losses[1] == pytest.approx(losses[0], rel=0.05)


def test_resume_and_files(tmp_path: Path) -> None:
    text, checkpoint = sentences(80), tmp_path / "checkpoint"
    whole = fb.GloVe(**SMALL).fit(text)
    fb.GloVe(**(SMALL | {"epochs": 1}), checkpoint=checkpoint).fit(text)
    resumed = fb.GloVe(**SMALL, checkpoint=checkpoint).fit(text, resume=True)
    np.testing.assert_array_equal(resumed.wv.vectors, whole.wv.vectors)
    assert [entry["loss"] for entry in resumed.history_] == [entry["loss"] for entry in whole.history_]
    with pytest.raises(ValueError, match="cannot be continued: it was made with window=4, now window=3"):
        fb.GloVe(**(SMALL | {"window": 3}), checkpoint=checkpoint).fit(text, resume=True)
    with pytest.raises(ValueError, match="cannot be continued: it was made with other training"):
        fb.GloVe(**SMALL, checkpoint=checkpoint).fit(text[1:], resume=True)
    with pytest.raises(ValueError, match="resume=True: set the parameter checkpoint"):
        fb.GloVe(**SMALL).fit(text, resume=True)
    whole.save(tmp_path / "model")
    back = fb.load(tmp_path / "model")
    assert isinstance(back, fb.GloVe)
    assert back.get_params() == whole.get_params()
    np.testing.assert_array_equal(back.wv.vectors, whole.wv.vectors)
    assert back.wv.index_to_key == whole.wv.index_to_key
    assert back.history_ == whole.history_
    large = (tmp_path / "model").read_bytes().replace(rb"vector_size\": 5,", rb"vector_size\": 9000,")
    large = (int.from_bytes(large[:8], "little") + 3).to_bytes(8, "little") + large[8:]
    (tmp_path / "bad").write_bytes(large)
    with pytest.raises(ValueError, match="rows of shape .* do not fit"):
        fb.load(tmp_path / "bad")
    (tmp_path / "bad").write_bytes((tmp_path / "model").read_bytes()[:-9])
    with pytest.raises(ValueError, match="bad: not a safetensors file"):
        fb.load(tmp_path / "bad")


def test_interruption_keeps_the_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, calls = _core.glove_train, itertools.count()

    def interrupted(*args: Any) -> float:
        if next(calls) == 300:
            raise KeyboardInterrupt
        return kernel(*args)

    monkeypatch.setattr(_core, "glove_train", interrupted)
    with pytest.warns(UserWarning, match="interrupted in epoch 2"):
        model = fb.GloVe(**SMALL).fit(sentences())
    assert len(model.history_) == 1
    assert np.isfinite(model.wv.vectors).all()


def test_errors() -> None:
    for bad, message in (
        ({"vector_size": 0}, "^vector_size must be .*, got 0"),
        ({"window": 1.5}, "^window must be .*, got 1.5"),
        ({"x_max": 0}, "x_max must be a number above 0, got 0"),
        ({"alpha": np.nan}, "^alpha must be .*, got nan"),
        ({"eta": "a"}, "^eta must be .*, got 'a'"),
        ({"symmetric": 3}, "^symmetric must be .*, got 3"),
        ({"dtype": "float16"}, "^dtype must be .*, got 'float16'"),
        ({"memory_limit": -1}, "^memory_limit must be .*, got -1"),
    ):
        with pytest.raises(ValueError, match=message):
            fb.GloVe(**(SMALL | bad)).fit(sentences())
    with pytest.raises(ValueError, match="at least two are needed"):
        fb.GloVe(**(SMALL | {"min_count": 1000})).fit(sentences())
    with pytest.raises(ValueError, match="no line has two words of the vocabulary"):
        fb.GloVe(**SMALL).fit([["a"], ["b"]])
    with pytest.raises(ValueError, match="not fitted"):
        fb.GloVe().save("x")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(DivergenceError, match="lower eta"):
            fb.GloVe(**(SMALL | {"eta": 1e30})).fit(sentences())
