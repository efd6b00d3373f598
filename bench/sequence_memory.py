"""Memory of a training step, in fresh processes.

First: the most that a step has in memory beyond what was there before it (inputs, parameters, their gradients), over
what cannot be less: the states h, the gates (gru: also U h of the new state; lstm: also c), whose errors take their
place for the products of the weights' gradients, and dx.
Then: what is resident after many steps, and along a sequence of 100,000 steps in windows that hand their state on.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict

import common
from recurrent.compare import installed, start
from recurrent.task import GATES, Task

PEERS = ("library", "torch_rnn", "jax_scan", "numpy_rnn")
SAVED = {"elman": 2, "gru": 5, "lstm": 6}  # arrays (T, B, H) that the backward pass needs, h included
STEPS = 100
WINDOWS = """
import sys
import numpy as np
import fastbpts as fb
from sequence_worker import resident
cell, windows = getattr(fb, sys.argv[1]), int(sys.argv[2])
layer, rng, state = cell(64, 64, n_threads=1, random_state=0), np.random.default_rng(0), None
for window in range(windows):
    out, state = layer.forward(rng.standard_normal((100, 8, 64), np.float32), state, training=True)
    layer.zero_grad()
    layer.backward(out)
    if window == windows // 100:
        early = resident("VmRSS")
print(early, resident("VmRSS"), np.isfinite(out).all())
"""


def needed(task: Task) -> int:
    """Bytes of the saved arrays and of dx."""
    return 4 * task.T * task.B * task.H * (SAVED[task.cell] + 1)


def steps(peers: Sequence[str], task: Task, calls: int) -> list[str]:
    """Per peer: memory of a step in MiB and over `needed`; the first also: growth over many steps, in MiB."""
    cells = []
    for peer in peers:
        process = start(peer, 1)
        try:
            process.ask(f"task {json.dumps(asdict(task))}")
            first = process.ask("memory 1")  # from the second on, results of the last step are still there
            step = first["peak"] - first["before"]
            cells.append(f"{step / 2**20:,.0f} ({step / needed(task):.2f})")
            if peer == "library":
                peaks = [process.ask(f"memory {n}")["peak"] for n in (3, calls)]
                cells.append(f"{(peaks[1] - peaks[0]) / 2**20:+.1f}")
        finally:
            process.close()
    return cells


def windows(layer: str, count: int) -> str:
    """Resident memory early and at the end of a long sequence."""
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {sys.path[0]!r})\n{WINDOWS}", layer, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    match = re.fullmatch(r"(\d+) (\d+) True\n", done.stdout)
    if match is None:
        raise ValueError(f"{layer}: got {done.stdout!r}, expected two sizes and finite states")
    early, late = (int(size) / 2**20 for size in match.groups())
    return f"{layer}: {early:.1f} MiB after 1 %, {late:.1f} MiB at the end"


def measure(quick: bool) -> str:
    """Tables in markdown."""
    peers = ["library"] if quick else installed(PEERS)
    sizes, calls = ([(20, 4, 16)], 3) if quick else ([(100, 32, 256), (400, 8, 64)], STEPS)
    names = [f"{p}, MiB (over needed)" for p in peers]
    names.insert(1, f"more after {calls} steps, MiB")
    out = ["| task | needed, MiB | " + " | ".join(names) + " |", "| --- |" + " ---: |" * (len(names) + 1)]
    for cell in GATES:
        for size in sizes:
            task = Task(cell, *size)
            row = [task.name, f"{needed(task) / 2**20:,.0f}", *steps(peers, task, calls)]
            out.append("| " + " | ".join(row) + " |")
    count = 3 if quick else 1000
    out += ["", f"{100 * count:,} steps in windows of 100, 8 sequences, H = 64:", ""]
    out += [f"- {windows(layer, count)}" for layer in ("Elman", "GRU", "LSTM")]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    common.main(measure, __doc__)
