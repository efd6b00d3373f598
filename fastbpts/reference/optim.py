"""Optimisers, with the update rules (and the order of operations) of torch.optim; gradient clipping.

    sgd        p -= lr g
    momentum   v = mu v + g;  p -= lr v                                        (Polyak 1964)
    nesterov   v = mu v + g;  p -= lr (g + mu v)                               (Sutskever et al. 2013)
    adagrad    a += g^2;  p -= lr g / (sqrt(a) + eps)                          (Duchi et al. 2011)
    adam       m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
               p -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)         (Kingma and Ba 2015)
    adamw      p -= lr decay p, then adam                                      (Loshchilov and Hutter 2019)
    rmsprop    a = rho a + (1 - rho) g^2;  v = mu v + g / (sqrt(a) + eps);
               p -= lr v                                                       (Hinton 2012, lecture 6e)
    adadelta   a = rho a + (1 - rho) g^2;  x = g sqrt(u + eps) / sqrt(a + eps);
               u = rho u + (1 - rho) x^2;  p -= lr x                           (Zeiler 2012)
    lion       p -= lr decay p;  p -= lr sign(b1 m + (1 - b1) g);
               m = b2 m + (1 - b2) g                                           (Chen et al. 2023)

The penalty alpha ||theta||^2 adds 2 alpha theta to the gradient; where the decay is decoupled, it is 2 alpha, and not
in g. The sparse form applies the same rule to some rows of p and of its state and leaves the others alone.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from fastbpts.reference._cell import Array

State = dict[str, Array]
Options = Mapping[str, float]
Step = Callable[[Array, State, int, Options], Array]  # (g, state of these rows, t, options) -> what lr multiplies


class Rule(NamedTuple):
    """An optimiser: names of its states, its options with their defaults, its step, whether its decay is decoupled."""

    states: tuple[str, ...]
    options: dict[str, float]
    step: Step
    decoupled: bool = False


def _sgd(g: Array, state: State, t: int, o: Options) -> Array:  # noqa: ARG001
    return g


def _momentum(g: Array, state: State, t: int, o: Options) -> Array:  # noqa: ARG001
    state["v"] = o["momentum"] * state["v"] + g
    return state["v"]


def _nesterov(g: Array, state: State, t: int, o: Options) -> Array:  # noqa: ARG001
    state["v"] = o["momentum"] * state["v"] + g
    return np.asarray(g + o["momentum"] * state["v"])


def _adagrad(g: Array, state: State, t: int, o: Options) -> Array:  # noqa: ARG001
    state["a"] = state["a"] + g**2
    return np.asarray(g / (np.sqrt(state["a"]) + o["eps"]))


def _adam(g: Array, state: State, t: int, o: Options) -> Array:
    state["m"] = o["beta1"] * state["m"] + (1 - o["beta1"]) * g
    state["v"] = o["beta2"] * state["v"] + (1 - o["beta2"]) * g**2
    m_hat, v_hat = state["m"] / (1 - o["beta1"] ** t), state["v"] / (1 - o["beta2"] ** t)
    return np.asarray(m_hat / (np.sqrt(v_hat) + o["eps"]))


def _rmsprop(g: Array, state: State, t: int, o: Options) -> Array:  # noqa: ARG001
    state["a"] = o["rho"] * state["a"] + (1 - o["rho"]) * g**2
    state["v"] = o["momentum"] * state["v"] + g / (np.sqrt(state["a"]) + o["eps"])
    return state["v"]


def _adadelta(g: Array, state: State, t: int, o: Options) -> Array:  # noqa: ARG001
    state["a"] = o["rho"] * state["a"] + (1 - o["rho"]) * g**2
    x = np.asarray(np.sqrt(state["u"] + o["eps"]) / np.sqrt(state["a"] + o["eps"]) * g)
    state["u"] = o["rho"] * state["u"] + (1 - o["rho"]) * x**2
    return x


def _lion(g: Array, state: State, t: int, o: Options) -> Array:  # noqa: ARG001
    x = np.sign(o["beta1"] * state["m"] + (1 - o["beta1"]) * g)
    state["m"] = o["beta2"] * state["m"] + (1 - o["beta2"]) * g
    return np.asarray(x)


_BETAS = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
RULES = {
    "sgd": Rule((), {}, _sgd),
    "momentum": Rule(("v",), {"momentum": 0.9}, _momentum),
    "nesterov": Rule(("v",), {"momentum": 0.9}, _nesterov),
    "adagrad": Rule(("a",), {"eps": 1e-10}, _adagrad),
    "adam": Rule(("m", "v"), _BETAS, _adam),
    "adamw": Rule(("m", "v"), _BETAS, _adam, decoupled=True),
    "rmsprop": Rule(("v", "a"), {"momentum": 0.0, "rho": 0.99, "eps": 1e-8}, _rmsprop),
    "adadelta": Rule(("u", "a"), {"rho": 0.9, "eps": 1e-6}, _adadelta),
    "lion": Rule(("m",), {"beta1": 0.9, "beta2": 0.99}, _lion, decoupled=True),
}


def init_state(name: str, p: Array) -> State:
    """Zero state for the parameter p."""
    return {key: np.zeros_like(p) for key in RULES[name].states}


def update(
    name: str,
    p: Array,
    g: Array,
    state: State,
    t: int,
    *,
    learning_rate: float,
    decay: float = 0.0,
    rows: Array | None = None,
    **options: float | None,
) -> None:
    """One step, in place, on p and its state.

    Parameters
    ----------
    name : str
    p, g : arrays of the same shape; with `rows`, g has one row per entry of `rows`
    state : dict of arrays like p
    t : int
        Number of this step, counted from 1.
    learning_rate : float
    decay : float
        Decoupled weight decay, of the optimisers that have it.
    rows : array of int, optional
        Distinct rows of p to update; None: all.
    **options : float
        Of the optimiser; those left out have their defaults.

    Raises
    ------
    ValueError
        For a name or an option that is not known.
    """
    if name not in RULES:
        raise ValueError(f"name: got {name!r}, accepted are {sorted(RULES)}")
    rule = RULES[name]
    given = {key: value for key, value in options.items() if value is not None}
    if set(given) - set(rule.options):
        raise ValueError(f"options of {name!r}: got {sorted(given)}, accepted are {sorted(rule.options)}")
    at = slice(None) if rows is None else rows
    some = {key: array[at] for key, array in state.items()}
    if rule.decoupled:
        p[at] -= learning_rate * decay * p[at]
    p[at] -= learning_rate * rule.step(g, some, t, {**rule.options, **given})
    for key, value in some.items():
        state[key][at] = value


def clip_factor(grads: Mapping[str, Array], max_norm: float) -> float:
    """The factor that brings the norm of all gradients together down to a bound.

    Parameters
    ----------
    grads : dict of arrays
        All gradients.
    max_norm : float
        The bound.

    Returns
    -------
    float
        At most 1; 1 if the norm is below the bound.
    """
    norm = np.sqrt(sum(float((g**2).sum()) for g in grads.values()))
    return float(min(1.0, max_norm / (norm + 1e-6)))
