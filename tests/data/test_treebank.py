"""Treebanks: choosing, joining, pickling, batches against a slow one, and arrays that are wrong."""

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, train_test_split
from tree_texts import assert_same, nested, slow_batch

import fastbpts as fb
from fastbpts.data.tree import ptb_lines

TREES = st.lists(nested(), min_size=1, max_size=6)
TEXT = "(3 (2 a) (4 (3 b) (2 a))) (1 c) (0 (1 (2 c)) (2 d) (2 e))"


def bank() -> fb.Treebank:
    return fb.Treebank.from_ptb(TEXT)


def nest(trees: fb.Treebank) -> list[Any]:
    return [tree.nested() for tree in trees]


def test_arrays() -> None:
    b = bank()
    assert b.node_ptr.tolist() == [0, 5, 6, 11]
    assert b.level_ptr.tolist() == [0, 3, 4, 7]
    assert b.level_size.tolist() == [3, 1, 1, 1, 3, 1, 1]
    assert b.edge_ptr.tolist() == [0, 4, 4, 8]
    assert b.child.tolist() == [1, 2, 0, 3, 0, 3, 1, 2]
    assert b.n_child.tolist() == [0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 3]
    assert b.word.tolist() == [0, 1, 0, -1, -1, 2, 2, 3, 4, -1, -1]
    assert b.label.tolist() == [2, 3, 2, 4, 3, 1, 2, 2, 2, 1, 0]
    assert b.vocabulary.words == ["a", "b", "c", "d", "e"]
    assert b.root_labels().tolist() == b.labels("root").tolist() == [3, 1, 0]
    assert b.labels("leaves").tolist() == [2, 3, 2, 1, 2, 2, 2]
    assert b.labels() is b.label
    with pytest.raises(ValueError, match="nodes must .*got 'top'"):
        b.labels("top")  # type: ignore[arg-type]
    assert not any(array.flags.writeable for array in b.plan)
    assert repr(b) == "<Treebank of 3 trees, 11 nodes, 5 words>"


def test_tree() -> None:
    tree = bank()[0]
    assert (tree.n_nodes, tree.label, tree.labels.tolist(), tree.words) == (5, 3, [2, 3, 2, 4, 3], ["a", "b", "a"])
    assert tree.nested() == (3, (2, "a"), (4, (3, "b"), (2, "a")))
    assert tree.to_ptb([0, 1, 2, 3, 4]) == "(4 (0 a) (3 (1 b) (2 a)))"
    assert tree.to_ptb(["w", "x", "y", "z", "S"]) == "(S (w a) (z (x b) (y a)))"
    assert repr(tree) == "<Tree of 5 nodes, label 3: a b a>"
    with pytest.raises(ValueError, match="labels must be one for each of 5 nodes"):
        tree.to_ptb([1, 2])
    assert not hasattr(tree, "__len__")  # else NumPy would take a list of trees apart


def test_words_that_brackets_cannot_hold() -> None:
    made = fb.Treebank.from_trees([(1, (0, "("), (0, "a)b"))])
    assert made[0].to_ptb() == "(1 (0 -LRB-) (0 a-RRB-b))"
    assert fb.Treebank.from_ptb(made[0].to_ptb())[0].tokens() == ["(", "a-RRB-b"]
    for word in ("", "a b", "a\n", "\0"):
        with pytest.raises(ValueError, match="cannot be written in PTB brackets"):
            fb.Treebank.from_trees([(1, word)])[0].to_ptb()


def test_lines_of_several_trees_are_those_of_each() -> None:
    b = bank()
    names = [f"n{k}" for k in range(b.n_nodes)]
    for first, stop in ((0, 3), (1, 3), (2, 3), (1, 1)):
        of = [names[b.node_ptr[k] : b.node_ptr[k + 1]] for k in range(first, stop)]
        lines = list(ptb_lines(b, names[b.node_ptr[first] : b.node_ptr[stop]], first, stop))
        assert lines == [b[k].to_ptb(labels) for k, labels in zip(range(first, stop), of, strict=True)]
    empty = fb.Treebank.from_ptb("(1 a)")[[]]
    assert list(ptb_lines(empty, [], 0, 0)) == []


def test_choosing() -> None:
    b, all_trees = bank(), nest(bank())
    assert len(b) == 3
    assert b[-1].nested() == all_trees[2]
    assert b[np.int64(1)].nested() == all_trees[1]
    assert [tree.nested() for tree in b] == all_trees
    for which in (slice(1, 3), slice(None, None, -1), slice(0, 0), slice(None, None, 2)):
        assert nest(b[which]) == all_trees[which]
    assert nest(b[[2, 0, 2, -3]]) == [all_trees[k] for k in (2, 0, 2, 0)]
    assert nest(b[np.array([True, False, True])]) == [all_trees[0], all_trees[2]]
    assert len(b[[]]) == 0
    for bad in (3, -4, [0, 3], [-4], np.array([True])):
        with pytest.raises(IndexError):
            b[bad]
    for wrong in ([0.5], [[0]], "a", ["a"], None):
        with pytest.raises(ValueError, match="indices"):
            b[wrong]


