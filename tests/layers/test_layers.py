"""Recurrent layers without an outside oracle: the NumPy reference, laws between options, steps, windows, memory."""

import copy
import gc
import os
import pickle
import resource
import threading
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from sequences import CELLS, LAYERS, Array, Case, assert_close, cases, parts, run

import fastbpts as fb
from fastbpts import reference

ACTIVATIONS = [("elman", a) for a in ("tanh", "sigmoid", "relu")] + [("gru", None), ("lstm", None)]


def make(case: Case, dtype: str = "float64", **options: Any) -> Any:
    options = {**case.options, "dtype": dtype, "n_threads": 1, "random_state": case.seed, **options}
    return LAYERS[case.cell](case.n_in, case.n_state, **options)


def problem(case: Case, dtype: str = "float64") -> tuple[Array, Any, Array, Any]:
    """x, h0, dout, dh_n."""
    rng = np.random.default_rng(case.seed)
    x = rng.standard_normal(case.shape(case.n_in)).astype(dtype)
    dout = rng.standard_normal(case.shape(case.n_state * case.directions)).astype(dtype)
    return x, case.states(rng) if case.with_h0 else None, dout, case.states(rng)


@pytest.mark.parametrize(("cell", "activation"), ACTIVATIONS)
def test_reference(cell: str, activation: str | None) -> None:
    """One layer over unequal lengths is the reference's cell over chains."""
    lengths = np.array([2, 5, 1, 3])
    case = Case(cell, 3, 6, 5, 4, list(lengths), True, 0)
    layer = make(case, **({"activation": activation} if activation else {}))
    x, h0, dout, dh_n = problem(case)
    found = run(layer, x, h0, lengths, dout, dh_n)
    s = fb.Structure.chains(lengths)
    plain = reference.cell(cell, n_in=3, n_state=6, activation=activation, dtype="float64")
    W, U, b, c = layer.params.values()
    params = {"W": W, "U": U, "b": b, "b_rec": c} if "b_rec" in plain.shapes else {"W": W, "U": U, "b": b + c}
    graph = s.graph.astype(np.int64)
    time = s.order - (np.cumsum(lengths) - lengths)[graph]
    dh = dout[time, graph].copy()
    pair = [h[0] for h in parts(h0)]
    result = plain.forward(s, params, x[time, graph], tuple(pair) if cell == "lstm" else pair[0])
    dh[s.root] += parts(dh_n)[0][0]
    upstream = [dh]
    if cell == "lstm":
        upstream.append(np.zeros_like(dh))
        upstream[1][s.root] = dh_n[1][0]
    dparams, dx, dh0 = plain.backward(result, *upstream)
    dc = dparams.get("b_rec", dparams["b"])
    wanted = {"out": result.h, "dx": dx, "dweight_ih_l0": dparams["W"], "dweight_hh_l0": dparams["U"]}
    wanted |= {"dbias_ih_l0": dparams["b"], "dbias_hh_l0": dc} | {f"dh0{k}": g for k, g in enumerate(parts(dh0))}
    found = {k: found[k] for k in wanted} | {k: found[k][time, graph] for k in ("out", "dx")}
    assert_close(found | {f"dh0{k}": found[f"dh0{k}"][0] for k in range(len(pair))}, wanted, 1e-12)


@settings(deadline=None, max_examples=25)
@given(cases())
def test_options_are_laws(case: Case) -> None:
    """A sequence alone gives what it gives in a batch; batch_first only transposes."""
    x, h0, dout, dh_n = problem(case)
    layer = make(case)
    found = run(layer, x, h0, case.lengths, dout, dh_n)
    first = case.options["batch_first"]
    lengths = case.lengths or [case.n_steps] * case.n_sequences
    total = {name: np.zeros_like(grad) for name, grad in layer.grads.items()}
    for b, n in enumerate(lengths):
        take: Any = (slice(b, b + 1), slice(n)) if first else (slice(n), slice(b, b + 1))
        one = [None if s is None else [p[:, b : b + 1] for p in parts(s)] for s in (h0, dh_n)]
        states = [s if s is None or case.cell == "lstm" else s[0] for s in one]
        alone = run(layer, x[take], states[0], None, dout[take], states[1])
        assert_close({"out": found["out"][take], "dx": found["dx"][take]}, {k: alone[k] for k in ("out", "dx")}, 1e-13)
        for key in [k for k in found if k.startswith(("h_n", "dh0"))]:
            assert np.abs(found[key][:, b] - alone[key][:, 0]).max() < 1e-12
        total = {name: grad + alone[f"d{name}"] for name, grad in total.items()}
        beyond: Any = (b, slice(n, None)) if first else (slice(n, None), b)
        assert not found["out"][beyond].any()
        assert not found["dx"][beyond].any()
    assert_close({k: found[f"d{k}"] for k in total}, total, 1e-11)

    turned = make(case, batch_first=not first)
    other = run(turned, x.swapaxes(0, 1), h0, case.lengths, dout.swapaxes(0, 1), dh_n)
    other |= {k: other[k].swapaxes(0, 1) for k in ("out", "dx")}
    assert_close(other, found, 1e-13)


