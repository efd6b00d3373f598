"""The table of losses: kernels against the reference, differences and PyTorch, alone and in networks."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grid import structures
from torch_losses import TORCH

import fastbpts as fb
from fastbpts.networks.packing import Rows
from fastbpts.networks.sequence_network import SequenceNetwork
from fastbpts.networks.shape import Shape
from fastbpts.reference import losses as reference
from fastbpts.training.losses import LOSSES, predictions
from fastbpts.training.optimizer import Optimizer

Array = np.ndarray[Any, Any]
ROOT = Path(__file__).resolve().parents[2]
COMPILER = shutil.which("cc") or shutil.which("gcc")
FORMS = [
    (name, form) for name, row in LOSSES.items() for form in (("hard", "soft") if row.target == "class" else ("rows",))
]


def targets(name: str, form: str, n: int, n_out: int, rng: np.random.Generator) -> Array:
    """Targets of every kind; some classes are -1, some shares zero."""
    kind = LOSSES[name].target
    if form == "hard":
        return rng.integers(-1, n_out, n)
    if kind == "labels":
        return rng.integers(0, 2, (n, n_out)).astype(float)
    if kind == "numbers":
        return 2 * rng.standard_normal((n, n_out))
    rows = rng.random((n, n_out)) * (rng.random((n, n_out)) < 0.8) + 1e-3 * np.eye(n, n_out)
    return rows / rows.sum(axis=1, keepdims=True)


def weights(name: str, n: int, n_out: int, rng: np.random.Generator) -> list[tuple[Array | None, Array | None]]:
    w, c = rng.random(n) * (rng.random(n) < 0.8), 0.5 + rng.random(n_out)
    return [(None, None), (w, None)] + [(None, c), (w, c)] * LOSSES[name].takes_class_weight


def test_every_row_has_a_reference_and_an_oracle() -> None:
    assert fb.losses() == list(LOSSES) == list(reference.RULES) == list(TORCH)
    for name, row in LOSSES.items():
        assert [default for default, _, _ in row.options.values()] == [reference.RULES[name].option] * len(row.options)


@pytest.mark.parametrize(("n", "n_out"), [(1, 1), (3, 2), (17, 5), (40, 16), (7, 33)])
@pytest.mark.parametrize(("name", "form"), FORMS)
def test_kernels_equal_the_reference(name: str, form: str, n: int, n_out: int) -> None:
    rng = np.random.default_rng(n + n_out)
    z, y = 3 * rng.standard_normal((n, n_out)), targets(name, form, n, n_out, rng)
    for weight, class_weight in weights(name, n, n_out, rng):
        loss, dz = fb.loss(name, z, y, weight, class_weight)
        expected, slope = reference.loss(name, z, y, weight, class_weight)
        assert loss == pytest.approx(expected, abs=1e-12, rel=1e-12)
        np.testing.assert_allclose(dz, slope, rtol=0, atol=1e-12)
        single, dz32 = fb.loss(name, z.astype(np.float32), y, weight, class_weight)
        assert single == pytest.approx(expected, rel=1e-5, abs=1e-6)
        np.testing.assert_allclose(dz32, slope, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_the_reference_equals_differences(name: str, form: str) -> None:
    rng = np.random.default_rng(5)
    z, y = rng.standard_normal((6, 4)), targets(name, form, 6, 4, rng)
    for weight, class_weight in weights(name, 6, 4, rng):
        _, dz = reference.loss(name, z, y, weight, class_weight)
        for i in np.ndindex(z.shape):
            step = np.zeros_like(z)
            step[i] = 1e-5
            up, down = (reference.loss(name, z + s, y, weight, class_weight)[0] for s in (step, -step))
            assert (up - down) / 2e-5 == pytest.approx(dz[i], abs=1e-8)


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_kernels_equal_torch(name: str, form: str) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(6)
    z, y = 3 * rng.standard_normal((9, 5)), targets(name, form, 9, 5, rng)
    rows = np.where((y >= 0)[:, None], np.eye(5)[np.maximum(y, 0)], 0) if form == "hard" else y
    for weight, class_weight in weights(name, 9, 5, rng):
        c = torch.tensor(np.ones(5) if class_weight is None else class_weight)
        w = torch.tensor(np.ones(9) if weight is None else weight)
        tensor, t = torch.tensor(z, requires_grad=True), torch.tensor(rows)
        option = next((default for default, _, _ in LOSSES[name].options.values()), 0.0)
        own = (t * c).sum(1) if LOSSES[name].target in ("class", "distribution") else torch.ones(9)
        theirs = (w * TORCH[name](torch, tensor, t, c, option)).sum() / (w * own).sum()
        theirs.backward()
        loss, dz = fb.loss(name, z, y, weight, class_weight)
        assert loss == pytest.approx(theirs.item(), rel=1e-12)
        np.testing.assert_allclose(dz, tensor.grad.numpy(), rtol=0, atol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "form"), FORMS)
def test_extreme_scores(name: str, form: str, dtype: str) -> None:
    """Finite where the loss is; a target without weight has no say, whatever its scores are."""
    rng = np.random.default_rng(7)
    y = targets(name, form, 4, 3, rng)
    z = np.array([[1e4, -1e4, 0], [-1e4, -1e4, -1e4], [1e4, 1e4, 1e4], [0, 0, 0]], dtype)
    loss, dz = fb.loss(name, z, y)
    expected, slope = reference.loss(name, z.astype(float), y)
    assert loss == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(dz, slope, rtol=1e-5, atol=1e-6)
    z[1], z[2] = np.nan, np.inf
    weight = np.array([1.0, 0.0, 0.0, 1.0])
    loss, dz = fb.loss(name, z, y, weight)
    assert loss == pytest.approx(
        reference.loss(name, np.where(np.isfinite(z), z, 0).astype(float), y, weight)[0], rel=1e-5
    )
    assert not dz[1:3].any()
    assert fb.loss(name, z, y, np.zeros(4))[0] == 0.0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_infinite_scores(dtype: str) -> None:
    """A loss is finite where its formula is: a score of minus infinity costs only where it is a target."""
    z = np.array([[0, -np.inf, 1]], dtype)
    soft, divergence = (
        fb.loss(name, z, np.array([[1.0, 0, 0]])) for name in ("softmax_cross_entropy", "kullback_leibler")
    )
    hard = fb.loss("softmax_cross_entropy", z, np.array([0]))
    for loss, dz in (hard, soft, divergence):
        assert loss == pytest.approx(np.log1p(np.e), rel=1e-6)
        np.testing.assert_allclose(dz, [[-np.e / (1 + np.e), 0, np.e / (1 + np.e)]], rtol=1e-6)
    assert fb.loss("softmax_cross_entropy", z, np.array([1]))[0] == np.inf
    z = np.array([[np.inf, -np.inf, 0]], dtype)
    loss, dz = fb.loss("sigmoid_cross_entropy", z, np.array([[1.0, 0, 1]]))
    assert loss == pytest.approx(np.log(2), rel=1e-6)
    np.testing.assert_allclose(dz, [[0, 0, -0.5]], atol=1e-7)
    assert fb.loss("sigmoid_cross_entropy", z, np.array([[0.0, 0, 1]]))[0] == np.inf


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", fb.losses())
@pytest.mark.parametrize(("n", "n_out"), [(0, 3), (1, 1), (17, 5), (9, 33)])
def test_predictions(name: str, n: int, n_out: int, dtype: str) -> None:
    z = 3 * np.random.default_rng(11).standard_normal((n, n_out)).astype(dtype)
    e = np.exp(z.astype(float))
    wanted = {"softmax": e / e.sum(axis=1, keepdims=True), "sigmoid": e / (1 + e), "identity": z}[LOSSES[name].link]
    found = predictions(name, z)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6 if dtype == "float32" else 1e-14)


@pytest.mark.parametrize("reduction", ["mean", "sum_per_graph"])
@pytest.mark.parametrize("loss_nodes", ["all", "root"])
@pytest.mark.parametrize(("name", "form"), FORMS)
@pytest.mark.parametrize("cell", ["rntn", "lstm"])
def test_in_a_network_of_trees(cell: str, name: str, form: str, loss_nodes: Any, reduction: str) -> None:
    """The loss is that of the scores, and its gradient that of differences."""
    s, rng = structures(cell)["batch"], np.random.default_rng(8)
    n_words = int(s.word.max()) + 1
    net = fb.Network(cell, 4, 3, n_words, loss=name, loss_nodes=loss_nodes, reduction=reduction, dtype="float64")
    y, w = targets(name, form, s.n_nodes, 3, rng), rng.random(s.n_nodes)
    loss, grads = net.loss_and_grad(s.compiled(), y, w)
    params = net.params
    z = net.transform(s.compiled(), "all") @ params["Ws"].T + params["bs"]
    at = np.isin(np.arange(s.n_nodes), s.root) | (loss_nodes == "all")
    normalizer = None if reduction == "mean" else s.n_graphs
    assert loss == pytest.approx(reference.loss(name, z, y, w * at, normalizer=normalizer)[0], rel=1e-11)
    for key in ("Ws", "bs", "E", "W"):
        i = np.unravel_index(int(np.abs(grads[key]).argmax()), grads[key].shape)
        found = []
        for step in (1e-6, -1e-6):
            changed = params[key].copy()
            changed[i] += step
            net.set_params({key: changed})
            found.append(net.loss_and_grad(s.compiled(), y, w)[0])
        net.set_params({key: params[key]})
        assert (found[0] - found[1]) / 2e-6 == pytest.approx(grads[key][i], rel=1e-5, abs=1e-8)


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_in_a_perceptron(name: str, form: str) -> None:
    rng = np.random.default_rng(9)
    net = fb.MLP((6, 7, 3), loss=name, dtype="float64")
    x, y, w = rng.standard_normal((11, 6)), targets(name, form, 11, 3, rng), rng.random(11)
    loss = net.loss_and_grad(x, y, w)
    dx = net.dx.copy()
    expected, dz = reference.loss(name, net.forward(x), y, w)
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(dx, net.backward(dz), rtol=0, atol=1e-13)
    total = net.loss_and_grad(x, y, w, normalizer=1.0)
    assert total == pytest.approx(reference.loss(name, net.forward(x), y, w, normalizer=1.0)[0], rel=1e-12)
    before = net.loss_and_grad(x, y, w)
    assert net.step(x, y, w) == before
    assert net.loss_and_grad(x, y, w) < before


@pytest.mark.parametrize("pool", ["steps", "last"])
@pytest.mark.parametrize("head", ["affine", "direct"])
@pytest.mark.parametrize(("name", "form"), FORMS)
def test_in_a_network_of_sequences(name: str, form: str, head: str, pool: str) -> None:
    rng = np.random.default_rng(10)
    shape = Shape("gru", 3, 1, 1, {"word": (9, 4)}, 0, 3, pool, head)
    net = SequenceNetwork(shape, loss=name, optimizer=Optimizer("sgd", 0.1), dtype="float64")
    sizes = np.array([3, 2, 2, 1])
    rows = Rows(sizes, rng.integers(0, 9, (8, 1)).astype(np.int32))
    n = 8 if pool == "steps" else 3
    y, w = targets(name, form, n, 3, rng), rng.random(n)
    z = net.logits(rows)[0]
    before = reference.loss(name, z, y, w)[0]
    assert net.step(rows, y, w)[0] == pytest.approx(before, rel=1e-12)
    assert reference.loss(name, net.logits(rows)[0], y, w)[0] < before


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fb.loss("hinge", np.zeros((2, 2)), [0, 1]), "loss must be one of"),
        (lambda: fb.loss("squared", np.zeros((2, 2)), [0, 1]), "y must have shape"),
        (lambda: fb.loss("squared", np.zeros((2, 2)), [[0, np.nan], [1, 1]]), "y must be finite"),
        (lambda: fb.loss("squared", np.zeros((2, 2)), np.zeros((2, 2)), None, [1, 2]), "class_weight must be None"),
        (lambda: fb.loss("sigmoid_cross_entropy", np.zeros((1, 2)), [[0, 2]]), "y must be in 0 .. 1"),
        (lambda: fb.loss("kullback_leibler", np.zeros((1, 2)), [[0.5, 0.6]]), "shares"),
        (lambda: fb.loss("kullback_leibler", np.zeros((1, 2)), [1]), "y must have shape"),
        (lambda: fb.loss("softmax_cross_entropy", np.zeros((1, 2)), [2]), "y must be in -1 .. 1"),
        (lambda: fb.Loss("squared", delta=1), "delta must be left out"),
        (lambda: fb.Network("sum", reduction="median"), "reduction must be one of"),
        (
            lambda: fb.Network("sum", 3, 2, 20, loss="squared").step(structures("sum")["batch"].compiled()),
            "target must have",
        ),
    ],
)
def test_what_is_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.skipif(COMPILER is None or not (ROOT / "src_c").is_dir(), reason="needs a compiler and src_c/")
@pytest.mark.parametrize("fault", ["a row without functions", "no derivative", "a link without a case"])
def test_a_loss_that_is_not_whole_does_not_compile(tmp_path: Path, fault: str) -> None:
    folder = tmp_path / "src_c"
    shutil.copytree(ROOT / "src_c", folder)

    def errors() -> str:
        command = [
            str(COMPILER),
            "-std=gnu11",
            "-fsyntax-only",
            "-Werror=switch",
            "-Werror=implicit-function-declaration",
            "-I.",
            "mlp/mlp.c",
            "losses/losses.c",
        ]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True).stderr

    assert "error" not in errors()
    file, old, new = {
        "a row without functions": ("losses/losses.def", "FB_LOSS(squared,", "FB_LOSS(planted)\nFB_LOSS(squared,"),
        "no derivative": ("losses/squared-inl.h", "FB_LOSS_SLOPE(squared)", "FB_LOSS_SLOPE(planted)"),
        "a link without a case": ("contract/loss.h", "FB_LINK_IDENTITY }", "FB_LINK_IDENTITY, FB_LINK_PLANTED }"),
    }[fault]
    text = (folder / file).read_text()
    assert text.count(old) == 1
    (folder / file).write_text(text.replace(old, new))
    assert "error" in errors()
