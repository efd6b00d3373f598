"""SequenceNetwork: every gradient by differences, whatever is pooled and dropped; states carried on; what is kept."""

import itertools

import numpy as np
import pytest

import fastbpts as fb
from fastbpts import _core
from fastbpts.networks.packing import Rows, pack, streams
from fastbpts.networks.sequence_network import SequenceNetwork
from fastbpts.networks.shape import Shape

PTR = np.array([0, 3, 8, 9, 13])
CHOSEN = np.array([0, 1, 3])
TABLES = {"word": (7, 3), "suffix1": (5, 2)}


def network(cell="gru", n_state=4, n_layers=1, n_directions=1, pool="steps", head="affine", **options):
    shape = Shape(cell, n_state, n_layers, n_directions, TABLES, 1, 3 if head == "affine" else n_state, pool, head)
    given = {"optimizer": fb.Optimizer("sgd", learning_rate=1.0), "dtype": "float64", "n_threads": 1, "random_state": 1}
    return SequenceNetwork(shape, **{**given, **options})


def batch(rng, pool="steps", n_classes=3):
    batch_sizes, place, order = pack(PTR, CHOSEN)
    ids = np.stack([rng.integers(0, n, len(place)) for n, _ in TABLES.values()], axis=1).astype(np.int32)
    n = len(place) if pool == "steps" else len(order)
    target = rng.integers(-1, n_classes, n).astype(np.int32)
    target[0] = 1
    return Rows(batch_sizes, ids, rng.normal(size=(len(place), 1))), target, rng.random(n)


def same_gradients(net, rows, target, weight, state=None, *, every=11):
    """One step of plain descent at rate 1 moves each parameter by the derivative of the weighted mean loss."""
    before, counter = net.params, net.state()
    net.step(rows, target, weight, state)
    after = net.params
    for name, value in before.items():
        for index in itertools.islice(np.ndindex(value.shape), 0, None, every):
            losses = []
            for delta in (1e-5, -1e-5):
                net.load_state(counter)
                moved = value.copy()
                moved[index] += delta
                net.set_params({name: moved})
                losses.append(net.step(rows, target, weight, state)[0])
            slope = (losses[0] - losses[1]) / 2e-5
            assert value[index] - after[name][index] == pytest.approx(slope, rel=1e-6, abs=1e-9), (name, index)


@pytest.mark.parametrize("pool", _core.pools())
@pytest.mark.parametrize("cell", ["elman", "gru", "lstm"])
def test_gradients(pool, cell, rng):
    net = network(cell, n_layers=2 if cell == "gru" else 1, n_directions=1 + (cell != "elman"), pool=pool)
    same_gradients(net, *batch(rng, pool))


@pytest.mark.parametrize("pool", ["steps", "last"])
def test_gradients_with_dropout(pool, rng):
    """The masks of a step follow from its number, so differences go through the same ones."""
    net = network("lstm", n_layers=2, n_directions=2, pool=pool, dropout=0.4, input_dropout=0.3)
    same_gradients(net, *batch(rng, pool), every=7)


def test_gradients_of_the_head_without_a_matrix(rng):
    net = network("elman", n_state=4, head="direct")
    assert "Ws" not in net.params
    same_gradients(net, *batch(rng, n_classes=4))
    with pytest.raises(ValueError, match='head="direct": the layers have 8 outputs'):
        network(n_state=4, head="direct", n_directions=2)


def test_a_state_is_where_the_layers_begin(rng):
    rows, target, weight = batch(rng)
    state = rng.normal(size=(1, 3, 4)), rng.normal(size=(1, 3, 4))
    same_gradients(network("lstm"), rows, target, weight, state, every=11)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_windows_carry_the_state_on(cell, rng):
    net, n = network(cell, n_layers=2), 9
    ids = rng.integers(0, 5, (n * 2, 2)).astype(np.int32)
    values = rng.normal(size=(n * 2, 1))
    whole, end = net.logits(Rows(np.full(n, 2), ids, values))
    state, parts = None, []
    for start, stop in ((0, 4), (4, 5), (5, 9)):
        k = slice(2 * start, 2 * stop)
        z, state = net.logits(Rows(np.full(stop - start, 2), ids[k], values[k]), state)
        parts.append(z)
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-12)
    np.testing.assert_allclose(state[0], end[0], rtol=1e-12)


def test_penalties_are_by_group(rng):
    rows, target, weight = batch(rng)
    plain, other = network(), network(alpha={"U": 0.5, "E": 0.25})
    before = plain.params
    for net in (plain, other):
        net.step(rows, target, weight)
    read = np.unique(rows.ids[:, 0])
    for name, value in before.items():
        share = {"weight_hh_l0": 1.0, "E.word": 0.5}.get(name, 0.0)
        moved = plain.params[name] - other.params[name]
        expected = share * value
        if name == "E.word":
            expected[np.setdiff1d(np.arange(7), read)] = 0
        if not name.startswith("E.s"):
            np.testing.assert_allclose(moved, expected, atol=1e-12, err_msg=name)