def test_joining() -> None:
    b = bank()
    phrases = fb.Treebank.from_ptb("(S (A c) (B z))")
    joined = fb.Treebank.concat([b[1:], phrases, b[:1], phrases])
    assert nest(joined[:2]) == nest(b[1:])
    assert [tree.words for tree in joined] == [["c"], ["c", "d", "e"], ["c", "z"], ["a", "b", "a"], ["c", "z"]]
    assert joined[2].to_ptb() == joined[4].to_ptb() == "(S (A c) (B z))"
    assert joined.root_labels().tolist() == [1, 0, -1, 3, -1]
    fb.Treebank(*joined.plan, joined.vocabulary, joined.phrase, joined.label_names)
    assert len(fb.Treebank.concat([])) == 0
    assert fb.Treebank.concat([b]) is b
    with pytest.raises(ValueError, match="banks"):
        fb.Treebank.concat([b, "x"])  # type: ignore[list-item]


def test_views_of_one_bank_are_collected_without_copying_the_vocabulary() -> None:
    b = bank()
    assert fb.Treebank.from_trees(list(b)[1:]).vocabulary is b.vocabulary
    assert fb.Treebank.from_trees(b) is b


def test_pickle() -> None:
    b = fb.Treebank.concat([bank(), fb.Treebank.from_ptb("(S (A c) (B z))")])
    again = pickle.loads(pickle.dumps(b))
    assert [t.to_ptb() for t in again] == [t.to_ptb() for t in b]
    tree = pickle.loads(pickle.dumps(list(b)))[1]
    assert tree.to_ptb() == b[1].to_ptb()
    structure = pickle.loads(pickle.dumps(b.batch([2, 0])))
    assert_same(structure, slow_batch(b, [2, 0]))


def test_as_a_sequence_of_scikit_learn() -> None:
    class Constant(ClassifierMixin, BaseEstimator):
        def __init__(self, answer: int = 0) -> None:
            self.answer = answer

        def fit(self, X: Any, y: Any = None) -> "Constant":
            return self

        def score(self, X: Any, y: Any = None) -> float:
            return float((fb.Treebank.from_trees(X).root_labels() == self.answer).mean())

    trees = fb.Treebank.from_ptb("(1 (0 a) (1 b)) (1 a) (0 b) (1 c)" * 5)
    assert not hasattr(trees, "shape")
    for X in (trees, list(trees), nest(trees)):
        search = GridSearchCV(Constant(), {"answer": [0, 1]}, cv=4).fit(X)
        assert search.best_params_ == {"answer": 1}
        assert search.best_score_ == pytest.approx(0.75)
    halves = train_test_split(trees, test_size=0.5, random_state=0)
    assert [len(half) for half in halves] == [10, 10]


@pytest.mark.slow
@settings(deadline=None)
@given(TREES, st.data())
def test_batch(trees: list[Any], data: st.DataObject) -> None:
    b = fb.Treebank.from_trees(trees)
    fb.Treebank(*b.plan, b.vocabulary)
    index = data.draw(st.lists(st.integers(0, len(b) - 1), min_size=1, max_size=9))
    word_map = np.array(data.draw(st.lists(st.integers(0, 99), min_size=len(b.vocabulary), max_size=len(b.vocabulary))))
    for given_map in (None, word_map.astype(np.int32)):
        structure = b.batch(index, given_map)
        assert_same(structure, slow_batch(b, index, given_map))
        structure.check()
    nodes = np.argsort(structure.graph, kind="stable")
    assert structure.label[nodes].tolist() == np.concatenate([b[k].labels for k in index]).tolist()


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(TREES, st.data())
def test_choose_and_join_any(trees: list[Any], data: st.DataObject) -> None:
    b = fb.Treebank.from_trees(trees)
    index = data.draw(st.lists(st.integers(-len(b), len(b) - 1), max_size=9))
    chosen = b[index]
    fb.Treebank(*chosen.plan, chosen.vocabulary)
    assert nest(chosen) == [trees[k] for k in index]
    cut = data.draw(st.integers(0, len(b)))
    apart = [fb.Treebank.from_trees(trees[:cut]), fb.Treebank.from_trees(trees[cut:])]
    joined = fb.Treebank.concat(apart)
    assert nest(joined) == trees
    assert joined.vocabulary == b.vocabulary


