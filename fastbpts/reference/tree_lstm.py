"""Binary Tree-LSTM (Tai, Socher and Manning 2015, section 3.2 with N = 2): matrices for each place of a child.

With the left child's h_l, c_l and the right child's h_r, c_r, and an input x that a node may have,

    i = sigma(W_i x + b_i + U_i [h_l; h_r]),   o, f_l and f_r alike,   g = tanh(W_g x + b_g + U_g [h_l; h_r])
    c = i * g + f_l * c_l + f_r * c_r,   h = o * tanh(c)

Each forget gate sees both children. The gates' rows are stacked: W (5H, D), U (5H, 2H), b (5H,), in the order i, f_l,
f_r, g, o. (Tai et al. write u for g.) A childless node has parameters of its own, W_leaf (2H, D) and b_leaf (2H,), in
the order c, o:

    c = W_c x + b_c,   o = sigma(W_o x + b_o),   h = o * tanh(c)

With e and s the errors that reach h and c:

    s += e o (1 - tanh(c)^2),   do = e tanh(c) o (1 - o)
    di = s g i (1 - i),   dg = s i (1 - g^2),   df_k = s c_k f_k (1 - f_k),   c_k receives s f_k
    [h_l; h_r] receives U^T [di; df_l; df_r; dg; do]

Dimension key: N nodes, D input width, H state width.
"""

import numpy as np

from fastbpts.reference._act import sigmoid
from fastbpts.reference._cell import Array, Gradients, Run, Spec


def _shapes(n_in: int, n_state: int) -> dict[str, tuple[int, ...]]:
    H5, H2 = 5 * n_state, 2 * n_state
    return {"W": (H5, n_in), "U": (H5, H2), "b": (H5,), "W_leaf": (H2, n_in), "b_leaf": (H2,)}


SPEC = Spec(shapes=_shapes, arity=2, states=("h", "c"), own_leaves=True)


def gates(run: Run, j: int) -> tuple[Array, ...]:
    """i, f_l, f_r, g, o of an inner node, each (H,)."""
    h = run.all_h[run.below(j)].ravel()  # [h_l; h_r], (2H,)
    i, f_l, f_r, g, o = np.split(run.params["W"] @ run.x_at[j] + run.params["b"] + run.params["U"] @ h, 5)
    return sigmoid(i), sigmoid(f_l), sigmoid(f_r), np.tanh(g), sigmoid(o)


def leaf_gate(run: Run, j: int) -> tuple[Array, Array]:
    """The state c and the gate o of a childless node."""
    c, o = np.split(run.params["W_leaf"] @ run.x_at[j] + run.params["b_leaf"], 2)
    return c, sigmoid(o)


def forward(run: Run) -> None:
    """Fill the states h and c (N, H), children before parents."""
    h, c, y = run.all_h, run.all_c, run.y
    assert c is not None
    for j in range(run.s.n_nodes):
        if kids := run.below(j):
            i, f_l, f_r, g, o = gates(run, j)
            c[j] = i * g + f_l * c[kids[0]] + f_r * c[kids[1]]
        else:
            c[j], o = leaf_gate(run, j)
        y[j] = o * np.tanh(c[j])
        h[j] = run.mask[j] * y[j]


def backward(run: Run, d: Gradients) -> None:
    """Add to all gradients, parents before children."""
    W, U, W_leaf, dp = run.params["W"], run.params["U"], run.params["W_leaf"], d.params
    h, c, x, dh, dc, dx = run.all_h, run.all_c, run.x_at, d.all_h, d.all_c, d.x_at
    assert c is not None
    assert dc is not None
    H = h.shape[1]
    for j in reversed(range(run.s.n_nodes)):
        kids = run.below(j)
        o = gates(run, j)[-1] if kids else leaf_gate(run, j)[1]
        dy = run.mask[j] * dh[j]  # h[j] = mask[j] * y[j]
        dc[j] += dy * o * (1 - np.tanh(c[j]) ** 2)  # y[j] = o * tanh(c[j])
        da_o = dy * np.tanh(c[j]) * o * (1 - o)  # y[j] = o * tanh(c[j]);  o = sigmoid(a_o)
        if not kids:
            da = np.concatenate([dc[j], da_o])  # c[j] = a_c
            dp["b_leaf"] += da  # [a_c; a_o] = W_leaf @ x[j] + b_leaf
            dp["W_leaf"] += np.outer(da, x[j])  # [a_c; a_o] = W_leaf @ x[j] + b_leaf
            dx[j] = W_leaf.T @ da  # [a_c; a_o] = W_leaf @ x[j] + b_leaf
            continue
        i, f_l, f_r, g, _ = gates(run, j)
        left, right = kids
        da_i = dc[j] * g * i * (1 - i)  # c[j] = i * g + ...
        da_l = dc[j] * c[left] * f_l * (1 - f_l)  # c[j] = ... + f_l * c[left]
        da_r = dc[j] * c[right] * f_r * (1 - f_r)  # c[j] = ... + f_r * c[right]
        da_g = dc[j] * i * (1 - g**2)  # c[j] = i * g + ...
        da = np.concatenate([da_i, da_l, da_r, da_g, da_o])
        dc[left] += dc[j] * f_l  # c[j] = ... + f_l * c[left]
        dc[right] += dc[j] * f_r  # c[j] = ... + f_r * c[right]
        dp["b"] += da  # a = W @ x[j] + b + U @ [h_l; h_r]
        dp["W"] += np.outer(da, x[j])  # a = W @ x[j] + ...
        dx[j] = W.T @ da  # a = W @ x[j] + ...
        dp["U"] += np.outer(da, h[kids].ravel())  # a = ... + U @ [h_l; h_r]
        dbelow = U.T @ da  # a = ... + U @ [h_l; h_r]
        dh[left] += dbelow[:H]
        dh[right] += dbelow[H:]
