"""The library's chains without the layer around them: what the kernels need, and one call into them per direction."""

from __future__ import annotations

import os

import numpy as np

from fastbpts import _core
from recurrent.task import Array, Task

NAME = "fastbpts, chain"


class Peer:
    """One layer on one batch of sequences."""

    def __init__(self, task: Task) -> None:
        self.task, self.a = task, task.arrays()
        self.n_threads = int(os.environ["FASTBPTS_NUM_THREADS"])
        self.sizes = np.full(task.T, task.B, np.int64)
        self.chain = _core.Chain(task.cell, task.H, task.H, task.dtype)
        self.params = [self.a[name] for name in ("W", "U", "b", "b_rec") if name in self.a]
        self.chain.set_params(*self.params)
        self.x = self.a["x"].reshape(-1, task.H)
        self.dh = self.a["dh"].reshape(-1, task.H)
        self.h, self.dx = np.empty_like(self.x), np.empty_like(self.x)
        self.grads = [np.empty_like(p) for p in self.params]
        self.initial = [self.a[name] for name in ("h0", "c0") if name in self.a]
        self.d_initial = [np.empty_like(s) for s in self.initial]
        self.last = [np.empty_like(s) for s in self.initial]

    def train(self) -> None:
        """Forward and backward."""
        self.chain.forward(self.x, self.sizes, self.h, *self.initial, n_threads=self.n_threads)
        for g in self.grads:
            g.fill(0)
        d_states = dict(zip(("dh0", "dc0"), self.d_initial, strict=False))
        self.chain.backward(self.dh, self.dx, *self.grads, **d_states)

    def predict(self) -> None:
        """All states."""
        self.chain.forward(self.x, self.sizes, self.h, *self.initial, save=False, n_threads=self.n_threads)

    def stream(self) -> None:
        """One step."""
        state, last = [*self.initial, None], [*self.last, None]
        self.chain.step(self.x, state[0], state[1], last[0], last[1])

    def results(self) -> dict[str, Array]:
        """What the last call computed."""
        if self.task.kind == "stream":
            return {"h": self.last[0][None]}
        shape = self.a["x"].shape
        out = {"h": self.h.reshape(shape)}
        if self.task.kind == "train":
            out |= {f"d{name}": g for name, g in zip(("W", "U", "b", "b_rec"), self.grads, strict=False)}
            out |= {"dx": self.dx.reshape(shape)} | dict(zip(("dh0", "dc0"), self.d_initial, strict=False))
        return out
