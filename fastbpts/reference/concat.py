"""Recursive net with concatenated children (Socher et al. 2011; Turesson 2015 without the tensor).

A phrase p with the children l (left) and r (right) is

    c = [x_l; x_r],   z = W c + b,   x_p = tanh(z)

With delta = (1 - x_p^2) * (error that reaches x_p): dW += delta c^T, db += delta, [d_l; d_r] = W^T delta.
Turesson's (16) puts W^T delta where dW needs the outer product with c.

Dimension key: N nodes, H state width.
"""

import numpy as np

from fastbpts.reference._cell import Gradients, Run, Spec, children

SPEC = Spec(shapes=lambda _, n_state: {"W": (n_state, 2 * n_state), "b": (n_state,)}, arity=2)


def forward(run: Run) -> None:
    """Fill ``run.h`` (N, H), children before parents."""
    W, b = run.params["W"], run.params["b"]  # (H, 2H), (H,)
    h, y = run.h, run.y  # (N, H)
    for i in range(run.s.n_nodes):
        kids = children(run.s, i)
        if len(kids):
            c = h[kids].ravel()  # [left; right], (2H,)
            z = W @ c + b
            y[i] = np.tanh(z)
        h[i] = run.mask[i] * y[i]


def backward(run: Run, d: Gradients) -> None:
    """Add to ``dh`` (N, H) what parents send to their children, parents before children; add to the parameters'."""
    W, dW, db = run.params["W"], d.params["W"], d.params["b"]
    h, dh, y, H = run.h, d.all_h, run.y, run.h.shape[1]
    for i in reversed(range(run.s.n_nodes)):
        kids = children(run.s, i)
        if len(kids):
            left, right = kids
            c = h[kids].ravel()
            dy = run.mask[i] * dh[i]  # h[i] = mask[i] * y[i]
            dz = (1 - y[i] ** 2) * dy  # y[i] = tanh(z)
            db += dz  # z = W @ c + b
            dW += np.outer(dz, c)  # z = W @ c + b
            dc = W.T @ dz  # z = W @ c + b
            dh[left] += dc[:H]  # c = [h[left]; h[right]]
            dh[right] += dc[H:]  # c = [h[left]; h[right]]
