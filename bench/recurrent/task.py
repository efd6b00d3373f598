"""The task that is measured: a recurrent layer, sizes, a kind of work. Every peer gets the same arrays, by the seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
GATES = {"elman": 1, "gru": 3, "lstm": 4}
KINDS = ("train", "predict", "stream")

# (steps, sequences, width), width of input and state alike: from one short sequence to arrays that no cache holds.
GRID = (
    (20, 1, 32), (20, 1, 128), (50, 1, 128), (100, 1, 64), (100, 1, 256), (100, 1, 512), (400, 1, 128),
    (20, 8, 32), (20, 8, 64), (100, 8, 128), (100, 8, 256), (400, 8, 64),
    (20, 32, 64), (20, 32, 256), (100, 32, 128), (100, 32, 256), (100, 32, 512), (400, 32, 128),
    (20, 128, 128), (20, 128, 512), (100, 128, 256),
)  # fmt: skip


@dataclass(frozen=True)
class Task:
    """One point.

    kind "train": forward and backward from a random upstream gradient of every state, all gradients (parameters, input,
    initial states); "predict": forward only; "stream": one time step, state kept by the caller.
    """

    cell: str
    T: int
    B: int
    H: int
    kind: str = "train"
    dtype: str = "float32"

    @property
    def name(self) -> str:
        """Its text in the tables."""
        return f"{self.cell} {self.T}x{self.B}x{self.H}"

    @property
    def gates(self) -> int:
        """Rows of W and U in units of the state's width."""
        return GATES[self.cell]

    def arrays(self) -> dict[str, Array]:
        """Parameters W, U, b (and b_rec for gru: the bias of the recurrent product), x, h0 (and c0 for lstm), dh."""
        rng = np.random.default_rng(0)
        wide, (T, B, H) = self.gates * self.H, (self.T, self.B, self.H)
        shapes: dict[str, tuple[int, ...]] = {"W": (wide, H), "U": (wide, H), "b": (wide,)}
        if self.cell == "gru":
            shapes["b_rec"] = (wide,)
        out = {name: rng.uniform(-1, 1, shape) / np.sqrt(H) for name, shape in shapes.items()}
        states = {"x": (T, B, H), "h0": (B, H), "dh": (T, B, H)} | ({"c0": (B, H)} if self.cell == "lstm" else {})
        out |= {name: rng.standard_normal(shape, np.float32) for name, shape in states.items()}
        return {name: np.ascontiguousarray(a, self.dtype) for name, a in out.items()}

    def operations(self) -> float:
        """Of a product U h for one step: a multiplication and an addition are two.

        Over all steps there are W x, and in training dx, dW and dU; within the steps U h, and in training its reverse.
        """
        return 2.0 * self.B * self.gates * self.H * self.H

    def bytes_moved(self) -> float:
        """Bytes of the arrays with a row per step and sequence, each written once and read once where it is needed.

        Predict: x read; gates' input written and read; h written. Train: also gates written, read; their gradients
        written, read; dh read, h read; dx written, x read again.
        """
        wide = self.gates * self.H
        row = 2 * self.H + 2 * wide if self.kind != "train" else 6 * self.H + 4 * wide
        return float(np.dtype(self.dtype).itemsize) * self.T * self.B * row

    def weight_bytes(self) -> int:
        """Bytes of U, which every step reads, or of W."""
        return np.dtype(self.dtype).itemsize * self.gates * self.H * self.H
