"""The walk of a network over sequences in C: an outsider's gradients, float32, threads, sizes at the edges."""

import numpy as np
import pytest

import fastbpts as fb
from fastbpts import _core
from fastbpts._base import seeds
from fastbpts._cells.spec import LAYERS
from fastbpts.layers._parameters import by_chain
from fastbpts.layers._stack import Stack
from fastbpts.networks.packing import Rows, pack
from fastbpts.networks.sequence_network import SequenceNetwork
from fastbpts.networks.shape import Shape

TABLES = {"word": (11, 5), "suffix1": (4, 3)}


def network(cell, n_state, n_layers, n_directions, tables, n_values, n_classes, pool, head, **options):
    shape = Shape(cell, n_state, n_layers, n_directions, tables, n_values, n_classes, pool, head)
    given = {"optimizer": fb.Optimizer("sgd", learning_rate=1.0), "dtype": "float64", "n_threads": 1, "random_state": 3}
    return SequenceNetwork(shape, **{**given, **options})


def batch(rng, lengths, tables, n_values, n_classes, per_step, dtype="float64"):
    batch_sizes, place, order = pack(np.concatenate([[0], np.cumsum(lengths)]), np.arange(len(lengths)))
    n = len(place) if per_step else len(order)
    ids = np.stack([rng.integers(0, k, len(place)) for k, _ in tables.values()], axis=1) if tables else None
    values = rng.normal(size=(len(place), n_values)).astype(dtype) if n_values else None
    target = rng.integers(-1, n_classes, n).astype(np.int32)
    target[0] = 0
    rows = Rows(batch_sizes, None if ids is None else ids.astype(np.int32), values)
    return rows, target, rng.random(n).astype(dtype)


def moved(net, rows, target, weight):
    """The loss, and by how much each parameter moves in a step of plain descent at rate 1: its gradient."""
    before = net.params
    loss, _ = net.step(rows, target, weight)
    return loss, {name: value - net.params[name] for name, value in before.items()}


def torch_gradients(net, rows, target, weight):
    """The same by PyTorch's autograd."""
    torch = pytest.importorskip("torch")
    shape = net.shape
    params = {name: torch.tensor(value, requires_grad=True) for name, value in net.params.items()}
    kind = {"elman": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[shape.cell]
    options = {"nonlinearity": "tanh"} if shape.cell == "elman" else {}
    layers = kind(
        shape.n_in, shape.n_state, shape.n_layers, bidirectional=shape.n_directions == 2, dtype=torch.float64, **options
    )
    parts = [params[f"E.{name}"][torch.tensor(rows.ids[:, k].astype(np.int64))] for k, name in enumerate(shape.tables)]
    if rows.values is not None:
        parts.append(torch.tensor(rows.values))
    packed = torch.nn.utils.rnn.PackedSequence(torch.cat(parts, 1), torch.tensor(rows.batch_sizes))
    own = {name: params[name] for name in shape.layers()}
    out, state = torch.func.functional_call(layers, own, (packed,))
    h = state[0] if shape.cell == "lstm" else state
    padded, lengths = torch.nn.utils.rnn.pad_packed_sequence(out)
    there = torch.arange(len(padded))[:, None, None] < lengths[None, :, None]
    y = {
        "steps": out.data,
        "last": torch.cat(list(h[-shape.n_directions :]), 1),
        "mean": padded.sum(0) / lengths[:, None],
        "max": torch.where(there, padded, -torch.inf).amax(0),
    }[shape.pool]
    z = y @ params["Ws"].T + params["bs"] if shape.head == "affine" else y
    known = torch.tensor(np.flatnonzero(target >= 0))
    each = torch.nn.functional.cross_entropy(z[known], torch.tensor(target.astype(np.int64))[known], reduction="none")
    w = torch.tensor(weight)[known]
    loss = (each * w).sum() / w.sum()
    loss.backward()
    return {name: p.grad.numpy() if p.grad is not None else 0 * p.detach().numpy() for name, p in params.items()}


def same(found, expected, **tolerance):
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, err_msg=name, **tolerance)


