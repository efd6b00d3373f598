"""Sampling from a network, symbol by symbol."""

from collections.abc import Iterator

import numpy as np

from fastbpts._base.arguments import Array
from fastbpts.networks.packing import I32, Rows
from fastbpts.networks.sequence_network import SequenceNetwork

_UNKNOWN = 0


def choose(z: Array, temperature: float, top: int | None, rng: np.random.Generator) -> int:
    """A class by its score: the greatest for temperature 0, else with probability softmax(z / temperature)."""
    z = z.astype(np.float64)
    if len(z) > 1:
        z[_UNKNOWN] = -np.inf
    if temperature == 0 or top == 1:
        return int(z.argmax())
    if top is not None and top < len(z):
        z[z < np.partition(z, -top)[-top]] = -np.inf
    with np.errstate(over="ignore"):  # -inf: never
        p = np.exp((z - z.max()) / temperature)
    return int(min(np.searchsorted(np.cumsum(p), rng.random() * p.sum(), side="right"), len(z) - 1))


def generate(
    net: SequenceNetwork, prompt: I32, n: int, temperature: float, top: int | None, rng: np.random.Generator
) -> Iterator[int]:
    """`n` symbols after a prompt of one at least, each read again by the network."""
    if n == 0:
        return
    z, state = net.logits(Rows(np.ones(len(prompt), np.int64), prompt[:, None]))
    step = net.stepper(state)
    scores = z[-1]
    for k in range(n):
        symbol = choose(scores, temperature, top, rng)
        yield symbol
        if k < n - 1:
            scores = step(symbol)
