"""KeyedVectors: queries are their definitions, and gensim's answers where it is installed."""

import warnings
from typing import Any

import numpy as np
import pytest

import fastbpts as fb

N, D = 400, 17
WORDS = [f"w{k}" for k in range(N - 4)] + ["Tree", "tree", "naïve", "日本"]
QUERIES: list[dict[str, Any]] = [
    {"positive": ["w1"]},
    {"positive": "w3", "topn": 3},
    {"positive": ["w1", "tree"], "negative": ["w9"], "topn": 20, "restrict_vocab": 200},
    {"positive": [("w1", 0.5), "w7"], "negative": [("w2", -2.0)]},
    {"positive": np.linspace(-1, 1, D), "negative": ["w2"]},
]


def matrix(dtype: Any = np.float32) -> Any:
    return np.random.default_rng(0).standard_normal((N, D)).astype(dtype)


@pytest.fixture
def vectors() -> fb.KeyedVectors:
    return fb.KeyedVectors(WORDS, matrix(), np.arange(N)[::-1])


@pytest.fixture
def gensim_vectors(vectors: fb.KeyedVectors) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("gensim", reason="gensim is not installed: its answers are not compared")
        return vectors.to_gensim()


def same(ours: list[tuple[str, float]], theirs: list[tuple[str, float]]) -> None:
    assert [word for word, _ in ours] == [word for word, _ in theirs]
    np.testing.assert_allclose([score for _, score in ours], [score for _, score in theirs], atol=2e-6)


@pytest.mark.parametrize("query", QUERIES)
def test_most_similar_is_the_definition(vectors: fb.KeyedVectors, query: dict[str, Any]) -> None:
    def terms(items: Any, sign: float) -> list[Any]:
        items = [items] if isinstance(items, str) or (isinstance(items, np.ndarray) and items.ndim == 1) else items
        return [item if isinstance(item, tuple) else (item, sign) for item in items or ()]

    X = matrix(np.float64)
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    parts = terms(query["positive"], 1) + terms(query.get("negative"), -1)
    total = sum(w * (unit[WORDS.index(item)] if isinstance(item, str) else item) for item, w in parts)
    cosines = unit @ total / np.linalg.norm(total)
    used = {item for item, _ in parts if isinstance(item, str)}
    order = [k for k in np.argsort(-cosines[: query.get("restrict_vocab")]) if WORDS[k] not in used]
    same(vectors.most_similar(**query), [(WORDS[k], cosines[k]) for k in order[: query.get("topn", 10)]])
    np.testing.assert_allclose(
        vectors.most_similar(**(query | {"topn": None})), cosines[: query.get("restrict_vocab")], atol=1e-6
    )


@pytest.mark.unseeded
@pytest.mark.parametrize("query", QUERIES)
def test_most_similar_is_gensims(vectors: fb.KeyedVectors, gensim_vectors: Any, query: dict[str, Any]) -> None:
    same(vectors.most_similar(**query), gensim_vectors.most_similar(**query))


@pytest.mark.unseeded
@pytest.mark.filterwarnings("ignore:Call to deprecated")
def test_other_queries_are_gensims(vectors: fb.KeyedVectors, gensim_vectors: Any) -> None:
    three = ["w1", "w5"], ["w9"]
    same(vectors.most_similar_cosmul(*three), gensim_vectors.most_similar_cosmul(*three))
    for words in (["w1", "w2", "w3"], ["tree", "w8", "w11", "日本"]):
        assert vectors.doesnt_match(words) == gensim_vectors.doesnt_match(words)
    assert vectors.similarity("w1", "w4") == pytest.approx(gensim_vectors.similarity("w1", "w4"), abs=1e-6)
    sets = ["w1", "w2"], ["tree", "w4", "w6"]
    assert vectors.n_similarity(*sets) == pytest.approx(gensim_vectors.n_similarity(*sets), abs=1e-6)
    assert [gensim_vectors.get_vecattr(word, "count") for word in WORDS] == list(range(N))[::-1]


