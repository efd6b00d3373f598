"""A whole network against the plain NumPy model: every kind of loss, embeddings, penalty, predictions."""

from typing import Any

import numpy as np
import pytest
import zoo
from grid import CELLS, RECURRENT, RECURSIVE, assert_same, error, structures
from networks import N_CLASSES, N_WORDS, network, plain

import fastbpts as fb
from fastbpts.reference import model


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


RECURSIVE_CASES = [
    (cell, name, kind) for cell in RECURSIVE for name in ("leaf", "batch", "dag", "repeated") for kind in KINDS
]
RECURRENT_CASES = [
    (cell, name, KINDS[(k + shift) % len(KINDS)])
    for shift, cell in enumerate(RECURRENT)
    for k, name in enumerate(
        ["batch", "unequal", "dag", "trees", "equal", "sparse_dags", "sparse_sequences", "leaf", "step"]
    )
]


@pytest.mark.parametrize(("cell", "name", "kind"), RECURSIVE_CASES + RECURRENT_CASES)
def test_loss_and_grad(cell: str, name: str, kind: str) -> None:
    s, d = structures(cell)[name], 6
    of_network, of_step = case(s, kind)
    net = network(cell, d, **of_network)
    wanted_loss, wanted = model.loss_and_grad(plain(cell, d), s, net.params, **of_network, **of_step)
    loss, gradients = net.loss_and_grad(s.compiled(), **of_step)
    assert loss == pytest.approx(wanted_loss, rel=1e-12, abs=1e-14)
    assert_same(gradients, wanted, 1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_batches_out_of_a_treebank(cell: str, n_threads: int) -> None:
    """They are known to be trees; with the loss at the root nothing but parents writes the errors."""
    import fastbpts as fb

    bank = fb.demo_treebank(n_trees=40)
    s = bank.batch(np.arange(40), np.arange(len(bank.vocabulary), dtype=np.int32) % N_WORDS)
    net = network(cell, 6, loss_nodes="root", n_threads=n_threads)
    wanted_loss, wanted = model.loss_and_grad(plain(cell, 6), s, net.params, loss_nodes="root")
    for _ in range(2):
        loss, gradients = net.loss_and_grad(s)
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
    input_activation = "tanh" if cell in RECURSIVE else "identity"
    net = network(cell, d, input_activation=input_activation, alpha=alpha)
    wanted_loss, wanted = model.loss_and_grad(plain(cell, d, input_activation), s, net.params, alpha=alpha)
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
        plain(cell, d),
        s,
        net.params,
        alpha=dict.fromkeys([name for name in net.params if not name.startswith("b")], 0.1),
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


@pytest.mark.parametrize("row", [[0.5, 0.2], [np.nan, 1.0], [1.5, -0.5], [np.inf, 0.0], [np.inf, -np.inf]])
def test_soft_targets_are_shares(row: list[float]) -> None:
    s = fb.Structure.from_ptb("(1 (1 a) (1 b))")
    target = np.zeros((3, 2))  # zeros are no loss
    target[2] = [0.25, 0.75]
    net = fb.Network("sum", 4, 2, 2, n_threads=1)
    assert net.step(s, target) > 0
    target[1] = row
    with pytest.raises(ValueError, match=r"target\[1\]"):
        net.step(s, target)
    with pytest.raises(ValueError, match=r"y\[1\]"):
        fb.MLP((3, 2)).step(np.ones((3, 3)), target)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_class_weights_are_finite_and_not_negative(bad: float) -> None:
    for make in (lambda: fb.Network("sum", 4, 2, class_weight=[1, bad]), lambda: fb.MLP((3, 2), class_weight=[1, bad])):
        with pytest.raises(ValueError, match="class_weight"):
            make()
