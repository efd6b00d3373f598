"""Frozen layers: the bits of the layer when it was copied, whatever is done to it afterwards."""

import copy
import pickle
import threading
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from sequences import CELLS, LAYERS, Array, Case, cases, parts

import fastbpts as fb


def make(case: Case, **options: Any) -> Any:
    return LAYERS[case.cell](case.n_in, case.n_state, n_threads=1, random_state=case.seed, **case.options, **options)


def same(found: Any, wanted: Any) -> bool:
    """Outputs and states, to the bit."""
    pairs = zip((found[0], *parts(found[1])), (wanted[0], *parts(wanted[1])), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@settings(deadline=None, max_examples=40)
@given(cases())
def test_same_bits(case: Case) -> None:
    """Of every layer, option and length; call after call; in a copy and from a pickle."""
    rng = np.random.default_rng(case.seed)
    layer = make(case, dropout=0.5)
    x, h0 = rng.standard_normal(case.shape(case.n_in)).astype(np.float32), case.states(rng) if case.with_h0 else None
    wanted, frozen = layer.forward(x, h0, case.lengths), layer.frozen()
    for predictor in (frozen, frozen, copy.deepcopy(frozen), pickle.loads(pickle.dumps(frozen))):
        assert same(predictor.forward(x, h0, case.lengths), wanted)
        assert repr(predictor) == f"{layer!r}.frozen()"


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_nothing_reaches_it(cell: str, num_layers: int) -> None:
    """Changes by hand, a training step and a state dict do not reach the copy; forward and step may take turns."""
    layer, x = LAYERS[cell](3, 17, num_layers=num_layers), np.ones((4, 2, 3), np.float32)
    wanted, first, frozen = layer.forward(x), layer.step(x[0]), layer.frozen()

    def train() -> None:
        out, _ = layer.forward(x)
        layer.backward(out)
        for name, gradient in layer.grads.items():
            layer.params[name] -= 0.1 * gradient

    def by_hand() -> None:
        layer.params["weight_hh_l0"] = 0

    others = LAYERS[cell](3, 17, num_layers=num_layers, random_state=1).params
    for change in (lambda: None, train, by_hand, lambda: layer.load_state_dict(others)):
        change()
        assert same(frozen.forward(x), wanted)
        assert same(frozen.step(x[0]), first)
        assert same(frozen.step(x[0]), first)
    assert not same(layer.forward(x), wanted)


@pytest.mark.parametrize("cell", CELLS)
def test_layer_trains_as_before(cell: str) -> None:
    """A frozen copy leaves what the layer saved, and its random numbers, as they are."""
    one, two = (LAYERS[cell](3, 5, num_layers=2, dropout=0.5) for _ in range(2))
    x = np.ones((4, 2, 3), np.float32)
    for layer in (one, two):
        out, _ = layer.forward(x, training=True)
        if layer is two:
            layer.frozen().forward(x)
        layer.backward(out)
    assert all((one.grads[name] == two.grads[name]).all() for name in one.grads)
    assert same(one.forward(x, training=True), two.forward(x, training=True))


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell", CELLS)
def test_gates_of_one_block_of_steps_are_kept(cell: str, dtype: str) -> None:
    """A prediction over many steps has the bits of the forward step that keeps the gates of all, in less memory."""
    layer = LAYERS[cell](3, 64, bidirectional=True, dtype=dtype, n_threads=2)
    x, lengths = np.random.default_rng(0).standard_normal((9000, 4, 3)).astype(dtype), [9000, 8000, 2999, 1]
    frozen, peaks, found = layer.frozen(), [], []
    for predictor in (frozen, layer):
        tracemalloc.start()
        found.append(predictor.forward(x, None, lengths))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert same(*found)
    gates = 2 * (1 if cell == "elman" else 4) * sum(lengths) * 64 * x.itemsize
    assert peaks[1] - peaks[0] > gates / 2


def test_mistakes() -> None:
    frozen = fb.LSTM(3, 4, bidirectional=True).frozen()
    x = np.ones((2, 1, 3))
    with pytest.raises(ValueError, match=r"x must have shape \(T, B, 3\)"):
        frozen.forward(x[0])
    with pytest.raises(ValueError, match="lengths must be 1 integers"):
        frozen.forward(x, lengths=[3])
    with pytest.raises(ValueError, match="step needs a layer of one direction"):
        frozen.step(x[0])
    assert not hasattr(frozen, "backward")


def test_several_threads() -> None:
    rng = np.random.default_rng(0)
    frozen = fb.GRU(3, 8, n_threads=1).frozen()
    inputs: list[Array] = [rng.standard_normal((n, 4, 3)).astype(np.float32) for n in (3, 5, 40, 9)]
    wanted, wrong = [frozen.forward(x) for x in inputs], []

    def work(k: int) -> None:
        for _ in range(50):
            wrong.extend([k] * (not same(frozen.forward(inputs[k]), wanted[k])))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(inputs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