@pytest.mark.parametrize("pool", _core.pools())
@pytest.mark.parametrize("cell", LAYERS.values())
@pytest.mark.parametrize(
    ("n_state", "n_layers", "n_directions", "tables", "n_values", "head", "lengths"),
    [
        (5, 1, 1, TABLES, 2, "affine", (3, 7, 1, 4)),
        (16, 2, 2, TABLES, 0, "affine", (9, 9, 2, 1, 5)),
        (33, 3, 1, {"word": (2, 17)}, 0, "affine", (6, 6)),
        (3, 2, 2, {}, 4, "direct", (1,)),
        (4, 1, 1, {"word": (1, 1)}, 1, "direct", (1, 1, 1)),
    ],
)
def test_gradients_are_those_of_pytorch(
    cell, pool, n_state, n_layers, n_directions, tables, n_values, head, lengths, rng
):
    n_classes = 4 if head == "affine" else n_directions * n_state
    net = network(cell, n_state, n_layers, n_directions, tables, n_values, n_classes, pool, head)
    rows, target, weight = batch(rng, lengths, tables, n_values, n_classes, _core.pools()[pool])
    expected = torch_gradients(net, rows, target, weight)
    _, found = moved(net, rows, target, weight)
    same(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("pool", _core.pools())
@pytest.mark.parametrize("cell", LAYERS.values())
def test_threads_do_not_change_a_bit(cell, pool, rng):
    """Rows enough that every region is divided."""
    lengths = rng.integers(1, 60, 70)
    tables, states = {"word": (40, 48), "suffix1": (3, 16)}, []
    rows, target, weight = batch(rng, lengths, tables, 0, 300, _core.pools()[pool], "float32")
    for n_threads in (1, 2, 3):
        options = {"dropout": 0.3, "input_dropout": 0.2, "max_norm": 0.1, "dtype": "float32", "n_threads": n_threads}
        net = network(cell, 32, 2, 2, tables, 0, 300, pool, "affine", **options)
        for _ in range(2):
            net.step(rows, target, weight)
        states.append({**net.state(), "z": net.logits(rows)[0], "y": net.transform(rows)[0]})
    for state in states[1:]:
        for name, value in state.items():
            np.testing.assert_array_equal(value, states[0][name], err_msg=name)


@pytest.mark.parametrize("pool", _core.pools())
def test_float32_is_near_float64(pool, rng):
    rows, target, weight = batch(rng, (8, 3, 5), TABLES, 2, 4, _core.pools()[pool])
    found = []
    for dtype in ("float64", "float32"):
        options = {"dropout": 0.3, "input_dropout": 0.2, "dtype": dtype}
        net = network("lstm", 20, 2, 2, TABLES, 2, 4, pool, "affine", **options)
        found.append(moved(net, rows, target, weight)[1])
    same(found[1], found[0], rtol=1e-3, atol=2e-5)


@pytest.mark.parametrize("pool", _core.pools())
def test_a_batch_is_the_sum_of_its_sequences(pool, rng):
    """Other batches before it, larger and smaller, leave nothing behind in the memory that is kept."""
    lengths, net = (4, 6, 1), network("gru", 6, 2, 2, TABLES, 1, 3, pool, "affine")
    start = net.state()

    def gradient(rows, target, weight):
        net.load_state(start)
        return moved(net, rows, target, weight)

    rows, target, weight = batch(rng, lengths, TABLES, 1, 3, _core.pools()[pool])
    target = np.abs(target)
    _, whole = gradient(rows, target, weight)
    total = {name: np.zeros_like(value) for name, value in whole.items()}
    time = np.repeat(np.arange(len(rows.batch_sizes)), rows.batch_sizes)
    sequence = np.concatenate([np.arange(n) for n in rows.batch_sizes])
    for b in range(len(lengths)):
        own = sequence == b
        one = Rows(np.ones(own.sum(), np.int64), rows.ids[own], rows.values[own])
        mine = own if _core.pools()[pool] else [b]
        assert (np.diff(time[own]) == 1).all()
        _, part = gradient(one, target[mine], weight[mine])
        for name, value in part.items():
            total[name] += value * weight[mine].sum() / weight.sum()
    same(total, whole, rtol=1e-10, atol=1e-13)


def test_scores_are_those_of_the_training_step(rng):
    """Prediction, training and generation go through the same layers."""
    net = network("lstm", 16, 2, 1, {"word": (9, 4)}, 0, 9, "steps", "affine")
    rows, target, weight = batch(rng, (5,), {"word": (9, 4)}, 0, 9, True)
    z, end = net.logits(rows)
    state = tuple(np.zeros((2, 1, 16)) for _ in range(2))
    step = net.stepper(state)
    for i in range(5):
        np.testing.assert_allclose(step(int(rows.ids[i, 0])), z[i], rtol=1e-12, atol=1e-14)
    loss, (h, c) = net.step(rows, target, weight)
    np.testing.assert_array_equal(h, end[0])
    np.testing.assert_array_equal(c, end[1])
    assert np.isfinite(loss)


@pytest.mark.parametrize("n_directions", [1, 2])
def test_masks_are_those_that_the_documents_name(n_directions, rng):
    """A layer of ones: each place of dropout has the mask of its own seed, which the step's number gives."""
    net = network("elman", 8, 3, n_directions, {}, 2, 2, "steps", "affine", dropout=0.5, input_dropout=0.5)
    rows, target, weight = batch(rng, (3, 2), {}, 2, 2, True)
    seed = seeds.step_seed(int(net.state()["counters"][0]), 0)
    masks = [_core.dropout_mask((seed ^ 0x5851F42D4C957F2D) + k, 0.5, 5, 8 * n_directions) for k in range(2)]
    masks.append(_core.dropout_mask(~seed % 2**64, 0.5, 5, 8 * n_directions))
    x = rows.values * _core.dropout_mask(seed, 0.5, 5, 2)
    stack = Stack("elman", 2, 8, 1, n_directions, "float64", None)
    params = list(net.params.values())
    for k, mask in enumerate(masks):
        stack = Stack("elman", x.shape[1], 8, 1, n_directions, "float64", None)
        stack.bind(by_chain("elman", params[4 * n_directions * k : 4 * n_directions * (k + 1)]))
        out, _, _ = stack.forward(np.ascontiguousarray(x), rows.batch_sizes, None, None)
        x = out * mask
    z = x @ net.params["Ws"].T + net.params["bs"]
    expected = fb.loss("softmax_cross_entropy", z, target, weight)[0]
    assert net.step(rows, target, weight)[0] == pytest.approx(expected, rel=1e-12)


def test_pools_are_a_table():
    assert _core.pools() == {"steps": True, "last": False, "mean": False, "max": False}
