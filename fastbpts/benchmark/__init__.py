"""How fast is it here? This library side by side with NumPy and PyTorch programs that compute the same.

Every peer is one module of this package with the names NAME and Peer, and a Peer has `step`, `predict` and `params`.
Each runs in a fresh process; losses, probabilities and updated parameters are compared before anything is timed, and
speeds are ratios of interleaved rounds. A training step is the same for everybody: batching from cached per-tree
arrays, forward, loss, backward, L2, AdaGrad.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fastbpts.benchmark import report
from fastbpts.benchmark.measure import BenchmarkError, Comparison, Process, Series, compare
from fastbpts.benchmark.problem import SIZES, Settings

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "PEERS",
    "BenchmarkError",
    "Comparison",
    "Process",
    "Series",
    "Settings",
    "available_peers",
    "compare",
    "run",
]

PEERS = ("library", "numpy_batched", "numpy_reference", "torch_batched", "torch_recursive")


def available_peers() -> list[str]:
    """The peers whose packages are installed, this library first."""
    torch = importlib.util.find_spec("torch") is not None
    return [peer for peer in PEERS if torch or not peer.startswith("torch")]


def run(
    treebank: str | Path | None = None,
    *,
    cells: Sequence[str] = tuple(SIZES),
    peers: Sequence[str] | None = None,
    n_threads: int = 1,
    rounds: int = 5,
    seconds: float = 0.4,
    chart: str | Path | None = None,
    console: Console | None = None,
) -> list[Comparison]:
    """Compare the library with its peers on this machine and print a table per cell.

    Parameters
    ----------
    treebank : path, optional
        Binary trees in PTB brackets with an integer label at every node. None: generated trees of the shape of the
        Stanford Sentiment Treebank.
    cells : sequence of str, default=("rntn", "sum")
        Cells to measure: "rntn" (d = 25, loss at every node), "sum" (d = 50, loss at the root).
    peers : sequence of str, optional
        Names of `PEERS`. None: all that are installed. The library itself always takes part.
    n_threads : int, default=1
        Threads that each peer may use.
    rounds : int, default=5
        Interleaved rounds; more rounds give better medians.
    seconds : float, default=0.4
        How long each peer trains per round.
    chart : path, optional
        Write a bar chart to this PNG file (needs matplotlib).
    console : rich.console.Console, optional
        Where to print.

    Returns
    -------
    list of Comparison
        One per cell.

    Raises
    ------
    ValueError
        An argument has a wrong value.
    BenchmarkError
        A peer fails or disagrees with the others.
    """
    from rich.console import Console

    for name, value, accepted in (("cells", cells, tuple(SIZES)), ("peers", peers or (), PEERS)):
        for item in value:
            if item not in accepted:
                raise ValueError(f"{name}: got {item!r}, accepted are {list(accepted)}")
    if rounds < 1:
        raise ValueError(f"rounds: got {rounds}, accepted is 1 or more")
    chosen = available_peers() if peers is None else ["library", *(p for p in peers if p != "library")]
    out = Console() if console is None else console
    results = []
    for cell in cells:
        settings = Settings(cell, None if treebank is None else str(treebank))
        with out.status("") as status:
            result = compare(
                settings, chosen, n_threads=n_threads, rounds=rounds, seconds=seconds, progress=status.update
            )
        out.print(report.table(result))
        results.append(result)
    out.print(report.machine())
    out.print("Ratios are medians over interleaved rounds; in brackets the smallest and the largest.")
    if chart is not None:
        report.chart(results, chart)
        out.print(f"Chart: {chart}")
    return results
