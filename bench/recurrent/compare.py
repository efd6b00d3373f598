"""Peers in fresh processes: results compared first, then timed in turns (A B C A B C ...)."""

from __future__ import annotations

import importlib.util
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from fastbpts.benchmark.measure import SETTLE, BenchmarkError, Process
from recurrent.task import Task

PEERS = {  # module: the packages it needs
    "library": "fastbpts",
    "chain": "fastbpts",
    "torch_rnn": "torch",
    "torch_plain": "torch",
    "jax_scan": "jax",
    "onnx_rnn": "onnx onnxruntime",
    "numpy_rnn": "numpy",
    "hardware": "numpy",
}
OURS = ("library", "chain")  # layers; the chains inside the layers
LIMIT = "hardware"
TOLERANCES = {"float32": 1e-4, "float64": 1e-10}  # norm of the difference over the norm, per array
BURST = 0.015  # seconds a peer runs in one round, or one call if that takes longer


def installed(peers: Sequence[str]) -> list[str]:
    """The peers whose packages are installed, and a note about the others."""
    out = []
    for p in peers:
        missing = [name for name in PEERS[p].split() if not importlib.util.find_spec(name)]
        if missing:
            print(f"{' and '.join(missing)} not installed: no {p}", file=sys.stderr)
        else:
            out.append(p)
    return out


def start(peer: str, n_threads: int) -> Process:
    """A fresh process with one peer."""
    return Process(peer, [str(Path(__file__).resolve().parents[1] / "sequence_worker.py"), peer], n_threads)


@dataclass
class Point:
    """Seconds per call of every peer, one entry per round; "hardware" is the limit."""

    task: Task
    n_threads: int
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def median(self, peer: str) -> float:
        """Seconds of one peer."""
        return statistics.median(self.seconds[peer])

    def ratio(self, slow: str, fast: str) -> tuple[float, float, float]:
        """Time of one over that of the other, round by round: median, least, largest."""
        ratios = [a / b for a, b in zip(self.seconds[slow], self.seconds[fast], strict=True)]
        return statistics.median(ratios), min(ratios), max(ratios)

    def best_peer(self) -> str:
        """The fastest other program."""
        return min((p for p in self.seconds if p not in (*OURS, LIMIT)), key=self.median)


class Team:
    """One process per peer, for many tasks. The results of the first peer are those that the others must have."""

    def __init__(self, peers: Sequence[str], n_threads: int = 1) -> None:
        self.n_threads = n_threads
        self.processes = {p: start(p, n_threads) for p in peers}
        self.folder = tempfile.TemporaryDirectory()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes.values():
            process.close()
        self.folder.cleanup()

    def check(self, task: Task) -> None:
        """Every peer computes `task`; all arrays agree, or a BenchmarkError says which do not."""
        first: dict[str, np.ndarray] = {}
        for name, process in self.processes.items():
            process.ask(f"task {json.dumps(asdict(task))}")
            if name == LIMIT:
                continue
            path = Path(self.folder.name, "results.npz")
            process.ask(f"check {path}")
            with np.load(path) as file:
                arrays = dict(file)
            first = first or arrays
            if missing := first.keys() ^ arrays.keys():
                raise BenchmarkError(f"{name}, {task}: {sorted(missing)} are in one set of results only")
            for key, a in arrays.items():
                error = np.linalg.norm(a - first[key]) / max(float(np.linalg.norm(first[key])), 1e-30)
                if a.shape != first[key].shape or not error <= TOLERANCES[task.dtype]:
                    raise BenchmarkError(
                        f"{name}, {task}: {key} differs from {next(iter(self.processes))}'s, relative error {error:.1e}"
                    )

    def measure(self, task: Task, seconds: float = 1.0, most_rounds: int = 25) -> Point:
        """Check, then time in turns for about `seconds` seconds, at least three rounds (one if `seconds` is 0)."""
        self.check(task)
        burst, pause = (BURST, SETTLE if self.n_threads > 1 else 0.0) if seconds else (0.0, 0.0)
        once = sum(pause + max(burst, p.ask(f"time {burst}")["seconds"]) for p in self.processes.values())
        rounds = min(most_rounds, max(3, math.ceil(seconds / once))) if seconds else 1
        point = Point(task, self.n_threads, {name: [] for name in self.processes})
        for _ in range(rounds):
            for name, process in self.processes.items():
                time.sleep(pause)
                point.seconds[name].append(process.ask(f"time {burst}")["seconds"])
        return point


def geometric_mean(values: Sequence[float]) -> float:
    """The mean of ratios."""
    return math.exp(statistics.fmean(math.log(v) for v in values)) if values else math.nan
