"""Text for word vectors: words of a text, their counts, and their numbers."""

import gzip
import lzma
import os
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastbpts import _core
from fastbpts.words import _text
from fastbpts.words._counting import count_text, keep_words, table_of
from fastbpts.words._encoded import EncodedText
from fastbpts.words._text import TextSource

TEXT = "the cat  sat\non\tthe mat \r\n\n\nno end the"


def counted(source, n_threads=1, **options):
    counts = count_text(source, n_threads, options.pop("max_vocab_size", None))
    return keep_words(counts.table, options.pop("min_count", 1), options.pop("max_final_vocab", None)), counts


def decoded(text):
    """Sentences of word numbers, from one pass over an EncodedText."""
    sentences = []
    for block in text.blocks():
        for k in range(len(block.piece_words)):
            units = iter(block.text[block.piece_ptr[k] : block.piece_ptr[k + 1]].tolist())
            sentence = []
            for unit in units:
                number = (unit & 0x7FFF) << 16 | next(units) if unit & 0x8000 else unit
                if number:
                    sentence.append(number - 1)
                else:
                    sentences.append(sentence)
                    sentence = []
            if sentence:
                sentences.append(sentence)
    return sentences


def encoded(source, words, max_sentence=10000, limit=1 << 30, n_threads=1):
    return EncodedText(source, words, max_sentence, limit, n_threads)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks and pieces so small that every border is met."""
    monkeypatch.setattr(_text, "BLOCK", 2048)
    monkeypatch.setattr("fastbpts.words._encoded.PIECE", 64)


@pytest.mark.parametrize("opener", [open, gzip.open, lzma.open], ids=["plain", "gz", "xz"])
def test_files(tmp_path, opener):
    path = tmp_path / "text"
    with opener(path, "wb") as file:
        file.write(b"\xef\xbb\xbf" + TEXT.encode())
    source = TextSource(path)
    kept, counts = counted(source)
    assert kept.words == ["the", "cat", "end", "mat", "no", "on", "sat"]
    assert kept.counts.tolist() == [3, 1, 1, 1, 1, 1, 1]
    assert counts.n_tokens == 9
    sentences = [[kept.words[k] for k in sentence] for sentence in decoded(encoded(source, kept.words))]
    assert sentences == [line.split() for line in TEXT.splitlines() if line.strip()]


@settings(max_examples=40, deadline=None)
@given(
    sentences=st.lists(st.lists(st.text("aböß \n日", max_size=6), max_size=6), max_size=12),
    n_threads=st.integers(1, 3),
    min_count=st.integers(1, 3),
)
def test_sentences_of_any_strings(sentences, n_threads, min_count):
    source = TextSource(sentences)
    kept, counts = counted(source, n_threads, min_count=min_count)
    expected = Counter(word for sentence in sentences for word in sentence if word)
    frequent = {word: n for word, n in expected.items() if n >= min_count}
    assert dict(zip(kept.words, kept.counts.tolist(), strict=True)) == frequent
    assert kept.words == sorted(frequent, key=lambda word: (-frequent[word], word.encode()))
    assert counts.n_tokens == expected.total()
    if kept.words:
        found = [[kept.words[k] for k in s] for s in decoded(encoded(source, kept.words, n_threads=n_threads))]
        known = [[word for word in sentence if word in frequent] for sentence in sentences]
        assert found == [sentence for sentence in known if sentence]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("n_threads", [1, 2])
def test_borders_of_blocks_lose_nothing(tmp_path, n_threads):
    rng = np.random.default_rng(0)
    words = [f"w{k}" * (1 + k % 5) for k in range(3000)]
    sentences = [[words[k] for k in rng.integers(0, 3000, rng.integers(1, 30))] for _ in range(400)]
    path = tmp_path / "text"
    path.write_text("\n".join(map(" ".join, sentences)))
    for source in (TextSource(path), TextSource(sentences)):
        kept, _ = counted(source, n_threads)
        assert dict(zip(kept.words, kept.counts.tolist(), strict=True)) == Counter(w for s in sentences for w in s)
        found = [kept.words[k] for s in decoded(encoded(source, kept.words, n_threads=n_threads)) for k in s]
        assert found == [word for sentence in sentences for word in sentence]


@pytest.mark.usefixtures("small_blocks")
def test_one_endless_line_and_one_endless_word(tmp_path):
    path = tmp_path / "text"
    path.write_text("a bc " * 5000 + "x" * 7000 + " d" + " " * 5000 + "e")
    source = TextSource(path)
    kept, counts = counted(source)
    assert dict(zip(kept.words, kept.counts.tolist(), strict=True)) == {"a": 5000, "bc": 5000, "d": 1, "e": 1}
    assert (counts.n_tokens, counts.n_long) == (10003, 1)
    sentences = decoded(encoded(source, kept.words, max_sentence=7))
    assert max(map(len, sentences)) == 7
    assert [w for s in sentences for w in s][:-2] == [kept.words.index("a"), kept.words.index("bc")] * 5000


def test_byte_order_mark_before_more_than_a_block(tmp_path, small_blocks):
    path = tmp_path / "text"
    path.write_bytes(b"\xef\xbb\xbf" + b"a b c\n" * 1000)
    assert counted(TextSource(path))[0].counts.tolist() == [1000, 1000, 1000]


def test_bytes_0_and_1_are_blanks(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"a\0b c\1a\nb\0\n\1")
    source = TextSource(path)
    kept, counts = counted(source)
    assert (kept.words, kept.counts.tolist(), counts.n_tokens) == (["a", "b", "c"], [2, 2, 1], 5)
    assert decoded(encoded(source, kept.words)) == [[0, 1, 2, 0], [1]]
    assert list(source.sentences()) == [["a", "b", "c", "a"], ["b"]]


@pytest.mark.parametrize("words", [[b"a\0b"], [b"a\1b"], [b"a", b""], [b"a", b"a"], [b"a" * 1001]])
def test_vocabularies_that_no_text_has(words):
    with pytest.raises(ValueError, match="words: one is empty"):
        table_of(words)


def test_invalid_utf8_is_left_out_and_counted(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"good \xff\xfe good b\xc3 \xc3\xa4 \xff\xfe\n")
    kept, _ = counted(TextSource(path))
    assert kept.words == ["good", "ä"]
    assert kept.n_invalid == 3


def test_limits_of_the_vocabulary():
    sentences = [list("aaaabbbbcccdde")]
    assert counted(TextSource(sentences), max_final_vocab=3)[0].words == ["a", "b", "c"]
    assert counted(TextSource(sentences), max_final_vocab=1)[0].words == []  # a and b are equals
    assert counted(TextSource(sentences), min_count=4)[0].words == ["a", "b"]
    kept, _ = counted(TextSource(sentences), min_count=2, max_final_vocab=5)
    assert (kept.words, kept.min_count) == (["a", "b", "c", "d"], 2)


@pytest.mark.usefixtures("small_blocks")
def test_counting_forgets_rare_words():
    rng = np.random.default_rng(0)
    sentences = [[f"rare{k}", "often", "common"] for k in rng.permutation(2000)]
    kept, counts = counted(TextSource(sentences), max_vocab_size=50)
    assert kept.words[:2] == ["common", "often"]
    assert kept.counts[:2].tolist() == [2000, 2000]
    assert len(kept.words) < 50 + 2048
    assert counts.n_tokens == 6000


def test_counts_beyond_32_bits():
    """2^31 occurrences and more, by adding a table to itself again and again."""
    table, copy = table_of([b"x", b"y"]), table_of([b"x", b"y"])
    table.count[:2] = copy.count[:2] = 2**31, 2**31 - 1
    for _ in range(3):
        table.add(copy)
    assert table.count[:2].tolist() == [4 * 2**31, 4 * (2**31 - 1)]
    kept = keep_words(table, 2**33, None)
    assert kept.words == ["x"]
    assert len(_core.alias_table(table.count[:2] / table.count[:2].sum())) == 2


def test_a_text_within_the_limit_is_read_once(tmp_path):
    path = tmp_path / "text"
    path.write_text("a b a\nb a\n" * 50)
    source = TextSource(path)
    kept_text, streamed = encoded(source, ["a", "b"]), encoded(source, ["a", "b"], limit=10)
    first = decoded(kept_text)
    assert first == decoded(streamed) == [[0, 1, 0], [1, 0]] * 50
    path.write_text("b b\n")
    assert decoded(kept_text) == first
    assert decoded(streamed) == [[1, 1]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (7, "X must .*got 7"),
        (b"bytes", "must be a path"),
        ("", "X must be a path .*got ''"),
        (iter([["a"]]), "read only once"),
        (["a sentence"], "X must have lists of strings, got 'a sentence' as sentence 0"),
        ([["a"], 3], "sentence 1 is not a list of strings"),
        ([["a", 3]], "sentence 0 is not a list of strings"),
        ([["a\0b"]], "sentence 0 has a word with a NUL"),
    ],
)
def test_what_is_no_text(text, message):
    with pytest.raises(ValueError, match=message):
        list(TextSource(text).blocks())


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ValueError, match="must be a text file, got a directory"):
        TextSource(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="pipe: must be a text file, got a pipe or a device"):
        TextSource(tmp_path / "pipe")
    with pytest.raises(FileNotFoundError):
        list(TextSource(tmp_path / "none").blocks())
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(np.random.default_rng(0).bytes(5000))[:3000])
    with pytest.raises(ValueError, match="damaged or cut short"):
        list(TextSource(cut).blocks())
