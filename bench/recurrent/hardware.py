"""The limit: the time that this machine would need for the products and the memory of a task, measured now.

    limit = k max(P / G, u / R) + n max(p / G, u / R) + m / C

k products of P operations over all steps (four in training, one in prediction), n products of p operations within the
steps, each of which reads u bytes, those of W or U; m bytes of the arrays with a row per step and sequence. Measured in
this process: G, operations per second of a 1024 x 1024 x 1024 product by NumPy's BLAS; R, bytes per second of reading a
block as large as U again and again (BLAS asum; each thread reads its share, at the rate of one); C, bytes per second of
copying arrays as large as the task's (a copy reads and writes). Blocks have at least 32 KiB, and the time of calls on
nothing is taken off. Gates, biases and calls count nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np
from scipy.linalg import blas

from recurrent.task import Array, Task

NAME = "limit"
SIZE = 1024
SMALLEST = 1 << 15
LARGEST = 1 << 25  # bytes of one array of the copy: larger ones run at the same rate
PART = 1 << 16  # elements per call of asum: above that BLAS would use threads


def seconds_per_call(function: Callable[[], object], rounds: int = 3, least: float = 5e-4) -> float:
    """Fastest round's mean over at least `least` seconds, after one call that does not count."""
    function()
    best = float("inf")
    for _ in range(rounds):
        calls, start = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - start) < least:
            function()
            calls += 1
        best = min(best, elapsed / calls)
    return best


class Peer:
    """Not a program that computes the task: `seconds` is the limit."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.a = np.random.default_rng(0).random((SIZE, SIZE), np.float32).astype(task.dtype)
        self.out = np.empty_like(self.a)
        self.n_threads = int(os.environ["FASTBPTS_NUM_THREADS"])
        share: Array = np.ones(max(SMALLEST, task.weight_bytes() // self.n_threads) // self.a.itemsize, task.dtype)
        self.parts = np.array_split(share, -(-len(share) // PART))
        self.nothing = [part[:1] for part in self.parts]
        self.asum = blas.sasum if task.dtype == "float32" else blas.dasum
        self.block: Array = np.ones(max(SMALLEST, min(LARGEST, int(task.bytes_moved() / 2))), np.uint8)
        self.copy = np.zeros_like(self.block)

    def seconds(self) -> float:
        """The limit of one call."""
        g = 2 * SIZE**3 / seconds_per_call(lambda: np.matmul(self.a, self.a, out=self.out), rounds=1)
        copy = seconds_per_call(lambda: np.copyto(self.copy, self.block))
        copy -= seconds_per_call(lambda: np.copyto(self.copy[:1], self.block[:1]))
        c = 2 * self.block.nbytes / copy
        work, read = self.task.operations(), self.task.weight_bytes() / self.read_rate()
        over_all = max(work * self.task.T / g, read) * (4 if self.task.kind == "train" else 1)
        steps = max(work / g, read) * self.task.T * (2 if self.task.kind == "train" else 1)
        return over_all + steps + self.task.bytes_moved() / c

    def read_rate(self) -> float:
        """Bytes of U per second."""
        read = seconds_per_call(lambda: [self.asum(part) for part in self.parts])
        read -= seconds_per_call(lambda: [self.asum(part) for part in self.nothing])
        return self.n_threads * sum(part.nbytes for part in self.parts) / read
