"""Plain text as flat arrays of characters or words."""

import gzip
import io
import lzma
import re

import numpy as np
import pytest
from data import data_dir, needs_data
from hypothesis import given, settings
from hypothesis import strategies as st

import fastbpts as fb
from fastbpts.readers.text import parse_text

POEM = "So long as men can breathe,\n  or eyes can see \U0001f600,\r\nso long lives this\n\n"


def read(text, *args, **options):
    return fb.read_text(io.BytesIO(text if isinstance(text, bytes) else text.encode()), *args, **options)


def test_characters():
    text = read(POEM)
    assert text.tokens() == list(POEM)
    assert text.vocabulary.words == list(dict.fromkeys(POEM))
    assert text.ids.dtype == np.uint8
    assert "tokens (char)" in repr(text)


def test_words():
    assert read("a bb\n c\ta\n", "word").tokens() == ["a", "bb", "\n", "c", "a", "\n"]
    assert read("don't stop", "word", pattern=r"\w+|[^\w\s]").tokens() == ["don", "'", "t", "stop"]
    assert read("", "word").tokens() == read(" \t ", "word").tokens() == []


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.integers(1, 9), st.sampled_from(["char", "word"]))
def test_blocks_do_not_matter(text, block, level):
    expected = (
        list(text.removeprefix("\ufeff")) if level == "char" else re.findall(r"\n|\S+", text.removeprefix("\ufeff"))
    )
    whole = read(text, level, _block=block)
    assert whole.tokens() == expected
    np.testing.assert_array_equal(parse_text(text.removeprefix("\ufeff"), level).ids, whole.ids)


def test_a_word_over_many_blocks():
    """Each block is searched for white space once: searched again and again, this takes minutes."""
    assert read("b " + "a" * 1_000_000 + " c", "word", _block=500).tokens() == ["b", "a" * 1_000_000, "c"]


def test_many_distinct_words_need_more_bytes():
    words = [str(k) for k in range(70000)]
    for n, kind in ((256, np.uint8), (257, np.uint16), (70000, np.uint32)):
        text = read(" ".join(words[:n]), "word", _block=1000)
        assert text.ids.dtype == kind
        assert text.tokens() == words[:n]


def test_parts():
    train, dev = parse_text("abcdefghij").split(0.2)
    assert ("".join(train.tokens()), "".join(dev.tokens())) == ("abcdefgh", "ij")
    assert fb.Text.of_tokens(["x", "y", "x"]).ids.tolist() == [0, 1, 0]
    with pytest.raises(ValueError, match="fraction"):
        train.split(1.0)
    with pytest.raises(ValueError, match="must be strings?"):
        fb.Text.of_tokens(["x", 3])
    with pytest.raises(TypeError, match="slices"):
        train[0]


def test_streaming(tmp_path):
    for name, packed in (("a", bytes), ("b", gzip.compress), ("c", lzma.compress)):
        path = tmp_path / name
        path.write_bytes(packed((POEM * 50).encode()))
        pieces = list(fb.iter_text(path, "word", _block=100))
        assert len(pieces) > 10
        assert [t for piece in pieces for t in piece.tokens()] == read(POEM * 50, "word").tokens()
        assert max(len(piece.vocabulary) for piece in pieces) < 25


def test_errors(tmp_path):
    with pytest.raises(ValueError, match=r"<stream>:2:3: invalid utf-8"):
        read(b"abc\nde\xff")
    with pytest.raises(ValueError, match="level must .*got 'line'"):
        read("x", "line")
    with pytest.raises(ValueError, match="pattern"):
        read("x", "word", pattern="(")
    with pytest.raises(ValueError, match="pattern"):
        read("x", "char", pattern="x")
    with pytest.raises(ValueError, match="encoding"):
        read("x", encoding="rot13")
    path = tmp_path / "x.xz"
    path.write_bytes(lzma.compress(POEM.encode() * 1000)[:-30])
    with pytest.raises(ValueError, match=r"x\.xz:\d+:\d+: .*damaged"):
        fb.read_text(path)
    with pytest.raises(FileNotFoundError):
        fb.read_text(tmp_path / "nothing")


@needs_data("text")
def test_shakespeare():
    text = fb.read_text(data_dir("text") / "tinyshakespeare.txt.xz")
    assert (len(text), len(text.vocabulary)) == (1115394, 65)
    assert len(fb.read_text(data_dir("text") / "tinyshakespeare.txt.xz", "word", pattern=r"\S+")) == 202651
