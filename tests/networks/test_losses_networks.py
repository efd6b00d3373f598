"""Every loss inside every kind of network, with PyTorch's autograd as the outsider; one unit; links; what is kept."""

import pickle
from typing import Any

import numpy as np
import pytest
import zoo
from grid import Array, structures
from torch_losses import TORCH

import fastbpts as fb
from fastbpts.networks.packing import Rows
from fastbpts.networks.sequence_network import SequenceNetwork
from fastbpts.networks.shape import Shape
from fastbpts.training.losses import LOSSES

C, SIZES = 3, np.array([4, 3, 3, 1])
REDUCTIONS = ("mean", "sum_per_graph")
LINKS: dict[str, Any] = {
    "softmax": lambda torch, z: torch.softmax(z, 1),
    "sigmoid": lambda torch, z: torch.sigmoid(z),
    "identity": lambda torch, z: z,
}


def choices() -> list[fb.Loss]:
    """Every loss; one with an option also with another value than the default."""
    chosen = []
    for name, row in LOSSES.items():
        chosen.append(fb.Loss(name))
        for option, (default, least, below) in row.options.items():
            other = 0.3 * default
            assert least <= other < below
            chosen.append(fb.Loss(name, **{option: other}))
    return chosen


FORMS = [(loss, hard) for loss in choices() for hard in ((True, False) if loss.row.target == "class" else (False,))]
all_forms = pytest.mark.parametrize(("loss", "hard"), FORMS, ids=lambda value: str(value))


def targets(loss: fb.Loss, hard: bool, n: int) -> Array:
    rng = np.random.default_rng(3)
    if hard:
        return rng.integers(-1, C, n)
    shares = rng.dirichlet(np.ones(C), n)
    forms = {
        "class": shares,
        "labels": rng.integers(0, 2, (n, C)).astype(float),
        "numbers": 2 * rng.standard_normal((n, C)),
        "distribution": shares,
    }
    return forms[loss.row.target]


def outsider(torch: Any, loss: fb.Loss, z: Any, y: Array, w: Array, c: Array | None, normalizer: float | None) -> Any:
    """What PyTorch says: the losses of rows, weighted, over the sum of their weights."""
    rows = torch.tensor(y if y.ndim == 2 else np.where((y >= 0)[:, None], np.eye(C)[np.maximum(y, 0)], 0.0))
    factor = torch.ones(C, dtype=torch.float64) if c is None else torch.tensor(c)
    own = (rows * factor).sum(1) if loss.row.target in ("class", "distribution") else torch.ones(len(y))
    losses = TORCH[loss.name](torch, z, rows, factor, loss.arguments()[1])
    total = (torch.tensor(w) * own).sum() if normalizer is None else normalizer
    return (torch.tensor(w) * losses).sum() / total


def class_weight(loss: fb.Loss) -> Array | None:
    return np.array([0.5, 2.0, 1.25]) if loss.row.takes_class_weight else None


def assert_gradients(found: dict[str, Array], leaves: dict[str, Any]) -> None:
    for name, leaf in leaves.items():
        np.testing.assert_allclose(found[name], leaf.grad.numpy(), rtol=0, atol=1e-12, err_msg=name)


def leaves_of(torch: Any, params: dict[str, Array]) -> dict[str, Any]:
    return {name: torch.tensor(value, requires_grad=True) for name, value in params.items()}


# -- trees -------------------------------------------------------------------------------------------------------------


def tree_network(loss: fb.Loss, **options: Any) -> fb.Network:
    given = {"dtype": "float64", "loss": loss, "class_weight": class_weight(loss), "n_threads": 1, **options}
    return fb.Network("sum", 4, C, 11, optimizer=fb.Optimizer("sgd", 0.1), **given)


def tree_scores(torch: Any, s: zoo.Graphs, p: dict[str, Any]) -> Any:
    """The cell "sum" and the head, a node at a time."""
    h: list[Any] = []
    for i in range(s.n_nodes):
        kids = s.child[s.child_ptr[i] : s.child_ptr[i + 1]]
        h.append(p["E"][s.word[i]] if len(kids) == 0 else torch.tanh(p["W"] @ sum(h[k] for k in kids)))
    return torch.stack(h) @ p["Ws"].T + p["bs"]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("loss_nodes", ["all", "root"])
