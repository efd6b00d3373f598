"""Gated recurrent unit (Cho et al. 2014; CS224d midterm review 2015), on any graph.

With h~ the sum of the states h_k of the nodes below (one in a sequence; the graph's h0 below a node without children):

    r = sigma(W_r x + b_r + U_r h~ + d_r)
    z = sigma(W_z x + b_z + U_z h~ + d_z)
    m = U_n h~ + d_n,   n = tanh(W_n x + b_n + r * m)
    h = z * h~ + (1 - z) * n

The reset gate multiplies after the product, as in the notes, in cuDNN and in PyTorch (in Cho et al. before it). The
gates' rows are stacked: W (3H, D), U (3H, H), b and b_rec = (d_r, d_z, d_n)
(3H,), in the order r, z, n. With e the error that reaches h:

    dn = e (1 - z) (1 - n^2),   dz = e (h~ - n) z (1 - z),   dr = dn m r (1 - r),   dm = dn r

    dx = W_r^T dr + W_z^T dz + W_n^T dn
    every h_k receives e z + U_r^T dr + U_z^T dz + U_n^T dm

These are the notes' "four paths" from h to x: z twice (with h~ and with -n), n, and r through n. The notes write
z (1 - z) * W_z, an element-wise product of a vector and a matrix, where diag(z (1 - z)) W_z is meant.

Dimension key: N nodes, G graphs, D input width, H state width.
"""

import numpy as np

from fastbpts.reference._act import sigmoid
from fastbpts.reference._cell import Array, Gradients, Run, Spec


def _shapes(n_in: int, n_state: int) -> dict[str, tuple[int, ...]]:
    H3 = 3 * n_state
    return {"W": (H3, n_in), "U": (H3, n_state), "b": (H3,), "b_rec": (H3,)}


SPEC = Spec(shapes=_shapes, states=("h",))


def gates(run: Run, i: int) -> tuple[Array, ...]:
    """h~, r, z, m and n of node i, each (H,)."""
    W, U, b, b_rec = (run.params[key] for key in ("W", "U", "b", "b_rec"))
    below = run.all_h[run.below(i)].sum(axis=0)
    a_r, a_z, a_n = np.split(W @ run.x_at[i] + b, 3)
    u_r, u_z, m = np.split(U @ below + b_rec, 3)
    r, z = sigmoid(a_r + u_r), sigmoid(a_z + u_z)
    n = np.tanh(a_n + r * m)
    return below, r, z, m, n


def forward(run: Run) -> None:
    """Fill the states (N, H), children before parents."""
    h, y = run.all_h, run.y  # (N + G, H), (N, H)
    for i in range(run.s.n_nodes):
        below, _, z, _, n = gates(run, i)
        y[i] = z * below + (1 - z) * n
        h[i] = run.mask[i] * y[i]


def backward(run: Run, d: Gradients) -> None:
    """Add to all gradients, parents before children."""
    W, U = run.params["W"], run.params["U"]
    dW, dU, db, db_rec = (d.params[key] for key in ("W", "U", "b", "b_rec"))
    x, dx, dh = run.x_at, d.x_at, d.all_h
    for i in reversed(range(run.s.n_nodes)):
        below, r, z, m, n = gates(run, i)
        dy = run.mask[i] * dh[i]  # h[i] = mask[i] * y[i]
        da_n = (1 - z) * dy * (1 - n**2)  # y[i] = ... + (1 - z) * n;  n = tanh(a_n + r * m)
        da_z = (below - n) * dy * z * (1 - z)  # y[i] = z * below + (1 - z) * n;  z = sigmoid(a_z + u_z)
        da_r = m * da_n * r * (1 - r)  # n = tanh(a_n + r * m);  r = sigmoid(a_r + u_r)
        dm = r * da_n  # n = tanh(a_n + r * m)
        da, du = np.concatenate([da_r, da_z, da_n]), np.concatenate([da_r, da_z, dm])
        db += da  # [a_r; a_z; a_n] = W @ x[i] + b
        dW += np.outer(da, x[i])  # [a_r; a_z; a_n] = W @ x[i] + b
        dx[i] = W.T @ da  # [a_r; a_z; a_n] = W @ x[i] + b
        db_rec += du  # [u_r; u_z; m] = U @ below + b_rec
        dU += np.outer(du, below)  # [u_r; u_z; m] = U @ below + b_rec
        dbelow = U.T @ du + z * dy  # [u_r; u_z; m] = U @ below + b_rec;  y[i] = z * below + ...
        for k in run.below(i):
            dh[k] += dbelow  # below = h[run.below(i)].sum(axis=0)
