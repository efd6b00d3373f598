"""Peer: PyTorch written the natural way, one recursive call per node, gradients by autograd."""

from __future__ import annotations

import torch
from torch import Tensor

from fastbpts.benchmark import torch_batched
from fastbpts.benchmark.plan import Batch

NAME = "PyTorch, recursive"


class Peer(torch_batched.Peer):
    """As the batched peer, but the states come from a recursion over each tree."""

    def states(self, batch: Batch, leaves: Tensor) -> Tensor:
        """States of all nodes in the batch's order, so that the head is one call."""
        child = batch.child.tolist()
        leaf = leaves.unbind(0)
        out: list[Tensor] = [*leaf, *[leaves] * len(child)]
        compose = self.compose_rntn_node if self.problem.cell == "rntn" else self.compose_sum_node

        def visit(node: int) -> Tensor:
            if node < batch.n_leaf:
                return leaf[node]
            left, right = child[node - batch.n_leaf]
            out[node] = compose(visit(left), visit(right))
            return out[node]

        for root in batch.root.tolist():
            visit(root)
        return torch.stack(out)

    def compose_rntn_node(self, left: Tensor, right: Tensor) -> Tensor:
        """State of one node, z_k = c . V_k c + W_k c + b_k."""
        c = torch.cat((left, right))
        t = torch.mv(self.p["V"].view(-1, len(c)), c).view(-1, len(c))
        return torch.tanh(torch.mv(t, c) + torch.addmv(self.p["b"], self.p["W"], c))

    def compose_sum_node(self, left: Tensor, right: Tensor) -> Tensor:
        """State tanh(W (l + r)) of one node."""
        return torch.tanh(torch.mv(self.p["W"], left + right))
