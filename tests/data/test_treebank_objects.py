"""Trees given as Python objects: accepted and refused ones."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_texts import nested

import fastbpts as fb

TREES = st.lists(nested(), min_size=1, max_size=6)


def nest(trees: fb.Treebank) -> list[Any]:
    return [tree.nested() for tree in trees]


def test_objects_that_are_no_trees() -> None:
    collect = fb.Treebank.from_trees
    assert nest(collect([((1, "a"), "b", ["c", (2, "d")])])) == [(-1, (1, "a"), (-1, "b"), (-1, (-1, "c"), (2, "d")))]
    assert nest(collect([(None, (np.int8(3), "a"))])) == [(-1, (3, "a"))]
    for bad, message in (
        ([(1,)], r"trees\[0\]: a node with neither"),
        ([(1, "a"), ()], r"trees\[1\]: a node with neither"),
        ([(1, 2)], r"trees\[0\]: 2 where a tuple or a word"),
        ([(1, "a", None)], r"None where a tuple or a word"),
        ([(True, "a")], r"True where a tuple"),
        ([(1.5, "a")], r"1\.5 where a tuple"),
        ([(-2, "a")], "a label must be an integer in .*got -2"),
        ([(1 << 31, "a")], "a label must be an integer in .*got 2147483648"),
        (["(1 a) (2 b)"], r"trees\[0\] must be one tree, got a text of 2"),
        (["(1 a)", "(1"], r"trees\[1\]:1:1: unclosed"),
        ([3], "3 where a tuple"),
        ("(1 a)", "trees must be an iterable of trees"),
        (5, "trees must be an iterable of trees"),
    ):
        with pytest.raises(ValueError, match=message):
            collect(bad)
    with pytest.raises(ValueError, match="labels must .*got 'x'"):
        collect([], labels="x")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="labels='str'"):
        collect([(1, "a")], labels="str")
    assert len(collect([])) == 0


@pytest.mark.slow
@settings(deadline=None)
@given(TREES, st.sampled_from(["keep", "collapse"]), st.sampled_from([None, "left", "right"]))
def test_objects_are_collapsed_and_binarized_like_text(trees: list[Any], unary: Any, binarize: Any) -> None:
    options = {"unary": unary, "binarize": binarize}
    b = fb.Treebank.from_trees(trees)
    text = [tree.to_ptb() for tree in b]
    expected = fb.Treebank.from_ptb("\n".join(text), **options)
    for given_trees in (trees, b, list(b), text):
        made = fb.Treebank.from_trees(given_trees, **options)
        assert nest(made) == nest(expected)
    if unary == "collapse" and binarize:
        assert set(expected.n_child.tolist()) <= {0, 2}


def test_phrases_are_collapsed_and_binarized() -> None:
    text = "(S (NP (NN x)) (A a) (B b) (C c))"
    b = fb.Treebank.from_ptb(text)
    left = "(S (-1 (-1 (NP x) (A a)) (B b)) (C c))"
    assert fb.Treebank.from_trees(b, unary="collapse", binarize="left")[0].to_ptb() == left
    assert fb.Treebank.from_trees([text], unary="collapse", binarize="left")[0].to_ptb() == left
    assert (
        fb.Treebank.from_ptb(left, labels="str")[0].nested()
        == fb.Treebank.from_ptb(text, unary="collapse", binarize="left")[0].nested()
    )
    for wrong in ({"unary": "drop"}, {"binarize": "middle"}):
        with pytest.raises(ValueError, match="unary must .*got 'drop'|binarize must .*got 'middle'"):
            fb.Treebank.from_trees(b, **wrong)  # type: ignore[arg-type]


def test_lists_that_contain_themselves() -> None:
    loop: list[Any] = [1, "a"]
    loop.append(loop)
    with pytest.raises(ValueError, match=r"trees\[0\]: a list that contains itself"):
        fb.Treebank.from_trees([loop])
    leaf = [0, "a"]
    assert nest(fb.Treebank.from_trees([[1, leaf, leaf]])) == [(1, (0, "a"), (0, "a"))]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.binary(max_size=2) | st.just({}),
    lambda part: st.lists(part, max_size=4) | st.lists(part, max_size=4).map(tuple),
    max_leaves=12,
)


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(st.lists(JUNK, max_size=3), st.sampled_from(["auto", "int", "str"]), st.sampled_from([None, "left", "right"]))
def test_any_objects_give_trees_or_a_clear_error(objects: list[Any], labels: Any, binarize: Any) -> None:
    try:
        b = fb.Treebank.from_trees(objects, labels, "collapse", binarize)
    except ValueError as error:
        assert "trees[" in str(error)  # noqa: PT017
        return
    fb.Treebank(*b.plan, b.vocabulary, b.phrase, b.label_names)
    assert len(b) == len(objects)
