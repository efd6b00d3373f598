"""Recursive net with summed children (Rosenberg 2016, "General Structure of the Neural Network").

A word is its vector; a phrase p with the children c_1, c_2, ... is

    x_p = tanh(W (x_c1 + x_c2 + ...))

With u the error that reaches x_p and g = (1 - x_p^2) * u: dW += g (sum of children)^T, and every child receives W^T g.
In code the states are h, so that x stays free for the inputs.

Dimension key: N nodes, H state width.
"""

import numpy as np

from fastbpts.reference._cell import Gradients, Run, Spec, children

SPEC = Spec(shapes=lambda _, n_state: {"W": (n_state, n_state)}, arity=None)


def forward(run: Run) -> None:
    """Fill ``run.h`` (N, H), children before parents."""
    W = run.params["W"]  # (H, H)
    h, y = run.h, run.y  # (N, H)
    for i in range(run.s.n_nodes):
        kids = children(run.s, i)
        if len(kids):
            a = h[kids].sum(axis=0)
            z = W @ a
            y[i] = np.tanh(z)
        h[i] = run.mask[i] * y[i]


def backward(run: Run, d: Gradients) -> None:
    """Add to ``dh`` (N, H) what parents send to their children, parents before children; add to the parameters'."""
    W, dW = run.params["W"], d.params["W"]
    h, dh, y = run.h, d.all_h, run.y
    for i in reversed(range(run.s.n_nodes)):
        kids = children(run.s, i)
        if len(kids):
            a = h[kids].sum(axis=0)
            dy = run.mask[i] * dh[i]  # h[i] = mask[i] * y[i]
            dz = (1 - y[i] ** 2) * dy  # y[i] = tanh(z)
            dW += np.outer(dz, a)  # z = W @ a
            da = W.T @ dz  # z = W @ a
            for c in kids:
                dh[c] += da  # a = h[kids].sum(axis=0)
