"""A chain of the binding on one batch of sequences, for the tests."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import zoo
from grid import SPECS, Array, Problem, problem

SMALL = {"step": [1], "one": [6], "equal": [5] * 4, "unequal": [7, 7, 4, 2, 1, 1]}
SMALL["wide"] = [5] * 22 + [4] * 11  # two slabs
LENGTHS = SMALL | {
    "long": [600],  # more steps than a block of a wide state
    "tall": [3] * 66 + [2] * 8,
    "blocks": [90] * 9 + [40, 33, 33, 20, 7, 1],
    "slabs": [120] * 18 + [101] * 12 + [95] * 5 + [90],
    "early": [200] * 16 + [160] * 16,  # the second slab ends a block before the first
    "thin": [330] * 17 + [264] * 15,  # for long it has one row of each step
    "crowd": [2] * 30_000 + [1] * 10_000,  # more rows in a step than there are pieces of the usual size
}


@dataclass
class Options:
    """One way to call a chain."""

    lengths: str
    d: int
    dtype: str
    variant: int
    gaps: bool
    n_threads: int


def batch_sizes(lengths: list[int]) -> Array:
    return np.array([sum(n > t for n in lengths) for t in range(lengths[0])], np.int64)


def chain_problem(cell: str, o: Options) -> Problem:
    """Sequences, longest first: then the structure's rows are the chain's."""
    s = zoo.dressed([zoo.sequence(n) for n in LENGTHS[o.lengths]], inputs="all")
    return problem(cell, s, o.d, seed=o.variant, variant=o.variant).astype(o.dtype)


def on_whole_lines(p: Problem) -> Problem:
    """The same with parameters that begin where cache lines do: a single row reads them where they lie."""
    from fastbpts import _core

    for name, value in p.params.items():
        p.params[name] = _core.aligned(value.shape, value.dtype)
        p.params[name][...] = value
    return p


def poisoned(*shape: int, dtype: Any, gaps: bool = False) -> Array:
    """An array to be written to; with gaps, the middle of wider rows."""
    wide = np.full((*shape[:-1], shape[-1] + 9 * gaps), np.nan, dtype)
    return wide[..., 4 : 4 + shape[-1]] if gaps else wide


def with_gaps(array: Array, gaps: bool) -> Array:
    copy = poisoned(*array.shape, dtype=array.dtype, gaps=gaps)
    copy[...] = array
    return copy


class Chained:
    """A chain, and what a forward pass through it wrote."""

    def __init__(self, p: Problem, o: Options, reverse: bool = False) -> None:
        from fastbpts import _core

        self.p, self.o, self.B = p, o, p.s.n_graphs
        self.sizes = batch_sizes(LENGTHS[o.lengths])
        made = p.plain_cell()
        activation = p.options.get("activation")
        self.chain = _core.Chain(p.cell, made.n_in, made.n_state, p.x.dtype, activation, worth=1)  # all threads
        self.chain.set_params(*p.params.values())
        self.x = with_gaps(p.x, o.gaps)
        self.h = poisoned(p.s.n_nodes, o.d, dtype=p.x.dtype, gaps=o.gaps)
        self.last = [poisoned(self.B, o.d, dtype=p.x.dtype) for _ in SPECS[p.cell].initial]
        start = dict(zip(SPECS[p.cell].initial, p.initial, strict=False))
        ends = dict(zip(("h_n", "c_n"), self.last, strict=False))
        self.chain.forward(self.x, self.sizes, self.h, **start, **ends, reverse=reverse, n_threads=o.n_threads)

    def backward(self, dh: Array | None, d_last: list[Array]) -> dict[str, Array]:
        """Gradients; those of the parameters are added to ones."""
        p, o = self.p, self.o
        dx = poisoned(*p.x.shape, dtype=p.x.dtype, gaps=o.gaps)
        dparams = {f"d{key}": np.ones_like(value) for key, value in p.params.items()}
        below = {f"d{key}": poisoned(self.B, o.d, dtype=p.x.dtype) for key in SPECS[p.cell].initial}
        upstream = dict(zip(("dh_n", "dc_n"), d_last, strict=False))
        self.chain.backward(None if dh is None else with_gaps(dh, o.gaps), dx, **dparams, **upstream, **below)
        ones = {key: dparams[f"d{key}"] - 1 for key in p.params}
        return {**ones, "x": dx, **{key[1:]: value for key, value in below.items()}}


def last_rows(lengths: list[int]) -> Array:
    """Row of each sequence's last element."""
    start = np.concatenate([[0], np.cumsum(batch_sizes(lengths))])
    return np.array([start[n - 1] + r for r, n in enumerate(lengths)])
