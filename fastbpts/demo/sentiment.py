"""Film reviews with negation, intensifiers and contrast; every phrase has a label from 0 (very bad) to 4 (very good).

The value v of a phrase is in -2..2 and its label is v + 2:

==================  ==========================================
good, awful, ...    their own value
the X, is X         v(X)
very X              2 sign v(X)
slightly X          sign v(X)
not X               -sign v(X): "not great" is bad, "not awful" good
lacks X             -v(X)
X Y (clause)        v(X) + v(Y), cut to -2..2
X and Y             v(X) + v(Y), cut to -2..2
X but Y             v(Y), or v(X) cut to -1..1 if Y is neutral
==================  ==========================================
"""

import numpy as np

from fastbpts.demo.grammar import Node, join, pick

_ADJECTIVES = {
    -2: ("awful", "terrible", "dreadful", "atrocious"),
    -1: ("bad", "dull", "weak", "tedious", "clumsy"),
    0: ("long", "french", "recent", "quiet"),
    1: ("good", "funny", "clever", "warm", "fresh"),
    2: ("brilliant", "superb", "wonderful", "stunning"),
}
_NOUNS = ("film", "plot", "cast", "script", "story", "ending", "dialogue", "director", "music", "camera")
_VERY = ("very", "really", "extremely")
_SLIGHTLY = ("slightly", "somewhat", "rather")
_NOT = ("not", "never", "hardly")
_LINKS = ("is", "seems", "remains")
_HAS = ("has", "offers", "delivers")
_LACKS = ("lacks", "avoids", "misses")
_NEUTRAL = 2


def _leaf(word: str, value: int = 0) -> Node:
    return (value + _NEUTRAL, word)


def _value(node: Node) -> int:
    return node[0] - _NEUTRAL


def _phrase(value: int, left: Node, right: Node) -> Node:
    return join(max(-2, min(2, value)) + _NEUTRAL, left, right)


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def _adjective(rng: np.random.Generator, depth: int) -> Node:
    """An adjective, under up to `depth` modifiers."""
    kind = rng.random()
    if depth == 0 or kind < 0.4:
        value = pick(rng, (-2, -1, -1, 0, 1, 1, 2))
        return _leaf(pick(rng, _ADJECTIVES[value]), value)
    inner = _adjective(rng, depth - 1)
    sign = _sign(_value(inner))
    if kind < 0.7:
        return _phrase(-sign, _leaf(pick(rng, _NOT)), inner)
    if kind < 0.88:
        return _phrase(2 * sign, _leaf(pick(rng, _VERY)), inner)
    return _phrase(sign, _leaf(pick(rng, _SLIGHTLY)), inner)


def _noun(rng: np.random.Generator, plain: float) -> Node:
    noun = _leaf(pick(rng, _NOUNS))
    if rng.random() >= plain:
        adjective = _adjective(rng, 1)
        noun = _phrase(_value(adjective), adjective, noun)
    return _phrase(_value(noun), _leaf(pick(rng, ("the", "this", "its"))), noun)


def _clause(rng: np.random.Generator) -> Node:
    subject = _noun(rng, plain=0.8)
    if rng.random() < 0.6:
        adjective = _adjective(rng, 3)
        predicate = _phrase(_value(adjective), _leaf(pick(rng, _LINKS)), adjective)
    else:
        thing = _noun(rng, plain=0.1)
        lacking = rng.random() < 0.5
        verb = pick(rng, _LACKS if lacking else _HAS)
        predicate = _phrase(-_value(thing) if lacking else _value(thing), _leaf(verb), thing)
    return _phrase(_value(subject) + _value(predicate), subject, predicate)


def tree(rng: np.random.Generator, depth: int = 2) -> Node:
    """One review: a clause, or two joined by "and" or "but"."""
    kind = rng.random()
    if depth == 0 or kind < 0.45:
        return _clause(rng)
    left, right = tree(rng, 0), tree(rng, depth - 1)
    if kind < 0.6:
        return _phrase(_value(left) + _value(right), left, _phrase(_value(right), _leaf("and"), right))
    value = _value(right) or _sign(_value(left))
    return _phrase(value, left, _phrase(_value(right), _leaf("but"), right))
