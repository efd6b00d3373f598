"""Word vectors: the compiled training equals the reference's gradients taken draw by draw, for every cost."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from words_replica import Replica

import fastbpts as fb
from fastbpts import DivergenceError, _core
from fastbpts.demo.analogies import analogy_corpus
from fastbpts.reference import cbow, skipgram
from fastbpts.words import _model as model

COSTS = {
    "negative sampling": {"negative": 5},
    "few negatives": {"negative": 2},
    "many negatives": {"negative": 13},
    "hierarchical softmax": {"hs": True},
    "both": {"hs": True, "negative": 3},
    "full softmax": {},
}


def encode(pieces):
    """Sentences as the kernels' units; numbers from 2^15 on take two."""
    text, ptr, before = [], [0], [0]
    for piece in pieces:
        for sentence in piece:
            for number in [*(w + 1 for w in sentence), 0]:
                text += [0x8000 | number >> 16, number & 0xFFFF] if number >= 0x8000 else [number]
        ptr.append(len(text))
        before.append(before[-1] + sum(map(len, piece)))
    return np.array(text, np.uint16), np.array(ptr, np.int64), np.array(before[:-1], np.int64)


def arrays(rng, n_words, size, dtype, hs, negative):
    """Vectors, and what is drawn from; the last words are the rarest."""
    ld = -(-size // 16) * 16
    rows = []
    for n in (n_words, n_words, n_words - 1):
        rows.append(np.zeros((n, ld), dtype))
        rows[-1][:, :size] = rng.standard_normal((n, size)) / np.sqrt(size)
    counts = np.sort(rng.integers(1, 100, n_words))[::-1].astype(np.int64)
    path = model.grown_tree(None, counts) if hs else None
    noise = model.noise_table(counts, 0.75) if negative else None
    return rows, counts, noise, path


def compare(seed, dtype, size, *, n_words=12, n_threads=1, sample=0.0, hs=False, negative=0, scale=1.0, **options):
    """Train the same text twice; returns the largest differences of vectors, loss and pairs."""
    rng = np.random.default_rng(seed)
    rows, counts, noise, path = arrays(rng, n_words, size, dtype, hs, negative)
    rows = [scale * row for row in rows]
    lengths = rng.integers(0, 14, (2, 3))
    pieces = [[rng.integers(0, n_words, n).tolist() for n in part] for part in lengths]
    keep = model.keep_chances(counts, sample)
    fields = {"skip_gram": True, "mean": True, "window": 3, "shrink": True, "shared": True, **options}
    own = [row.copy() for row in rows]
    trainer = _core.WordTrainer(
        own[0], None if hs and not negative else own[1], own[2] if hs else None, keep, noise, path,
        negative=negative, max_sentence=20, **fields,
    )  # fmt: skip
    loss, pairs = np.full(2, np.nan), np.full(2, -1, np.int64)
    trainer.train(*encode(pieces), 0, 0.05, 0.0006, 0.015, 77, n_threads, loss, pairs)
    witness = Replica(*(row[:, :size].astype(float) for row in rows), keep, noise, path, negative=negative, **fields)
    witness.train(pieces, 77, 0.05, 0.0006, 0.015)
    for row in own:
        assert not row[:, size:].any()
    difference = max(
        np.abs(a[:, :size] - b).max()
        for a, b in zip(own, (witness.inputs, witness.outputs, witness.nodes), strict=True)
    )
    return difference, abs(loss.sum() - witness.loss) / max(witness.loss, 1), pairs.sum() - witness.pairs


@pytest.mark.parametrize("skip_gram", [True, False], ids=["skip-gram", "cbow"])
@pytest.mark.parametrize("cost", COSTS.values(), ids=COSTS)
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_equals_the_reference(cost, skip_gram, data):
    flag = st.booleans()
    options = {name: data.draw(flag, name) for name in ("mean", "shrink", "shared")}
    window = data.draw(st.sampled_from([1, 2, 3, 12]), "window")
    size = data.draw(st.sampled_from([1, 3, 16, 17, 40]), "size")
    sample = data.draw(st.sampled_from([0.0, 0.05]), "sample")
    seed = data.draw(st.integers(0, 99), "seed")
    difference, loss, pairs = compare(
        seed, "float64", size, sample=sample, skip_gram=skip_gram, window=window, **options, **cost
    )
    assert difference < 1e-12
    assert loss < 1e-12
    assert pairs == 0


@pytest.mark.parametrize("cost", COSTS.values(), ids=COSTS)
def test_float32_is_float64_rounded(cost):
    difference, loss, pairs = compare(3, "float32", 100, **cost)
    assert difference < 2e-5
    assert loss < 1e-5
    assert pairs == 0


def test_ids_of_two_units():
    difference, _, pairs = compare(5, "float64", 2, n_words=70000, negative=2)
    assert difference < 1e-12
    assert pairs == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scores_beyond_the_range_of_exp(dtype):
    difference, loss, _ = compare(1, dtype, 8, negative=3, scale=60.0)
    assert difference < (1e-1 if dtype == "float32" else 1e-9)
    assert loss < (1e-5 if dtype == "float32" else 1e-12)


def test_divergence_is_an_error():
    with pytest.raises(DivergenceError, match="lower alpha=100000000"):
        fb.Word2Vec(alpha=1e8, min_count=1, window=2, workers=1, dtype="float32").fit([list("abcabcab")] * 50)


def test_a_text_of_which_nothing_is_learnt():
    lonely = fb.Word2Vec(min_count=1, workers=1, vector_size=4, epochs=2)
    with pytest.warns(UserWarning, match="nothing was learnt: .*sample=0"):
        lonely.fit([["a"], ["b"]] * 5)
    with pytest.warns(UserWarning, match="nothing was learnt"):
        lonely.set_params(sample=0).fit([["a", "b"]] * 50).partial_fit([["a"]] * 5)


def test_divergence_that_is_still_finite():
    with pytest.raises(DivergenceError, match="the loss is [0-9]"):
        fb.Word2Vec(min_count=1, workers=1, vector_size=8, negative=1000, dtype="float64").fit(analogy_corpus(400))


def test_vectors_that_diverged_are_not_kept():
    trained = fb.Word2Vec(min_count=1, window=2, workers=1, vector_size=4).fit([list("abcabcab")] * 50)
    with pytest.raises(DivergenceError):
        trained.set_params(alpha=1e8).partial_fit([list("abcabcab")] * 50, epochs=5)
    with pytest.raises(ValueError, match="not been fitted"):
        trained.save("nowhere")


@pytest.mark.parametrize("kind", [fb.Word2Vec, fb.GloVe])
@pytest.mark.parametrize("path", [5, ".", "no/such/directory/file"])
def test_checkpoints_that_cannot_be_written_are_refused_at_once(kind, path):
    with pytest.raises(ValueError, match="^checkpoint"):
        kind(checkpoint=path).fit([["a", "b"]] * 9)


# -- the reference ---------------------------------------------------------------------------------------------------


def costs(rng):
    outputs = rng.standard_normal((6, 4))
    yield outputs, lambda r: skipgram.cross_entropy(r, outputs, 2)
    yield outputs, lambda r: skipgram.negative_sampling(r, outputs, 1, [3, 3, 0, 1])
    yield outputs, lambda r: skipgram.hierarchical_softmax(r, outputs, [4, 0, 2], [1, 0, 1])


def windows(inputs, cost):
    context = [0, 2, 2, 5]
    yield lambda: skipgram.loss_and_grad(inputs, context, cost)
    yield lambda: cbow.loss_and_grad(inputs, context, cost)
    yield lambda: cbow.loss_and_grad(inputs, context, cost, mean=False)


@pytest.mark.parametrize("model_of", range(3), ids=["skip-gram", "cbow mean", "cbow sum"])
@pytest.mark.parametrize("which", range(3), ids=["softmax", "negative sampling", "hierarchical"])
def test_reference_gradients_are_differences(which, model_of):
    rng = np.random.default_rng(which)
    inputs = rng.standard_normal((6, 4))
    outputs, cost = list(costs(rng))[which]
    window = list(windows(inputs, cost))[model_of]
    _, dinputs, doutputs = window()
    for array, gradient in ((inputs, dinputs), (outputs, doutputs)):
        for at in itertools.product(*map(range, array.shape)):
            old, values = array[at], []
            for shift in (-2e-3, -1e-3, 1e-3, 2e-3):
                array[at] = old + shift
                values.append(window()[0])
            array[at] = old
            difference = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / 12e-3
            assert difference == pytest.approx(gradient[at], rel=1e-8, abs=1e-9)


def test_a_window_of_one_word_is_the_same_for_skip_gram_and_cbow():
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((6, 4))
    _, cost = next(costs(rng))
    for a, b in zip(skipgram.loss_and_grad(inputs, [3], cost), cbow.loss_and_grad(inputs, [3], cost), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-15)


# -- laws ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("negative", [2, 5])
def test_negative_sampling_factorises_shifted_pmi(negative):
    """v_c . o_w -> log(n(c,w) |D| / (n(c) n(w))) - log K, for noise as frequent as words (Levy and Goldberg 2014)."""
    rng = np.random.default_rng(1)
    joint = rng.dirichlet(np.full(25, 2.0)).reshape(5, 5) + 0.004
    pairs = rng.choice(25, 40000, p=(joint / joint.sum()).ravel())
    sentences = [["abcde"[p // 5], "abcde"[p % 5]] for p in pairs.tolist()]
    trained = fb.Word2Vec(
        vector_size=16, window=1, negative=negative, sample=0, ns_exponent=1, min_count=1, epochs=12, alpha=0.1,
        min_alpha=1e-4, workers=1, dtype="float64",
    ).fit(sentences)  # fmt: skip
    order = [trained.wv.key_to_index[letter] for letter in "abcde"]
    scores = (trained.wv.vectors @ trained.vectors_output_.T)[np.ix_(order, order)]
    n = np.bincount(pairs, minlength=25).reshape(5, 5)
    n = n + n.T
    pmi = np.log(n * n.sum() / np.outer(n.sum(1), n.sum(0)))
    assert np.abs(scores - (pmi - np.log(negative))).max() < 0.12


@pytest.mark.parametrize("exponent", [1000.0, -1000.0])
def test_noise_of_extreme_exponents_is_of_one_word(exponent):
    table = model.noise_table(np.array([10**9, 1000, 10]), exponent)
    word = 0 if exponent > 0 else 2
    stay, alias = table & 0xFFFFFFFF, table >> 32
    assert alias.tolist() == [word] * 3
    assert stay.tolist() == [2**32 - 1 if k == word else 0 for k in range(3)]


def test_the_alias_table_draws_its_probabilities():
    p = np.random.default_rng(0).dirichlet(np.full(37, 0.3))
    table = _core.alias_table(p.copy())
    share, alias = (table & 0xFFFFFFFF) / 2**32, (table >> 32).astype(int)
    drawn = share + np.bincount(alias, 1 - share, minlength=37)
    np.testing.assert_allclose(drawn / 37, p, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(counts=st.lists(st.integers(1, 1000), min_size=2, max_size=40))
def test_huffman_codes_are_the_shortest_prefix_codes(counts):
    counts = np.array(sorted(counts, reverse=True), np.int64)
    tree = model.grown_tree(None, counts)
    paths = [slice(*tree.ptr[k : k + 2]) for k in range(len(counts))]
    codes = ["".join(map(str, tree.code[p].tolist())) for p in paths]
    assert sum(2.0 ** -len(code) for code in codes) == 1
    assert not any(a != b and b.startswith(a) for a in codes for b in codes)
    heap, cost = counts.tolist(), 0
    while len(heap) > 1:
        heap.sort(reverse=True)
        heap.append(heap.pop() + heap.pop())
        cost += heap[-1]
    assert sum(n * len(code) for n, code in zip(counts.tolist(), codes, strict=True)) == cost
    assert {int(tree.node[p][0]) for p in paths} == {len(counts) - 2}


def test_a_tree_grows_at_the_root():
    old = model.grown_tree(None, np.array([9, 5, 4, 1]))
    new = model.grown_tree(old, np.array([3, 2]))
    new.check(6)
    for k in range(4):
        assert new.node[new.ptr[k] : new.ptr[k + 1]].tolist() == [4, *old.node[old.ptr[k] : old.ptr[k + 1]]]
    assert {tuple(new.code[new.ptr[k] : new.ptr[k + 1]]) for k in (4, 5)} == {(1, 0), (1, 1)}
