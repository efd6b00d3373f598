"""Formulas of true, false, not, and, or, xor; a formula's label is its value, 0 or 1.

An operator and its right argument form a phrase that has no value, hence no label.
"""

import operator

import numpy as np

from fastbpts.demo.grammar import Node, join, pick

_OPERATORS = {"and": operator.and_, "or": operator.or_, "xor": operator.xor}
_NONE = -1


def tree(rng: np.random.Generator, depth: int = 4) -> Node:
    """One formula with at most `depth` operators one above the other."""
    kind = rng.random()
    if depth == 0 or kind < 0.1:
        value = int(rng.integers(2))
        return (value, ("false", "true")[value])
    if kind < 0.3:
        inner = tree(rng, depth - 1)
        return join(1 - inner[0], (_NONE, "not"), inner)
    name = pick(rng, tuple(_OPERATORS))
    left, right = tree(rng, depth - 1), tree(rng, depth - 1)
    return join(_OPERATORS[name](left[0], right[0]), left, join(_NONE, (_NONE, name), right))
