"""Peers in fresh processes: results compared first, then timed in interleaved rounds (A B C A B C ...)."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fastbpts.benchmark.problem import Settings

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "FASTBPTS_NUM_THREADS")
SETTLE = 0.25  # seconds until threads that wait for work have fallen asleep: OpenBLAS's spin for 0.12 s
TOLERANCE = 2e-3  # float32: relative error of losses, probabilities and each parameter's change after a few steps


class BenchmarkError(ChildProcessError):
    """A peer failed or computed something else than the others."""


@dataclass
class Series:
    """Rates of one peer, one entry per round."""

    name: str
    train: list[float] = field(default_factory=list)  # trees/s
    predict: list[float] = field(default_factory=list)  # trees/s
    sgemm: list[float] = field(default_factory=list)  # FLOP/s of NumPy's BLAS in the same process

    def ratio(self, other: Series, kind: str = "train") -> tuple[float, float, float]:
        """Rate of this peer over the other's, round by round: median, least, largest."""
        ratios = [a / b for a, b in zip(getattr(self, kind), getattr(other, kind), strict=True)]
        return statistics.median(ratios), min(ratios), max(ratios)


@dataclass
class Comparison:
    """All peers on one task; the first series is this library's."""

    settings: Settings
    n_threads: int
    n_trees: int
    n_nodes: int
    series: list[Series]


class Process:
    """A worker process and the pipe to it: a Python program that answers every line with a line of JSON."""

    def __init__(self, peer: str, arguments: Sequence[str], n_threads: int) -> None:
        self.peer = peer
        env = os.environ | dict.fromkeys(THREAD_VARIABLES, str(n_threads))
        # The worker must find this very package, not one in the current folder.
        paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
        env["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        self.popen = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )

    @classmethod
    def of_trees(cls, peer: str, settings: Settings, n_threads: int) -> Process:
        """A peer of this package, on trees."""
        arguments = ["-P", "-m", f"{__package__}.worker", peer, json.dumps(asdict(settings))]
        return cls(peer, arguments, n_threads)

    def ask(self, command: str) -> dict[str, Any]:
        """Send one command and wait for its answer."""
        assert self.popen.stdin is not None
        assert self.popen.stdout is not None
        assert self.popen.stderr is not None
        try:
            self.popen.stdin.write(command + "\n")
            self.popen.stdin.flush()
            answer = self.popen.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            last = self.popen.stderr.read().strip().splitlines()[-1:] or ["no message"]
            raise BenchmarkError(f"{self.peer}: {last[0]}")
        result: dict[str, Any] = json.loads(answer)
        return result

    def close(self) -> None:
        """End the process."""
        self.popen.kill()
        self.popen.communicate()


def compare(
    settings: Settings,
    peers: Sequence[str],
    *,
    n_threads: int = 1,
    rounds: int = 5,
    seconds: float = 0.4,
    progress: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Check that all peers compute the same, then time them in interleaved rounds.

    Parameters
    ----------
    settings : Settings
    peers : sequence of str
        Module names of this package; ratios are taken to the first.
    n_threads : int
        Threads that each peer may use.
    rounds : int
        Every peer is timed once per round, one after the other.
    seconds : float
        How long each peer trains, and then predicts, per round.
    progress : callable
        Called with a text that says what is being done.
    """
    processes: list[Process] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            processes += [Process.of_trees(peer, settings, n_threads) for peer in peers]
            facts = []
            for p in processes:
                progress(f"{settings.cell}: {p.peer} takes its first steps")
                facts.append(p.ask(f"check {Path(folder, p.peer)}.npz"))
            check_equal([Path(folder, f"{peer}.npz") for peer in peers])
        n_trees, n_nodes = facts[0]["n_trees"], facts[0]["n_nodes"]
        series = [Series(fact["name"]) for fact in facts]
        pause = SETTLE if n_threads > 1 else 0.0
        for p in processes:  # warm up
            p.ask(f"train {seconds / 2}")
        for number in range(rounds):
            progress(f"{settings.cell}: all results agree; round {number + 1} of {rounds}")
            for p, s in zip(processes, series, strict=True):
                time.sleep(pause)
                s.sgemm.append(p.ask(f"sgemm {seconds / 4}")["rate"])
                time.sleep(pause)
                s.train.append(p.ask(f"train {seconds}")["rate"] * n_trees / n_nodes)
                s.predict.append(p.ask(f"predict {seconds / 2}")["rate"] * n_trees / n_nodes)
    finally:
        for p in processes:
            p.close()
    return Comparison(settings, n_threads, n_trees, n_nodes, series)


def check_equal(files: Sequence[Path]) -> None:
    """Losses, probabilities and changes of parameters of every peer against the first's."""
    first = dict(np.load(files[0]))
    for file in files[1:]:
        for name, mine in np.load(file).items():
            error = np.linalg.norm(mine - first[name]) / max(float(np.linalg.norm(first[name])), 1e-30)
            if mine.shape != first[name].shape or not error <= TOLERANCE:
                raise BenchmarkError(
                    f"{file.stem} and {files[0].stem} differ in {name!r} after the same training steps: "
                    f"relative error {error:.1e}, accepted {TOLERANCE:.0e}"
                )
