"""Optimisers, with the update rules (and the order of operations) of torch.optim; gradient clipping.

    sgd        p -= lr g
    momentum   v = mu v + g;  p -= lr v                                        (Polyak 1964)
    nesterov   v = mu v + g;  p -= lr (g + mu v)                               (Sutskever et al. 2013)
    adagrad    a += g^2;  p -= lr g / (sqrt(a) + eps)                          (Duchi et al. 2011)
    adam       m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
               p -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)         (Kingma and Ba 2015)
    adamw      p -= lr decay p, then adam                                      (Loshchilov and Hutter 2019)

The penalty alpha ||theta||^2 adds 2 alpha theta to the gradient; for adamw it is the decay, 2 alpha, and not in g.
The sparse form applies the same rule to some rows of p and of its state and leaves the others alone.
"""

from collections.abc import Mapping

import numpy as np

from fastbpts.reference._cell import Array

STATE = {"sgd": (), "momentum": ("v",), "nesterov": ("v",), "adagrad": ("a",), "adam": ("m", "v"), "adamw": ("m", "v")}
EPS = {"adagrad": 1e-10, "adam": 1e-8, "adamw": 1e-8}


def init_state(name: str, p: Array) -> dict[str, Array]:
    """Zero state for the parameter p."""
    return {key: np.zeros_like(p) for key in STATE[name]}


def update(
    name: str,
    p: Array,
    g: Array,
    state: dict[str, Array],
    t: int,
    *,
    learning_rate: float,
    momentum: float = 0.9,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float | None = None,
    decay: float = 0.0,
    rows: Array | None = None,
) -> None:
    """One step, in place, on p and its state.

    Parameters
    ----------
    name : str
    p, g : arrays of the same shape; with `rows`, g has one row per entry of `rows`
    state : dict of arrays like p
    t : int
        Number of this step, counted from 1.
    decay : float
        Decoupled weight decay, adamw only.
    rows : array of int, optional
        Distinct rows of p to update; None: all.
    """
    eps = EPS.get(name, 0.0) if eps is None else eps
    at = slice(None) if rows is None else rows
    if name == "sgd":
        p[at] -= learning_rate * g
    elif name == "momentum":
        state["v"][at] = momentum * state["v"][at] + g
        p[at] -= learning_rate * state["v"][at]
    elif name == "nesterov":
        state["v"][at] = momentum * state["v"][at] + g
        p[at] -= learning_rate * (g + momentum * state["v"][at])
    elif name == "adagrad":
        state["a"][at] += g**2
        p[at] -= learning_rate * g / (np.sqrt(state["a"][at]) + eps)
    elif name in ("adam", "adamw"):
        if name == "adamw":
            p[at] -= learning_rate * decay * p[at]
        state["m"][at] = beta1 * state["m"][at] + (1 - beta1) * g
        state["v"][at] = beta2 * state["v"][at] + (1 - beta2) * g**2
        m_hat = state["m"][at] / (1 - beta1**t)
        v_hat = state["v"][at] / (1 - beta2**t)
        p[at] -= learning_rate * m_hat / (np.sqrt(v_hat) + eps)
    else:
        raise ValueError(f"name: got {name!r}, accepted are {sorted(STATE)}")


def clip_factor(grads: Mapping[str, Array], max_norm: float) -> float:
    """The factor that brings the norm of all gradients together down to max_norm; 1 if it is below."""
    norm = np.sqrt(sum(float((g**2).sum()) for g in grads.values()))
    return float(min(1.0, max_norm / (norm + 1e-6)))
