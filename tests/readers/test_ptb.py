"""Reading treebanks: forms, options, real files, and the message for every malformed text."""

import gzip
import io
import lzma
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from data import data_dir, needs_data

import fastbpts as fb

MALFORMED = {
    "(3 a": (1, 1, "unclosed bracket"),
    "(3 a)\n(2 (3 a)\n(2 b)": (2, 1, "unclosed bracket"),
    "(": (1, 1, "unclosed bracket"),
    "(3 a))": (1, 6, "closing bracket without"),
    ")": (1, 1, "closing bracket without"),
    "(3 a) x (2 b)": (1, 7, "text outside brackets: 'x'"),
    "naïve": (1, 1, "text outside brackets: 'naïve'"),
    "(3)": (1, 1, "neither a word nor children"),
    "(3 (2 é) ())": (1, 10, "neither a word nor children"),
    "(3 a (2 b))": (1, 6, "word and children"),
    "(3 (2 b) a)": (1, 10, "word and children"),
    "(3 a b)": (1, 6, "second word in one node: 'b'"),
    "(3 a\0)": (1, 5, "NUL byte"),
    "\0": (1, 1, "NUL byte"),
    "(2 (2 a)\r\n\t(x é))": (2, 3, "label 'x' is not an integer"),
    "(2 (2 日本)\n (2 日本) (5 b))": (2, 10, "label '5' is out of range: n_classes=5 accepts 0..4"),
    "(-2 a)": (1, 2, "label '-2' is out of range"),
    "(99999999999999999999 a)": (1, 2, "out of range"),
    f"({'0' * 5000}1 a)": (1, 2, "out of range"),
    "(2147483648 a)": (1, 2, "out of range"),
    "": (1, 1, "there is no tree here"),
    " \r\n\t": (1, 1, "there is no tree here"),
}


@pytest.mark.parametrize("text", MALFORMED)
@pytest.mark.parametrize("block", [1, 3, 1 << 20])
def test_malformed_text_is_told_file_line_and_column(tmp_path: Path, text: str, block: int) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(text.encode())
    line, column, message = MALFORMED[text]
    with pytest.raises(fb.PTBError) as info:
        fb.read_ptb(path, n_classes=5, _block=block)
    assert str(info.value).startswith(f"{path}:{line}:{column}: ")
    assert message in str(info.value)
    assert (info.value.filename, info.value.line, info.value.column) == (str(path), line, column)
    assert isinstance(info.value, ValueError)
    assert str(pickle.loads(pickle.dumps(info.value))) == str(info.value)


@pytest.mark.parametrize("block", [1, 2, 7, 1 << 20])
def test_invalid_encoding_is_told_where(block: int) -> None:
    text = "(3 (2 é)\n (2 日".encode() + b"\xff) (2 c))"
    with pytest.raises(fb.PTBError, match=r":2:6: invalid utf-8: invalid start byte \(byte 0xff\)"):
        fb.read_ptb(io.BytesIO(text), _block=block)
    with pytest.raises(fb.PTBError, match="invalid utf-8: unexpected end of data"):
        fb.read_ptb(io.BytesIO("(2 é)é".encode()[:-1]), _block=block)
    with pytest.raises(fb.PTBError, match="surrogates not allowed"):
        fb.Treebank.from_ptb("(2 \ud800)")


def test_other_encodings_and_byte_order_marks(tmp_path: Path) -> None:
    path = tmp_path / "trees"
    for encoding in ("latin-1", "utf-16", "utf-8-sig", "utf-32-le"):
        path.write_bytes("(3 (2 naïve) (4 é))\n(2 ü)".encode(encoding))
        bank = fb.read_ptb(path, encoding="utf-8" if encoding == "utf-8-sig" else encoding, _block=3)
        assert [tree.words for tree in bank] == [["naïve", "é"], ["ü"]]
    for encoding in ("no such", "base64"):
        with pytest.raises(ValueError, match="encoding must .*"):
            fb.read_ptb(path, encoding=encoding)


