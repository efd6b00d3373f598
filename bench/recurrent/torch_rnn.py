"""Peer: PyTorch's nn.RNN, nn.GRU and nn.LSTM; LSTM runs in oneDNN."""

from __future__ import annotations

import os

import torch

from recurrent.task import Array, Task

NAME = "PyTorch"
LAYERS = {"elman": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
CELLS = {"elman": torch.nn.RNNCell, "gru": torch.nn.GRUCell, "lstm": torch.nn.LSTMCell}
NAMES = {"W": "weight_ih_l0", "U": "weight_hh_l0", "b": "bias_ih_l0", "b_rec": "bias_hh_l0"}

torch.set_num_threads(int(os.environ["FASTBPTS_NUM_THREADS"]))


class Peer:
    """One layer on one batch of sequences."""

    def __init__(self, task: Task) -> None:
        self.task = task
        tensors = {name: torch.from_numpy(a) for name, a in task.arrays().items()}
        tensors.setdefault("b_rec", torch.zeros_like(tensors["b"]))
        self.x = tensors["x"].requires_grad_(task.kind == "train")
        self.initial = [tensors[name].requires_grad_(task.kind == "train") for name in ("h0", "c0") if name in tensors]
        self.dh = tensors["dh"]
        make = (CELLS if task.kind == "stream" else LAYERS)[task.cell]
        self.layer = make(task.H, task.H, dtype=self.x.dtype)
        for name, attribute in NAMES.items():
            key = attribute.removesuffix("_l0") if task.kind == "stream" else attribute
            getattr(self.layer, key).data = tensors[name]
        self.out = self.x

    def state(self) -> torch.Tensor | tuple[torch.Tensor, ...]:
        """Initial states as the layer takes them."""
        lift = [s if self.task.kind == "stream" else s[None] for s in self.initial]
        return tuple(lift) if len(lift) == 2 else lift[0]

    def train(self) -> None:
        """Forward and backward."""
        for leaf in (self.x, *self.initial, *self.layer.parameters()):
            leaf.grad = None
        self.out, _ = self.layer(self.x, self.state())
        torch.autograd.backward(self.out, self.dh)

    @torch.inference_mode()
    def predict(self) -> None:
        """All states."""
        self.out, _ = self.layer(self.x, self.state())

    @torch.inference_mode()
    def stream(self) -> None:
        """One step by the cell module."""
        out = self.layer(self.x[0], self.state())
        self.out = out[0] if self.task.cell == "lstm" else out

    def results(self) -> dict[str, Array]:
        """What the last call computed."""
        out = {"h": self.out.detach().numpy().reshape(self.x.shape)}
        if self.task.kind == "train":
            leaves = {"x": self.x} | dict(zip(("h0", "c0"), self.initial, strict=False))
            leaves |= {name: getattr(self.layer, attribute) for name, attribute in NAMES.items()}
            if self.task.cell != "gru":
                del leaves["b_rec"]  # the same as that of b
            for name, leaf in leaves.items():
                assert leaf.grad is not None
                out[f"d{name}"] = leaf.grad.numpy()
        return out