@settings(deadline=None, max_examples=25)
@given(cases())
def test_two_directions_are_two_layers(case: Case) -> None:
    case.options |= {"num_layers": 1, "bidirectional": True, "batch_first": False}
    case.lengths = None
    x, h0, dout, dh_n = problem(case)
    both, H = make(case), case.n_state
    found = run(both, x, h0, None, dout, dh_n)
    results = []
    for r, suffix in enumerate(("", "_reverse")):
        one = make(case, bidirectional=False)
        one.load_state_dict({name: both.params[name + suffix] for name in one.params})
        step = 1 - 2 * r
        states = [None if s is None else [p[r : r + 1] for p in parts(s)] for s in (h0, dh_n)]
        states = [s if s is None or case.cell == "lstm" else s[0] for s in states]
        part = run(one, x[::step], states[0], None, dout[::step, :, r * H : (r + 1) * H], states[1])
        assert_close(
            {"h_n0": found["h_n0"][r : r + 1], "out": found["out"][::step, :, r * H : (r + 1) * H]},
            {k: part[k] for k in ("h_n0", "out")},
            1e-13,
        )
        assert np.abs(found["dweight_hh_l0" + suffix] - part["dweight_hh_l0"]).max() < 1e-12
        results.append(part["dx"][::step])
    assert np.abs(found["dx"] - sum(results)).max() < 1e-12


@settings(deadline=None, max_examples=25)
@given(cases())
def test_step(case: Case) -> None:
    """Step by step, to the bit, what forward gives; and windows that carry the state give what the whole gives."""
    case.options |= {"bidirectional": False, "batch_first": False}
    x, h0, _, _ = problem(case, "float32")
    layer = make(case, "float32")
    out, h_n = layer.forward(x, h0)
    state = h0
    for t in range(case.n_steps):
        step, state = layer.step(x[t], state)
        assert (step == out[t]).all()
    assert all((a == b).all() for a, b in zip(parts(state), parts(h_n), strict=True))
    middle = case.n_steps // 2
    if middle:
        begin, carried = layer.forward(x[:middle], h0)
        end, final = layer.forward(x[middle:], carried)
        assert (np.concatenate([begin, end]) == out).all()
        assert all((a == b).all() for a, b in zip(parts(final), parts(h_n), strict=True))


def test_step_reads_parameters_again() -> None:
    layer, x = fb.LSTM(2, 3, n_threads=1), np.ones((1, 2), np.float32)
    first, _ = layer.step(x)
    layer.load_state_dict({k: 2 * v for k, v in layer.params.items()})
    second, _ = layer.step(x)
    assert (first != second).any()
    layer.params["bias_hh_l0"][...] = 0.5
    layer.pack()
    third, _ = layer.step(x)
    assert (third == layer.forward(x[None])[0][0]).all()
    layer.step(x)
    assert (third != second).any()
    with pytest.raises(ValueError, match="backward needs a forward"):  # a step lies between
        layer.backward(np.ones((1, 1, 3)))
    layer.forward(x[None])
    layer.backward(np.ones((1, 1, 3)))
    layer.params["weight_ih_l0"] -= layer.grads["weight_ih_l0"]
    layer.params["bias_ih_l0"] = 0.25
    layer.params.update(bias_hh_l0=np.zeros(12))
    assert (layer.step(x)[0] == layer.forward(x[None])[0][0]).all()


