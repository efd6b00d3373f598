"""Mistakes in calls of recurrent layers: one ValueError that names the argument; odd but right inputs work."""

import copy
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sequences import CELLS, LAYERS

import fastbpts as fb

X = np.zeros((5, 3, 2), np.float32)
LENGTHS = "lengths must be 3 integers from 1 to 5"

FORWARD: list[tuple[str, Callable[[Any], Any]]] = [
    ("x must have shape (T, B, 2) with T, B >= 1, got (5, 3)", lambda g: g.forward(X[..., 0])),
    ("x must have shape (T, B, 2) with T, B >= 1, got (5, 3, 1)", lambda g: g.forward(X[..., :1])),
    ("x must have shape (T, B, 2) with T, B >= 1, got (0, 3, 2)", lambda g: g.forward(X[:0])),
    ("x must have shape (T, B, 2) with T, B >= 1, got (5, 0, 2)", lambda g: g.forward(X[:, :0])),
    ("x must be an array of real numbers, got complex64", lambda g: g.forward(X + 1j)),
    ("x must be an array of real numbers, got <U1", lambda g: g.forward([["a"]])),
    ("x must be an array of real numbers", lambda g: g.forward([[1, 2], [3]])),
    ("h0 must have shape (1, 3, 4), got (3, 4)", lambda g: g.forward(X, np.zeros((3, 4)))),
    ("h0 must have shape (1, 3, 4), got (1, 2, 4)", lambda g: g.forward(X, np.zeros((1, 2, 4)))),
    (f"{LENGTHS}, got int64 of shape (2,)", lambda g: g.forward(X, lengths=[1, 2])),
    (f"{LENGTHS}, got 0 .. 5", lambda g: g.forward(X, lengths=[0, 1, 5])),
    (f"{LENGTHS}, got -1 .. 2", lambda g: g.forward(X, lengths=[1, 2, -1])),
    (f"{LENGTHS}, got 1 .. 6", lambda g: g.forward(X, lengths=[1, 2, 6])),
    (f"{LENGTHS}, got float64 of shape (3,)", lambda g: g.forward(X, lengths=[1.0, 2.0, np.nan])),
    (f"{LENGTHS}, got bool of shape (3,)", lambda g: g.forward(X, lengths=[True, True, True])),
    (f"{LENGTHS}: ", lambda g: g.forward(X, lengths=[[1], [1, 2]])),
    ("x must have shape (B, 2) with B >= 1, got (3, 1)", lambda g: g.step(X[0, :, :1])),
    ("x must have shape (B, 2) with B >= 1, got (2,)", lambda g: g.step(X[0, 0])),
    ("x must be an array of real numbers, got object", lambda g: g.step(None)),
    ("state must have shape (1, 3, 4), got (1, 2, 4)", lambda g: g.step(X[0], np.zeros((1, 2, 4), np.float32))),
    ("state must have shape (1, 3, 4), got (2, 3, 4)", lambda g: g.step(X[0], np.zeros((2, 3, 4), np.float32))),
    ("seed must be an integer or None, got 'a'", lambda g: g.forward(X, seed="a")),
    ("state must have shape (1, 3, 4), got (3, 4)", lambda g: g.step(X[0], np.zeros((3, 4)))),
]
CONSTRUCTOR: list[tuple[str, dict[str, Any]]] = [
    ("n_in must be an integer from 1 to 16384, got 0", {"n_in": 0}),
    ("n_state must be an integer from 1 to 16384, got 2.5", {"n_state": 2.5}),
    ("num_layers must be an integer from 1", {"num_layers": 0}),
    ("dropout must be a number in [0, 1), got 1.0", {"dropout": 1.0}),
    ("dtype must be 'float32' or 'float64', got 'float16'", {"dtype": "float16"}),
    ("n_threads must be a positive integer", {"n_threads": 0}),
]


@pytest.mark.parametrize(("message", "call"), FORWARD)
def test_forward(message: str, call: Callable[[Any], Any]) -> None:
    layer = fb.GRU(2, 4)
    with pytest.raises(ValueError, match=re.escape(message)):
        call(layer)