@all_forms
def test_trees(torch: Any, loss: fb.Loss, hard: bool, loss_nodes: Any, reduction: str) -> None:
    s = structures("sum")["batch"]
    net = tree_network(loss, loss_nodes=loss_nodes, reduction=reduction)
    y, w = targets(loss, hard, s.n_nodes), np.random.default_rng(4).random(s.n_nodes)
    value, grads = net.loss_and_grad(s.compiled(), y, w)
    leaves = leaves_of(torch, net.params)
    z = tree_scores(torch, s, leaves)
    at = w * (np.isin(np.arange(s.n_nodes), s.root) | (loss_nodes == "all"))
    theirs = outsider(torch, loss, z, y, at, class_weight(loss), None if reduction == "mean" else s.n_graphs)
    theirs.backward()
    assert value == pytest.approx(theirs.item(), rel=1e-12)
    assert_gradients(grads, leaves)
    predicted = LINKS[loss.row.link](torch, z.detach()).numpy()
    np.testing.assert_allclose(net.predict_proba(s.compiled(), "all"), predicted, rtol=0, atol=1e-12)
    np.testing.assert_allclose(net.predict_proba(s.compiled()), predicted[s.root], rtol=0, atol=1e-12)


@all_forms
def test_one_unit(loss: fb.Loss, hard: bool) -> None:
    """The mean does not change with the scale of the weights; both reductions differ by a factor."""
    s = structures("sum")["batch"]
    y, w = targets(loss, hard, s.n_nodes), np.random.default_rng(5).random(s.n_nodes)
    mean, grads = tree_network(loss).loss_and_grad(s.compiled(), y, w)
    scaled, same = tree_network(loss).loss_and_grad(s.compiled(), y, 8 * w)
    assert scaled == pytest.approx(mean, rel=1e-14)
    whole, more = tree_network(loss, reduction="sum_per_graph").loss_and_grad(s.compiled(), y, w)
    factor = whole / mean
    for name, grad in grads.items():
        np.testing.assert_allclose(same[name], grad, rtol=1e-13, atol=1e-15)
        np.testing.assert_allclose(more[name], factor * grad, rtol=1e-12, atol=1e-14)


@all_forms
def test_threads_give_the_same_bits(loss: fb.Loss, hard: bool) -> None:
    bank = fb.demo_treebank(n_trees=60)
    s = bank.batch(np.arange(60), np.arange(len(bank.vocabulary), dtype=np.int32) % 11)
    y = targets(loss, hard, s.n_nodes)
    runs = [tree_network(loss, n_threads=n).loss_and_grad(s, y) for n in (1, 2)]
    assert runs[0][0] == runs[1][0]
    for name, grad in runs[0][1].items():
        np.testing.assert_array_equal(grad, runs[1][1][name], err_msg=name)


@all_forms
def test_step_is_the_gradient_of_what_it_returns(loss: fb.Loss, hard: bool) -> None:
    s = structures("sum")["batch"]
    y, net = targets(loss, hard, s.n_nodes), tree_network(loss)
    value, grads = net.loss_and_grad(s.compiled(), y)
    before = net.params
    assert net.step(s.compiled(), y) == value
    for name, after in net.params.items():
        np.testing.assert_allclose(before[name] - after, 0.1 * grads[name], rtol=0, atol=1e-15)


@all_forms
def test_float32(loss: fb.Loss, hard: bool) -> None:
    s = structures("sum")["batch"]
    y = targets(loss, hard, s.n_nodes)
    double, single = tree_network(loss), tree_network(loss, dtype="float32")
    single.set_params({name: value.astype(np.float32) for name, value in double.params.items()})
    (value, grads), (value32, grads32) = (net.loss_and_grad(s.compiled(), y) for net in (double, single))
    assert value32 == pytest.approx(value, rel=1e-5)
    for name, grad in grads.items():
        np.testing.assert_allclose(grads32[name], grad, rtol=0, atol=1e-5, err_msg=name)


@all_forms
def test_a_network_is_pickled_with_its_loss(loss: fb.Loss, hard: bool) -> None:
    s = structures("sum")["batch"]
    y, net = targets(loss, hard, s.n_nodes), tree_network(loss, reduction="sum_per_graph")
    copy = pickle.loads(pickle.dumps(net))
    assert (copy.loss.name, copy.loss.options, copy.reduction) == (loss.name, loss.options, "sum_per_graph")
    assert copy.loss_and_grad(s.compiled(), y)[0] == net.loss_and_grad(s.compiled(), y)[0]


# -- perceptrons and sequences -----------------------------------------------------------------------------------------


def perceptron(loss: fb.Loss) -> fb.MLP:
    options: dict[str, Any] = {"class_weight": class_weight(loss), "dtype": "float64", "n_threads": 1}
    return fb.MLP((5, 6, C), activation="tanh", loss=loss, optimizer=fb.Optimizer("sgd", 0.1), **options)


