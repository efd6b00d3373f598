"""Vocabularies: building, looking up, mapping, storing."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastbpts as fb

TOKENS = st.lists(st.sampled_from(["a", "b", "c", "dd", "日", "<unk>", ""]), max_size=30)


def test_rows() -> None:
    v = fb.Vocabulary(["the", "cat"], counts=[5, 2])
    assert v.words == list(v) == ["<unk>", "the", "cat"]
    assert v.counts is not None
    assert v.counts.tolist() == [0, 5, 2]
    assert (len(v), v["the"], v["cat"], v["dog"], v["<unk>"]) == (3, 1, 2, 0, 0)
    assert "the" in v
    assert "dog" not in v
    assert 3 not in v
    assert repr(v) == "<Vocabulary of 3 words, unk='<unk>'>"
    assert fb.Vocabulary(["<unk>", "the"]) == fb.Vocabulary(["the"])
    assert fb.Vocabulary(["the"], unk="UNK").words == ["UNK", "the"]
    without = fb.Vocabulary(["the"], unk=None)
    assert without["the"] == 0
    with pytest.raises(KeyError):
        without["cat"]


def test_build() -> None:
    bank = fb.Treebank.from_ptb("(1 (1 b) (1 a)) (1 (1 a) (1 c)) (1 (1 b) (1 d))")
    v = fb.Vocabulary.build(bank)
    assert v.words == ["<unk>", "b", "a", "c", "d"]
    assert v.counts is not None
    assert v.counts.tolist() == [0, 2, 2, 1, 1]
    assert fb.Vocabulary.build(bank, min_count=2).words == ["<unk>", "b", "a"]
    assert fb.Vocabulary.build(bank, max_size=2).words == ["<unk>", "b"]
    assert fb.Vocabulary.build(bank, max_size=2, unk=None).words == ["b", "a"]
    assert fb.Vocabulary.build(bank[1:2]).words == ["<unk>", "a", "c"]
    assert fb.Vocabulary.build(bank, max_size=1).words == ["<unk>"]


@settings(deadline=None)
@given(TOKENS, st.integers(1, 4), st.none() | st.integers(1, 5), st.sampled_from([None, "<unk>", "b"]))
def test_build_counts_every_token_once(
    tokens: list[str], min_count: int, max_size: int | None, unk: str | None
) -> None:
    v = fb.Vocabulary.build(tokens, min_count, max_size, unk)
    count = Counter(tokens)
    known = [word for word in v.words if word != unk]
    assert all(count[word] >= min_count for word in known)
    assert max_size is None or len(v) <= max_size
    assert [count[word] for word in known] == sorted((count[word] for word in known), reverse=True)
    if max_size is None:
        assert set(known) == {word for word in count if count[word] >= min_count and word != unk}
    assert v.counts is not None
    if unk is None:
        assert v.counts.tolist() == [count[word] for word in known]
    else:
        assert v.words[0] == unk
        assert v.counts.sum() == len(tokens)
    assert fb.Vocabulary.from_bytes(v.to_bytes()) == v


def test_map() -> None:
    v, other = fb.Vocabulary(["a", "b"]), fb.Vocabulary(["b", "c", "a"], unk=None)
    assert v.map(other).tolist() == [2, 0, 1]
    assert v.map(other).dtype == np.int32
    assert v.map(["x", "b"]).tolist() == [0, 2]
    assert other.map(fb.Vocabulary(["a"], unk=None)).tolist() == [2]
    with pytest.raises(ValueError, match="other: '<unk>' is not in this vocabulary"):
        other.map(v)


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(st.text(max_size=5), unique=True, max_size=9), st.booleans(), st.booleans())
def test_bytes(words: list[str], with_unk: bool, with_counts: bool) -> None:
    words = [word for word in words if word != "<unk>"]
    counts = np.arange(len(words)) if with_counts else None
    v = fb.Vocabulary(words, counts, "<unk>" if with_unk else None)
    for stored in (v.to_bytes(), np.frombuffer(v.to_bytes(), np.uint8)):
        again = fb.Vocabulary.from_bytes(stored)
        assert again == v
        np.testing.assert_array_equal(again.counts, v.counts)


def test_damaged_bytes() -> None:
    data = fb.Vocabulary(["a", "日本", "c"], [1, 2, 3]).to_bytes()
    for end in range(len(data)):
        with pytest.raises(ValueError, match="data: "):
            fb.Vocabulary.from_bytes(data[:end])
    for at in range(len(data)):
        for flip in (0x01, 0x80, 0xFF):
            damaged = bytearray(data)
            damaged[at] ^= flip
            try:
                assert len(fb.Vocabulary.from_bytes(damaged)) == 4
            except ValueError as error:
                assert not isinstance(error, UnicodeError)  # noqa: PT017


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a", "a"],), "words: 'a' occurs more than once"),
        ((["a", "<unk>"],), "words: '<unk>' occurs more than once"),
        ((["a", 3],), r"words\[1\] must .*got 3"),
        (("abc",), "words must .*got 'abc'"),
        ((["a"], [1, 2]), "counts must be 1 integers"),
        ((["a"], [-1]), "counts must be 1 integers"),
        ((["a"], [0.5]), "counts must be 1 integers"),
        ((["a"], None, 3), "unk must .*got 3"),
    ],
)
def test_wrong_words(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fb.Vocabulary(*arguments)


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("abc", {}, "source must .*got 'abc'"),
        (3, {}, "source must .*got 3"),
        (["a", None], {}, r"words\[1\] must .*got None"),
        (["a"], {"min_count": 0}, "min_count must .*got 0"),
        (["a"], {"min_count": 1.5}, "min_count must .*got 1.5"),
        (["a"], {"min_count": None}, "min_count must .*got None"),
        (["a"], {"max_size": 0}, "max_size must .*got 0"),
        (["a"], {"max_size": True}, "max_size must .*got True"),
    ],
)
def test_wrong_build(source: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fb.Vocabulary.build(source, **options)
