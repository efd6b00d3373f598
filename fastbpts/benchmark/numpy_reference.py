"""Peer: the reference of this package, plain NumPy loops over the nodes; what students read, not a fast program."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastbpts import reference
from fastbpts.benchmark.problem import Problem
from fastbpts.reference.model import Trainer

NAME = "NumPy, reference"
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class Peer:
    """One network of this kind: `step` trains on some trees, `predict` returns class probabilities."""

    def __init__(self, problem: Problem) -> None:
        self.bank = problem.bank
        self.loss_nodes = problem.loss_nodes
        cell = reference.cell(problem.cell, n_state=problem.params["Ws"].shape[1], dtype="float32")
        self.trainer = Trainer(
            cell,
            problem.params,
            "adagrad",
            alpha={name: problem.decay(name) for name in problem.params},
            learning_rate=problem.learning_rate,
            eps=problem.eps,
        )

    def step(self, trees: Ints) -> float:
        """Train on `trees`; return their mean loss before the update."""
        return self.trainer.step(self.bank.batch(trees), loss_nodes=self.loss_nodes, reduction="sum_per_graph")

    def predict(self, trees: Ints) -> Floats:
        """Class probabilities at the loss nodes (all nodes level by level, or the roots)."""
        batch, params = self.bank.batch(trees), self.trainer.params
        cell = self.trainer.cell
        run = cell.forward(batch, {name: params[name] for name in cell.shapes}, params["E"][batch.word[batch.inputs]])
        h = run.h if self.loss_nodes == "all" else run.h[batch.root]
        z = h @ params["Ws"].T + params["bs"]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        out: Floats = e / e.sum(axis=1, keepdims=True)
        return out

    def params(self) -> dict[str, Floats]:
        """Copies in the public shapes."""
        return {name: p.copy() for name, p in self.trainer.params.items()}
