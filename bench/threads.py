"""Two threads against one: processes of the library in turns, results compared bit by bit first.

A shared host does not always have a second core to give. So the same rounds measure what two processes of one thread,
which never wait for each other, get done together, over what one does alone: the most that two threads could reach.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import common
import numpy as np

from fastbpts.benchmark import Process


def measure(quick: bool) -> str:
    """A table in markdown."""
    out = [
        "| network | trees per batch | training, 2 threads / 1 | two processes / 1 | prediction, 2 threads / 1 |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for cell, batch_size in (("rntn", 25), ("rntn", 100), ("sum", 25), ("sum", 100)):
        out.append(row(cell, batch_size, quick))
    return "\n".join(out) + "\n"


def row(cell: str, batch_size: int, quick: bool) -> str:
    """Ratios of one network."""
    rounds, seconds = (1, 0.05) if quick else (11, 0.5)
    task = common.settings(cell, quick, batch_size)
    processes = [Process.of_trees("library", task, n_threads) for n_threads in (1, 2, 1)]
    one_thread, two_threads, another = processes
    try:
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder, name) for name in ("one.npz", "two.npz")]
            for p, file in zip((one_thread, two_threads), files, strict=True):
                p.ask(f"check {file}")
            one, two = (dict(np.load(file)) for file in files)
            same = all(np.array_equal(one[name], two[name]) for name in one)
        ratios: dict[str, list[float]] = {"train": [], "predict": [], "machine": []}
        for _ in range(rounds):
            alone = {kind: one_thread.ask(f"{kind} {seconds}")["rate"] for kind in ("train", "predict")}
            for kind, rate in alone.items():
                ratios[kind].append(two_threads.ask(f"{kind} {seconds}")["rate"] / rate)
            with ThreadPoolExecutor() as both:
                rates = both.map(lambda p: p.ask(f"train {seconds}")["rate"], (one_thread, another))
                ratios["machine"].append(sum(rates) / alone["train"])
    finally:
        for p in processes:
            p.close()
    train, predict, machine = (common.spread(values, ".2f") for values in ratios.values())
    return f"| {cell}{'' if same else ' (BITS DIFFER)'} | {batch_size} | {train} | {machine} | {predict} |"


if __name__ == "__main__":
    common.main(measure, __doc__)
