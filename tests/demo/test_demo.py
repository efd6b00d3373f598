"""The demo languages: labels recomputed by other code, seeds; an RNTN learns what a bag of words cannot."""

import numpy as np
import pytest

import fastbpts as fb
from fastbpts.demo import KINDS
from fastbpts.demo.baselines import bag_of_words, majority
from fastbpts.demo.recipes import RECIPES
from fastbpts.estimators.tree_classifier import TreeClassifier


def _nested(bank):
    return [tree.nested() for tree in bank]


def _sign(v):
    return int(np.sign(v))


def _sentiment(node):
    """The value of a review, from its words and brackets only."""
    if len(node) == 2:
        return node[0] - 2
    _, left, right = node
    word = left[1] if len(left) == 2 else None
    a, b = _sentiment(left), _sentiment(right)
    if word in ("not", "never", "hardly"):
        return -_sign(b)
    if word in ("very", "really", "extremely"):
        return 2 * _sign(b)
    if word in ("slightly", "somewhat", "rather"):
        return _sign(b)
    if word in ("lacks", "avoids", "misses"):
        return -b
    if len(right) == 3 and right[1][1] == "but":
        return b if b else _sign(a)
    return int(np.clip(a + b, -2, 2))


def _sentiment_label(node):
    return _sentiment(node) + 2


def _logic_label(node):
    if len(node) == 2:
        return {"true": 1, "false": 0}[node[1]]
    if node[1][1] == "not":
        return 1 - _logic_label(node[2])
    _, left, (_, operator, right) = node
    a, b = _logic_label(left), _logic_label(right)
    return {"and": a * b, "or": max(a, b), "xor": int(a != b)}[operator[1]]


def _listops_label(node):
    items = []
    while len(node) == 3:
        items.append(_listops_label(node[2]))
        node = node[1]
    if not items:
        return int(node[1])
    return {"max": max, "min": min, "sum": lambda v: sum(v) % 5}[node[1]](items)


LABELS = {"sentiment": _sentiment_label, "logic": _logic_label, "listops": _listops_label}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_labels_follow_from_composition(kind):
    for node in _nested(fb.demo_treebank(kind, n_trees=300, random_state=1)):
        assert node[0] == LABELS[kind](node)


@pytest.mark.parametrize("kind", KINDS)
def test_seeds_and_distinct_trees(kind):
    first, again, other = (_nested(fb.demo_treebank(kind, 100, seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert len(set(first)) == 100


@pytest.mark.parametrize(
    ("kwargs", "name"),
    [
        ({"kind": "poetry"}, "kind"),
        ({"n_trees": 0}, "n_trees"),
        ({"n_trees": 2.5}, "n_trees"),
        ({"n_trees": True}, "n_trees"),
    ],
)
def test_bad_arguments(kwargs, name):
    with pytest.raises(ValueError, match=name):
        fb.demo_treebank(**kwargs)


def test_recipes_cover_the_kinds():
    assert set(RECIPES) == set(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_an_rntn_composes_and_a_bag_of_words_does_not(kind):
    bank = fb.demo_treebank(kind, n_trees=1700)
    dev, train = bank[:300], bank[300:]
    baseline = max(bag_of_words(train, dev), majority(train, dev))
    model = TreeClassifier(**{**RECIPES[kind], "max_iter": 10}).fit(train, dev=dev)
    assert model.score(dev) > baseline + 0.25


def test_majority_counts():
    bank = fb.Treebank.from_trees(["(1 a)", "(1 b)", "(0 a)"])
    assert majority(bank, bank) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="dev"):
        bag_of_words(bank, fb.Treebank.from_trees(["(1 a)"]))