@pytest.mark.parametrize(("message", "arguments"), CONSTRUCTOR)
def test_constructor(message: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        fb.LSTM(**{"n_in": 2, "n_state": 4, **arguments})


def test_activation() -> None:
    with pytest.raises(ValueError, match="activation must be 'tanh', 'sigmoid' or 'relu', got 'gelu'"):
        fb.Elman(2, 4, activation="gelu")  # type: ignore[arg-type]


def test_batch_first_names_its_axes() -> None:
    with pytest.raises(ValueError, match=re.escape("x must have shape (B, T, 2)")):
        fb.GRU(2, 4, batch_first=True).forward(X[0])
    with pytest.raises(ValueError, match=re.escape("lengths must be 5 integers from 1 to 3")):
        fb.GRU(2, 4, batch_first=True).forward(X, lengths=[1])


def test_pairs() -> None:
    layer, state = fb.LSTM(2, 4), np.zeros((1, 3, 4), np.float32)
    for call in (lambda s: layer.forward(X, s), lambda s: layer.step(X[0], s)):
        with pytest.raises(
            ValueError, match=re.escape("must be a pair (h, c) of arrays of shape (1, 3, 4), got ndarray")
        ):
            call(state)
        with pytest.raises(ValueError, match=re.escape("[1] must have shape (1, 3, 4), got (3, 4)")):
            call((state, state[0]))
    assert (layer.forward(X, (None, state))[0] == layer.forward(X)[0]).all()


def test_one_direction_for_steps() -> None:
    with pytest.raises(ValueError, match="step needs a layer of one direction"):
        fb.GRU(2, 4, bidirectional=True).step(X[0])


@pytest.mark.parametrize("cell", CELLS)
def test_backward_needs_a_forward(cell: str) -> None:
    layer, dout = LAYERS[cell](2, 4), np.zeros((5, 3, 4))
    with pytest.raises(ValueError, match="backward needs a forward"):
        layer.backward(dout)
    layer.forward(X, save=False)
    with pytest.raises(ValueError, match="backward needs a forward"):
        layer.backward(dout)
    layer.forward(X)
    with pytest.raises(ValueError, match=re.escape("dout must have shape (5, 3, 4), got (5, 3, 1)")):
        layer.backward(dout[..., :1])
    with pytest.raises(ValueError, match=re.escape("must have shape (1, 3, 4), got (3, 4)")):
        layer.backward(dout, (dout[0], None) if cell == "lstm" else dout[0])
    layer.backward(dout)  # a refused call changes nothing
    with pytest.raises(ValueError, match="one for each backward"):
        layer.backward(dout)
    layer.forward(X)
    with pytest.raises(ValueError, match="lengths"):
        layer.forward(X, lengths=[9, 9, 9])
    other: list[Any] = [X[..., :1], X[:0], X[0], X + 1j]
    for x, state in [(x, None) for x in other] + [(X, X[0]), (X, (X[0], X[0])), (X, ())]:
        with pytest.raises(ValueError, match="must"):
            layer.forward(x, state)
    layer.backward(None)  # of the last forward that took place
    assert not any(grad.any() for grad in layer.grads.values())


def test_backward_is_of_the_last_forward() -> None:
    layer, rng = fb.GRU(2, 4, dtype="float64"), np.random.default_rng(0)
    one, two, dout = (rng.standard_normal((5, 3, k)) for k in (2, 2, 4))
    layer.forward(one)
    layer.forward(two)
    dx, _ = layer.backward(dout)
    layer.forward(two)
    assert (layer.backward(dout)[0] == dx).all()


@pytest.mark.parametrize("cell", CELLS)
def test_other_arrays(cell: str) -> None:
    """Lists, other dtypes, gaps, reversed and transposed arrays, read-only ones: as their C-ordered copies."""
    rng = np.random.default_rng(0)
    layer = LAYERS[cell](2, 4, batch_first=True, n_threads=1)
    x, dout = rng.integers(-3, 4, (3, 5, 2)), rng.integers(-3, 4, (3, 5, 4))

    def results(x: Any, dout: Any, lengths: Any) -> tuple[Any, Any]:
        out, _ = layer.forward(x, lengths=lengths)
        dx, _ = layer.backward(dout)
        return out, dx

    for lengths in (None, [2, 5, 3]):
        wanted = results(x.astype(np.float32), dout.astype(np.float32), lengths)
        wide = np.repeat(x, 2, axis=2).astype(np.float32)[:, :, ::2]
        fortran = np.asfortranarray(dout.astype(np.float32))
        frozen = x.astype(np.float32)
        frozen.flags.writeable = False
        others = [(x.tolist(), dout.tolist()), (x.astype(np.float16), dout.astype(np.int8)), (wide, fortran)]
        others += [(frozen, dout), (x.astype(">f4"), dout.astype(">f8")), (wide[::-1][::-1], fortran[:, ::-1][:, ::-1])]
        for pair in others:
            for found, value in zip(results(*pair, lengths), wanted, strict=True):
                assert found.dtype == np.float32
                assert (found == value).all()


@pytest.mark.parametrize("cell", CELLS)
def test_other_arrays_in_a_step(cell: str) -> None:
    layer, x = LAYERS[cell](2, 4, num_layers=2), np.arange(6.0).reshape(3, 2)
    wanted, state = layer.step(x.astype(np.float32))
    pair = cell == "lstm"
    again, _ = layer.step(x.astype(np.float32), state)
    fortran = [np.asfortranarray(s, np.float64) for s in (state if pair else [state])]
    for given in (x, x.tolist(), np.asfortranarray(x, np.float32), x.astype(int)):
        assert (layer.step(given)[0] == wanted).all()
        assert (layer.step(given, fortran if pair else fortran[0])[0] == again).all()


@pytest.mark.parametrize("cell", CELLS)
def test_broken_rows_of_upstream_gradients(cell: str) -> None:
    """Arrays whose rows lie on top of each other."""
    layer = LAYERS[cell](2, 4, n_threads=1)
    layer.forward(X + 1)
    wanted = layer.backward(np.ones((5, 3, 4)))[0]
    layer.forward(X + 1)
    assert (layer.backward(np.broadcast_to(np.float32(1), (5, 3, 4)))[0] == wanted).all()


STATE: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
    ("missing keys ['bias_hh_l0'], unexpected keys []", lambda d: {k: v for k, v in d.items() if k != "bias_hh_l0"}),
    ("missing keys [], unexpected keys ['rnn.x']", lambda d: {**d, "rnn.x": 1}),
    ("state_dict['bias_hh_l0'] must be real numbers of shape (12,)", lambda d: {**d, "bias_hh_l0": np.zeros(8)}),
    ("state_dict['bias_hh_l0'] must be real numbers of shape (12,)", lambda d: {**d, "bias_hh_l0": None}),
    ("state_dict['bias_hh_l0'] must be an array of shape (12,)", lambda d: {**d, "bias_hh_l0": [[1], [2, 3]]}),
    ("state_dict must be a mapping from names to arrays, got list", lambda d: list(d)),
]


