"""``demo_treebank``: the demo languages as treebanks."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastbpts._base import seeds
from fastbpts.data.treebank import Treebank
from fastbpts.demo import listops, logic, sentiment
from fastbpts.demo.grammar import Node

KINDS: dict[str, Callable[[np.random.Generator], Node]] = {
    "sentiment": sentiment.tree,
    "logic": logic.tree,
    "listops": listops.tree,
}
_TRIES = 50


def demo_treebank(kind: str = "sentiment", n_trees: int = 3000, random_state: Any = 0) -> Treebank:
    """Generate a treebank whose labels follow from its words only by composition.

    Parameters
    ----------
    kind : {"sentiment", "logic", "listops"}, default="sentiment"
        Film reviews with negation, intensifiers and contrast (5 classes); formulas of and, or, xor, not (2 classes);
        nested lists under max, min and sum modulo 5 (5 classes).
    n_trees : int, default=3000
        The number of trees; no two are equal.
    random_state : int, numpy Generator or None, default=0
        The seed.

    Returns
    -------
    Treebank
        Binary trees with labels at the nodes.

    Raises
    ------
    ValueError
        There is no such kind, `n_trees` is less than 1, or the language has fewer different trees.

    Examples
    --------
    >>> import fastbpts as fb
    >>> fb.demo_treebank("sentiment", n_trees=1)[0].to_ptb()  # doctest: +SKIP
    '(1 (2 (2 the) (2 film)) (1 (2 is) (1 (2 not) (3 good))))'
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(map(repr, KINDS))}, got {kind!r}")
    if isinstance(n_trees, bool) or not isinstance(n_trees, int | np.integer) or n_trees < 1:
        raise ValueError(f"n_trees must be an integer of at least 1, got {n_trees!r}")
    rng = seeds.generator(random_state)
    trees: dict[Node, None] = {}
    for _ in range(_TRIES * int(n_trees)):
        trees[KINDS[kind](rng)] = None
        if len(trees) == n_trees:
            return Treebank.from_trees(trees)
    raise ValueError(f"n_trees={n_trees}: the language {kind!r} has no more than {len(trees)} different trees at hand")
