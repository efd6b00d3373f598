"""GloVe (Pennington, Socher and Manning 2014): weighted least squares on the logarithms of co-occurrence counts.

    J = 1/2 sum_(i,j) f(X_ij) (v_i . v'_j + b_i + b'_j - log X_ij)^2,   f(x) = min((x / x_max)^alpha, 1)

The sum runs over the pairs with X_ij > 0. The paper has no 1/2; its program has, and so its gradient is this one.

Dimension key: V words, D vector size, P pairs.
"""

from collections.abc import Sequence

import numpy as np

from fastbpts.reference._cell import Array

Params = dict[str, Array]  # v, c (V, D): words, contexts; b, b_c (V,): their biases


def cooccurrences(
    sentences: Sequence[Sequence[int]], n_words: int, window: int, symmetric: bool = True, weighted: bool = True
) -> Array:
    """Count how often word j is among the `window` words before word i and, if symmetric, after it.

    Parameters
    ----------
    sentences : list of lists of int
        Words as numbers from 0.
    n_words : int
        V.
    window : int
        The largest distance that counts.
    symmetric : bool, default=True
        Count words after word i, too.
    weighted : bool, default=True
        A neighbour at distance k counts 1/k in place of 1.

    Returns
    -------
    array (V, V)
        The counts.
    """
    X = np.zeros((n_words, n_words))
    for sentence in sentences:
        for p, word in enumerate(sentence):
            for k in range(1, min(window, p) + 1):
                weight = 1 / k if weighted else 1.0
                X[word, sentence[p - k]] += weight
                if symmetric:
                    X[sentence[p - k], word] += weight
    return X


def weight(x: Array, x_max: float, alpha: float) -> Array:
    """f(x) of each pair (P,)."""
    return np.where(x < x_max, (x / x_max) ** alpha, 1.0)


def loss_and_grad(
    params: Params, i: Array, j: Array, x: Array, x_max: float, alpha: float
) -> tuple[float, dict[str, Array]]:
    """J over some pairs of words, and its gradient.

    Parameters
    ----------
    params : dict of arrays
        v, c (V, D) and b, b_c (V,): vectors and biases of words and of contexts.
    i, j : int array (P,)
        Word and context of each pair.
    x : array (P,)
        How often they occur together, above 0.
    x_max, alpha : float
        Of the weight f.

    Returns
    -------
    loss : float
        J.
    grads : dict of arrays
        Like `params`.
    """
    v, c, b, b_c = (params[name] for name in ("v", "c", "b", "b_c"))
    f = weight(x, x_max, alpha)
    dot = (v[i] * c[j]).sum(axis=1)
    diff = dot + b[i] + b_c[j] - np.log(x)
    loss = 0.5 * (f * diff**2).sum()
    grads = {name: np.zeros_like(p) for name, p in params.items()}
    ddiff = f * diff  # loss = 0.5 * (f * diff**2).sum()
    np.add.at(grads["b"], i, ddiff)  # diff = ... + b[i]
    np.add.at(grads["b_c"], j, ddiff)  # diff = ... + b_c[j]
    np.add.at(grads["v"], i, ddiff[:, None] * c[j])  # dot = (v[i] * c[j]).sum(axis=1)
    np.add.at(grads["c"], j, ddiff[:, None] * v[i])  # dot = (v[i] * c[j]).sum(axis=1)
    return float(loss), grads


def init_sums(params: Params) -> dict[str, Array]:
    """AdaGrad's sums of squares, which begin at 1."""
    return {name: np.ones_like(p) for name, p in params.items()}


def train(
    params: Params,
    sums: dict[str, Array],
    i: Array,
    j: Array,
    x: Array,
    x_max: float = 100.0,
    alpha: float = 0.75,
    eta: float = 0.05,
) -> float:
    """One AdaGrad step per pair, in order and in place.

    As in the authors' program the rate is inside the sums: u = eta g;  p -= u / sqrt(s);  s += u^2.

    Parameters
    ----------
    params : dict of arrays
        As for :func:`loss_and_grad`; changed in place.
    sums : dict of arrays
        Sums of squares, like `params`; changed in place.
    i, j, x, x_max, alpha
        As for :func:`loss_and_grad`.
    eta : float, default=0.05
        Learning rate.

    Returns
    -------
    float
        The sum of the pairs' losses, each before its step.
    """
    total = 0.0
    for k in range(len(x)):
        at = slice(k, k + 1)
        loss, grads = loss_and_grad(params, i[at], j[at], x[at], x_max, alpha)
        total += loss
        for name, row in (("v", i[k]), ("c", j[k]), ("b", i[k]), ("b_c", j[k])):
            u = eta * grads[name][row]
            params[name][row] -= u / np.sqrt(sums[name][row])
            sums[name][row] += u**2
    return total
