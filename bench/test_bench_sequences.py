"""Recurrent layers: kernels against the NumPy reference and the hand-written NumPy; every peer computes the same."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from recurrent.compare import PEERS, Team, installed
from recurrent.task import GATES, Task

import fastbpts as fb

SCRIPTS = ("sequences", "sequence_inference", "sequence_threads", "sequence_memory")
SIZES = (20, 4, 32)
INFERENCE_ONLY = {"onnx_rnn"}


class Reference:
    """The reference cell on chains."""

    def __init__(self, task: Task) -> None:
        a = task.arrays()
        n_steps, n_sequences, width = a["x"].shape
        self.structure = fb.Structure.chains([n_steps] * n_sequences)
        self.cell = fb.reference.cell(task.cell, n_in=width, n_state=width, dtype=task.dtype)
        self.params = {name: a[name] for name in self.cell.shapes}
        self.x, self.dh = a["x"].reshape(-1, width), a["dh"].reshape(-1, width)
        self.h0: Any = (a["h0"], a["c0"]) if task.cell == "lstm" else a["h0"]
        self.h: Any = None

    def predict(self) -> None:
        """Forward."""
        self.h = self.cell.forward(self.structure, self.params, self.x, self.h0).h

    def train(self) -> None:
        """Forward and backward."""
        run = self.cell.forward(self.structure, self.params, self.x, self.h0)
        self.cell.backward(run, self.dh)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread, as the peers' processes are told."""
    monkeypatch.setenv("FASTBPTS_NUM_THREADS", "1")


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("peer", ["library", "chain", "numpy_rnn", "reference"])
@pytest.mark.parametrize("kind", ["train", "predict", "stream"])
@pytest.mark.parametrize("cell", GATES)
def test_layer(benchmark: Any, cell: str, kind: str, peer: str) -> None:
    benchmark.group = f"{cell}, {kind}"
    task = Task(cell, *(SIZES if kind != "stream" else (1, 1, 64)), kind=kind)
    make = Reference if peer == "reference" else importlib.import_module(f"recurrent.{peer}").Peer
    program = make(task)
    benchmark(getattr(program, "predict" if peer == "reference" and kind == "stream" else kind))


@pytest.mark.parametrize(("dtype", "size"), [("float32", (20, 8, 32)), ("float64", (5, 3, 7))])
def test_peers_agree(dtype: str, size: tuple[int, int, int]) -> None:
    """`check` raises an error that names the array which differs."""
    peers = [p for p in installed(list(PEERS)) if p not in INFERENCE_ONLY]
    with Team(peers) as team:
        for cell in GATES:
            team.check(Task(cell, *size, dtype=dtype))


def test_inference_peers_agree() -> None:
    with Team(installed(list(PEERS))) as team:
        for cell in GATES:
            team.check(Task(cell, 5, 3, 7, "predict"))
            team.check(Task(cell, 1, 1, 64, "stream"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_script(script: str) -> None:
    assert "|" in importlib.import_module(script).measure(True)


def test_grid_reports_slower_points() -> None:
    """A point where a peer is faster stays in the table and is marked."""
    compare, sequences = importlib.import_module("recurrent.compare"), importlib.import_module("sequences")
    point = compare.Point(Task("gru", 1, 1, 1), 1, {"library": [2.0], "numpy_rnn": [1.0], "hardware": [0.5]})
    text = sequences.table("title", [point])
    assert "NumPy IS FASTER" in text
    assert "0.50 (0.50-0.50)" in text
    assert np.isclose(point.ratio("library", "hardware")[0], 4)


class Answer:
    """A process that writes one result."""

    def __init__(self, value: float) -> None:
        self.value = value

    def ask(self, command: str) -> dict[str, Any]:
        np.savez(command.removeprefix("check "), h=np.array([1.0, self.value]), same=np.zeros(1))
        return {}


def test_bits_are_compared() -> None:
    """Differences between processes are found by name; threads.py and sequence_threads.py refuse or mark them."""
    common = importlib.import_module("common")
    assert common.different([Answer(1.0)] * 3) == []
    assert common.different([Answer(1.0), Answer(1.0), Answer(1.0 + 2**-52)]) == ["h"]
