"""A state that does not fit changes nothing, whatever network it is given to."""

from typing import Any

import numpy as np
import pytest

import fastbpts as fb
from fastbpts.estimators.tree_classifier import TreeClassifier  # noqa: F401  # scikit-learn before the guard
from fastbpts.training.optimizer import Optimizer
from fastbpts.training.updates import Updater


def updater() -> Updater:
    made = Updater({"W": np.ones((3, 4)), "b": np.ones(3)}, Optimizer("adam"))
    made.step({"W": np.ones((3, 4)), "b": np.ones(3)})
    return made


def sequences() -> Any:
    return fb.SequenceClassifier(n_state=4, max_iter=1).fit([["a", "b"], ["b"]] * 3, ["p", "n"] * 3).net_


MAKE: dict[str, Any] = {
    "network": lambda: fb.Network("sum", 3, 2, 4, optimizer="adam"),
    "mlp": lambda: fb.MLP((4, 3, 2), optimizer="adam"),
    "sequences": sequences,
    "updater": updater,
}


def rates(state: dict[str, Any]) -> list[str]:
    return [name for name in state if name.endswith("learning_rate")]


@pytest.mark.parametrize("kind", MAKE)
def test_a_state_that_does_not_fit_changes_nothing(kind: str) -> None:
    network = MAKE[kind]()
    before = {name: array.copy() for name, array in network.state().items()}
    other = {name: array + 1 for name, array in before.items()}
    for name, array in before.items():
        for wrong in (None, np.zeros((*array.shape, 2)), "text"):
            bad = {k: v for k, v in other.items() if k != name} | ({} if wrong is None else {name: wrong})
            with pytest.raises(ValueError, match=name.rpartition(".")[2]):
                network.load_state(bad)
    for name in rates(before):
        with pytest.raises(ValueError, match="learning_rate"):
            network.load_state(other | {name: np.array([-1.0])})
    after = network.state()
    assert list(after) == list(before)
    for name, array in before.items():
        np.testing.assert_array_equal(after[name], array)


@pytest.mark.parametrize("kind", MAKE)
def test_a_state_is_taken_as_a_whole(kind: str) -> None:
    network = MAKE[kind]()
    other = {name: array + 1 for name, array in network.state().items()}
    network.load_state(other)
    for name, array in network.state().items():
        np.testing.assert_array_equal(array, other[name])