@pytest.mark.parametrize(("message", "change"), STATE)
def test_state_dict(message: str, change: Callable[[dict[str, Any]], Any]) -> None:
    layer = fb.GRU(2, 4)
    before = layer.state_dict()
    with pytest.raises(ValueError, match=re.escape(message)):
        layer.load_state_dict(change({k: v + 1 for k, v in before.items()}))
    assert all((layer.params[k] == v).all() for k, v in before.items())
    with pytest.raises(ValueError, match="unknown name 'bias', accepted are"):
        layer.params["bias"] = np.zeros(12)
    with pytest.raises(ValueError, match="broadcast"):
        layer.params["bias_hh_l0"] = np.zeros(8)


def test_names_of_parameters_are_fixed() -> None:
    layer, wanted = fb.GRU(2, 4), fb.GRU(2, 4, random_state=1).state_dict()
    arrays = dict(layer.params)
    for change in (lambda d: d.pop("bias_hh_l0"), lambda d: d.setdefault("x", 1), lambda d: d.clear()):
        with pytest.raises(TypeError, match="names cannot be added or removed"):
            change(layer.params)
    live = layer.params
    live |= wanted
    assert all(layer.params[k] is arrays[k] and (arrays[k] == v).all() for k, v in wanted.items())
    for copied in (copy.deepcopy(layer.params), pickle.loads(pickle.dumps(layer.params))):
        copied["bias_hh_l0"] += 1
        assert (layer.params["bias_hh_l0"] == wanted["bias_hh_l0"]).all()