@pytest.mark.parametrize("cell", CELLS)
def test_truncated_backpropagation(cell: str) -> None:
    """Gradients of windows that carry the state are those of the windows alone, added up."""
    case = Case(cell, 3, 4, 12, 2, None, True, 5, {"num_layers": 2})
    layer, (x, h0, dout, _) = make(case), problem(case)
    state, dxs = h0, []
    for t in range(0, 12, 4):
        _, state = layer.forward(x[t : t + 4], state)
        dxs.append(layer.backward(dout[t : t + 4])[0])
    whole = make(case)
    wanted = {name: np.zeros_like(grad) for name, grad in whole.grads.items()}
    out, _ = whole.forward(x, h0)
    for k, t in enumerate(range(0, 12, 4)):
        before = whole.forward(x[:t], h0)[1] if t else h0
        found = run(whole, x[t : t + 4], before, None, dout[t : t + 4], None)
        assert (found["out"] == out[t : t + 4]).all()
        assert (found["dx"] == dxs[k]).all()
        wanted = {name: grad + found[f"d{name}"] for name, grad in wanted.items()}
    assert_close(dict(layer.grads), wanted, 1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_long_sequences_in_flat_memory(cell: str) -> None:
    """100,000 steps in windows, and steps of training over and over: no more memory after than before."""
    layer = LAYERS[cell](2, 4, n_threads=1)
    x = np.random.default_rng(0).standard_normal((500, 1, 2)).astype(np.float32)
    dout = np.ones((500, 1, 4), np.float32)

    def train(n_windows: int) -> Any:
        state = None
        for _ in range(n_windows):
            out, state = layer.forward(x, state)
            layer.backward(dout)
        assert np.isfinite(out).all()

    tracemalloc.start()
    try:
        train(3)
        gc.collect()
        before, resident = tracemalloc.get_traced_memory()[0], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        train(200)
        gc.collect()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 20_000
    assert peak - before < 100_000
    if "asan" not in os.environ.get("LD_PRELOAD", ""):  # the address sanitizer keeps what is freed for a while
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident < 2_000  # kB


@pytest.mark.parametrize("cell", CELLS)
def test_threads_do_not_matter(cell: str) -> None:
    case = Case(
        cell, 112, 120, 9, 40, list(np.random.default_rng(0).integers(1, 10, 40)), True, 1, {"bidirectional": True}
    )
    one, two = (run(make(case, "float32", n_threads=n), *_order(problem(case, "float32"), case)) for n in (1, 2))
    assert all((one[name] == two[name]).all() for name in one)


def _order(p: tuple[Array, Any, Array, Any], case: Case) -> tuple[Any, ...]:
    return p[0], p[1], case.lengths, p[2], p[3]


def test_gradients_add_until_they_are_cleared() -> None:
    layer, x = fb.GRU(2, 3, dtype="float64"), np.ones((4, 1, 2))
    once = run(layer, x, None, None, x[:, :, :1] + np.zeros(3), None)
    layer.forward(x)
    layer.backward(np.ones((4, 1, 3)))
    assert_close({f"d{k}": v for k, v in layer.grads.items()}, {k: 2 * v for k, v in once.items() if "l0" in k}, 1e-14)
    layer.zero_grad()
    assert not any(grad.any() for grad in layer.grads.values())


def test_copies_and_pickles() -> None:
    layer = fb.Elman(2, 3, num_layers=2, bidirectional=True, dropout=0.5, activation="sigmoid", random_state=9)
    x = np.ones((4, 1, 2), np.float32)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert repr(other) == repr(layer)
        assert (other.forward(x, training=True)[0] == copy.deepcopy(layer).forward(x, training=True)[0]).all()
        other.params["bias_ih_l0"][...] += 1
        assert (other.forward(x)[0] != layer.forward(x)[0]).any()


def test_nan_stays_in_its_sequence() -> None:
    for cell in CELLS:
        layer, x = LAYERS[cell](2, 5), np.random.default_rng(0).standard_normal((6, 3, 2)).astype(np.float32)
        clean, _ = layer.forward(x)
        x[2, 1, 0] = np.nan
        out, h_n = layer.forward(x)
        assert np.isnan(out[2:, 1]).all()
        assert np.isnan(parts(h_n)[0][0, 1]).all()
        assert (out[:2] == clean[:2]).all()
        assert (out[:, [0, 2]] == clean[:, [0, 2]]).all()


def test_one_layer_in_several_threads() -> None:
    layer, x = fb.GRU(3, 8, n_threads=1), np.random.default_rng(0).standard_normal((5, 4, 3)).astype(np.float32)
    wanted, wrong = layer.forward(x)[0], []

    def work() -> None:
        for _ in range(50):
            found = layer.forward(x)[0], layer.step(x[0])[0]
            wrong.extend(a for a, b in zip(found, (wanted, wanted[0]), strict=True) if (a != b).any())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize(("dtype", "n_steps"), [("float32", 130), ("float64", 1030)])
@pytest.mark.parametrize("cell", CELLS)
def test_errors_fade_to_zero(cell: str, dtype: str, n_steps: int) -> None:
    """Not into denormal numbers, which make long sequences slow; each step halves the errors here."""
    layer = LAYERS[cell](1, 2, dtype=dtype)
    layer.load_state_dict({name: np.zeros_like(array) for name, array in layer.params.items()})
    if cell == "elman":
        layer.params["weight_hh_l0"] = np.eye(2) / 2
    for n, fades in ((100, False), (n_steps, True)):
        _, h_n = layer.forward(np.zeros((n, 1, 1)))
        _, dh0 = layer.backward(None, tuple(np.ones_like(s) for s in h_n) if cell == "lstm" else np.ones_like(h_n))
        assert any(part.any() for part in parts(dh0)) is not fades
