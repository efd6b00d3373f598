"""Inference with one sequence: a single time step with the state kept by the caller, and 50 steps at once.

Every figure is microseconds per call from Python. The step of this library is `layer.step(x_t, state)`, of PyTorch a
cell module, of onnxruntime a session that returns the last state only. 50 steps run through `layer.frozen()`, which has
read the weights before, as onnxruntime's session has.
"""

from __future__ import annotations

import common
from recurrent.compare import LIMIT, installed
from recurrent.task import GATES, Task
from sequences import grid, table

PEERS = ("library", "onnx_rnn", "torch_rnn", "jax_scan", "numpy_rnn", LIMIT)
TASKS = (
    [Task(cell, 1, 1, 64, "stream") for cell in GATES],
    [Task(cell, 50, 1, 64, "predict") for cell in GATES],
    [Task(cell, 50, 1, 256, "predict") for cell in GATES],
)
TITLES = ("One time step, H = 64", "50 steps, H = 64", "50 steps, H = 256")


def measure(quick: bool) -> str:
    """Tables in markdown, one thread."""
    seconds = 0.0 if quick else 1.5
    peers = [p for p in installed(PEERS) if not quick or p in ("library", "numpy_rnn")]
    return "\n".join(table(t, grid(tasks, peers, 1, seconds)) for t, tasks in zip(TITLES, TASKS, strict=True))


if __name__ == "__main__":
    common.main(measure, __doc__)
