"""Parts of all demo languages: labelled binary trees as nested tuples, and random choice."""

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

import numpy as np

Node: TypeAlias = tuple[int, str] | tuple[int, "Node", "Node"]
T = TypeVar("T")


def pick(rng: np.random.Generator, items: Sequence[T]) -> T:
    """One of `items`, each as likely."""
    return items[int(rng.integers(len(items)))]


def join(label: int, left: Node, right: Node) -> Node:
    """An inner node."""
    return (label, left, right)