def test_rows_that_are_not_read_stay(rng):
    net = network(optimizer=fb.Optimizer("adam", learning_rate=0.1))
    rows, target, _ = batch(rng)
    rows.ids[:, 0] = 2
    before = net.params["E.word"]
    net.step(rows, target)
    changed = (net.params["E.word"] != before).any(axis=1)
    assert changed.tolist() == [k == 2 for k in range(7)]
    frozen = network(train_embeddings=False)
    before = frozen.params
    frozen.step(rows, target)
    np.testing.assert_array_equal(frozen.params["E.word"], before["E.word"])
    assert (frozen.params["Ws"] != before["Ws"]).any()


def test_a_loss_that_is_not_finite_updates_nothing(rng):
    net = network()
    rows, target, weight = batch(rng)
    rows.values[0] = np.nan
    before = net.state()
    loss, _ = net.step(rows, target, weight)
    assert not np.isfinite(loss)
    for name, value in net.state().items():
        np.testing.assert_array_equal(value, before[name])


def test_state_is_all_that_later_steps_depend_on(rng):
    settings = {"dropout": 0.3, "optimizer": fb.Optimizer("adam", learning_rate=0.05), "max_norm": 1.0}
    one = network("lstm", **settings)
    other = network("lstm", **{**settings, "random_state": 9})
    rows, target, weight = batch(rng)
    one.step(rows, target, weight)
    other.load_state(one.state())
    for net in (one, other):
        net.learning_rate = 0.01
        net.step(rows, target, weight)
    for name, value in one.state().items():
        np.testing.assert_array_equal(value, other.state()[name], err_msg=name)
    with pytest.raises(ValueError, match="missing"):
        one.load_state({})
    with pytest.raises(ValueError, match="unknown names"):
        one.set_params({"V": 1})


def test_predictions_follow_every_change(rng):
    """The layers' weights are not read again at each prediction, but whenever they changed."""
    net, (rows, target, weight) = network("lstm", n_directions=2), batch(rng)
    before = net.state()
    halves = {name: value / 2 for name, value in net.params.items()}
    found = []
    for change in (
        lambda: net.step(rows, target, weight),
        lambda: net.set_params(halves),
        lambda: net.load_state(before),
    ):
        change()
        other = network("lstm", n_directions=2)
        other.set_params(net.params)
        for _ in range(2):
            found.append(net.logits(rows)[0])
            np.testing.assert_array_equal(found[-1], other.logits(rows)[0])
    assert (found[0] != found[2]).any()
    assert (found[2] != found[4]).any()


def test_pack_and_streams():
    batch_sizes, place, order = pack(PTR, np.arange(4))
    assert (batch_sizes.tolist(), order.tolist()) == ([4, 3, 3, 2, 1], [1, 3, 0, 2])
    assert place.tolist() == [3, 9, 0, 8, 4, 10, 1, 5, 11, 2, 6, 12, 7]
    assert Rows(batch_sizes).lengths.tolist() == [5, 4, 3, 1]
    assert streams(11, 3).T.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


@pytest.mark.parametrize("head", ["affine", "direct"])
def test_no_target_counts(head, rng):
    """A minibatch without a target has the loss zero, and changes nothing."""
    net = network("elman", n_state=3, head=head)
    rows, target, _ = batch(rng)
    before = net.params
    assert net.step(rows, np.full_like(target, -1))[0] == 0
    for name, value in net.params.items():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ids": None}, "ids: shape"),
        ({"ids": np.zeros((10, 1), np.int32)}, "ids: shape"),
        ({"ids": np.full((12, 2), 5, np.int32)}, r"ids: rows of tables with \[7, 5\] rows needed, got \[5, 5\]"),
        ({"ids": np.full((12, 2), -1, np.int32)}, "ids: rows of tables"),
        ({"values": None}, "values: shape"),
        ({"values": np.zeros((12, 2))}, "values: shape"),
        ({"batch_sizes": np.array([1, 2])}, "batch_sizes: must be positive and never grow"),
        ({"batch_sizes": np.array([], np.int64)}, "batch_sizes: one time step at least"),
    ],
)
def test_rows_that_do_not_fit_are_refused(given, message, rng):
    net, (rows, target, _) = network(), batch(rng)
    assert rows.ids.shape == (12, 2)
    for run in (net.logits, lambda r: net.step(r, target)):
        if run != net.logits and "batch_sizes" in given:
            continue  # a step says first that there are other numbers of targets
        with pytest.raises(ValueError, match=message):
            run(rows._replace(**given))


def test_targets_and_states_that_do_not_fit_are_refused(rng):
    net, (rows, target, weight) = network(), batch(rng)
    with pytest.raises(ValueError, match=r"target must be integers of shape \(12,\)"):
        net.step(rows, target[1:])
    with pytest.raises(ValueError, match="target must be in -1 .. 2, got"):
        net.step(rows, target + 2)
    with pytest.raises(ValueError, match="weight"):
        net.step(rows, target, weight[1:])
    with pytest.raises(ValueError, match=r"h0: shape \(1, 3, 4\) needed"):
        net.logits(rows, (np.zeros((1, 2, 4)), None))
    with pytest.raises(ValueError, match="c0: cell 'gru' has no second state"):
        net.logits(rows, (np.zeros((1, 3, 4)), np.zeros((1, 3, 4))))
