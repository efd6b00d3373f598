"""Elman's recurrent net (Elman 1990; CS224d midterm review 2015, "Basic RNN structure"), on any graph.

With the states h_k of the nodes below (one in a sequence; the graph's h0 below a node without children),

    h~ = sum_k h_k,   z = W x + U h~ + b,   h = f(z)          f: tanh, sigmoid (the notes), relu

With delta = f'(z) * (error that reaches h):

    dW += delta x^T,   dU += delta h~^T,   db += delta,   dx = W^T delta,   every h_k receives U^T delta

The notes write H for U, and U for the head's matrix, here Ws. Their last shortcut, "dJ/dz(t-1)^T = ... = delta(t-1)",
is what the last step alone sends back: with a loss at every step, the error from above at t - 1 adds to it.

Dimension key: N nodes, G graphs, D input width, H state width.
"""

import numpy as np

from fastbpts.reference._act import ACTIVATIONS
from fastbpts.reference._cell import Gradients, Run, Spec

SPEC = Spec(
    shapes=lambda n_in, n_state: {"W": (n_state, n_in), "U": (n_state, n_state), "b": (n_state,)},
    states=("h",),
    activations=("tanh", "sigmoid", "relu"),
)


def forward(run: Run) -> None:
    """Fill the states (N, H), children before parents."""
    W, U, b = run.params["W"], run.params["U"], run.params["b"]  # (H, D), (H, H), (H,)
    x, h, y = run.x_at, run.all_h, run.y  # (N, D), (N + G, H), (N, H)
    f = ACTIVATIONS[str(run.activation)].value
    for i in range(run.s.n_nodes):
        below = h[run.below(i)].sum(axis=0)
        z = W @ x[i] + U @ below + b
        y[i] = f(z)
        h[i] = run.mask[i] * y[i]


def backward(run: Run, d: Gradients) -> None:
    """Add to all gradients, parents before children."""
    W, U = run.params["W"], run.params["U"]
    dW, dU, db = d.params["W"], d.params["U"], d.params["b"]
    x, h, y, dx, dh = run.x_at, run.all_h, run.y, d.x_at, d.all_h
    slope = ACTIVATIONS[str(run.activation)].slope
    for i in reversed(range(run.s.n_nodes)):
        below = h[run.below(i)].sum(axis=0)
        dy = run.mask[i] * dh[i]  # h[i] = mask[i] * y[i]
        dz = slope(y[i]) * dy  # y[i] = f(z)
        db += dz  # z = ... + b
        dW += np.outer(dz, x[i])  # z = W @ x[i] + ...
        dx[i] = W.T @ dz  # z = W @ x[i] + ...
        dU += np.outer(dz, below)  # z = ... + U @ below
        dbelow = U.T @ dz  # z = ... + U @ below
        for k in run.below(i):
            dh[k] += dbelow  # below = h[run.below(i)].sum(axis=0)
