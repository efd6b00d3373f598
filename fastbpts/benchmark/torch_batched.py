"""Peer: PyTorch, level-batched, gradients by autograd, torch.optim.Adagrad on the dense parameters."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fastbpts.benchmark.plan import Batch, Ints, Plans
from fastbpts.benchmark.problem import Problem

NAME = "PyTorch, batched"


class Peer:
    """One network of this kind: `step` trains on some trees, `predict` returns class probabilities."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.plans = Plans(problem.bank)
        tensors = {name: torch.from_numpy(p.copy()) for name, p in problem.params.items()}
        self.embeddings = tensors.pop("E")
        self.accumulated_rows = torch.zeros_like(self.embeddings)
        self.p = {name: p.requires_grad_() for name, p in tensors.items()}
        groups = [{"params": [p], "weight_decay": 2 * problem.decay(name)} for name, p in self.p.items()]
        self.optimizer = torch.optim.Adagrad(groups, lr=problem.learning_rate, eps=problem.eps)

    def step(self, trees: Ints) -> float:
        """Train on `trees`; return their mean loss before the update."""
        batch = self.plans.batch(trees)
        rows, inverse = torch.unique(torch.from_numpy(batch.word), return_inverse=True)
        vectors = self.embeddings[rows].requires_grad_()  # the touched rows only: a sparse update
        label = torch.from_numpy(batch.label)
        h = self.states(batch, vectors[inverse])
        if self.problem.loss_nodes == "root":
            root = torch.from_numpy(batch.root)
            h, label = h[root], label[root]
        z = torch.nn.functional.linear(h, self.p["Ws"], self.p["bs"])
        loss = torch.nn.functional.cross_entropy(z, label, reduction="sum") / len(batch.root)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.optimizer.step()
        self.update_rows(rows, vectors)
        return loss.item()

    def update_rows(self, rows: Tensor, vectors: Tensor) -> None:
        """AdaGrad with L2 on the embedding rows `rows`, whose values and gradients `vectors` holds."""
        assert vectors.grad is not None
        with torch.no_grad():
            p = vectors.detach()
            g = vectors.grad.add_(p, alpha=2 * self.problem.decay("E"))
            a = self.accumulated_rows[rows].addcmul_(g, g)
            self.accumulated_rows[rows] = a
            p.addcdiv_(g, a.sqrt_().add_(self.problem.eps), value=-self.problem.learning_rate)
            self.embeddings[rows] = p

    @torch.inference_mode()
    def predict(self, trees: Ints) -> NDArray[np.float32]:
        """Class probabilities at the loss nodes (all nodes level by level, or the roots)."""
        batch = self.plans.batch(trees)
        h = self.states(batch, self.embeddings[torch.from_numpy(batch.word)])
        if self.problem.loss_nodes == "root":
            h = h[torch.from_numpy(batch.root)]
        z = torch.nn.functional.linear(h, self.p["Ws"], self.p["bs"])
        out: NDArray[np.float32] = torch.softmax(z, 1).numpy()
        return out

    def params(self) -> dict[str, NDArray[np.float32]]:
        """Copies in the public shapes."""
        out = {name: p.detach().numpy().copy() for name, p in self.p.items()}
        return out | {"E": self.embeddings.numpy().copy()}

    def states(self, batch: Batch, leaves: Tensor) -> Tensor:
        """States of all nodes, level by level."""
        if self.problem.cell == "lstm":
            return self.states_lstm(batch, leaves)
        h, child = leaves, torch.from_numpy(batch.child)
        compose = self.compose_rntn if self.problem.cell == "rntn" else self.compose_sum
        for start, end in batch.levels:
            pairs = h[child[start - batch.n_leaf : end - batch.n_leaf]]  # (n, 2, d)
            h = torch.cat([h, compose(pairs)])
        return h

    def states_lstm(self, batch: Batch, leaves: Tensor) -> Tensor:
        """Child-sum Tree-LSTM, gates i f g o, one forget gate per child; words enter at the leaves only."""
        child = torch.from_numpy(batch.child)
        i, _, g, o = torch.nn.functional.linear(leaves, self.p["W"], self.p["b"]).chunk(4, 1)
        c = torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        (u_i, u_f, u_g, u_o), (b_i, b_f, b_g, b_o) = self.p["U"].chunk(4), self.p["b"].chunk(4)
        u_sum, b_sum = torch.cat([u_i, u_g, u_o]), torch.cat([b_i, b_g, b_o])
        for start, end in batch.levels:
            pairs = child[start - batch.n_leaf : end - batch.n_leaf]
            states = h[pairs]  # (n, 2, d)
            i, g, o = torch.nn.functional.linear(states.sum(1), u_sum, b_sum).chunk(3, 1)
            f = torch.sigmoid(torch.nn.functional.linear(states, u_f, b_f))
            c_level = torch.sigmoid(i) * torch.tanh(g) + (f * c[pairs]).sum(1)
            c, h = torch.cat([c, c_level]), torch.cat([h, torch.sigmoid(o) * torch.tanh(c_level)])
        return h

    def compose_rntn(self, pairs: Tensor) -> Tensor:
        """States for z_k = c . V_k c + W_k c + b_k; measured 1.2 times as fast as a GEMM over outer products c x c."""
        c = pairs.flatten(1)
        n, width = c.shape
        t = torch.nn.functional.linear(c, self.p["V"].flatten(0, 1)).view(n, -1, width)
        quadratic = torch.bmm(t, c.unsqueeze(2)).squeeze(2)
        return torch.tanh(quadratic + torch.nn.functional.linear(c, self.p["W"], self.p["b"]))

    def compose_sum(self, pairs: Tensor) -> Tensor:
        """State tanh(W (l + r))."""
        return torch.tanh(torch.nn.functional.linear(pairs.sum(1), self.p["W"]))
