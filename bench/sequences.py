"""Training steps of recurrent layers over a grid of sizes, against PyTorch, JAX and NumPy, and against the limit.

python bench/sequences.py                                    the grid, every cell, one thread: some minutes
python bench/sequences.py --threads 2 --cells gru,lstm       two threads, two cells
python bench/sequences.py --points '20x*x32,*x8x*'           chosen sizes: steps x sequences x width, with wildcards
python bench/sequences.py --quick                            smoke run, figures mean nothing
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

import common
from recurrent.compare import LIMIT, Point, Team, geometric_mean, installed
from recurrent.task import GATES, GRID, Task
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from fastbpts.benchmark import report

TITLES = {
    "library": "fastbpts",
    "chain": "fastbpts",
    "torch_rnn": "PyTorch",
    "torch_plain": "without oneDNN",
    "jax_scan": "JAX",
    "numpy_rnn": "NumPy",
    "onnx_rnn": "onnxruntime",
}
PEERS = ("library", "torch_rnn", "torch_plain", "jax_scan", "numpy_rnn", LIMIT)
SMOKE = ((5, 2, 16),)
SECONDS = 4.0  # per point: rounds enough for the median of a ratio on a shared machine


def takes_part(peer: str, cell: str) -> bool:
    """Switching oneDNN off changes LSTM only."""
    return peer != "torch_plain" or cell == "lstm"


def points(patterns: str) -> list[tuple[int, int, int]]:
    """Sizes of the grid that match one of some patterns."""
    chosen = [p for p in GRID if any(fnmatchcase("x".join(map(str, p)), one) for one in patterns.split(","))]
    if not chosen:
        raise ValueError(f"--points: got {patterns!r}, accepted are patterns that match some of {GRID}")
    return chosen


def grid(
    tasks: Sequence[Task],
    peers: Sequence[str],
    n_threads: int,
    seconds: float,
    done: Callable[[Point], None] = lambda _: None,
) -> list[Point]:
    """Measure all tasks of one cell with one process per peer."""
    out = []
    with Team(peers, n_threads) as team:
        for task in tasks:
            out.append(team.measure(task, seconds))
            done(out[-1])
    return out


def microseconds(seconds: float) -> str:
    """Three figures or whole microseconds."""
    us = 1e6 * seconds
    return f"{us:.2f}" if us < 10 else f"{us:.1f}" if us < 100 else f"{us:,.0f}"


def ratio(values: tuple[float, float, float]) -> str:
    """Median (least-largest)."""
    return "{:.2f} ({:.2f}-{:.2f})".format(*values)


def table(title: str, results: Sequence[Point]) -> str:
    """All points of one cell, then means; a point where a peer is faster is marked."""
    ours, *peers = [p for p in results[0].seconds if p != LIMIT]
    head = ["task", *(f"{TITLES[p]}, us" for p in (ours, *peers))]
    head += ["best peer / fastbpts", "best peer"] if peers else []
    head += ["fastbpts / limit"] if LIMIT in results[0].seconds else []
    out = [f"**{title}**", "", "| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    for r in results:
        row = [r.task.name, *(microseconds(r.median(p)) for p in (ours, *peers))]
        if peers:
            gain = r.ratio(r.best_peer(), ours)
            row += [ratio(gain), TITLES[r.best_peer()] + (" IS FASTER" if gain[0] < 1 else "")]
        if LIMIT in r.seconds:
            row.append(ratio(r.ratio(ours, LIMIT)))
        out.append("| " + " | ".join(row) + " |")
    return "\n".join([*out, "", *summary(results, ours, bool(peers))]) + "\n"


def summary(results: Sequence[Point], ours: str, peers: bool) -> list[str]:
    """Means over the points, and over those points where the limit should be near."""
    out = []
    if peers:
        gains = [r.ratio(r.best_peer(), ours)[0] for r in results]
        out.append(
            f"Best peer over fastbpts: geometric mean {geometric_mean(gains):.2f}, least {min(gains):.2f}; "
            f"faster at {sum(g > 1 for g in gains)} of {len(gains)} points."
        )
    large = [r.ratio(ours, LIMIT)[0] for r in results if r.task.B >= 8 and r.task.H >= 64 and LIMIT in r.seconds]
    if large:
        out.append(
            f"fastbpts over the limit from B = 8, H = 64 up: geometric mean {geometric_mean(large):.2f}, "
            f"largest {max(large):.2f}, at most 1.35 at {sum(v <= 1.35 for v in large)} of {len(large)} points."
        )
    return out


def tables(
    cells: Sequence[str],
    sizes: Sequence[tuple[int, int, int]],
    peers: Sequence[str],
    threads: Sequence[int],
    seconds: float,
) -> str:
    """Tables in markdown, with a progress bar on standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    out = []
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=len(threads) * len(cells) * len(sizes))
        for n_threads in threads:
            for cell in cells:
                title = f"{cell}, {n_threads} thread{'s' * (n_threads > 1)}"
                progress.update(bar, description=title)
                team = [p for p in peers if takes_part(p, cell)]
                tasks = [Task(cell, *size) for size in sizes]
                results = grid(tasks, team, n_threads, seconds, lambda _: progress.advance(bar))
                out.append(table(title, results))
    return "\n".join(out)


def measure(quick: bool) -> str:
    """Tables in markdown."""
    if quick:
        return tables(list(GATES), SMOKE, ("library", "numpy_rnn", LIMIT), (1,), 0)
    return tables(list(GATES), GRID, installed(PEERS), (1, 2), SECONDS)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", default=",".join(GATES), help="default: %(default)s")
    parser.add_argument("--points", default="*", help="steps x sequences x width, with wildcards, comma-separated")
    parser.add_argument("--peers", default=",".join(PEERS), help="the first is compared with the others")
    parser.add_argument("--threads", default="1", help="1, 2 or 1,2")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="per point (default: 4; at least three rounds)")
    parser.add_argument("--quick", action="store_true", help="one tiny size; figures mean nothing")
    args = parser.parse_args()
    if args.quick:
        print(measure(True))
        return
    threads = [int(n) for n in args.threads.split(",")]
    peers = installed(args.peers.split(","))
    print(f"{report.machine(common.MORE_PEERS)}\n")
    print(tables(args.cells.split(","), points(args.points), peers, threads, args.seconds))


if __name__ == "__main__":
    main()
