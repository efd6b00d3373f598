"""Two threads against one over trees: processes of the library in turns, results compared bit by bit first."""

from __future__ import annotations

from functools import partial

import common

from fastbpts.benchmark import Process


def measure(quick: bool) -> str:
    """A table in markdown."""
    out = [
        "| network | trees per batch | training, 2 threads / 1 | two processes / 1 "
        "| prediction, 2 threads / 1 | two processes / 1 |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for cell, batch_size in (("rntn", 25), ("rntn", 100), ("sum", 25), ("sum", 100)):
        out.append(row(cell, batch_size, quick))
    return "\n".join(out) + "\n"


def row(cell: str, batch_size: int, quick: bool) -> str:
    """Ratios of one network."""
    rounds, seconds = (1, 0.05) if quick else (11, 0.5)
    task = common.settings(cell, quick, batch_size)
    processes = [Process.of_trees("library", task, n_threads) for n_threads in (1, 2, 1)]
    try:
        note = " (BITS DIFFER)" if common.different(processes) else ""
        gains = {
            kind: common.two_threads(processes, partial(rate, f"{kind} {seconds}"), rounds)
            for kind in ("train", "predict")
        }
    finally:
        for p in processes:
            p.close()
    columns = " | ".join(common.spread(values, ".2f") for kind in gains.values() for values in kind)
    return f"| {cell}{note} | {batch_size} | {columns} |"


def rate(command: str, process: Process) -> float:
    """Trees per second."""
    return float(process.ask(command)["rate"])


if __name__ == "__main__":
    common.main(measure, __doc__)
