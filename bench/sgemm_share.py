"""What share of the machine's sgemm rate does a training step reach, on its own operations?

Counted are the matrix products of the packed form, a multiplication and an addition as two: with
K = (2d + 1)(d + 1) products c_i c_j (i <= j) of c = [left; right; 1],
    rntn   6 K d per inner node (scores, weight gradient, children) + 6 C d per node (head)
    sum    6 d^2 per inner node + 6 C d per tree (head at the root).
Making the products, tanh, softmax, batching and the optimiser count as time, not as operations.
sgemm is NumPy's 1024 x 1024 x 1024 in the same process and in turns with the training, one thread each.
"""

from __future__ import annotations

import common

from fastbpts.benchmark import Settings, compare

N_CLASSES = 5


def operations_per_tree(cell: str, d: int, inner: float, nodes: float) -> float:
    """Operations of one training step on a tree, by its numbers of inner nodes and of nodes."""
    if cell == "rntn":
        return inner * 6 * (2 * d + 1) * (d + 1) * d + nodes * 6 * N_CLASSES * d
    return inner * 6 * d * d + 6 * N_CLASSES * d


def share(task: Settings, quick: bool) -> str:
    """One row of the table."""
    rounds, seconds = (1, 0.05) if quick else (9, 0.8)
    result = compare(task, ["library"], rounds=rounds, seconds=seconds)
    nodes = result.n_nodes / result.n_trees
    work = operations_per_tree(task.cell, task.state, (nodes - 1) / 2, nodes)
    ours = result.series[0]
    reached = [rate * work for rate in ours.train]
    percent = [100 * r / peak for r, peak in zip(reached, ours.sgemm, strict=True)]
    cells = (
        f"{task.cell}, d = {task.state}",
        f"{work / 1e6:.2f}",
        common.spread(ours.train, ",.0f"),
        common.spread([r / 1e9 for r in reached]),
        common.spread([r / 1e9 for r in ours.sgemm]),
        common.spread(percent, ".0f"),
    )
    return "| " + " | ".join(cells) + " |"


def measure(quick: bool) -> str:
    """A table in markdown."""
    out = [
        "| network | MFLOP per tree | trees/s | GFLOP/s | sgemm, GFLOP/s | share, % |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for cell, d in (("rntn", 25), ("rntn", 30), ("rntn", 50), ("sum", 50)):
        usual = common.settings(cell, quick)
        out.append(share(Settings(cell, usual.treebank, usual.n_generated, n_state=d), quick))
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    common.main(measure, __doc__)
