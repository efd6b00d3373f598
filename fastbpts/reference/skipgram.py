"""Skip-gram and its costs (Mikolov et al. 2013; CS224d midterm review 2015, part 3).

Every word has two vectors: a row of V where it is an input, a row of O where it is an output. A cost F(w | r) says how
badly the input r predicts the word w:

    CE(w | r)  = -log softmax(O r)_w
    NEG(w | r) = -log sigma(r . o_w) - sum_k log sigma(-r . o_n_k)         n_1 .. n_K drawn from the noise
    HS(w | r)  = -sum_k log sigma(s_k r . p_k)          p_k: the nodes on w's path, s_k = 1 or -1: which way it goes

With the error e = d cost / d score of an output, that output gains e r and the input gains e times the output. A noise
word that is drawn twice counts twice, and one that is w itself counts as noise too.

Skip-gram's J is the sum of F(w | v_c) over the words c of w's context: over a whole text with windows of fixed width
these are the pairs (c, w) of "the word in the middle predicts its context" as well.

Dimension key: W words, D vector size, K noise words.
"""

from collections.abc import Callable, Sequence

import numpy as np

from fastbpts.reference._cell import Array

Cost = Callable[[Array], tuple[float, Array, Array]]
"""From r (D,): the cost, its gradient by r (D,), and by all outputs (W, D)."""


def log_sigma(z: Array) -> Array:
    """The logarithm of sigma(z), also where sigma(z) rounds to 0."""
    return -np.logaddexp(0.0, -z)


def cross_entropy(r: Array, outputs: Array, w: int) -> tuple[float, Array, Array]:
    """CE(w | r) with its gradients."""
    z = outputs @ r  # (W,)
    z = z - z.max()
    p = np.exp(z) / np.exp(z).sum()
    e = p.copy()
    e[w] -= 1
    loss = np.log(np.exp(z).sum()) - z[w]
    return float(loss), outputs.T @ e, np.outer(e, r)  # z = outputs @ r


def binary(r: Array, outputs: Array, rows: Sequence[int], signs: Sequence[int]) -> tuple[float, Array, Array]:
    """The sum of -log sigma(s_k r . o_k) over some rows of the outputs, with its gradients."""
    loss, dr, doutputs = 0.0, np.zeros_like(r), np.zeros_like(outputs)
    for k, s in zip(rows, signs, strict=True):
        z = r @ outputs[k]
        loss -= float(log_sigma(s * z))
        e = -s * np.exp(log_sigma(-s * z))  # d/dz of -log sigma(s z)
        dr += e * outputs[k]  # z = r @ outputs[k]
        doutputs[k] += e * r  # z = r @ outputs[k]
    return loss, dr, doutputs


def negative_sampling(r: Array, outputs: Array, w: int, noise: Sequence[int]) -> tuple[float, Array, Array]:
    """NEG(w | r) with its gradients."""
    return binary(r, outputs, [w, *noise], [1] + [-1] * len(noise))


def hierarchical_softmax(
    r: Array, nodes: Array, path: Sequence[int], code: Sequence[int]
) -> tuple[float, Array, Array]:
    """HS(w | r) with its gradients; code 0: the node says yes."""
    return binary(r, nodes, path, [1 - 2 * c for c in code])


def loss_and_grad(inputs: Array, context: Sequence[int], cost: Cost) -> tuple[float, Array, Array]:
    """J of one window: each word of the context predicts what `cost` is about.

    Parameters
    ----------
    inputs : array (W, D)
    context : sequence of int
        Rows of the inputs; one that occurs twice counts twice.
    cost : Cost

    Returns
    -------
    loss : float
    dinputs : array (W, D)
    doutputs : array like the outputs
    """
    loss, dinputs, doutputs = 0.0, np.zeros_like(inputs), np.zeros(1)
    for c in context:
        f, dr, do = cost(inputs[c])
        loss += f
        dinputs[c] += dr  # r = inputs[c]
        doutputs = doutputs + do
    return loss, dinputs, doutputs
