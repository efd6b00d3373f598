"""Recursive neural tensor network (Socher et al. 2013, section 4.3; Turesson 2015).

A phrase p with the children l (left) and r (right) is

    c = [x_l; x_r],   z_k = c^T V^[k] c + W_k c + b_k,   x_p = tanh(z)

With delta = (1 - x_p^2) * (error that reaches x_p), Turesson's (14) with the element-wise square it means:

    dV^[k] += delta_k c c^T                                      (17), (18)
    dW += delta c^T,   db += delta                               (16), with the outer product it lacks
    [d_l; d_r] = W^T delta + S,   S = sum_k delta_k (V^[k] + V^[k]^T) c

Dimension key: N nodes, H state width; V is (H, 2H, 2H), slice k first.
"""

import numpy as np

from fastbpts.reference._cell import Gradients, Run, Spec, children


def _shapes(_: int, n_state: int) -> dict[str, tuple[int, ...]]:
    return {"V": (n_state, 2 * n_state, 2 * n_state), "W": (n_state, 2 * n_state), "b": (n_state,)}


SPEC = Spec(shapes=_shapes, arity=2)


def forward(run: Run) -> None:
    """Fill ``run.h`` (N, H), children before parents."""
    V, W, b = run.params["V"], run.params["W"], run.params["b"]  # (H, 2H, 2H), (H, 2H), (H,)
    h, y = run.h, run.y  # (N, H)
    for i in range(run.s.n_nodes):
        kids = children(run.s, i)
        if len(kids):
            c = h[kids].ravel()  # [left; right], (2H,)
            z = (V @ c) @ c + W @ c + b
            y[i] = np.tanh(z)
        h[i] = run.mask[i] * y[i]


def backward(run: Run, d: Gradients) -> None:
    """Add to ``dh`` (N, H) what parents send to their children, parents before children; add to the parameters'."""
    V, W = run.params["V"], run.params["W"]
    dV, dW, db = d.params["V"], d.params["W"], d.params["b"]
    h, dh, y, H = run.h, d.all_h, run.y, run.h.shape[1]
    for i in reversed(range(run.s.n_nodes)):
        kids = children(run.s, i)
        if len(kids):
            left, right = kids
            c = h[kids].ravel()
            dy = run.mask[i] * dh[i]  # h[i] = mask[i] * y[i]
            dz = (1 - y[i] ** 2) * dy  # y[i] = tanh(z)
            db += dz  # z = ... + b
            dW += np.outer(dz, c)  # z = ... + W @ c
            dc = W.T @ dz  # z = ... + W @ c
            for k in range(H):
                dV[k] += dz[k] * np.outer(c, c)  # z[k] = c @ V[k] @ c
                dc += dz[k] * ((V[k] + V[k].T) @ c)  # z[k] = c @ V[k] @ c
            dh[left] += dc[:H]  # c = [h[left]; h[right]]
            dh[right] += dc[H:]  # c = [h[left]; h[right]]
