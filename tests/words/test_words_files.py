"""Files of word vectors: every format there and back, and native files that are damaged or hostile."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastbpts as fb

word = st.text(st.characters(exclude_categories=("Cs",), exclude_characters=" \t\n\r\v\f\0"), min_size=1, max_size=9)
VECTORS = np.arange(12, dtype=np.float32).reshape(4, 3) / 8
WORDS = ["the", "naïve", "a b\n", ""]
ORDER = np.array(sorted(range(4), key=lambda row: WORDS[row].encode()), "<i4")


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(st.data(), st.sampled_from(["text", "binary", "glove"]), st.booleans())
def test_there_and_back(data: st.DataObject, form: str, double: bool) -> None:
    words = data.draw(st.lists(word, min_size=1, max_size=6, unique=True))
    d = data.draw(st.integers(2, 5))
    number = st.floats(-1e37, 1e37) if double else st.floats(width=32, allow_nan=False, allow_infinity=False)
    rows = data.draw(st.lists(st.lists(number, min_size=d, max_size=d), min_size=len(words), max_size=len(words)))
    X = np.array(rows, np.float64 if double else np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors"
        fb.KeyedVectors(words, X).save_word2vec_format(path, binary=form == "binary", write_header=form != "glove")
        back = fb.KeyedVectors.load_word2vec_format(path)
    assert back.index_to_key == words
    np.testing.assert_array_equal(back.vectors, X.astype(np.float32))


@pytest.mark.unseeded
@pytest.mark.parametrize("binary", [False, True])
def test_gensim_reads_and_writes_the_same(tmp_path: Path, binary: bool) -> None:
    models = pytest.importorskip("gensim.models", reason="gensim is not installed: its files are not compared")
    ours = fb.KeyedVectors(["x", "naïve", "日本"], VECTORS[:3] / 3)
    ours.save_word2vec_format(tmp_path / "ours", binary=binary)
    theirs = models.KeyedVectors.load_word2vec_format(str(tmp_path / "ours"), binary=binary)
    assert theirs.index_to_key == ours.index_to_key
    np.testing.assert_array_equal(theirs.vectors, ours.vectors)
    theirs.save_word2vec_format(str(tmp_path / "theirs"), binary=binary)
    back = fb.KeyedVectors.load_word2vec_format(tmp_path / "theirs")
    assert back.index_to_key == ours.index_to_key
    np.testing.assert_array_equal(back.vectors, ours.vectors)


def test_words_that_the_formats_cannot_hold(tmp_path: Path) -> None:
    for bad in ("", "a b", "a\n", "\udc80", "\0"):
        vectors = fb.KeyedVectors(["the", bad], VECTORS[:2])
        for binary in (False, True):
            with pytest.raises(ValueError, match="words: "):
                vectors.save_word2vec_format(tmp_path / "vectors", binary=binary)
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="write_header=False"):
        fb.KeyedVectors(["the"], VECTORS[:1]).save_word2vec_format(tmp_path / "v", binary=True, write_header=False)
    with pytest.raises(ValueError, match="too large for float32"):
        fb.KeyedVectors(["the"], np.full((1, 1), 1e300)).save_word2vec_format(tmp_path / "v", binary=True)


@pytest.mark.parametrize("mmap", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("counts", [None, [4, 3, 2, 1]])
def test_native(tmp_path: Path, mmap: bool, dtype: Any, counts: Any) -> None:
    path = tmp_path / "vectors.safetensors"
    vectors = fb.KeyedVectors(WORDS, VECTORS.astype(dtype), counts)
    vectors.save(path)
    back = fb.KeyedVectors.load(path, mmap=mmap)
    assert back.index_to_key == WORDS == back.index_to_key[:]
    assert back.index_to_key != WORDS[:-1]
    assert back.index_to_key != [*WORDS[:-1], "other"]
    assert repr(back.index_to_key) == f"<4 words of a file: {', '.join(map(repr, WORDS[:3]))}, ...>"
    assert back.index_to_key[-1] == WORDS[-1]
    assert dict(back.key_to_index) == vectors.key_to_index
    assert [back.index(w) for w in WORDS] == list(range(4))
    assert "th" not in back
    assert "zz" not in back
    assert 3 not in back
    assert back.vectors.dtype == dtype
    np.testing.assert_array_equal(back.vectors, vectors.vectors)
    assert back.counts is None if counts is None else (back.counts == counts).all()
    assert back.most_similar("the") == vectors.most_similar("the")
    with pytest.raises(IndexError):
        back.index_to_key[4]
    if mmap:
        assert back.vectors.ctypes.data % 4096 == 0
        assert not back.vectors.flags.writeable
    back.save(path)  # onto the file that is mapped: a new file takes its place
    assert fb.KeyedVectors.load(path).index_to_key[:] == WORDS


def test_native_files_are_read_as_others(tmp_path: Path) -> None:
    path = tmp_path / "v"
    vectors = fb.KeyedVectors(["the", "naïve", "日本"], VECTORS[:3], [3, 2, 1])
    vectors.save(path)
    for back in (fb.load(path), fb.KeyedVectors.load_word2vec_format(path)):
        assert back.index_to_key == vectors.index_to_key
        np.testing.assert_array_equal(back.vectors, vectors.vectors)
    assert fb.load(path).counts.tolist() == [3, 2, 1]
    words, values = fb.load_vectors(path, fb.Vocabulary(["日本", "the"]))
    assert words == ["the", "日本"]
    np.testing.assert_array_equal(values, VECTORS[[0, 2]])
    assert fb.load_vectors(path, max_words=2)[0] == ["the", "naïve"]
    with pytest.raises(ValueError, match="no vector here of a word in the vocabulary"):
        fb.load_vectors(path, fb.Vocabulary(["x"]))
    assert len(fb.KeyedVectors.load_word2vec_format(path, limit=2)) == 2
    with pytest.raises(ValueError, match="^limit must be an integer of at least 1 or None, got 0"):
        fb.KeyedVectors.load_word2vec_format(path, limit=0)


def test_native_is_a_safetensors_file(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    fb.KeyedVectors(WORDS, VECTORS).save(tmp_path / "v")
    np.testing.assert_array_equal(safetensors.load_file(tmp_path / "v")["vectors"], VECTORS)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text(max_size=5), min_size=1, max_size=12, unique=True))
def test_native_finds_every_word(words: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "v"
        fb.KeyedVectors(words, np.ones((len(words), 1))).save(path)
        back = fb.KeyedVectors.load(path, mmap=False)
    assert [back.index(w) for w in words] == list(range(len(words)))


def native(tmp_path: Path) -> bytes:
    fb.KeyedVectors(WORDS, VECTORS).save(tmp_path / "good")
    return (tmp_path / "good").read_bytes()


def edited(data: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    length = int.from_bytes(data[:8], "little")
    entries = json.loads(data[8 : 8 + length])
    change(entries)
    return data[:8] + json.dumps(entries).encode().ljust(length) + data[8 + length :]


BAD: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "four bytes": lambda data: data[:4],
    "huge header": lambda data: (1 << 62).to_bytes(8, "little") + data[8:],
    "header of another file": lambda data: data[:8] + b"{}".ljust(4088) + data[4096:],
    "no JSON": lambda data: data[:8] + b"[" * 4088 + data[4096:],
    "truncated": lambda data: data[:-3],
    "no vectors": lambda data: edited(data, lambda e: e.pop("vectors")),
    "another class": lambda data: data.replace(b"KeyedVectors", b"TreeClassif1"),
    "newer": lambda data: data.replace(rb"\"format\": 1", rb"\"format\": 7"),
    "shape": lambda data: edited(data, lambda e: e["vectors"].update(shape=[1 << 40, 1 << 40])),
    "negative shape": lambda data: edited(data, lambda e: e["vectors"].update(shape=[-4, -3])),
    "fractions": lambda data: edited(data, lambda e: e["vectors"].update(shape=[4.0, 3.0])),
    "offsets": lambda data: edited(data, lambda e: e["text"].update(data_offsets=[0, 1 << 60])),
    "dtype": lambda data: edited(data, lambda e: e["vectors"].update(dtype="I32")),
    "unknown dtype": lambda data: edited(data, lambda e: e["vectors"].update(dtype="Q3")),
    "entry": lambda data: edited(data, lambda e: e.update(vectors=3)),
    "order": lambda data: data.replace(ORDER.tobytes(), np.where(ORDER == 1, 9, ORDER).astype("<i4").tobytes()),
    "rows": lambda data: edited(data, lambda e: e["vectors"].update(shape=[3, 4])),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_native_files_give_one_clear_error(tmp_path: Path, name: str) -> None:
    path = tmp_path / "bad"
    data = native(tmp_path)
    path.write_bytes(BAD[name](data))
    assert path.read_bytes() != data
    for mmap in (True, False):
        with pytest.raises(ValueError, match="bad: not a whole file of word vectors: ") as info:
            fb.KeyedVectors.load(path, mmap=mmap)
        assert "\n" not in str(info.value)


@pytest.mark.slow
@settings(deadline=None, max_examples=80)
@given(st.integers(0, 2000), st.integers(0, 255))
def test_any_damaged_byte_of_a_native_file(at: int, value: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        content = bytearray(native(Path(folder)))
        content[min(at, 700) if at < 1000 else at - 2000 - 1] = value
        path = Path(folder) / "bad"
        path.write_bytes(content)
        try:
            back = fb.KeyedVectors.load(path, mmap=False)
            for k in range(len(back)):
                back.index_to_key[k] in back  # noqa: B015
            back.most_similar(np.ones(back.vector_size))
        except ValueError:  # UnicodeDecodeError is one
            return


def test_a_byte_order_mark_before_a_header(tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(b"\xef\xbb\xbf2 1\na 1\nb 2\n")
    assert fb.KeyedVectors.load_word2vec_format(tmp_path / "v").index_to_key == ["a", "b"]


def test_word2vec_files_with_nul_bytes(tmp_path: Path) -> None:
    for content in (b"2 2\na\0 1 2\nb 3 4\n", b"a\0 1 2\n", b"1 2\n\0 " + VECTORS[0, :2].tobytes(), b"\0" * 100):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(ValueError, match="bad"):
            fb.KeyedVectors.load_word2vec_format(tmp_path / "bad")
