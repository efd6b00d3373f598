"""The library itself: one bound `Network`, batches merged by one C call."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

import fastbpts as fb
from fastbpts.benchmark.problem import Problem

NAME = "fastbpts"
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class Peer:
    """One network of this kind: `step` trains on some trees, `predict` returns class probabilities."""

    def __init__(self, problem: Problem) -> None:
        self.bank = problem.bank
        self.nodes = problem.loss_nodes
        n_classes, n_state = problem.params["Ws"].shape
        self.network = fb.Network(
            cell=problem.cell,
            n_in=problem.params["E"].shape[1],
            n_state=n_state,
            n_classes=n_classes,
            n_words=len(problem.params["E"]),
            loss_nodes=problem.loss_nodes,
            reduction="sum_per_graph",  # as the other peers
            alpha={name: problem.decay(name) for name in problem.params},
            optimizer=fb.Optimizer("adagrad", learning_rate=problem.learning_rate, eps=problem.eps),
            n_threads=int(os.environ.get("FASTBPTS_NUM_THREADS", "1")),
        )
        self.network.set_params(problem.params)

    def step(self, trees: Ints) -> float:
        """Train on `trees`; return their mean loss before the update."""
        return float(self.network.step(self.bank.batch(trees)))

    def steps(self, chunk: Sequence[Ints]) -> None:
        """The same on several minibatches; each merge knows which trees come next."""
        for trees, ahead in pairwise((*chunk, None)):
            assert trees is not None
            self.network.step(self.bank.batch(trees, ahead=ahead))

    def predict(self, trees: Ints) -> Floats:
        """Class probabilities at the loss nodes (all nodes level by level, or the roots)."""
        out: Floats = self.network.predict_proba(self.bank.batch(trees), nodes=self.nodes)
        return out

    def params(self) -> dict[str, Floats]:
        """Copies in the public shapes."""
        return dict(self.network.params)
