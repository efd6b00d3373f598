"""Two threads against one: two processes of the library in turns, results compared bit by bit first."""

from __future__ import annotations

import tempfile
from pathlib import Path

import common
import numpy as np

from fastbpts.benchmark import Process


def measure(quick: bool) -> str:
    """A table in markdown."""
    out = [
        "| network | trees per batch | training, 2 threads / 1 | prediction, 2 threads / 1 |",
        "| --- | ---: | ---: | ---: |",
    ]
    for cell, batch_size in (("rntn", 25), ("rntn", 100), ("sum", 25), ("sum", 100)):
        out.append(row(cell, batch_size, quick))
    return "\n".join(out) + "\n"


def row(cell: str, batch_size: int, quick: bool) -> str:
    """Ratios of one network."""
    rounds, seconds = (1, 0.05) if quick else (11, 0.5)
    task = common.settings(cell, quick, batch_size)
    processes = [Process.of_trees("library", task, n_threads) for n_threads in (1, 2)]
    try:
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder, name) for name in ("one.npz", "two.npz")]
            for p, file in zip(processes, files, strict=True):
                p.ask(f"check {file}")
            one, two = (dict(np.load(file)) for file in files)
            same = all(np.array_equal(one[name], two[name]) for name in one)
        ratios: dict[str, list[float]] = {"train": [], "predict": []}
        for _ in range(rounds):
            for kind, values in ratios.items():
                slow, fast = (p.ask(f"{kind} {seconds}")["rate"] for p in processes)
                values.append(fast / slow)
    finally:
        for p in processes:
            p.close()
    figures = [common.spread(values, ".2f") for values in ratios.values()]
    return f"| {cell}{'' if same else ' (BITS DIFFER)'} | {batch_size} | {figures[0]} | {figures[1]} |"


if __name__ == "__main__":
    common.main(measure, __doc__)
