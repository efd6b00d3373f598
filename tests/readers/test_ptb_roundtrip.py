"""Every reader gives back what was written, for any text, any spacing and any ends of blocks."""

import contextlib
import gzip
import io
import lzma
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_texts import check_against, nested, write

import fastbpts as fb

nltk_tree = import_module("nltk.tree") if find_spec("nltk") else None

TREES = st.lists(nested(), min_size=1, max_size=5)


@pytest.mark.slow
@settings(deadline=None)
@given(TREES, st.data())
def test_text(trees: list[Any], data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(["", "\n", " "])).join(write(tree, data.draw) for tree in trees)
    bank = fb.Treebank.from_ptb(text)
    assert len(bank) == len(trees)
    for tree, expected in zip(bank, trees, strict=True):
        check_against(tree, expected)
    again = fb.Treebank.from_ptb("\n".join(tree.to_ptb() for tree in bank))
    assert [tree.nested() for tree in again] == trees
    assert again.vocabulary == bank.vocabulary


@pytest.mark.slow
@settings(deadline=None, max_examples=30)
@given(TREES, st.data())
def test_every_block_size_and_chunk_size(trees: list[Any], data: st.DataObject) -> None:
    text = "".join(write(tree, data.draw) for tree in trees).encode()
    whole = fb.Treebank.from_ptb(text.decode())
    for block in {*range(1, 8), 13, 64, len(text) - 1, len(text)} - {0}:
        bank = fb.read_ptb(io.BytesIO(text), _block=block)
        for name, one, other in zip(whole.plan._fields, bank.plan, whole.plan, strict=True):
            np.testing.assert_array_equal(one, other, err_msg=name)
        assert bank.vocabulary == whole.vocabulary
    for chunk in (1, 2, 3, 100):
        parts = list(fb.iter_ptb(io.BytesIO(text), chunk_trees=chunk, _block=5))
        assert {len(part) for part in parts[:-1]} <= {chunk}
        assert [tree.nested() for part in parts for tree in part] == trees


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(st.lists(nested(st.sampled_from(["S", "NP", "-NONE-", "é", "X-2", "1"])), min_size=1, max_size=4), st.data())
def test_string_labels(trees: list[Any], data: st.DataObject) -> None:
    bank = fb.Treebank.from_ptb("\n".join(write(tree, data.draw) for tree in trees), labels="str")
    assert [tree.nested() for tree in bank] == trees
    assert (bank.label == -1).all()
    assert [tree.nested() for tree in fb.Treebank.from_trees(trees, labels="str")] == trees


@pytest.mark.slow
@settings(deadline=None)
@given(TREES)
def test_nested_tuples(trees: list[Any]) -> None:
    bank = fb.Treebank.from_trees(trees)
    for tree, expected in zip(bank, trees, strict=True):
        check_against(tree, expected)
    same = fb.Treebank.from_ptb("\n".join(tree.to_ptb() for tree in bank))
    assert same.vocabulary == bank.vocabulary
    for name in bank.plan._fields:
        np.testing.assert_array_equal(getattr(same, name), getattr(bank, name), err_msg=name)


@pytest.mark.slow
@settings(deadline=None)
@given(TREES)
def test_mixed_objects(trees: list[Any]) -> None:
    bank = fb.Treebank.from_trees(trees)
    mixture: list[Any] = []
    for k, tree in enumerate(bank):
        mixture.append((tree, tree.to_ptb(), tree.nested(), fb.Treebank.from_trees([trees[k]])[0])[k % 4])
    assert [tree.nested() for tree in fb.Treebank.from_trees(mixture)] == trees
    assert [tree.nested() for tree in fb.Treebank.from_trees(list(bank)[::-1])] == trees[::-1]


@pytest.mark.slow
@pytest.mark.skipif(nltk_tree is None, reason="nltk is not installed")
@settings(deadline=None)
@given(TREES)
def test_nltk(trees: list[Any]) -> None:

    def convert(tree: Any) -> Any:
        return nltk_tree.Tree(str(tree[0]), [c if isinstance(c, str) else convert(c) for c in tree[1:]])

    bank = fb.Treebank.from_trees(map(convert, trees))
    assert [tree.nested() for tree in bank] == trees


@settings(deadline=None)
@given(st.binary(max_size=60) | st.text("()1a \n\0é", max_size=40).map(str.encode), st.integers(1, 9))
def test_random_bytes_give_trees_or_a_clear_error(junk: bytes, block: int) -> None:
    outcomes = []
    for size in (block, 1000):
        try:
            bank = fb.read_ptb(io.BytesIO(junk), _block=size)
            fb.Treebank(*bank.plan, bank.vocabulary, bank.phrase, bank.label_names)
            outcomes.append("\n".join(tree.to_ptb() for tree in bank))
        except fb.PTBError as error:
            outcomes.append(f"{error} at {min(error.line, error.column) > 0}")
    assert not outcomes[0].endswith("at False")
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress])
def test_every_truncation_and_damage_of_an_archive(tmp_path: Path, compress: Any) -> None:
    path = tmp_path / "trees"
    archive = compress(b"(3 (2 a) (4 (3 fine) (2 film)))\n" * 9)
    path.write_bytes(archive)
    assert len(fb.read_ptb(path)) == 9
    for end in range(1, len(archive)):
        path.write_bytes(archive[:end])
        with pytest.raises(fb.PTBError, match="trees:"):
            fb.read_ptb(path)
    for at in range(len(archive)):
        path.write_bytes(archive[:at] + bytes([archive[at] ^ 0x55]) + archive[at + 1 :])
        with contextlib.suppress(fb.PTBError):  # damage to gzip's time stamp and the like is none
            assert len(fb.read_ptb(path)) == 9
