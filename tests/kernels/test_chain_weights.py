"""When a chain reads its weights."""

import numpy as np
import pytest
from chains import Chained, Options, chain_problem, poisoned
from grid import RECURRENT, Array


@pytest.mark.parametrize("cell", RECURRENT)
def test_parameters_are_read_at_each_forward(cell: str) -> None:
    o = Options("unequal", 5, "float64", 0, False, 1)
    p = chain_problem(cell, o)
    made = Chained(p, o)
    for value in p.params.values():
        value *= 0.5
    made.chain.forward(made.x, made.sizes, made.h, p.initial[0], *p.initial[1:])
    np.testing.assert_array_equal(made.h, p.compiled()[0][:, :5])


@pytest.mark.parametrize("cell", RECURRENT)
def test_weights_are_kept(cell: str) -> None:
    """With keep_packed, a chain sees other weights after set_params and backward only."""
    o = Options("unequal", 5, "float64", 0, False, 1)
    p = chain_problem(cell, o)
    made = Chained(p, o)
    made.chain.keep_packed = True
    old, weights = made.h.copy(), {name: 0.5 * value for name, value in p.params.items()}

    def states() -> Array:
        made.chain.forward(made.x, made.sizes, made.h, *p.initial)
        return made.h

    for name, value in weights.items():
        p.params[name][...] = value
    made.chain.pack()
    np.testing.assert_array_equal(states(), old)
    made.backward(None, [])
    np.testing.assert_array_equal(states(), p.compiled()[0][:, :5])
    for name in weights:
        p.params[name][...] *= 0.5
    np.testing.assert_array_equal(states()[:, :2] != p.compiled()[0][:, :2], True)
    made.chain.set_params(*p.params.values())
    np.testing.assert_array_equal(states(), p.compiled()[0][:, :5])


@pytest.mark.parametrize("cell", RECURRENT)
def test_step_after_backward(cell: str) -> None:
    """Forward and backward pack weights into the same memory, and a step finds its own there."""
    o = Options("wide", 17, "float32", 0, False, 1)
    p = chain_problem(cell, o)
    made = Chained(p, o)
    made.backward(p.dh[:, :17].copy(), [])
    n, found = made.B, [poisoned(made.B, 17, dtype=p.x.dtype) for _ in p.initial]
    made.chain.step(p.x[:n].copy(), p.initial[0], [*p.initial, None][1], found[0], [*found, None][1])
    np.testing.assert_array_equal(found[0], made.h[:n])
