"""How long does one tree of 20 words take? `net.predict_proba(structure)` of a bound network, one thread.

The call is timed in runs of 100 over different trees of 20 words; shown is the time per call, its median over the
runs and the fastest and slowest of them. With batching = `bank.batch` of that one tree is timed as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Literal

import common
import numpy as np
from numpy.typing import NDArray

import fastbpts as fb
from fastbpts.benchmark.problem import LOSS_NODES, SIZES

WORDS = 20
CALLS = 100


def per_call(function: Callable[[int], object], runs: int) -> list[float]:
    """Microseconds per call, one entry per run."""
    out = []
    for _ in range(runs):
        start = time.perf_counter()
        for i in range(CALLS):
            function(i)
        out.append((time.perf_counter() - start) / CALLS * 1e6)
    return out


def predict(net: fb.Network, structures: list[fb.Structure], i: int, nodes: Literal["root", "all"] = "root") -> object:
    """Probabilities of one ready structure."""
    return net.predict_proba(structures[i], nodes)


def batch_and_predict(net: fb.Network, source: fb.Treebank, chosen: list[NDArray[np.int64]], i: int) -> object:
    """The way from a treebank."""
    return net.predict_proba(source.batch(chosen[i]))


def measure(quick: bool) -> str:
    """A table in markdown."""
    source = common.bank(500 if quick else 8544)
    short = [i for i, n in enumerate(np.diff(source.node_ptr).tolist()) if n == 2 * WORDS - 1]
    chosen = [np.array([short[i % len(short)]]) for i in range(CALLS)]
    structures = [source.batch(one) for one in chosen]
    out = ["| network | predict_proba, us | with batching, us | all nodes, us |", "| --- | ---: | ---: | ---: |"]
    for cell, d in SIZES.items():
        net = fb.Network(
            cell=cell, n_state=d, n_classes=5, n_words=len(source.vocabulary), loss_nodes=LOSS_NODES[cell], n_threads=1
        )
        runs = 3 if quick else 50
        calls: list[Callable[[int], object]] = [
            partial(predict, net, structures),
            partial(batch_and_predict, net, source, chosen),
            partial(predict, net, structures, nodes="all"),
        ]
        times = [common.spread(per_call(call, runs)) for call in calls]
        out.append(f"| {cell}, d = {d} | " + " | ".join(times) + " |")
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    common.main(measure, __doc__)
