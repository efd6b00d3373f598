"""Peer: JAX, one compiled function with lax.scan over the steps and its vector-Jacobian product.

The input projection is before the scan. Differentiating the scan as it is adds up dU step by step; the scan here is
differentiated with respect to its per-step inputs instead, and dW and dU follow from those in one product each.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from recurrent.task import Array, Task

NAME = "JAX"
jax.config.update("jax_enable_x64", True)


class Peer:
    """One layer on one batch of sequences."""

    def __init__(self, task: Task) -> None:
        self.a = {name: jnp.asarray(v) for name, v in task.arrays().items()}
        self.dh = self.a.pop("dh")
        self.function = jax.jit(partial(train if task.kind == "train" else predict, task.cell))
        self.out: Any = None

    def train(self) -> None:
        """Forward and backward."""
        self.out = jax.block_until_ready(self.function(self.a, self.dh))

    def predict(self) -> None:
        """All states."""
        self.out = jax.block_until_ready(self.function(self.a))

    stream = predict

    def results(self) -> dict[str, Array]:
        """What the last call computed."""
        return {name: jax.device_get(v) for name, v in self.out.items()}


def initial(cell: str, a: dict[str, Any]) -> Any:
    """What the scan carries at the start."""
    return (a["h0"], a["c0"]) if cell == "lstm" else a["h0"]


def projected(cell: str, a: dict[str, Any]) -> Any:
    """W x + b of all steps; gru: and b_rec, the second bias, per step too, so that it has a gradient."""
    ax = a["x"] @ a["W"].T + a["b"]
    return (ax, jnp.broadcast_to(a["b_rec"], ax.shape)) if cell == "gru" else ax


def elman(ut: Any, h: Any, a: Any) -> Any:
    """The step h = tanh(a + U h)."""
    h = jnp.tanh(a + h @ ut)
    return h, h


def gru(ut: Any, h: Any, inputs: Any) -> Any:
    """Reset gate after the product."""
    ax, c = inputs
    m = h @ ut + c
    H = h.shape[1]
    rz = jax.nn.sigmoid(ax[:, : 2 * H] + m[:, : 2 * H])
    n = jnp.tanh(ax[:, 2 * H :] + rz[:, :H] * m[:, 2 * H :])
    h = n + rz[:, H:] * (h - n)
    return h, h


def lstm(ut: Any, state: Any, ax: Any) -> Any:
    """Gates i f g o."""
    h, c = state
    i, f, g, o = jnp.split(ax + h @ ut, 4, axis=1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h, c), h


UNROLL_BELOW = 128  # numbers in a state: unrolling the loop twice pays for tiny steps
STEPS = {"elman": elman, "gru": gru, "lstm": lstm}


def scan(cell: str, ut: Any, start: Any, inputs: Any) -> Any:
    """States of all steps."""
    size = (start[0] if cell == "lstm" else start).size
    return jax.lax.scan(partial(STEPS[cell], ut), start, inputs, unroll=2 if size < UNROLL_BELOW else 1)[1]


def predict(cell: str, a: dict[str, Any]) -> dict[str, Any]:
    """All states."""
    return {"h": scan(cell, a["U"].T, initial(cell, a), projected(cell, a))}


def train(cell: str, a: dict[str, Any], dh: Any) -> dict[str, Any]:
    """All states and all gradients."""
    h, back = jax.vjp(partial(scan, cell, a["U"].T), initial(cell, a), projected(cell, a))
    d_start, d_inputs = back(dh)
    da, dm = d_inputs if cell == "gru" else (d_inputs, d_inputs)
    before = jnp.concatenate([a["h0"][None], h[:-1]])
    out = {"h": h, "dx": da @ a["W"], "db": da.sum((0, 1))}
    out["dW"] = jnp.einsum("tbg,tbd->gd", da, a["x"])
    out["dU"] = jnp.einsum("tbg,tbh->gh", dm, before)
    if cell == "gru":
        out["db_rec"] = dm.sum((0, 1))
    return out | (dict(zip(("dh0", "dc0"), d_start, strict=True)) if cell == "lstm" else {"dh0": d_start})
