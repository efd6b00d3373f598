"""The task that is measured: a network, a treebank, a way of training. Every peer gets the same `Problem`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fastbpts as fb
from fastbpts.benchmark.generate import sst_like

SIZES = {"rntn": 25, "sum": 50}  # the cells that a comparison runs by default
WIDTHS = SIZES | {"lstm": 150}
INPUTS = {"lstm": 300}  # the others' inputs are as wide as their states
LOSS_NODES = {"rntn": "all", "sum": "root", "lstm": "all"}
DECAYED = ("V", "W", "Ws", "E")  # the biases are not penalised


@dataclass(frozen=True)
class Problem:
    """A training task: AdaGrad with L2 on minibatches of `batch_size` binary trees, float32."""

    cell: str
    bank: Any
    params: dict[str, NDArray[np.float32]]
    loss_nodes: str = "all"
    batch_size: int = 25
    learning_rate: float = 0.01
    alpha: float = 1e-4
    eps: float = 1e-8
    seed: int = 0

    @property
    def n_trees(self) -> int:
        """Trees in the treebank."""
        return len(self.bank.node_ptr) - 1

    @property
    def n_nodes(self) -> int:
        """Nodes in the treebank."""
        return int(self.bank.node_ptr[-1])

    def decay(self, name: str) -> float:
        """Weight of the penalty on parameter `name`.

        None for lstm: with words at the leaves the forget gate's part of W has no other gradient, and a penalty alone
        makes it denormal, which slows every program down.
        """
        return self.alpha if name in DECAYED and self.cell != "lstm" else 0.0

    def batches(self) -> Iterator[NDArray[np.int64]]:
        """Minibatches without end, the same for every peer; each epoch in a new order."""
        rng = np.random.default_rng(self.seed)
        size = min(self.batch_size, self.n_trees)
        while True:
            order = rng.permutation(self.n_trees)
            for start in range(0, self.n_trees - size + 1, size):
                yield order[start : start + size]


@dataclass(frozen=True)
class Settings:
    """What a fresh process needs to set up the same `Problem`."""

    cell: str = "rntn"
    treebank: str | None = None  # None: generated trees
    n_generated: int = 2000
    n_state: int | None = None  # None: 25 for rntn, 50 for sum, 150 for lstm
    batch_size: int = 25
    seed: int = 0

    @property
    def state(self) -> int:
        """Width of the states."""
        return self.n_state or WIDTHS[self.cell]

    def problem(self) -> Problem:
        """Load or generate the treebank, draw the parameters."""
        if self.cell not in WIDTHS:
            raise ValueError(f"cell: got {self.cell!r}, accepted are {sorted(WIDTHS)}")
        if self.treebank is None:
            bank = fb.Treebank.from_trees(sst_like(self.n_generated, self.seed))
        else:
            bank = fb.read_ptb(self.treebank)
        if len(bank.label) == 0 or bank.label.min() < 0:
            raise ValueError("treebank: the peers need trees with an integer label at every node")
        n_classes, n_words = int(bank.label.max()) + 1, len(bank.vocabulary)
        params = initial_params(self.cell, self.state, n_classes, n_words, self.seed)
        return Problem(self.cell, bank, params, LOSS_NODES[self.cell], self.batch_size, seed=self.seed)


def initial_params(
    cell: str, n_state: int, n_classes: int, n_words: int, seed: int = 0
) -> dict[str, NDArray[np.float32]]:
    """Random parameters in the public shapes; the slices of V are symmetric, as the library keeps them."""
    rng = np.random.default_rng(seed)
    d, n_in = n_state, INPUTS.get(cell, n_state)
    params: dict[str, NDArray[Any]] = {}
    if cell == "rntn":
        v = rng.uniform(-1, 1, (d, 2 * d, 2 * d)) / (4 * d)
        params["V"] = (v + v.transpose(0, 2, 1)) / 2
        params["W"] = rng.uniform(-1, 1, (d, 2 * d)) / np.sqrt(2 * d)
        params["b"] = np.zeros(d)
    elif cell == "sum":
        params["W"] = rng.uniform(-1, 1, (d, d)) / np.sqrt(d)
    elif cell == "lstm":
        params["W"] = rng.uniform(-1, 1, (4 * d, n_in)) / np.sqrt(n_in)
        params["U"] = rng.uniform(-1, 1, (4 * d, d)) / np.sqrt(d)
        params["b"] = rng.uniform(-1, 1, 4 * d) / np.sqrt(d)
    else:
        raise ValueError(f"cell: {cell!r}, the peers know {sorted(WIDTHS)}")
    params["Ws"] = rng.uniform(-1, 1, (n_classes, d)) / np.sqrt(d)
    params["bs"] = np.zeros(n_classes)
    params["E"] = rng.normal(scale=0.1, size=(n_words, n_in))
    return {name: np.ascontiguousarray(p, np.float32) for name, p in params.items()}
