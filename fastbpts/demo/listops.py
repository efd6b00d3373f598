"""Nested lists of digits under max, min and sum modulo 5, in the style of ListOps; the label is the value, 0 to 4.

``[max 3 1 [min 4 2]]`` is the left-branching tree ``(((max 3) 1) ((min 4) 2))``: each prefix has the value so far.
"""

from collections.abc import Callable

import numpy as np

from fastbpts.demo.grammar import Node, join, pick

_DIGITS = 5
_OPERATORS: dict[str, Callable[[int, int], int]] = {"max": max, "min": min, "sum": lambda a, b: (a + b) % _DIGITS}
_NONE = -1


def tree(rng: np.random.Generator, depth: int = 3) -> Node:
    """One list, nested at most `depth` deep."""
    name = pick(rng, tuple(_OPERATORS))
    node: Node = (_NONE, name)
    for position in range(int(rng.integers(2, 5))):
        item: Node
        if depth > 1 and rng.random() < 0.3:
            item = tree(rng, depth - 1)
        else:
            digit = int(rng.integers(_DIGITS))
            item = (digit, str(digit))
        value = item[0] if position == 0 else _OPERATORS[name](node[0], item[0])
        node = join(value, node, item)
    return node
