"""Protocols of the parts of an estimator.

A reader turns what the user gives into examples and holds what was learnt from them (classes, vocabulary). A task says
how one epoch steps through examples and how they are scored. A network is trained. ``store`` has files and pickles, and
``training.trainer`` the loop over epochs.
"""

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastbpts.training.loop import Scores, Tensors

Data = TypeVar("Data")
GivenData = TypeVar("GivenData", contravariant=True)
Given = tuple[Any, Any]  # examples and labels, as the user gives them


class Reader(Protocol[Data]):
    """Turns the user's data into examples, by what it has learnt from the first ones."""

    def learn(self, X: Any, y: Any, classes: Any = None) -> Data:
        """Learn from the first examples, and read them. `classes` has labels that may be missing among theirs."""

    def read(self, X: Any, y: Any = None, classes: Any = None) -> Data:
        """Read more examples; `classes`, if given, must be those that were learnt."""

    def split(self, X: Any, y: Any, fraction: float, rng: np.random.Generator) -> tuple[Given, Given]:
        """Training and validation examples; `fraction` is the share of the latter."""

    def fingerprint(self, data: Data) -> str:
        """A digest of the examples, to refuse a resumption on other data."""

    def attributes(self) -> dict[str, Any]:
        """What was learnt, under the names of an estimator's attributes."""

    def to_tensors(self) -> tuple[Tensors, dict[str, Any]]:
        """What was learnt, as arrays and a dict for JSON."""

    def set_tensors(self, tensors: Tensors, meta: dict[str, Any]) -> None:
        """Set what `to_tensors` gave; ValueError if it is damaged."""


class Task(Protocol[GivenData]):
    """How a network learns from examples, and how well."""

    def n_steps(self, data: GivenData) -> int:
        """Steps per epoch."""

    def steps(self, net: Any, data: GivenData, rng: np.random.Generator) -> Iterator[tuple[float, float]]:
        """Train one epoch; yield (summed loss, number of predictions) after each step."""

    def scores(self, net: Any, data: GivenData) -> Scores:
        """Scores of examples, at least one for each name that `monitor` accepts."""


def split_numbers(n: int, fraction: float, rng: np.random.Generator, of: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """The numbers 0..n-1 in two sorted parts; the second has about `fraction` of them, drawn at random."""
    n_held = max(1, round(fraction * n))
    if n_held >= n:
        raise ValueError(f"early_stopping=True: {n} {of} are too few to hold some out; pass dev")
    order = rng.permutation(n)
    return np.sort(order[n_held:]), np.sort(order[:n_held])
