"""Two threads against one in training: two processes of the library in turns, results compared bit by bit first."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import common
import numpy as np
from recurrent.compare import BURST, geometric_mean, start
from recurrent.task import GATES, GRID, Task

from fastbpts.benchmark import Process

LEAST_SEQUENCES = 32


def gains(processes: Sequence[Process], task: Task, rounds: int) -> list[float]:
    """Time with one thread over time with two, round by round."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("one.npz", "two.npz")]
        for p, file in zip(processes, files, strict=True):
            p.ask(f"task {json.dumps(asdict(task))}")
            p.ask(f"check {file}")
        one, two = (dict(np.load(file)) for file in files)
    different = [name for name in one if not np.array_equal(one[name], two[name])]
    if different:
        raise ValueError(f"{task}: {different} depend on the number of threads")
    out = []
    for _ in range(rounds):
        slow, fast = (p.ask(f"time {BURST}")["seconds"] for p in processes)
        out.append(slow / fast)
    return out


def measure(quick: bool) -> str:
    """A table in markdown."""
    sizes = [(5, 32, 16)] if quick else [size for size in GRID if size[1] >= LEAST_SEQUENCES]
    processes = [start("library", n_threads) for n_threads in (1, 2)]
    out = ["| T x B x H | " + " | ".join(GATES) + " |", "| --- |" + " ---: |" * len(GATES)]
    means: dict[str, list[float]] = {cell: [] for cell in GATES}
    try:
        for size in sizes:
            cells = []
            for cell, values in means.items():
                ratios = gains(processes, Task(cell, *size), 1 if quick else 15)
                values.append(statistics.median(ratios))
                cells.append(common.spread(ratios, ".2f"))
            out.append(f"| {'x'.join(map(str, size))} | " + " | ".join(cells) + " |")
    finally:
        for p in processes:
            p.close()
    out.append("| geometric mean | " + " | ".join(f"{geometric_mean(v):.2f}" for v in means.values()) + " |")
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    common.main(measure, __doc__)
