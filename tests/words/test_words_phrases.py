"""Phrases: scores are the paper's formula, joining is from left to right, texts stream and can be read again."""

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastbpts as fb


def text(n: int = 300) -> list[list[str]]:
    """Random words, and three that often follow each other."""
    rng = np.random.default_rng(3)
    sentences = []
    for _ in range(n):
        words = [f"w{k}" for k in rng.integers(40, size=rng.integers(9)).tolist()]
        if rng.random() < 0.4:
            words[1:1] = ["new", "york", "times"] if rng.random() < 0.3 else ["new", "york"]
        sentences.append(words)
    return sentences


@pytest.mark.parametrize("discount", [None, 0.0, 2.5])
def test_scores_are_the_formula(discount: float | None) -> None:
    sentences = text()
    words = Counter(word for s in sentences for word in s)
    pairs = Counter(pair for s in sentences for pair in itertools.pairwise(s))
    delta, total = 3 if discount is None else discount, sum(words.values())
    scores = {(a, b): (n - delta) / words[a] / words[b] * total for (a, b), n in pairs.items() if n >= 3}
    expected = {pair: score for pair, score in scores.items() if score > 1.5}
    found = fb.Phrases(min_count=3, threshold=1.5, discount=discount).fit(sentences).phrases_
    assert found == pytest.approx(expected)
    assert len(scores) > len(expected) > 1
    assert max(found, key=found.__getitem__) == ("new", "york")


def test_joining() -> None:
    phrases = fb.Phrases()
    phrases.phrases_ = {("a", "b"): 1.0, ("b", "c"): 1.0, ("d", "d"): 1.0}
    assert phrases.join(["a", "b", "c"]) == ["a_b", "c"]
    assert phrases.join(["x", "b", "c", "a", "b"]) == ["x", "b_c", "a_b"]
    assert phrases.join(["d", "d", "d"]) == ["d_d", "d"]
    assert phrases.join([]) == []
    assert fb.Phrases(delimiter="+").set_params(delimiter="::").delimiter == "::"


def test_texts(tmp_path: Path) -> None:
    sentences = text()
    path, joined = tmp_path / "text", tmp_path / "joined"
    path.write_bytes("".join(" ".join(s) + "\n" for s in sentences).encode() + b"new york \xff\n")
    phrases = fb.Phrases(threshold=8.0).fit(sentences)
    with_file = fb.Phrases(threshold=8.0).fit(path)
    assert with_file.phrases_.keys() == phrases.phrases_.keys() >= {("new", "york")}
    result = phrases.transform(sentences)
    assert list(result) == list(result) == [phrases.join(s) for s in sentences]
    phrases.write(path, joined)
    lines = joined.read_bytes().splitlines()
    assert lines[-1] == b"new_york \xff"
    assert [line.decode().split() for line in lines[:-1]] == [s for s in result if s]
    again = fb.Phrases(threshold=2.0).fit(result)  # phrases of phrases
    assert ("new_york", "times") in again.phrases_
    assert "new_york_times" in {word for s in again.transform(result) for word in s}
    model = fb.Word2Vec(vector_size=4, epochs=1, workers=1).fit(result)
    assert "new_york" in model.wv
    assert fb.Phrases().fit([]).phrases_ == {}


def test_errors() -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"min_count": 0}, "^min_count must be .*, got 0"),
        ({"threshold": -1}, "^threshold must be .*, got -1"),
        ({"discount": "x"}, "^discount must be .*, got 'x'"),
        ({"delimiter": " "}, "^delimiter must be .*, got ' '"),
    ]
    for params, message in wrong:
        with pytest.raises(ValueError, match=message):
            fb.Phrases(**params).fit(text())
    with pytest.raises(ValueError, match="not fitted"):
        fb.Phrases().transform(text())
    with pytest.raises(ValueError, match="sentence must .*got 'new york'"):
        fb.Phrases().fit(text()).join("new york")
    with pytest.raises(ValueError, match="not fitted"):
        fb.Phrases().join(["new", "york"])
