"""A fresh process with one peer: reads commands from standard input, answers in JSON, one line each.

``python -m fastbpts.benchmark.worker PEER SETTINGS_JSON`` understands ``check FILE``, ``train SECONDS``,
``predict SECONDS``, ``sgemm SECONDS`` and ends with its input. The number of threads comes from the environment.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastbpts.benchmark.problem import Problem, Settings

CHECK_STEPS = 3
CHUNK = 8  # minibatches between two readings of the clock
SGEMM_SIZE = 1024


class Worker:
    """Answers the commands of one peer's process."""

    def __init__(self, peer: str, settings: Settings) -> None:
        self.module = importlib.import_module(f"{__package__}.{peer}")
        self.problem: Problem = settings.problem()
        self.size = np.diff(self.problem.bank.node_ptr)
        self.peer = self.module.Peer(self.problem)
        self.batches = self.problem.batches()
        self.matrix = np.random.default_rng(0).random((SGEMM_SIZE, SGEMM_SIZE), np.float32)

    def check(self, path: str) -> dict[str, Any]:
        """A few steps from the start; losses, probabilities and changes of parameters are saved for the comparison."""
        fresh = self.module.Peer(self.problem)
        batches = list(itertools.islice(self.problem.batches(), CHECK_STEPS))
        losses = [fresh.step(trees) for trees in batches]
        changes = {name: p - self.problem.params[name] for name, p in fresh.params().items()}
        np.savez(path, losses=losses, probabilities=fresh.predict(batches[0]), **changes)
        return {"name": self.module.NAME, "n_trees": self.problem.n_trees, "n_nodes": self.problem.n_nodes}

    def train(self, seconds: str) -> dict[str, Any]:
        """Nodes per second of training steps."""
        return self._rate(getattr(self.peer, "steps", each(self.peer.step)), float(seconds))

    def predict(self, seconds: str) -> dict[str, Any]:
        """Nodes per second of predictions."""
        return self._rate(each(self.peer.predict), float(seconds))

    def sgemm(self, seconds: str) -> dict[str, Any]:
        """Operations per second of a large matrix product in this process (NumPy's BLAS)."""
        done, start = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - start) < float(seconds):
            np.matmul(self.matrix, self.matrix)
            done += 1
        return {"rate": done * 2 * SGEMM_SIZE**3 / elapsed}

    def _rate(self, function: Callable[[Sequence[Any]], Any], seconds: float) -> dict[str, Any]:
        nodes, elapsed = 0, 0.0
        while elapsed < seconds:
            chunk = list(itertools.islice(self.batches, CHUNK))
            start = time.perf_counter()
            function(chunk)
            elapsed += time.perf_counter() - start
            nodes += sum(int(self.size[trees].sum()) for trees in chunk)
        return {"rate": nodes / elapsed}


def each(function: Callable[[Any], Any]) -> Callable[[Sequence[Any]], None]:
    """Function of one minibatch -> function of several."""

    def run(chunk: Sequence[Any]) -> None:
        for trees in chunk:
            function(trees)

    return run


def main() -> None:
    """Serve the commands on standard input."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # so that prints of libraries do not mix with the answers
    worker = Worker(sys.argv[1], Settings(**json.loads(sys.argv[2])))
    for line in sys.stdin:
        command, argument = line.rstrip("\n").split(" ", 1)
        print(json.dumps(getattr(worker, command)(argument)), file=answers, flush=True)


if __name__ == "__main__":
    main()