@pytest.mark.parametrize("write", [bytes, gzip.compress, lzma.compress])
def test_plain_and_compressed_files(tmp_path: Path, write: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "trees"
    path.write_bytes(write(b"(3 (2 a)\r\n  (4 (3 fine)\t(2 film)))(1 b) (2 (2 c) (2 d))"))
    bank = fb.read_ptb(path)
    expected = ["(3 (2 a) (4 (3 fine) (2 film)))", "(1 b)", "(2 (2 c) (2 d))"]
    assert [tree.to_ptb() for tree in bank] == expected
    with path.open("rb") as stream:
        assert write is not bytes or len(fb.read_ptb(stream)) == 3
    assert [len(part) for part in fb.iter_ptb(path, chunk_trees=2)] == [2, 1]


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        fb.read_ptb(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        next(fb.iter_ptb(tmp_path / "none"))
    with pytest.raises(ValueError, match="path must .*got 3"):
        fb.read_ptb(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="binary stream"):
        fb.read_ptb(io.StringIO("(2 a)"))  # type: ignore[arg-type]


def test_phrase_labels_are_kept_as_strings() -> None:
    text = "( (S (NP (DT the) (NN cat)) (VP (VBZ sits) (-LRB- -LRB-))) )"
    bank = fb.Treebank.from_ptb(text)
    assert bank.label_names == ["S", "NP", "DT", "NN", "VP", "VBZ", "-LRB-"]
    assert (bank.label == -1).all()
    assert bank[0].to_ptb() == "(S (NP (DT the) (NN cat)) (VP (VBZ sits) (-LRB- -LRB-)))"
    assert bank[0].words == ["the", "cat", "sits", "-LRB-"]
    assert bank[0].tokens() == ["the", "cat", "sits", "("]
    with pytest.raises(fb.PTBError, match="label 'S' is not an integer"):
        fb.Treebank.from_ptb(text, labels="int")


def test_labels_by_the_first() -> None:
    assert fb.Treebank.from_ptb("(S (1 a) (2 b))").label_names == ["S", "1", "2"]
    assert fb.Treebank.from_ptb("(2 (1 a) (-1 b))").label.tolist() == [1, -1, 2]
    assert fb.Treebank.from_ptb("(2 a)", labels="str").label_names == ["2"]
    with pytest.raises(fb.PTBError, match=":1:9: label 'S'"):
        fb.Treebank.from_ptb("(2 a)\0(S b)".replace("\0", "  "))
    assert fb.Treebank.from_ptb("((2 a) (3 b))").label.tolist() == [2, 3, -1]
    assert fb.Treebank.from_ptb("(007 a)").label.tolist() == [7]


def test_unary_chains_kept_or_collapsed() -> None:
    text = "(4 (3 (2 (1 a)) (0 (0 (0 b)))))"
    assert fb.Treebank.from_ptb(text)[0].to_ptb() == text
    assert fb.Treebank.from_ptb(text, unary="collapse")[0].to_ptb() == "(4 (2 a) (0 b))"
    assert fb.Treebank.from_ptb("((4 a))", unary="collapse")[0].to_ptb() == "(4 a)"
    assert fb.Treebank.from_ptb("( ((4 a) (3 b)) )")[0].to_ptb() == "(-1 (4 a) (3 b))"
    assert fb.Treebank.from_ptb("(S (NP (DT the)))", unary="collapse")[0].to_ptb() == "(S the)"


def test_nodes_with_many_children_kept_or_binarized() -> None:
    text = "(4 (0 a) (1 b) (2 c) (3 (0 d) (1 e) (2 f)))"
    bank = fb.Treebank.from_ptb(text)
    assert bank[0].to_ptb() == text
    assert bank.n_child.max() == 4
    left = "(4 (-1 (-1 (0 a) (1 b)) (2 c)) (3 (-1 (0 d) (1 e)) (2 f)))"
    right = "(4 (0 a) (-1 (1 b) (-1 (2 c) (3 (0 d) (-1 (1 e) (2 f))))))"
    assert fb.Treebank.from_ptb(text, binarize="left")[0].to_ptb() == left
    assert fb.Treebank.from_ptb(text, binarize="right")[0].to_ptb() == right
    wide = "(1 " + "(2 a)" * 1000 + ")"
    for how in ("left", "right"):
        one = fb.Treebank.from_ptb(wide, binarize=how)  # type: ignore[arg-type]
        assert one.n_nodes == 1999
        assert len(one.level_size) == 1000
        assert one[0].words == ["a"] * 1000
        fb.Treebank(*one.plan, one.vocabulary)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("labels", "ints"),
        ("unary", None),
        ("binarize", "middle"),
        ("n_classes", 0),
        ("n_classes", 2.5),
        ("n_classes", True),
    ],
)
def test_options_are_checked(option: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{option}(=| must)"):
        fb.Treebank.from_ptb("(2 a)", **{option: value})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="labels='str'"):
        fb.Treebank.from_ptb("(2 a)", labels="str", n_classes=3)
    for chunk in (0, 1.5, True):
        with pytest.raises(ValueError, match="^chunk_trees must"):
            fb.iter_ptb("x", chunk_trees=chunk)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["right", "left", "unary"])
