"""The library: fb.Elman, fb.GRU and fb.LSTM as a user calls them; predictions by the frozen layer."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

import fastbpts as fb
from recurrent.task import Array, Task

NAME = "fastbpts"
LAYERS = {"elman": "Elman", "gru": "GRU", "lstm": "LSTM"}
GRADIENTS = {"dW": "weight_ih_l0", "dU": "weight_hh_l0", "db": "bias_ih_l0", "db_rec": "bias_hh_l0"}


class Peer:
    """One layer on one batch of sequences."""

    def __init__(self, task: Task) -> None:
        self.task, self.a = task, task.arrays()
        threads = int(os.environ["FASTBPTS_NUM_THREADS"])
        self.layer = getattr(fb, LAYERS[task.cell])(task.H, task.H, dtype=task.dtype, n_threads=threads)
        a = {"b_rec": np.zeros_like(self.a["b"])} | self.a
        self.layer.load_state_dict({name: a[key[1:]] for key, name in GRADIENTS.items()})
        self.frozen: Any = self.layer.frozen() if task.kind == "predict" else None
        states = [self.a[name][None] for name in ("h0", "c0") if name in self.a]
        self.initial: Any = tuple(states) if task.cell == "lstm" else states[0]
        self.h: Any = None
        self.dx: Any = None
        self.d_initial: Any = None

    def train(self) -> None:
        """Forward and backward."""
        self.layer.zero_grad()
        self.h, _ = self.layer.forward(self.a["x"], self.initial, training=True)
        self.dx, self.d_initial = self.layer.backward(self.a["dh"])

    def predict(self) -> None:
        """All states."""
        self.h, _ = self.frozen.forward(self.a["x"], self.initial)

    def stream(self) -> None:
        """One step."""
        self.h, _ = self.layer.step(self.a["x"][0], self.initial)

    def results(self) -> dict[str, Array]:
        """What the last call computed."""
        out = {"h": self.h.reshape(self.a["x"].shape)}
        if self.task.kind == "train":
            out |= {key: self.layer.grads[name] for key, name in GRADIENTS.items()} | {"dx": self.dx}
            if self.task.cell != "gru":
                del out["db_rec"]  # the same as that of b
            states = self.d_initial if self.task.cell == "lstm" else (self.d_initial,)
            out |= {name: d.reshape(-1, self.task.H) for name, d in zip(("dh0", "dc0"), states, strict=False)}
        return out
