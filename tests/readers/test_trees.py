"""Every format of files of trees: what all readers promise, over the rows of the table, and what each row reads."""

import gzip
import io
import lzma
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import fastbpts as fb
from fastbpts.readers.trees import FORMATS

# The same three trees in each format; what their labels are; and a text whose second tree is malformed.
TREES = [(3, "not", "bad"), (1, "ünne", "b"), (2, "not", "b")]
WRITTEN = {
    "ptb": "".join(f"({y} (2 {a})\n (0 {b}))\n" for y, a, b in TREES),
    "labelled": "\n".join(f"{y}\t(0 (2 {a}) (0 {b}))\r\n" for y, a, b in TREES),
}
MALFORMED = {
    "ptb": ("(3 (2 a) (2 b))\n(3 a b)", 2, 6),
    "labelled": ("1\t(3 (2 a) (2 b))\n-1\t(3 a b)", 2, 9),
}


@pytest.fixture(params=FORMATS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_format_says_what_it_is(name: str) -> None:
    assert fb.tree_formats()[name] == FORMATS[name].about


@pytest.mark.parametrize("write", [bytes, gzip.compress, lzma.compress])
@pytest.mark.parametrize("block", [1, 7, 1 << 20])
def test_files_and_streams(tmp_path: Path, name: str, write: Callable[[bytes], bytes], block: int) -> None:
    path = tmp_path / "trees"
    path.write_bytes(write(WRITTEN[name].encode()))
    bank = fb.read_trees(path, name, _block=block)
    assert [(int(tree.label), *tree.words) for tree in bank] == TREES
    assert bank.vocabulary.words == ["not", "bad", "ünne", "b"]
    assert [len(part) for part in fb.iter_trees(path, name, chunk_trees=2, _block=block)] == [2, 1]
    again = fb.read_trees(io.BytesIO(WRITTEN[name].encode()), name)
    np.testing.assert_array_equal(again.label, bank.label)


def test_other_encodings(tmp_path: Path, name: str) -> None:
    path = tmp_path / "trees"
    path.write_text(WRITTEN[name], encoding="utf-16")
    assert [tree.words[0] for tree in fb.read_trees(path, name, encoding="utf-16")] == ["not", "ünne", "not"]
    with pytest.raises(ValueError, match="invalid utf-8"):
        fb.read_trees(path, name)


def test_malformed_text_is_told_where(name: str) -> None:
    text, line, column = MALFORMED[name]
    with pytest.raises(ValueError, match=f"^<stream>:{line}:{column}: "):
        fb.read_trees(io.BytesIO(text.encode()), name)
    with pytest.raises(ValueError, match=r"^<stream>:1:1: there is no tree here"):
        fb.read_trees(io.BytesIO(b""), name)
    with pytest.raises(ValueError, match="out of range: n_classes=3 accepts 0..2"):
        fb.read_trees(io.BytesIO(WRITTEN[name].encode()), name, n_classes=3)


def test_a_format_that_is_none() -> None:
    for read in (fb.read_trees, fb.iter_trees):
        with pytest.raises(ValueError, match="^format must be one of 'ptb', .*got 'newick'"):
            read("trees", "newick")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1\t(S (X a))\nno tab", "2:1: no tab"),
        ("1\t ", "1:1: no tab and tree"),
        ("x\t(S a)", "1:1: label 'x' is not an integer"),
        ("-2\t(S a)", "1:1: label '-2' is out of range: accepted are 0..2147483647"),
        ("12\t(S (X a)", "1:4: unclosed bracket"),
        ("1\t(S a) (S b)", "1:14: a second tree"),
    ],
)
def test_labelled_lines_that_are_wrong(text: str, told: str) -> None:
    with pytest.raises(fb.PTBError) as info:
        fb.read_trees(io.BytesIO(text.encode()), "labelled")
    assert told in str(info.value)


def test_labelled_lines_keep_names_of_phrases() -> None:
    bank = fb.read_trees(io.BytesIO(b"4\t(S (NP films) (VP end))\n-1\t(S end)\n"), "labelled", unary="collapse")
    assert bank.label_names == ["S", "NP", "VP"]
    assert bank.root_labels().tolist() == [4, -1]
    assert bank.label.tolist() == [-1, -1, 4, -1]
