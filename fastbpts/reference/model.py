"""A whole training step in plain NumPy: embeddings, cell, softmax at the nodes, penalty, clipping, optimiser.

    x = E[word],   h = mask * cell(x),   z = h Ws^T + bs
    loss = (sum over the loss nodes of w_i l_i) / n,   gradient = d loss + 2 alpha theta

n is the sum of the weights w_i, or the number of graphs G.

The penalty alpha ||theta||^2 is in the gradient and not in the reported loss. Of the embeddings only the rows that
the batch reads are penalised and updated.

Dimension key: N nodes, I input rows, H state width, C classes, V words, G graphs.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from fastbpts.reference import losses, optim
from fastbpts.reference._cell import Array, Cell, Graph, Params


class Batch(Graph, Protocol):
    """The attributes of a `Structure` that a training step reads."""

    @property
    def n_graphs(self) -> int: ...
    @property
    def word(self) -> Array: ...
    @property
    def label(self) -> Array: ...
    @property
    def root(self) -> Array: ...


def loss_and_grad(
    cell: Cell,
    s: Batch,
    params: Params,
    *,
    target: Array | None = None,
    node_weight: Array | None = None,
    class_weight: Array | None = None,
    loss_nodes: str = "all",
    loss: str = "softmax_cross_entropy",
    reduction: str = "mean",
    alpha: Mapping[str, float] | None = None,
    mask: Array | None = None,
    input_mask: Array | None = None,
) -> tuple[float, dict[str, Array]]:
    """Loss of the batch and dense gradients of every parameter.

    Parameters
    ----------
    cell : Cell
        A cell of the reference.
    s : Structure
        The batch.
    params : dict
        The cell's parameters, Ws (C, H), bs (C,), E (V, H).
    target : array (N,) of int or (N, C), optional
        None: the labels of s; -1 is ignored.
    node_weight : array (N,), optional
        Weight of each node's loss.
    class_weight : array (C,), optional
        Factor on the loss of each class.
    loss_nodes : {"all", "root"}, default="all"
        Nodes that have a loss.
    loss : str, default="softmax_cross_entropy"
        One of `losses.RULES`.
    reduction : {"mean", "sum_per_graph"}, default="mean"
        What the weighted sum of losses is divided by: the sum of the weights, or the number of graphs.
    alpha : dict, optional
        Penalty per parameter.
    mask : array (N, H), optional
        Dropout of the states; in the recursive cells its rows at the input nodes are the dropout of the inputs.
    input_mask : array (I, D), optional
        Dropout of the input rows, in the recurrent cells.

    Returns
    -------
    loss : float
        The loss, without the penalty.
    grads : dict of arrays
        Gradients like `params`, with the penalty's.
    """
    Ws, bs, E = params["Ws"], params["bs"], params["E"]
    words = s.word[s.inputs]  # (I,)
    weight = np.ones(s.n_nodes) if node_weight is None else np.array(node_weight, dtype=float)
    if loss_nodes == "root":
        weight[np.setdiff1d(np.arange(s.n_nodes), s.root)] = 0

    x = E[words] if input_mask is None else input_mask * E[words]
    run = cell.forward(s, {key: params[key] for key in cell.shapes}, x, mask=mask)
    z = run.h @ Ws.T + bs
    normalizer = None if reduction == "mean" else s.n_graphs
    y = s.label if target is None else target
    value, dz = losses.loss(loss, z, y, weight, class_weight, normalizer=normalizer)

    grads: dict[str, Array] = {"Ws": dz.T @ run.h, "bs": dz.sum(axis=0), "E": np.zeros_like(E)}  # z = h @ Ws.T + bs
    dcell, dx, _ = cell.backward(run, dz @ Ws)  # z = h @ Ws.T + bs
    grads.update(dcell)
    for row, word in enumerate(words):
        grads["E"][word] += dx[row] if input_mask is None else input_mask[row] * dx[row]  # x = input_mask * E[words]
    for key, strength in (alpha or {}).items():
        if key == "E":
            touched = np.unique(words)
            grads["E"][touched] += 2 * strength * E[touched]
        else:
            grads[key] += 2 * strength * params[key]
    return value, grads


class Trainer:
    """Parameters and optimiser state that `step` moves along.

    Parameters
    ----------
    cell : Cell
        A cell of the reference.
    params : dict
        Initial values; copied.
    optimizer : str
        Name of the optimiser.
    alpha : dict, optional
        Penalty per parameter.
    max_norm : float, optional
        Clip the norm of all gradients together.
    **settings : object
        The optimiser's own arguments.
    """

    def __init__(
        self,
        cell: Cell,
        params: Params,
        optimizer: str,
        *,
        alpha: Mapping[str, float] | None = None,
        max_norm: float | None = None,
        **settings: Any,
    ) -> None:
        self.cell, self.optimizer, self.settings = cell, optimizer, settings
        self.params: dict[str, Array] = {key: value.copy() for key, value in params.items()}
        self.state = {key: optim.init_state(optimizer, value) for key, value in params.items()}
        self.alpha, self.max_norm, self.t = dict(alpha or {}), max_norm, 0

    def step(self, s: Batch, **options: Any) -> float:
        """One training step.

        Parameters
        ----------
        s : Structure
            The batch.
        **options : object
            Those of `loss_and_grad`.

        Returns
        -------
        float
            The loss before the update.
        """
        decoupled = optim.RULES[self.optimizer].decoupled
        alpha = {} if decoupled else self.alpha
        loss, grads = loss_and_grad(self.cell, s, self.params, alpha=alpha, **options)
        factor = 1.0 if self.max_norm is None else optim.clip_factor(grads, self.max_norm)
        self.t += 1
        for key, g in grads.items():
            rows = np.unique(s.word[s.inputs]) if key == "E" else None
            optim.update(
                self.optimizer,
                self.params[key],
                factor * (g if rows is None else g[rows]),
                self.state[key],
                self.t,
                decay=2 * self.alpha.get(key, 0.0) if decoupled else 0.0,
                rows=rows,
                **self.settings,
            )
        return loss
