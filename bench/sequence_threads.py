"""Two threads against one over sequences, training: processes of the library in turns, results compared bit by bit."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict

import common
from recurrent.compare import geometric_mean, start
from recurrent.task import GATES, GRID, Task

from fastbpts.benchmark import Process

LEAST_SEQUENCES = 32
SECONDS = 0.03  # of a process per round, or one call if that takes longer
ROUNDS = 25


def set_task(processes: Sequence[Process], task: Task) -> None:
    """Set one task for all processes; ValueError if its results depend on the number of threads."""
    for p in processes:
        p.ask(f"task {json.dumps(asdict(task))}")
    if names := common.different(processes):
        raise ValueError(f"{task}: {names} depend on the number of threads")


def rate(process: Process) -> float:
    """Training steps per second."""
    return float(process.ask(f"time {SECONDS}")["rate"])


def measure(quick: bool) -> str:
    """A table in markdown."""
    sizes = [(5, 32, 16)] if quick else [size for size in GRID if size[1] >= LEAST_SEQUENCES]
    processes = [start("library", n_threads) for n_threads in (1, 2, 1)]
    out = ["| cell | T x B x H | 2 threads / 1 | two processes / 1 |", "| --- | --- | ---: | ---: |"]
    try:
        for cell in GATES:
            medians = []
            for size in sizes:
                set_task(processes, Task(cell, *size))
                gains = common.two_threads(processes, rate, 1 if quick else ROUNDS)
                medians.append([statistics.median(values) for values in gains])
                columns = " | ".join(common.spread(values, ".2f") for values in gains)
                out.append(f"| {cell} | {'x'.join(map(str, size))} | {columns} |")
            means = " | ".join(f"{geometric_mean(values):.2f}" for values in zip(*medians, strict=True))
            out.append(f"| {cell} | geometric mean | {means} |")
    finally:
        for p in processes:
            p.close()
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    common.main(measure, __doc__)
