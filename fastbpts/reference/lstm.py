"""Long short-term memory (Hochreiter and Schmidhuber 1997; Fujinuma 2017), on trees the child-sum Tree-LSTM (Tai et
al. 2015).

With the states h_k, c_k of the nodes below (one in a sequence; the graph's h0, c0 below a node without children),
h~ = sum_k h_k, and a forget gate of its own for each of them:

    i = sigma(W_i x + b_i + U_i h~),   g = tanh(W_g x + b_g + U_g h~),   o = sigma(W_o x + b_o + U_o h~)
    f_k = sigma(W_f x + b_f + U_f h_k)
    c = i * g + sum_k f_k * c_k,   h = o * tanh(c)

The gates' rows are stacked: W (4H, D), U (4H, H), b (4H,), in the order i, f, g, o. Fujinuma writes s for c, a for g,
and V_a for W_g. With e and s the errors that reach h and c:

    s += e o (1 - tanh(c)^2)
    do = e tanh(c) o (1 - o),   dg = s i (1 - g^2),   di = s g i (1 - i),   df_k = s c_k f_k (1 - f_k)

    c_k receives s f_k,   h_k receives U_i^T di + U_g^T dg + U_o^T do + U_f^T df_k
    dx = W_i^T di + W_f^T (sum_k df_k) + W_g^T dg + W_o^T do

Fujinuma's update V_a + eta dL/dV_a must be V_a - eta dL/dV_a: against the gradient. In his derivative of a_1 by V_a11
the factor x_1 is missing and a bracket: (1 - tanh^2(q_1)) x_1.

Dimension key: N nodes, G graphs, K nodes below, D input width, H state width.
"""

import numpy as np

from fastbpts.reference._act import sigmoid
from fastbpts.reference._cell import Array, Gradients, Run, Spec


def _shapes(n_in: int, n_state: int) -> dict[str, tuple[int, ...]]:
    H4 = 4 * n_state
    return {"W": (H4, n_in), "U": (H4, n_state), "b": (H4,)}


SPEC = Spec(shapes=_shapes, states=("h", "c"))


def gates(run: Run, j: int) -> tuple[Array, ...]:
    """i, g, o (H,) and the forget gates f (K, H) of node j."""
    a_i, a_f, a_g, a_o = np.split(run.params["W"] @ run.x_at[j] + run.params["b"], 4)
    U_i, U_f, U_g, U_o = np.split(run.params["U"], 4)
    h = run.all_h[run.below(j)]  # (K, H)
    below = h.sum(axis=0)
    i, g, o = sigmoid(a_i + U_i @ below), np.tanh(a_g + U_g @ below), sigmoid(a_o + U_o @ below)
    f = np.stack([sigmoid(a_f + U_f @ h_k) for h_k in h])
    return i, f, g, o


def forward(run: Run) -> None:
    """Fill the states h and c (N, H), children before parents."""
    h, c, y = run.all_h, run.all_c, run.y  # (N + G, H), (N + G, H), (N, H)
    assert c is not None
    for j in range(run.s.n_nodes):
        i, f, g, o = gates(run, j)
        c[j] = i * g + (f * c[run.below(j)]).sum(axis=0)
        y[j] = o * np.tanh(c[j])
        h[j] = run.mask[j] * y[j]


def backward(run: Run, d: Gradients) -> None:
    """Add to all gradients, parents before children."""
    W, U_i, U_f, U_g, U_o = run.params["W"], *np.split(run.params["U"], 4)
    dW, dU, db = (d.params[key] for key in "WUb")
    dU_i, dU_f, dU_g, dU_o = np.split(dU, 4)
    h, c, x, dh, dc, dx = run.all_h, run.all_c, run.x_at, d.all_h, d.all_c, d.x_at
    assert c is not None
    assert dc is not None
    for j in reversed(range(run.s.n_nodes)):
        i, f, g, o = gates(run, j)
        below = h[run.below(j)].sum(axis=0)
        dy = run.mask[j] * dh[j]  # h[j] = mask[j] * y[j]
        dc[j] += dy * o * (1 - np.tanh(c[j]) ** 2)  # y[j] = o * tanh(c[j])
        da_o = dy * np.tanh(c[j]) * o * (1 - o)  # y[j] = o * tanh(c[j]);  o = sigmoid(a_o + U_o @ below)
        da_i = dc[j] * g * i * (1 - i)  # c[j] = i * g + ...;  i = sigmoid(a_i + U_i @ below)
        da_g = dc[j] * i * (1 - g**2)  # c[j] = i * g + ...;  g = tanh(a_g + U_g @ below)
        dU_i += np.outer(da_i, below)  # i = sigmoid(a_i + U_i @ below)
        dU_g += np.outer(da_g, below)  # g = tanh(a_g + U_g @ below)
        dU_o += np.outer(da_o, below)  # o = sigmoid(a_o + U_o @ below)
        dbelow = U_i.T @ da_i + U_g.T @ da_g + U_o.T @ da_o  # i, g, o = ...(... + U_... @ below)
        da_f = np.zeros_like(da_i)
        for f_k, k in zip(f, run.below(j), strict=True):
            da_fk = dc[j] * c[k] * f_k * (1 - f_k)  # c[j] = ... + f_k * c[k];  f_k = sigmoid(a_f + U_f @ h[k])
            dc[k] += dc[j] * f_k  # c[j] = ... + f_k * c[k]
            dU_f += np.outer(da_fk, h[k])  # f_k = sigmoid(a_f + U_f @ h[k])
            dh[k] += U_f.T @ da_fk + dbelow  # f_k = sigmoid(a_f + U_f @ h[k]);  below = h[run.below(j)].sum(axis=0)
            da_f += da_fk  # f_k = sigmoid(a_f + U_f @ h[k])
        da = np.concatenate([da_i, da_f, da_g, da_o])
        db += da  # [a_i; a_f; a_g; a_o] = W @ x[j] + b
        dW += np.outer(da, x[j])  # [a_i; a_f; a_g; a_o] = W @ x[j] + b
        dx[j] = W.T @ da  # [a_i; a_f; a_g; a_o] = W @ x[j] + b