@pytest.mark.parametrize("cell", CELLS)
def test_a_step_in_two_directions(cell: str) -> None:
    layer = LAYERS[cell](2, 4, bidirectional=True)
    with pytest.raises(ValueError, match="step needs a layer of one direction"):
        layer.step(X[0], layer.forward(X)[1])


def test_arrays_at_odd_addresses() -> None:
    """As np.frombuffer and packed records give them."""
    rng = np.random.default_rng(0)
    layer, x, dout = fb.GRU(2, 4), rng.random((5, 3, 2), np.float32), rng.random((5, 3, 4), np.float32)
    wanted = layer.forward(x)[0], layer.backward(dout)[0], layer.step(x[0])[0]
    found = layer.forward(_odd(x))[0], layer.backward(_odd(dout))[0], layer.step(_odd(x[0]))[0]
    assert all((a == b).all() for a, b in zip(wanted, found, strict=True))
    mlp, rows = fb.MLP((2, 3)), x.reshape(-1, 2)
    assert (mlp.forward(_odd(rows)) == mlp.forward(rows)).all()


def _odd(array: Any) -> Any:
    return np.frombuffer(b"0" + array.tobytes(), array.dtype, array.size, 1).reshape(array.shape)


@pytest.mark.parametrize("cell", CELLS)
def test_without_biases(cell: str) -> None:
    """A layer without biases is one with biases of zero that never learn; state dicts of the two kinds do not mix."""
    layer, with_biases = (LAYERS[cell](3, 5, num_layers=2, bidirectional=True, bias=b) for b in (False, True))
    assert [name for name in with_biases.params if "weight" in name] == list(layer.params) == list(layer.grads)
    copied = pickle.loads(pickle.dumps(layer))
    assert repr(copied) == repr(layer)
    assert "bias=False" in repr(layer)
    assert list(copied.params) == list(layer.params)
    biases = {name: np.zeros_like(value) for name, value in with_biases.params.items() if "bias" in name}
    with_biases.load_state_dict(layer.state_dict() | biases)
    x, dout = np.ones((4, 2, 3), np.float32), np.ones((4, 2, 10), np.float32)
    assert all((ours.forward(x)[0] == layer.forward(x)[0]).all() for ours in (copied, layer.frozen(), with_biases))
    assert (layer.backward(dout)[0] == with_biases.backward(dout)[0]).all()
    assert all((grad == with_biases.grads[name]).all() for name, grad in layer.grads.items())
    with pytest.raises(ValueError, match=r"unexpected keys \['bias_ih_l0', "):
        layer.load_state_dict(with_biases.state_dict())
    with pytest.raises(ValueError, match=r"missing keys \['bias_ih_l0', "):
        with_biases.load_state_dict(layer.state_dict())


class Own(fb.GRU):
    """A user's layer, written before layers had `bias`."""

    def __init__(self, n_in, n_state, num_layers, bidirectional, batch_first, dropout, dtype, n_threads) -> None:  # type: ignore[no-untyped-def]
        super().__init__(n_in, n_state, num_layers, bidirectional, batch_first, dropout, dtype, n_threads)


def test_subclasses_know_their_own_arguments() -> None:
    layer = Own(2, 4, 1, False, False, 0.0, "float32", 1)
    assert (layer.frozen().forward(X)[0] == copy.copy(layer).forward(X)[0]).all()
