"""The fast path for sequences against the cells on a structure of chains: the same bits, whatever the options."""

from typing import Any

import numpy as np
import pytest
from chains import LENGTHS, SMALL, Chained, Options, batch_sizes, chain_problem, last_rows, on_whole_lines, poisoned
from grid import RECURRENT, SPECS, assert_same, error

SIZES = [1, 2, 3, 5, 8, 15, 16, 17, 24, 33]


def cases() -> list[tuple[str, Options]]:
    """Every cell on every batch; the other options take turns."""
    found = []
    for k in range(3 * len(SMALL)):
        name, d = list(SMALL)[k % len(SMALL)], SIZES[k % len(SIZES)] if k < 10 else SIZES[(3 * k + 1) % 10]
        options = Options(name, d, ("float64", "float32")[k // 2 % 2], k, k % 3 == 1, 1 + k % 4 // 2)
        found += [(cell, options) for cell in RECURRENT]
    return found


def ident(value: Any) -> str:
    return value if isinstance(value, str) else f"{value.lengths}-{value.d}-{value.dtype}-{value.variant}"


CASES = pytest.mark.parametrize(("cell", "options"), cases(), ids=ident)
LARGE = [Options("tall", 200, "float32", 0, False, 2), Options("early", 50, "float64", 2, False, 2)]
LARGE += [Options("thin", 33, "float64", variant, False, 3) for variant in (1, 2)]


@CASES
def test_chain_is_the_cell_on_chains(cell: str, options: Options) -> None:
    """States and the gradients of rows have the same bits; the last states are the states of the last rows."""
    p = chain_problem(cell, options)
    d, lengths = options.d, LENGTHS[options.lengths]
    at = last_rows(lengths)
    rng = np.random.default_rng(options.variant)
    d_last = [rng.standard_normal((p.s.n_graphs, d)).astype(p.x.dtype) for _ in SPECS[cell].initial]
    made = Chained(p, options)
    found = made.backward(None if options.variant % 5 == 2 else p.dh[:, :d].copy(), d_last)
    p.dh[:, d:] = 0
    if options.variant % 5 == 2:
        p.dh[:] = 0
    p.dh[at] += np.hstack(d_last)
    states, wanted = p.compiled()
    np.testing.assert_array_equal(made.h, states[:, :d])
    np.testing.assert_array_equal(np.hstack(made.last), states[at])
    for key in ("x", *SPECS[cell].initial):
        np.testing.assert_array_equal(found[key], wanted[key], err_msg=key)
    tolerance = 1e-12 if options.dtype == "float64" else 1e-4
    assert_same(found, wanted, tolerance)
    plain_states, plain = p.astype(np.float64).reference()
    assert error(made.h, plain_states[:, :d]) <= tolerance
    assert_same(found, plain, tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("options", LARGE, ids=ident)
@pytest.mark.parametrize("cell", RECURRENT)
def test_beyond_the_blocks(cell: str, options: Options) -> None:
    """More rows and more units than products take at once, in several blocks, as two slabs."""
    test_chain_is_the_cell_on_chains(cell, options)
    test_reverse(cell, options)


@CASES
def test_reverse(cell: str, options: Options) -> None:
    """From right to left: a chain over the sequences turned round."""
    p = chain_problem(cell, options)
    d, lengths = options.d, LENGTHS[options.lengths]
    start = np.concatenate([[0], np.cumsum(batch_sizes(lengths))])
    turn = np.empty(p.s.n_nodes, int)
    for r, n in enumerate(lengths):
        turn[start[:n] + r] = start[:n][::-1] + r
    made = Chained(p, options, reverse=True)
    found = made.backward(p.dh[:, :d].copy(), [])
    p.dh[:, d:] = 0
    p.x, p.dh = p.x[turn], p.dh[turn]
    states, wanted = p.compiled()
    np.testing.assert_array_equal(made.h[turn], states[:, :d])
    np.testing.assert_array_equal(np.hstack(made.last), states[last_rows(lengths)])
    np.testing.assert_array_equal(found["x"][turn], wanted.pop("x"))
    assert_same({key: found[key] for key in wanted}, wanted, 1e-12 if options.dtype == "float64" else 1e-4)


@CASES
def test_steps(cell: str, options: Options) -> None:
    """One time step after the other, into fresh arrays and in place, has the bits of the whole."""
    p = chain_problem(cell, options)
    if options.lengths == "unequal":
        return
    made = Chained(p, options)
    T, B = len(made.sizes), p.s.n_graphs
    zero = np.zeros((B, options.d), p.x.dtype)
    h, *c = (a.copy() for a in p.initial or [zero] * len(SPECS[cell].initial))
    for t in range(T):
        n = int(made.sizes[t])
        first = int(made.sizes[:t].sum())
        x, h, c = p.x[first : first + n].copy(), h[:n].copy(), [a[:n].copy() for a in c]
        h_out = poisoned(n, options.d, dtype=p.x.dtype) if t % 2 else h
        c_out = [poisoned(n, options.d, dtype=p.x.dtype) if t % 2 else a for a in c]
        made.chain.step(x, h, c[0] if c else None, h_out, c_out[0] if c else None)
        h, c = h_out, c_out
        np.testing.assert_array_equal(h, made.h[first : first + n])
    assert T > 0


@pytest.mark.parametrize("cell", RECURRENT)
def test_longer_and_shorter(cell: str) -> None:
    """Memory that is kept from batch to batch has no effect on the next batch."""
    o = Options("wide", 9, "float64", 0, False, 1)
    large = chain_problem(cell, o)
    made = Chained(large, o)
    for name in ("one", "unequal", "step", "wide"):
        p = chain_problem(cell, Options(name, 9, "float64", 0, False, 1))
        p.params = large.params
        h = poisoned(p.s.n_nodes, 9, dtype=float)
        made.chain.forward(p.x, batch_sizes(LENGTHS[name]), h, *p.initial)
        states, wanted = p.compiled()
        np.testing.assert_array_equal(h, states[:, :9])
        made.p, made.B = p, p.s.n_graphs
        p.dh[:, 9:] = 0
        assert_same(made.backward(p.dh[:, :9].copy(), []), p.compiled()[1], 1e-12)
        assert wanted


@pytest.mark.parametrize("cell", RECURRENT)
def test_mistakes(cell: str) -> None:
    o = Options("unequal", 5, "float64", 0, False, 1)
    p = chain_problem(cell, o)
    made = Chained(p, o)
    sizes, h = made.sizes, np.empty((p.s.n_nodes, 5))
    wrong: dict[str, tuple[Any, ...]] = {
        "x": (p.x[:, :-1].copy(), sizes, h),
        "batch_sizes": (p.x, sizes[::-1].copy(), h),
        "h": (p.x, sizes, h[:, :-1].copy()),
        "h0": (p.x, sizes, h, np.zeros((2, 5))),
    }
    for name, arguments in wrong.items():
        with pytest.raises(ValueError, match=rf"\b{name}\b"):
            made.chain.forward(*arguments)
    with pytest.raises(ValueError, match="batch_sizes"):
        made.chain.forward(p.x, sizes - 1, h)
    with pytest.raises(ValueError, match="float64"):
        made.chain.forward(p.x.astype(np.float32), sizes, h)
    made.chain.forward(p.x, sizes, h)
    made.backward(p.dh[:, :5].copy(), [])
    with pytest.raises(ValueError, match="forward"):
        made.backward(p.dh[:, :5].copy(), [])
    made.chain.forward(p.x, sizes, h)
    made.chain.set_params(*p.params.values())
    with pytest.raises(ValueError, match="forward"):
        made.backward(p.dh[:, :5].copy(), [])


@pytest.mark.parametrize(("d", "dtype"), [(16, "float32"), (48, "float64"), (272, "float32"), (400, "float64")])
@pytest.mark.parametrize("cell", RECURRENT)
def test_one_sequence_reads_the_weights_where_they_lie(cell: str, d: int, dtype: str) -> None:
    """Alone and among others a sequence has the same bits, however its products with the weights are made."""
    o = Options("one", d, dtype, 0, False, 1)
    p = on_whole_lines(chain_problem(cell, o))
    alone = Chained(p, o)
    found = alone.backward(p.dh[:, :d].copy(), [])
    twice = chain_problem(cell, o)
    twice.params = p.params
    made = Chained(twice, o)
    sizes = np.full(len(alone.sizes), 2)
    x, dh, h = np.repeat(p.x, 2, axis=0), np.repeat(p.dh[:, :d], 2, axis=0), np.empty((2 * len(p.x), d), dtype)
    initial, dx = [np.repeat(a, 2, axis=0) for a in p.initial], np.empty_like(x)
    made.chain.forward(x, sizes, h, *initial)
    grads = [np.zeros_like(value) for value in p.params.values()]
    below = {f"d{key}": np.empty_like(a) for key, a in zip(SPECS[cell].initial, initial, strict=False)}
    made.chain.backward(dh, dx, *grads, **below)
    np.testing.assert_array_equal(h[::2], alone.h)
    np.testing.assert_array_equal(dx[1::2], found["x"])
    for key, value in below.items():
        np.testing.assert_array_equal(value[:1], found[key[1:]])
    assert_same({k: found[k] for k in p.params}, dict(zip(p.params, [g / 2 for g in grads], strict=True)), 1e-4)


def test_nothing_is_saved_after_an_error() -> None:
    """Offsets of a new batch are not used with values that an earlier one saved."""
    from fastbpts import _core

    chain = _core.Chain("gru", 4, 4, "float32")
    parameters = [np.zeros(shape, np.float32) for shape in ((12, 4), (12, 4), 12, 12)]
    chain.set_params(*parameters)
    chain.layer_forward(np.zeros((2, 1, 4), np.float32), np.ones(2, np.int64))
    with pytest.raises(TypeError, match="x: an array is needed"):
        chain.layer_forward("x", np.full(100, 200_000))
    with pytest.raises(ValueError, match="forward"):
        chain.backward(None, None, *parameters)
