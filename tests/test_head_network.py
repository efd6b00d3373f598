"""A whole network step against the plain NumPy model: every kind of loss, dropout, embeddings, penalty, clipping."""

import itertools
from typing import Any

import numpy as np
import pytest
import zoo
from grid import CELLS, Array, assert_same, error, structures

from fastbpts import reference
from fastbpts.reference import model

N_WORDS, N_CLASSES = 11, 5
OPTIMIZERS = ["sgd", "momentum", "nesterov", "adagrad", "adam", "adamw"]


def network(cell: str, d: int, **options: Any) -> Any:
    import fastbpts as fb

    optimizer = options.pop("optimizer", "sgd")
    settings = {"dtype": "float64", "n_threads": 1, "random_state": 7, **options}
    net = fb.Network(cell, d, N_CLASSES, N_WORDS, optimizer=fb.Optimizer(optimizer, learning_rate=0.05), **settings)
    rng = np.random.default_rng(2)  # biases away from zero
    net.set_params({key: value + 0.1 * rng.standard_normal(value.shape) for key, value in net.params.items()})
    return net


def plain(cell: str, d: int, input_activation: str = "identity") -> reference.Cell:
    return reference.cell(cell, n_state=d, input_activation=input_activation)


def case(s: zoo.Graphs, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of the network and of the step, both under the names that the model knows."""
    rng = np.random.default_rng(6)
    weight = rng.random(s.n_nodes) * (rng.random(s.n_nodes) < 0.6)
    soft = rng.dirichlet(np.ones(N_CLASSES), size=s.n_nodes)
    labels = rng.integers(-1, N_CLASSES, size=s.n_nodes).astype(np.int32)
    class_weight = np.array([0.5, 1.0, 2.0, 0.25, 1.5])
    cases: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "all": ({}, {}),
        "root": ({"loss_nodes": "root"}, {}),
        "masked": ({}, {"node_weight": weight}),
        "target": ({}, {"target": labels}),
        "soft": ({}, {"target": soft}),
        "class_weight": ({"class_weight": class_weight}, {"node_weight": weight}),
        "soft_root_weighted": (
            {"loss_nodes": "root", "class_weight": class_weight},
            {"target": soft, "node_weight": weight},
        ),
    }
    return cases[kind]


KINDS = ["all", "root", "masked", "target", "soft", "class_weight", "soft_root_weighted"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["leaf", "batch", "dag", "repeated"])
@pytest.mark.parametrize("cell", CELLS)
def test_loss_and_grad(cell: str, name: str, kind: str) -> None:
    s, d = structures(cell)[name], 6
    of_network, of_step = case(s, kind)
    net = network(cell, d, **of_network)
    wanted_loss, wanted = model.loss_and_grad(plain(cell, d), s, net.params, **of_network, **of_step)
    loss, gradients = net.loss_and_grad(s.compiled(), **of_step)
    assert loss == pytest.approx(wanted_loss, rel=1e-12, abs=1e-14)
    assert_same(gradients, wanted, 1e-12)


@pytest.mark.parametrize("d", [1, 3, 16, 17, 25])
@pytest.mark.parametrize("cell", CELLS)
def test_sizes_and_float32(cell: str, d: int) -> None:
    s = structures(cell)["batch"]
    net = network(cell, d)
    wanted_loss, wanted = model.loss_and_grad(plain(cell, d), s, net.params)
    loss, gradients = net.loss_and_grad(s.compiled())
    assert loss == pytest.approx(wanted_loss, rel=1e-12)
    assert_same(gradients, wanted, 1e-12)
    half = network(cell, d, dtype="float32")
    half.set_params({key: value.astype(np.float32) for key, value in net.params.items()})
    loss, gradients = half.loss_and_grad(s.compiled())
    assert loss == pytest.approx(wanted_loss, rel=1e-5)
    assert_same(gradients, wanted, 1e-4)


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("loss_nodes", ["all", "root"])
@pytest.mark.parametrize("n_classes", [1, 2, 7, 8, 16, 17, 40])
def test_numbers_of_classes(n_classes: int, loss_nodes: str, n_threads: int) -> None:
    import fastbpts as fb

    rng = np.random.default_rng(n_classes)
    trees = [zoo.tree(zoo.random_binary(rng, int(n))) for n in rng.integers(1, 9, size=12)]
    s = zoo.dressed(trees, n_words=N_WORDS, n_classes=n_classes)
    net = fb.Network(
        "concat", 9, n_classes, N_WORDS, dtype="float64", loss_nodes=loss_nodes, n_threads=n_threads, optimizer="sgd"
    )
    wanted_loss, wanted = model.loss_and_grad(plain("concat", 9), s, net.params, loss_nodes=loss_nodes)
    loss, gradients = net.loss_and_grad(s.compiled())
    assert loss == pytest.approx(wanted_loss, rel=1e-12, abs=1e-14)
    assert_same(gradients, wanted, 1e-12)
    proba = net.predict_proba(s.compiled(), nodes="all")
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-13)


@pytest.mark.parametrize("cell", CELLS)
def test_input_activation_and_penalty(cell: str) -> None:
    s, d = structures(cell)["batch"], 6
    alpha = {"W": 0.1, "E": 0.02, "Ws": 0.3}
    net = network(cell, d, input_activation="tanh", alpha=alpha)
    wanted_loss, wanted = model.loss_and_grad(plain(cell, d, "tanh"), s, net.params, alpha=alpha)
    loss, gradients = net.loss_and_grad(s.compiled())
    assert loss == pytest.approx(wanted_loss, rel=1e-12)
    assert_same(gradients, wanted, 1e-12)
    absent = np.setdiff1d(np.arange(N_WORDS), s.word[s.inputs])
    np.testing.assert_array_equal(gradients["E"][absent], 0)


@pytest.mark.parametrize("cell", CELLS)
def test_one_penalty(cell: str) -> None:
    """A single alpha penalises Turesson's theta = (Ws, W, V, L), not the biases."""
    s, d = structures(cell)["batch"], 4
    net = network(cell, d, alpha=0.1)
    wanted = model.loss_and_grad(
        plain(cell, d), s, net.params, alpha=dict.fromkeys(set(net.params) - {"b", "bs"}, 0.1)
    )[1]
    assert_same(net.loss_and_grad(s.compiled())[1], wanted, 1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extreme_scores(dtype: str) -> None:
    """Scores of thousands: no overflow, and losses where the rounded probability is zero."""
    s, d = structures("sum")["batch"], 6
    net = network("sum", d, dtype=dtype)
    net.set_params({"bs": np.array([3000.0, -3000.0, 0.0, 2999.0, 100.0])})
    params = {key: value.astype(np.float64) for key, value in net.params.items()}
    wanted_loss, wanted = model.loss_and_grad(plain("sum", d), s, params)
    loss, gradients = net.loss_and_grad(s.compiled())
    assert loss == pytest.approx(wanted_loss, rel=1e-6 if dtype == "float32" else 1e-12)
    assert_same(gradients, wanted, 1e-3 if dtype == "float32" else 1e-11)


def test_loss_that_is_not_finite() -> None:
    """Nothing is updated, and training goes on once the parameters are finite again."""
    s = structures("rntn")["batch"]
    net = network("rntn", 5, optimizer="adam", alpha=0.01)
    E = net.params["E"]
    net.set_params({"E": np.where(np.arange(N_WORDS)[:, None] == s.word[0], np.nan, E)})
    before = net.state()
    assert not np.isfinite(net.step(s.compiled()))
    for key, value in net.state().items():
        np.testing.assert_array_equal(value, before[key], err_msg=key)
    net.set_params({"E": E})
    assert np.isfinite(net.step(s.compiled()))


@pytest.mark.parametrize("max_norm", [None, 0.5])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("cell", CELLS)
def test_five_steps(cell: str, optimizer: str, max_norm: float | None) -> None:
    """Batches with other words in each step: rows that a batch does not read stay as they are."""
    d, alpha = 5, {"W": 0.02, "Ws": 0.01, "E": 0.03}
    if cell == "rntn":
        alpha["V"] = 0.05
    net = network(cell, d, optimizer=optimizer, alpha=alpha, max_norm=max_norm)
    trainer = model.Trainer(plain(cell, d), net.params, optimizer, alpha=alpha, max_norm=max_norm, learning_rate=0.05)
    rng = np.random.default_rng(8)
    for step in range(5):
        trees = [zoo.tree(zoo.random_binary(rng, int(n))) for n in (3, 1, 4)]
        s = zoo.dressed(trees, seed=step, n_words=N_WORDS)
        assert net.step(s.compiled()) == pytest.approx(trainer.step(s), rel=1e-9)
    for key, value in net.params.items():
        assert error(value, trainer.params[key]) <= 1e-9, key


@pytest.mark.parametrize("cell", CELLS)
def test_frozen_embeddings(cell: str) -> None:
    s = structures(cell)["batch"].compiled()
    net = network(cell, 5, optimizer="adagrad", train_embeddings=False, alpha=0.1)
    before = net.params
    net.step(s)
    after = net.params
    np.testing.assert_array_equal(after["E"], before["E"])
    assert not np.array_equal(after["Ws"], before["Ws"])


@pytest.mark.parametrize("cell", CELLS)
def test_predictions(cell: str) -> None:
    s, d = structures(cell)["dag"], 6
    net = network(cell, d)
    params = net.params
    cell_params = {key: params[key] for key in plain(cell, d).shapes}
    h = plain(cell, d).forward(s, cell_params, params["E"][s.word[s.inputs]]).h
    z = h @ params["Ws"].T + params["bs"]
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    for nodes, rows in (("all", np.arange(s.n_nodes)), ("root", s.root)):
        assert error(net.predict_proba(s.compiled(), nodes=nodes), p[rows]) <= 1e-12
        assert error(net.transform(s.compiled(), nodes=nodes), h[rows]) <= 1e-12


def test_state_round_trip() -> None:
    """state() and load_state() carry everything: two networks continue with the same bits."""
    batches = [zoo.dressed([zoo.tree(zoo.left_chain(5))], seed).compiled() for seed in range(6)]
    one = network("rntn", 5, optimizer="adam", alpha=0.01, dropout=0.2)
    for s in batches[:3]:
        one.step(s)
    two = network("rntn", 5, optimizer="adam", alpha=0.01, dropout=0.2)
    two.load_state({key: value.copy() for key, value in one.state().items()})
    for s in batches[3:]:
        assert one.step(s) == two.step(s)
    for key, value in one.state().items():
        np.testing.assert_array_equal(two.state()[key], value, err_msg=key)


def dropout_mask(s: zoo.Graphs, d: int, dropout: float, input_dropout: float, seed: int) -> Array:
    """What the core drops: inner states by the seed, inputs by its complement."""
    from fastbpts import _core

    mask: Array = _core.dropout_mask(seed, dropout, s.n_nodes, d)
    mask[s.inputs] = _core.dropout_mask(~seed % 2**64, input_dropout, s.n_nodes, d)[s.inputs]
    return mask


@pytest.mark.parametrize("input_activation", ["identity", "tanh"])
@pytest.mark.parametrize("name", ["batch", "dag"])
@pytest.mark.parametrize("cell", CELLS)
def test_functional_dropout(cell: str, name: str, input_activation: str) -> None:
    """The compiled cell with dropout is the reference with the core's own mask."""
    import fastbpts as fb

    s, d, p = structures(cell)[name], 7, 0.4
    mask = dropout_mask(s, d, p, 0.0, 12)
    rng = np.random.default_rng(0)
    wanted_cell = plain(cell, d, input_activation)
    params, x = wanted_cell.init_params(rng), rng.standard_normal((len(s.inputs), d))
    dh = rng.standard_normal((s.n_nodes, d))
    compiled = fb.cell(cell, n_state=d, dtype="float64", input_activation=input_activation)
    run = compiled.forward(s.compiled(), params, x, dropout=p, seed=12)
    wanted_run = wanted_cell.forward(s, params, x, mask=mask)
    assert error(run.h, wanted_run.h) <= 1e-12
    dparams, dx, _ = compiled.backward(run, dh)
    wanted_dparams, wanted_dx, _ = wanted_cell.backward(wanted_run, dh)
    assert_same({**dparams, "x": dx}, {**wanted_dparams, "x": wanted_dx}, 1e-12)


@pytest.mark.parametrize("input_activation", ["identity", "tanh"])
@pytest.mark.parametrize("cell", CELLS)
def test_training_with_dropout(cell: str, input_activation: str) -> None:
    """Every step draws its own masks; predictions drop nothing."""
    d, s = 6, structures(cell)["batch"]
    net = network(cell, d, input_activation=input_activation, optimizer="adagrad", dropout=0.3, input_dropout=0.2)
    trainer = model.Trainer(plain(cell, d, input_activation), net.params, "adagrad", learning_rate=0.05)
    masks = []
    for _ in range(4):
        masks.append(dropout_mask(s, d, 0.3, 0.2, net.dropout_seed))
        wanted = model.loss_and_grad(trainer.cell, s, trainer.params, mask=masks[-1])[1]
        assert_same(net.loss_and_grad(s.compiled())[1], wanted, 1e-9)
        assert net.step(s.compiled()) == pytest.approx(trainer.step(s, mask=masks[-1]), rel=1e-9)
    for key, value in net.params.items():
        assert error(value, trainer.params[key]) <= 1e-9, key
    for one, two in itertools.pairwise(masks):
        assert 0.1 < (one != two).mean() < 0.6
    cell_params = {key: net.params[key] for key in trainer.cell.shapes}
    h = trainer.cell.forward(s, cell_params, net.params["E"][s.word[s.inputs]]).h
    assert error(net.transform(s.compiled(), nodes="all"), h) <= 1e-12


def test_dropout_mask() -> None:
    """The share of zeros is p; rows and seeds differ; nothing is dropped at p = 0."""
    from fastbpts import _core

    mask = _core.dropout_mask(3, 0.3, 400, 25)
    assert set(np.unique(mask)) == {0.0, 1 / (1 - 0.3)}
    assert (mask == 0).mean() == pytest.approx(0.3, abs=0.02)
    assert (mask == 0).mean(axis=0).max() < 0.45
    assert not np.array_equal(mask, _core.dropout_mask(4, 0.3, 400, 25))
    assert not np.array_equal(mask[0], mask[1])
    np.testing.assert_array_equal(_core.dropout_mask(3, 0.0, 5, 4), 1)
