"""The library against NumPy and PyTorch: training and batch prediction, one and two threads.

Fresh process per peer, results compared first, interleaved rounds, ratios per round: see fastbpts/benchmark.
"""

from __future__ import annotations

import statistics

import common

from fastbpts.benchmark import Comparison, available_peers, compare, report

CASES = (("rntn", 1, 25), ("rntn", 2, 25), ("sum", 1, 25), ("sum", 2, 25), ("rntn", 1, 250), ("sum", 1, 250))


def best_peer(c: Comparison) -> str:
    """The ratio that is hardest to reach: prediction against the fastest other program."""
    best = max(c.series[1:], key=lambda s: statistics.median(s.predict))
    middle, low, high = c.series[0].ratio(best, "predict")
    return f"Prediction against the best peer ({best.name}): {middle:.1f}x ({low:.1f} to {high:.1f}).\n"


def measure(quick: bool) -> str:
    """Tables in markdown: one and two threads at the usual minibatch, then larger ones without the slow peers."""
    out = []
    if not quick and "torch_batched" in available_peers():
        result = compare(common.settings("lstm", quick), ["library", "torch_batched"], rounds=9, seconds=0.5)
        out.append(report.markdown(result))
    for cell, n_threads, batch_size in [c for c in CASES if c[1:] == (1, 25)] if quick else CASES:
        peers = (
            available_peers() if batch_size == 25 else [p for p in available_peers() if p.endswith(("y", "batched"))]
        )
        task = common.settings(cell, quick, batch_size)
        rounds, seconds = (1, 0.05) if quick else (9, 0.5)
        result = compare(task, peers, n_threads=n_threads, rounds=rounds, seconds=seconds)
        out += [report.markdown(result), best_peer(result)]
    return "\n".join(out)


if __name__ == "__main__":
    common.main(measure, __doc__)