def test_unknown_words_are_drawn_at_each_leaf() -> None:
    b = fb.Treebank.from_ptb("(1 " + "(0 a) (0 b)" * 2000 + ")")
    rate = np.array([0.25, 0.0], np.float32)
    word_map = np.array([5, 6], np.int32)
    one, same, other = (b.batch([0], word_map, rate, seed=seed).word for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()
    assert set(one[:-1:2].tolist()) == {0, 5}
    assert set(one[1:-1:2].tolist()) == {6}
    assert 0.2 < (one[:-1:2] == 0).mean() < 0.3


def test_batch_arguments() -> None:
    b = bank()
    with pytest.raises(ValueError, match="one tree at least"):
        b.batch([])
    with pytest.raises(IndexError, match="indices from 0 to 3"):
        b.batch([0, 3])
    for wrong in (np.zeros(4, np.int32), [0] * 5, np.zeros((5, 1), np.int32)):
        with pytest.raises(ValueError, match="word_map must be an array of 5 elements"):
            b.batch([0], wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown_rate"):
        b.batch([0], None, np.zeros(2, np.float32))


BROKEN = {
    "node_ptr": ([0, 5, 5, 11], [0, 6, 5, 11], [1, 5, 6, 11], [0, 5, 6, 12], [], [0, 4, 6, 11]),
    "level_ptr": ([0, 3, 4], [0, 2, 4, 7], [0, 3, 4, 8], [0, 4, 3, 7]),
    "level_size": ([2, 2, 1, 1, 3, 1, 1], [3, 1, 1, 1, 4, 1, 0], [3, 2, 0, 1, 3, 1, 1], [3, 1, 1, 1, 3, -1, 3]),
    "edge_ptr": ([0, 3, 4, 8], [0, 4, 4, 9], [0, 4, 3, 8]),
    "child": (
        [1, 2, 0, 3, 0, 3, 1, 9],
        [1, 2, 0, 3, 0, 3, 1, 3],
        [1, 2, 0, 5, 0, 3, 1, 2],
        [-1, 2, 0, 3, 0, 3, 1, 2],
        [1, 2, 0, 4, 0, 3, 1, 2],
    ),
    "n_child": ([0, 0, 0, 2, 1, 0, 0, 0, 0, 1, 4], [0, 0, 0, -2, 6, 0, 0, 0, 0, 1, 3], [0, 0, 0, 2, 2], [0] * 11),
    "word": ([0, 1, 0, -1, -1, 2, 2, 3, 5, -1, -1], [-2] * 11, [0, 1, 0, 1, -1, 2, 2, 3, 4, -1, -1], [0.5] * 11),
    "label": ([-2] * 11, [0] * 10, [1 << 31] * 11),
}


@pytest.mark.parametrize(("field", "values"), [(field, values) for field, list_ in BROKEN.items() for values in list_])
def test_wrong_arrays_are_refused(field: str, values: list[int]) -> None:
    plan = bank().plan._asdict()
    fb.Treebank(**plan, vocabulary=bank().vocabulary)
    with pytest.raises(ValueError, match=r"node_ptr|level_ptr|level_size|edge_ptr|child|n_child|word|label"):
        fb.Treebank(**{**plan, field: values}, vocabulary=bank().vocabulary)


@pytest.mark.slow
@settings(deadline=None)
@given(TREES, st.data())
def test_any_change_of_an_index_is_noticed_or_harmless(trees: list[Any], data: st.DataObject) -> None:
    b = fb.Treebank.from_trees(trees)
    arrays = {name: array.copy() for name, array in b.plan._asdict().items()}
    name = data.draw(
        st.sampled_from([name for name, array in arrays.items() if array.size and name not in ("word", "label")])
    )
    array = arrays[name]
    at = data.draw(st.integers(0, array.size - 1))
    value = data.draw(st.integers(-2, int(array.max()) + 2))
    if value != array[at]:
        array[at] = value
        try:
            changed = fb.Treebank(**arrays, vocabulary=b.vocabulary)
        except ValueError:
            return
        assert_same(changed.batch(range(len(changed))), slow_batch(changed, range(len(changed))))


def test_phrase_arguments() -> None:
    b = bank()
    with pytest.raises(ValueError, match="phrase and label_names"):
        fb.Treebank(*b.plan, b.vocabulary, [0] * 11)
    for phrase in ([0] * 10, [1] * 11, [-2] * 11):
        with pytest.raises(ValueError, match="phrase"):
            fb.Treebank(*b.plan, b.vocabulary, phrase, ["S"])
    with pytest.raises(ValueError, match="vocabulary must .*"):
        fb.Treebank(*b.plan, ["a"])  # type: ignore[arg-type]
