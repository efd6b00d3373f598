"""The gradient of the summed net by enumerating chain-rule paths (Rosenberg 2016, buildLanguageGradient).

The notes write dL/dW as a sum over every phrase p below the sentence s, one term for every path from s to p:

    dL/dx_s . dx_s/dx_p . dx_p/dW,   dx_s/dx_p = the product along the path of diag(1 - x_q^2) W

Cost grows with the square of the depth; back-propagation through structure reaches the same sum in one pass. The
words' gradient is the same sum over the paths that end at the word.

Dimension key: N nodes, I input rows, H state width.
"""

from collections.abc import Iterator

import numpy as np

from fastbpts.reference._cell import Array, Graph, Run, children


def chain_rule_paths(s: Graph, start: int) -> Iterator[tuple[int, ...]]:
    """Every path from a node downwards, the trivial one included (the notes' getLanguageChainRulePaths).

    Parameters
    ----------
    s : Structure
        The graphs.
    start : int
        The node.

    Yields
    ------
    tuple of int
        The nodes of a path, `start` first.
    """
    stack: list[tuple[int, ...]] = [(start,)]
    while stack:
        path = stack.pop()
        yield path
        stack.extend((*path, int(c)) for c in children(s, path[-1]))


def gradient(run: Run, dh: Array) -> tuple[Array, Array]:
    """Gradients of ``sum(dh * run.h)`` for a run of the cell `sum` without dropout and activation.

    Paths begin at every node whose row of `dh` is not zero, as they begin at the sentence in the notes.

    Parameters
    ----------
    run : Run
        What the cell's `forward` returned.
    dh : array (N, H)
        Upstream gradient of the states.

    Returns
    -------
    dW : array (H, H)
        Gradient of the matrix.
    dx : array (I, H)
        Gradient of the input rows.
    """
    s, h, W = run.s, run.h, run.params["W"]
    dW, dx = np.zeros_like(W), np.zeros_like(run.x)
    row_of = {int(i): row for row, i in enumerate(s.inputs)}
    for start in range(s.n_nodes):
        if not dh[start].any():
            continue
        for path in chain_rule_paths(s, start):
            u = dh[start]
            for q in path[:-1]:
                u = W.T @ ((1 - h[q] ** 2) * u)  # x_q = tanh(W (... + x_next + ...))
            end = path[-1]
            kids = children(s, end)
            if len(kids):
                dW += np.outer((1 - h[end] ** 2) * u, h[kids].sum(axis=0))  # x_p = tanh(W (sum of children))
            else:
                dx[row_of[end]] += u
    return dW, dx