def test_lookup(vectors: fb.KeyedVectors) -> None:
    assert len(vectors) == N
    assert vectors.vector_size == D
    assert "tree" in vectors
    assert "bush" not in vectors
    assert vectors.index("tree") == vectors.key_to_index["tree"] == WORDS.index("tree")
    np.testing.assert_array_equal(vectors["日本"], matrix()[-1])
    np.testing.assert_array_equal(vectors[["w2", "w0"]], matrix()[[2, 0]])
    assert np.linalg.norm(vectors.get_vector("w1", norm=True)) == pytest.approx(1, abs=1e-6)
    with pytest.raises(ValueError, match="read-only"):
        vectors["w1"][0] = 1
    assert vectors.analogy("w1", "w2", "w3", topn=2) == vectors.most_similar(["w2", "w3"], ["w1"], topn=2)
    assert vectors.analogy("w1", "w2", "w3", 2, "mul") == vectors.most_similar_cosmul(["w2", "w3"], ["w1"], topn=2)


def test_changes_in_place(vectors: fb.KeyedVectors) -> None:
    before = vectors.most_similar("w1", topn=1)
    vectors.vectors[5] = 3 * vectors.vectors[1]
    vectors.fill_norms()
    assert before[0][0] != "w5"
    (word, cosine), *_ = vectors.most_similar("w1")
    assert word == "w5"
    assert cosine == pytest.approx(1, abs=1e-6)


def test_few_words_and_zeros() -> None:
    vectors = fb.KeyedVectors(["a", "b", "zero"], np.array([[1.0, 0], [1, 1], [0, 0]]))
    assert vectors.most_similar("a") == [("b", pytest.approx(0.5**0.5)), ("zero", 0)]
    assert vectors.most_similar("a", restrict_vocab=1) == []
    assert vectors.similarity("a", "zero") == 0


def test_errors(vectors: fb.KeyedVectors) -> None:
    with pytest.raises(fb.UnknownWordError, match="the word 'bush' is not among the 400 words") as info:
        vectors["bush"]
    assert isinstance(info.value, KeyError)
    assert isinstance(info.value, ValueError)
    with pytest.raises(fb.UnknownWordError, match="the word 0 is not among"):
        vectors[0]
    with pytest.raises(fb.UnknownWordError, match="'W1' .*but 'w1' is"):
        vectors.most_similar(["W1"])
    for bad, message in (
        (lambda: vectors.most_similar(), "a query needs"),
        (lambda: vectors.most_similar("w1", topn=0), "topn must .*got 0"),
        (lambda: vectors.most_similar("w1", restrict_vocab=-1), "restrict_vocab must .*got -1"),
        (lambda: vectors.most_similar(np.ones(3)), "vector of 17 finite numbers"),
        (lambda: vectors.most_similar(np.full(D, np.nan)), "vector of 17 finite numbers"),
        (lambda: vectors.most_similar(3), "vector of 17 finite numbers"),
        (lambda: vectors.most_similar([("w1", "2")]), "an item must be a pair of"),
        (lambda: vectors.most_similar([("w1", 1, 2)]), "an item must be a pair of"),
        (lambda: vectors.most_similar_cosmul([]), "positive: "),
        (lambda: vectors.doesnt_match(["w1"]), "at least two words"),
        (lambda: vectors.n_similarity("w1", ["w2"]), "first must .*got 'w1'"),
        (lambda: vectors.analogy("w1", "w2", "w3", method="x"), "method must .*got 'x'"),
        (lambda: fb.KeyedVectors(["a", "b", "a"], np.ones((3, 2))), "words: 'a' occurs more than once"),
        (lambda: fb.KeyedVectors(["a"], np.ones((2, 2))), r"vectors must have shape .*got \(2, 2\)"),
        (lambda: fb.KeyedVectors(["a"], np.ones((1, 2), np.int64)), "vectors must be .*got int64"),
        (lambda: fb.KeyedVectors(["a"], [[np.inf]]), "not finite"),
        (lambda: fb.KeyedVectors(["a"], [[1.0]], [1.5]), "counts must be 1 integers"),
        (lambda: fb.KeyedVectors("ab", np.ones((2, 2))), "words must .*got 'ab'"),
    ):
        with pytest.raises(ValueError, match=message):
            bad()