def test_a_million_deep(shape: str) -> None:
    n = 1_000_000
    before, after = {"right": ("(1 (0 a) ", ")"), "left": ("(1 ", " (0 a))"), "unary": ("(1 ", ")")}[shape]
    text = before * n + "(2 b)" + after * n
    bank = fb.Treebank.from_ptb(text)
    assert len(bank.level_size) == n + 1
    assert bank.n_nodes == (n + 1 if shape == "unary" else 2 * n + 1)
    assert bank.batch([0]).n_levels == n + 1
    if shape == "unary":
        assert fb.Treebank.from_ptb(text, unary="collapse")[0].to_ptb() == "(1 b)"
        assert bank[0].to_ptb() == text
        again = fb.Treebank.from_trees([bank[0].nested()])
        np.testing.assert_array_equal(again.child, bank.child)
    with pytest.raises(fb.PTBError, match=":1:1: unclosed"):
        fb.Treebank.from_ptb(text[:-1])


@pytest.mark.slow
def test_many_words_and_labels() -> None:
    """Enough strings that some have the same 32-bit hash."""
    n = 400_000
    bank = fb.Treebank.from_ptb(" ".join(f"({k % 9} {k + n})" for k in range(n)))
    np.testing.assert_array_equal(bank.word, np.arange(n))
    assert bank.vocabulary.words == [str(k + n) for k in range(n)]
    labels = fb.Treebank.from_ptb(" ".join(f"({k} a)" for k in range(n))).label
    np.testing.assert_array_equal(labels, np.arange(n))
    long = "x" * 100_000
    assert fb.Treebank.from_ptb(f"(1 {long})")[0].words == [long]


def test_two_threads_read_at_once(tmp_path: Path) -> None:
    texts = ["".join(f"({k % 5} w{k * step})" for k in range(20_000)) for step in (1, 7)]
    for k, text in enumerate(texts):
        (tmp_path / str(k)).write_text(text)
    with ThreadPoolExecutor(4) as pool:
        banks = list(pool.map(fb.read_ptb, [tmp_path / str(k % 2) for k in range(8)]))
    for k, bank in enumerate(banks):
        assert bank.vocabulary.words == [f"w{i * (1, 7)[k % 2]}" for i in range(20_000)]
        np.testing.assert_array_equal(bank.label, np.arange(20_000) % 5)


@pytest.mark.slow
@needs_data("sst")
def test_stanford_sentiment_treebank() -> None:
    folder = data_dir("sst")
    assert folder is not None
    for split, trees, nodes, roots, labels in (
        ("train", 8544, 318_582, [1092, 2218, 1624, 2322, 1288], [8245, 34362, 219788, 44194, 11993]),
        ("dev", 1101, 41_447, [139, 289, 229, 279, 165], [1070, 4613, 28305, 5781, 1678]),
    ):
        path = folder / f"{split}.txt.xz"
        bank = fb.read_ptb(path, n_classes=5)
        assert (len(bank), bank.n_nodes) == (trees, nodes)
        assert np.bincount(bank.root_labels()).tolist() == roots
        assert np.bincount(bank.label).tolist() == labels
        assert set(bank.n_child.tolist()) == {0, 2}
        text = lzma.decompress(path.read_bytes()).decode()
        assert [tree.to_ptb() for tree in bank] == text.strip("\n").split("\n")


LOAD = """
import resource, sys
import fastbpts as fb
fb.read_ptb
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
bank = fb.read_ptb(sys.argv[1])
arrays = sum(array.nbytes for array in bank.plan)
print(len(bank), bank.n_nodes, arrays, 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read the Linux way")
def test_memory_of_a_large_bank(tmp_path: Path) -> None:
    """2 GB for a million trees of 37 nodes is 54 bytes for a node."""
    tree = "(2 " + "(1 (2 the) (3 " * 9 + "(0 end)" + "))" * 9 + ")\n"
    path = tmp_path / "large"
    path.write_text(tree * 60_000)
    run = subprocess.run([sys.executable, "-c", LOAD, path], capture_output=True, text=True, check=True)
    n_trees, n_nodes, arrays, grown = map(int, run.stdout.split())
    assert n_trees == 60_000
    assert arrays / n_nodes < 22
    assert grown / n_nodes < 40