@all_forms
def test_perceptrons(torch: Any, loss: fb.Loss, hard: bool) -> None:
    rng, net = np.random.default_rng(6), perceptron(loss)
    x, y, w = rng.standard_normal((19, 5)), targets(loss, hard, 19), rng.random(19)
    leaves = leaves_of(torch, net.state_dict())
    hidden = torch.tanh(torch.tensor(x) @ leaves["0.weight"].T + leaves["0.bias"])
    z = hidden @ leaves["2.weight"].T + leaves["2.bias"]
    for normalizer in (None, 2.5):
        for leaf in leaves.values():
            leaf.grad = None
        theirs = outsider(torch, loss, z, y, w, class_weight(loss), normalizer)
        theirs.backward(retain_graph=True)
        assert net.loss_and_grad(x, y, w, normalizer=normalizer) == pytest.approx(theirs.item(), rel=1e-12)
        assert_gradients(net.grads, leaves)
    predicted = LINKS[loss.row.link](torch, z.detach()).numpy()
    np.testing.assert_allclose(net.predict_proba(x), predicted, rtol=0, atol=1e-12)


def sequence_network(loss: fb.Loss, pool: str = "steps") -> SequenceNetwork:
    shape = Shape("gru", 4, 1, 1, {"word": (9, 5)}, 0, C, pool, "affine")
    return SequenceNetwork(shape, loss=loss, optimizer=fb.Optimizer("sgd", 1.0), dtype="float64", n_threads=1)


def rows() -> Rows:
    return Rows(SIZES, np.random.default_rng(7).integers(0, 9, (SIZES.sum(), 1)).astype(np.int32))


@pytest.mark.parametrize("pool", ["steps", "last"])
@all_forms
def test_sequences(torch: Any, loss: fb.Loss, hard: bool, pool: str) -> None:
    """One step of plain descent at rate 1 moves each parameter by its gradient."""
    net, read = sequence_network(loss, pool), rows()
    n = SIZES.sum() if pool == "steps" else SIZES[0]
    y, w = targets(loss, hard, n), np.random.default_rng(8).random(n)
    before, predicted = net.params, net.predict_proba(read)
    leaves = leaves_of(torch, before)
    gru = torch.nn.GRU(5, 4).double()
    x = leaves["E.word"][torch.tensor(read.ids[:, 0].astype(np.int64))]
    packed = torch.nn.utils.rnn.PackedSequence(x, torch.tensor(SIZES))
    inner = {name: leaves[name] for name, _ in gru.named_parameters()}
    out, last = torch.func.functional_call(gru, inner, (packed,))
    z = (out.data if pool == "steps" else last[0]) @ leaves["Ws"].T + leaves["bs"]
    theirs = outsider(torch, loss, z, y, w, None, None)
    theirs.backward()
    assert net.step(read, y, w)[0] == pytest.approx(theirs.item(), rel=1e-12)
    assert_gradients({name: before[name] - after for name, after in net.params.items()}, leaves)
    wanted = LINKS[loss.row.link](torch, z.detach()).numpy()
    np.testing.assert_allclose(predicted, wanted, rtol=0, atol=1e-12)


# -- no weight, no loss ------------------------------------------------------------------------------------------------


@all_forms
def test_no_weight_no_loss(loss: fb.Loss, hard: bool) -> None:
    """All weights zero: the loss is zero and nothing moves, in every network."""
    s, rng = structures("sum")["batch"], np.random.default_rng(9)
    n = s.n_nodes
    net, mlp, sequences = tree_network(loss), perceptron(loss), sequence_network(loss)
    value, grads = net.loss_and_grad(s.compiled(), targets(loss, hard, n), np.zeros(n))
    assert value == 0
    assert not any(grad.any() for grad in grads.values())
    x = rng.standard_normal((n, 5))
    assert mlp.loss_and_grad(x, targets(loss, hard, n), np.zeros(n)) == 0
    assert not any(grad.any() for grad in mlp.grads.values())
    assert not mlp.dx.any()
    before, n = sequences.params, SIZES.sum()
    assert sequences.step(rows(), targets(loss, hard, n), np.zeros(n))[0] == 0
    for name, after in sequences.params.items():
        np.testing.assert_array_equal(before[name], after, err_msg=name)


@pytest.mark.parametrize("loss", choices(), ids=str)
def test_wrong_kinds_of_targets_are_refused(loss: fb.Loss) -> None:
    """One kind of message from all networks, which names the argument."""
    s = structures("sum")["batch"].compiled()
    wrong: Array = np.full((s.n_nodes, C + 1), 1 / (C + 1))
    with pytest.raises(ValueError, match="^target must"):
        tree_network(loss).step(s, wrong)
    with pytest.raises(ValueError, match="^y must"):
        perceptron(loss).step(np.zeros((2, 5)), wrong[:2])
    if loss.row.target != "class":
        with pytest.raises(ValueError, match="^target must"):
            tree_network(loss).step(s, np.zeros(s.n_nodes, int))
        with pytest.raises(ValueError, match="^target must"):
            tree_network(loss).step(s)
        with pytest.raises(ValueError, match="^y must"):
            perceptron(loss).step(np.zeros((2, 5)), np.zeros(2, int))
