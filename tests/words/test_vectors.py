"""Word vectors from files: every format, and files that are damaged, cut short or hostile."""

import gzip
import io
import lzma
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastbpts as fb

WORDS = ["the", "naïve", "日本", "3"]
VALUES = (np.arange(20).reshape(4, 5) / 8 - 1).astype(np.float32)


def text(header: bool, end: str = "\n") -> bytes:
    rows = [" ".join([word, *map(str, row.tolist())]) + end for word, row in zip(WORDS, VALUES, strict=True)]
    return ("4 5" + end if header else "").encode() + "".join(rows).encode()


def binary(end: bytes = b"\n") -> bytes:
    return b"4 5\n" + b"".join(
        w.encode() + b" " + r.astype("<f4").tobytes() + end for w, r in zip(WORDS, VALUES, strict=True)
    )


FORMATS = {
    "word2vec text": text(True),
    "word2vec text, spaces and CRLF": text(True, " \r\n"),
    "GloVe text": text(False),
    "GloVe text without the last line end": text(False)[:-1],
    "word2vec binary": binary(),
    "word2vec binary without line ends": binary(b""),
}


@pytest.mark.parametrize("content", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("compress", [bytes, gzip.compress, lzma.compress])
def test_formats(tmp_path: Path, content: bytes, compress: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "vectors"
    path.write_bytes(compress(content))
    words, values = fb.load_vectors(path)
    assert words == WORDS
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, VALUES)
    words, values = fb.load_vectors(path, fb.Vocabulary(["日本", "x", "the"]))
    assert words == ["the", "日本"]
    np.testing.assert_array_equal(values, VALUES[[0, 2]])
    assert fb.load_vectors(path, max_words=2)[0] == WORDS[:2]
    assert fb.load_vectors(io.BytesIO(content))[0] == WORDS


def test_a_vocabulary_built_on_the_words(tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    path.write_bytes(text(False))
    words, values = fb.load_vectors(path)
    vocabulary = fb.Vocabulary(words)
    matrix = np.zeros((len(vocabulary), values.shape[1]), np.float32)
    matrix[vocabulary.map(words)] = values
    np.testing.assert_array_equal(matrix[vocabulary["日本"]], VALUES[2])


def test_words_with_spaces_and_words_that_come_twice(tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    path.write_text("a 1 2\n. . 3 4\na 5 6\n")
    words, values = fb.load_vectors(path)
    assert words == ["a", ". ."]
    assert values.tolist() == [[1, 2], [3, 4]]


BAD = {
    b"": "the file is empty",
    b"\n\n": "there is no vector",
    b"0 5\n": "there is no vector",
    b"999999999999 300\n": ":1: header 999999999999 300: the file is too small",
    b"1 999999999999\na 1\n": ":1: header 1 999999999999: the file is too small",
    b"9" * 5000 + b" 3\n": ":1: header 9999.*numbers of words",
    b"-4 5\n" + text(False): ":1: header -4 5: numbers of words",
    b"4 -5\n": ":1: header 4 -5: numbers of words",
    b"4 0\n": ":1: header 4 0: numbers of words",
    b"3 5\n" + text(False): "header says 3 vectors, but there are more",
    b"5 5\n" + text(False): "header says 5 vectors, but there are 4",
    b"4 4\n" + text(False): ":2: a word and 4 values are needed, not 6 items",
    b"4 6\n" + text(False): ":2: a word and 6 values are needed, not 6 items",
    text(True)[:-9]: ":5: a word and 5 values are needed",
    b"a 1 2\nb 3\n": ":2: a word and 2 values are needed",
    b"a\n": ":1: a word and some values are needed",
    b"a 1 nan\n": ":1: a value is not finite",
    b"a 1 2\nb inf 1\n": ":2: a value is not finite",
    b"a 1 1e99\n": ":1: a value is not finite",
    b"a 1 2\nb 1 x\n": ":2: could not convert",
    b"\xff 1 2\n": ":1: the word .* is not valid UTF-8",
    binary()[:-5]: "vector 4 of 4 is damaged",
    binary().replace(b"4 5", b"3 5"): "header says 3 vectors, but there are more",
    binary() + b"more": "header says 4 vectors, but there are more",
    b"1 2\na " + np.array([np.nan, 1], "<f4").tobytes(): "vector 1: a value is not finite",
    b"1 2\n\xff " + np.array([3, 1], "<f4").tobytes(): "vector 1: the word .* is not valid UTF-8",
    gzip.compress(b"999999999999 300\na 1\n", mtime=0): "the file is too small",
    lzma.compress(b"999999999999 300\na 1\n"): "the file is too small",
    gzip.compress(text(True), mtime=0)[:-9]: "damaged or cut short",
    lzma.compress(text(True))[:-9]: "damaged or cut short",
}


@pytest.mark.parametrize("content", BAD, ids=[repr(content[:16]) for content in BAD])
def test_bad_files_give_one_clear_error_and_take_no_memory(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "vectors"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=BAD[content]) as info:
            fb.load_vectors(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 24
    finally:
        tracemalloc.stop()
    assert "vectors" in str(info.value)
    assert "\n" not in str(info.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"1 2\nnew york 1 2\n", ":2: a word and 2 values are needed, not 4 items"),
        (b"1 2\na x 2\n", ":2: could not convert string to float"),
        ("1 2\na \u0661x 2\n".encode(), ":2: could not convert string to float"),
    ],
)
def test_a_bad_text_is_not_taken_for_a_binary_file(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fb.load_vectors(io.BytesIO(content))


def test_an_empty_line_after_the_header() -> None:
    words, values = fb.load_vectors(io.BytesIO(b"2 2\n\na 1 2\n\nb 3 4\n"))
    assert words == ["a", "b"]
    assert values.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("values", [b"\0\0\x80?\0\0\0@", b"A3 1h  !", b"12 x\0 34"])
def test_binary_vectors_are_not_taken_for_text(values: bytes) -> None:
    """Binary files with printable bytes are not text, nor are those that end in a number."""
    found = fb.load_vectors(io.BytesIO(b"1 2\nword " + values + b"\n"))[1]
    np.testing.assert_array_equal(found, np.frombuffer(values, "<f4")[None])


@settings(deadline=None)
@given(st.binary(max_size=80) | st.text("0123 \nab.-e", max_size=40).map(str.encode), st.none() | st.booleans())
def test_random_bytes_give_vectors_or_a_clear_error(junk: bytes, is_binary: bool | None) -> None:
    try:
        words, values = fb.load_vectors(io.BytesIO(junk), binary=is_binary)
    except ValueError:
        return
    assert len(words) == len(values) > 0
    assert np.isfinite(values).all()


@settings(deadline=None, max_examples=60)
@given(st.integers(0, len(binary()) - 1), st.integers(0, 255), st.booleans())
def test_any_damaged_byte(at: int, value: int, in_binary: bool) -> None:
    content = bytearray(binary() if in_binary else text(True))
    content[min(at, len(content) - 1)] = value
    try:
        fb.load_vectors(io.BytesIO(bytes(content)))
    except ValueError as error:
        assert "<stream>" in str(error)  # noqa: PT017


def test_arguments(tmp_path: Path) -> None:
    path: Any = tmp_path / "vectors"
    path.write_bytes(text(False))
    for max_words in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="max_words must .*"):
            fb.load_vectors(path, max_words=max_words)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a binary file begins"):
        fb.load_vectors(path, binary=True)
    with pytest.raises(ValueError, match="no vector here of a word in the vocabulary"):
        fb.load_vectors(path, fb.Vocabulary(["x"]))
    with pytest.raises(FileNotFoundError):
        fb.load_vectors(tmp_path / "none")
    with pytest.raises(ValueError, match="path must .*got 3"):
        fb.load_vectors(3)  # type: ignore[arg-type]
