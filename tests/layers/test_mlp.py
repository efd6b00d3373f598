"""Compiled multilayer perceptrons: the NumPy reference, differences, PyTorch, threads, masks, errors."""

import copy
import itertools
import pickle
from typing import Any

import numpy as np
import pytest
from grid import Array, error

import fastbpts as fb
from fastbpts import MLP, Optimizer, _core
from fastbpts.reference import mlp as reference

NETS: dict[str, tuple[tuple[int, ...], Any]] = {
    "notes": ((2, 10, 10, 3), "sigmoid"),
    "tanh": ((4, 5, 2), "tanh"),
    "mixed": ((3, 17, 1, 33, 4), ("relu", "tanh", "sigmoid")),
    "affine": ((7, 4), ()),
    "wide": ((130, 100, 70, 20), ("tanh", "identity")),
    "one": ((1, 1), ()),
}
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}


def network(name: str, dtype: str = "float64", **options: Any) -> MLP:
    sizes, activation = NETS[name]
    net = MLP(sizes, activation, dtype=dtype, **options)
    rng = np.random.default_rng(1)
    for key in net.params:
        net.params[key] = rng.standard_normal(net.params[key].shape) / np.sqrt(net.params[key].shape[-1])
    return net


def data(net: MLP, n: int) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(n)
    y = rng.integers(-1, net.sizes[-1], n).astype(np.int32)
    return rng.standard_normal((n, net.sizes[0])).astype(net.dtype), y, rng.random(n).astype(net.dtype)


def by_reference(net: MLP, x: Array, dout: Any, masks: list[Array] | None = None) -> tuple[Array, dict[str, Array]]:
    """Scores and the gradients of sum(dout(scores) * scores), dx among them."""
    W = [v.astype(float) for v in net.params.values() if v.ndim == 2]
    b = [v.astype(float) for v in net.params.values() if v.ndim == 1]
    acts = [*net.activations, "identity"]
    a, y = reference.forward(W, b, x.astype(float), acts, masks)
    dW, db, dx = reference.backward(W, a, y, acts, dout(a[-1]), masks)
    names = list(net.params)
    return a[-1], dict(zip(names[::2], dW, strict=True)) | dict(zip(names[1::2], db, strict=True)) | {"x": dx}


@pytest.mark.parametrize("n", [1, 2, 7, 9, 40])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NETS)
def test_equals_reference(name: str, dtype: str, n: int) -> None:
    net = network(name, dtype)
    x, y, w = data(net, n)
    dout = np.random.default_rng(5).standard_normal((n, net.sizes[-1]))
    scores, wanted = by_reference(net, x, lambda _: dout)
    assert error(net.forward(x), scores) <= TOLERANCE[dtype]
    for times in (1, 2):  # gradients of parameters add up
        dx = net.backward(dout)
        assert error(dx, wanted["x"]) <= TOLERANCE[dtype]
        assert all(error(net.grads[key], times * wanted[key]) <= TOLERANCE[dtype] for key in net.grads)

    loss, total = fb.softmax_cross_entropy(scores, y, w)[0], w[y >= 0].sum(dtype=float) or 1.0
    _, wanted = by_reference(net, x, lambda z: fb.softmax_cross_entropy(z, y, w)[1] / total)
    got = net.loss_and_grad(x, y, w)  # gradients are overwritten
    assert abs(got - loss / total) <= TOLERANCE[dtype] * max(1, loss)
    assert error(net.dx, wanted["x"]) <= TOLERANCE[dtype]
    assert all(error(net.grads[key], wanted[key]) <= TOLERANCE[dtype] for key in net.grads)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    assert error(net.predict_proba(x), e / e.sum(axis=1, keepdims=True)) <= TOLERANCE[dtype]


@pytest.mark.parametrize("name", NETS)
def test_central_differences(name: str) -> None:
    net = network(name, class_weight=np.linspace(0.5, 2, NETS[name][0][-1]))
    x, _, w = data(net, 5)
    rng = np.random.default_rng(2)
    y = rng.dirichlet(np.ones(net.sizes[-1]), 5)  # soft targets
    net.loss_and_grad(x, y, w, normalizer=0.3)
    grads = {name: g.copy() for name, g in net.grads.items()} | {"x": net.dx}
    if "relu" in net.activations:
        x += 1e-9  # off the kink, where there is one
    for key, array in {**net.params, "x": x}.items():
        direction = rng.standard_normal(array.shape)
        direction /= np.linalg.norm(direction)
        start, slope, eps = array.copy(), float((grads[key] * direction).sum()), 1e-3
        around = {}
        for k in (-2, -1, 1, 2):
            array[...] = start + k * eps * direction
            around[k] = net.loss_and_grad(x, y, w, normalizer=0.3)
        array[...] = start
        found = (8 * (around[1] - around[-1]) - (around[2] - around[-2])) / (12 * eps)
        assert abs(found - slope) <= (1e-2 if "relu" in net.activations else 1e-8) * max(1, abs(slope))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["notes", "mixed"])
def test_equals_torch(name: str) -> None:
    torch = pytest.importorskip("torch")
    net = network(name, alpha=0.01, optimizer=Optimizer("adam", 0.05))
    nn = {"sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}
    modules: list[Any] = []
    for k, (n_in, n_out) in enumerate(itertools.pairwise(net.sizes)):
        modules += [torch.nn.Linear(n_in, n_out), *(nn[a]() for a in net.activations[k : k + 1])]
    model = torch.nn.Sequential(*modules).double()
    net.load_state_dict(model.state_dict())
    groups = [{"params": [p], "weight_decay": 0.02 if p.ndim == 2 else 0.0} for p in model.parameters()]
    optimizer = torch.optim.Adam(groups, 0.05)
    for n in (1, 6, 13):
        x, y, _ = data(net, n)
        y = np.abs(y)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(torch.tensor(x)), torch.tensor(y, dtype=torch.int64))
        loss.backward()
        optimizer.step()
        assert abs(net.step(x, y) - loss.item()) <= 1e-12
        for key, tensor in model.state_dict().items():
            assert np.abs(net.params[key] - tensor.numpy()).max() <= 1e-12
    model.load_state_dict({key: torch.from_numpy(v) for key, v in net.state_dict().items()})
    other = torch.nn.ModuleDict({"in": modules[0], "middle": modules[2], "out": modules[4]})
    if name == "notes":
        net.load_state_dict(other.state_dict())  # any ordered pairs of weights and biases


@pytest.mark.parametrize("update", [True, False])
@pytest.mark.parametrize("max_norm", [None, 0.1])
def test_threads_give_the_same_bits(update: bool, max_norm: float | None) -> None:
    x, y, w = data(network("wide", "float32"), 301)
    results = []
    for n_threads in (1, 2, 3):
        net = network("wide", "float32", n_threads=n_threads, dropout=0.3, optimizer="adagrad", max_norm=max_norm)
        loss = [net.step(x, y, w) if update else net.loss_and_grad(x, y, w, training=True) for _ in range(2)]
        results.append([loss, *net.params.values(), *net.grads.values()][: None if not update else 7])
    for other in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_large_layers_are_packed() -> None:
    """Weights beyond a megabyte: rows of a large batch have the bits of a small one."""
    net = MLP((9, 700, 513, 3), "relu", random_state=3, n_threads=1)
    x = np.random.default_rng(0).standard_normal((40, 9)).astype(np.float32)
    twin = MLP((9, 700, 513, 3), "relu", random_state=3, n_threads=3)
    assert np.array_equal(net.forward(x), twin.forward(x))
    assert np.array_equal(net.forward(x)[5:9], net.forward(x[5:9].copy()))
    assert error(net.forward(x), by_reference(net, x, lambda z: z)[0]) <= 1e-5


def test_dropout() -> None:
    net = network("mixed", dropout=0.4)
    x = data(net, 11)[0]
    dout = np.random.default_rng(0).standard_normal((11, 4))
    out = net.forward(x, training=True, seed=12)
    dx = net.backward(dout)
    masks = [_core.dropout_mask(_random(12, k), 0.4, 11, width) for k, width in enumerate(net.sizes[1:-1])]
    scores, wanted = by_reference(net, x, lambda _: dout, [*masks, np.ones((11, 4))])
    assert error(out, scores) <= 1e-12
    assert error(dx, wanted["x"]) <= 1e-12
    assert all(error(net.grads[key], wanted[key]) <= 1e-12 for key in net.grads)
    assert np.array_equal(net.forward(x, training=True, seed=12), out)
    assert not np.array_equal(net.forward(x, training=True), net.forward(x, training=True))
    assert np.array_equal(net.forward(x), network("mixed").forward(x))


def _random(seed: int, counter: int) -> int:
    """fb_random of src_c/simd/common.h."""
    m = 2**64
    z = (seed + 0x9E3779B97F4A7C15 * (counter + 1)) % m
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % m
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % m
    return z ^ (z >> 31)


@pytest.mark.parametrize("options", [{}, {"max_norm": 1.0}, {"optimizer": "adam"}])
def test_a_bad_loss_updates_nothing(options: dict[str, Any]) -> None:
    net = network("notes", "float32", **options)
    x, y, _ = data(net, 4)
    y = np.abs(y)
    net.step(x, y)
    before = net.state()
    x[2, 0] = np.nan
    assert np.isnan(net.step(x, y))
    assert all(np.array_equal(v, before[k]) for k, v in net.state().items())
    assert np.isnan(network("mixed").forward(np.full((1, 3), np.nan))).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_saturated_units_are_zero_or_one(dtype: Any) -> None:
    """No denormal numbers, which make the products with them slow; NaN stays."""
    mlp = MLP((1, 1, 1), "sigmoid", "linear", dtype=dtype)
    mlp.set_params({name: np.ones(a.shape) * name.endswith("weight") for name, a in mlp.params.items()})
    x = np.array([-np.inf, -1e6, -800.0, -710.0, 0.0, 800.0, np.inf, np.nan])
    found = mlp.forward(x[:, None])[:, 0]
    assert not found[:4].any()
    np.testing.assert_allclose(found[4:], [0.5, 1, 1, np.nan], rtol=1e-6)


def test_conversions() -> None:
    """Lists, other dtypes, strides: the same result as arrays that need none."""
    net = network("notes", "float32")
    x, y, w = data(net, 6)
    wanted = net.loss_and_grad(x, y, w)
    for args in ((x.tolist(), y.tolist(), w.tolist()), (x.astype(float), y.astype(np.int64), w.astype(float))):
        assert net.loss_and_grad(*args) == wanted
    assert net.loss_and_grad(np.repeat(x, 2, axis=1)[:, ::2], np.repeat(y, 2)[::2], w) == wanted
    one_hot = np.where((y >= 0)[:, None], np.eye(3)[y], 0)
    assert np.isclose(net.loss_and_grad(x, one_hot, w), wanted, rtol=1e-6)
    assert np.array_equal(net.forward(x.tolist()), net.forward(x))


def test_state_and_copies() -> None:
    net = network("mixed", optimizer="adam", dropout=0.2)
    x, y, _ = data(net, 9)
    net.step(x, y)
    twins = [pickle.loads(pickle.dumps(net)), copy.deepcopy(net), network("mixed", optimizer="adam", dropout=0.2)]
    twins[2].load_state(net.state())
    loss = [net.step(x, y) for _ in range(3)]
    for twin in twins:
        assert [twin.step(x, y) for _ in range(3)] == loss
        assert all(np.array_equal(v, net.params[k]) for k, v in twin.params.items())
    net.reset_accumulator()
    assert not any(v.any() for k, v in net.state().items() if k.startswith("state."))
    net.zero_grad()
    assert not any(v.any() for v in net.grads.values())
    with pytest.raises(ValueError, match=r"state: missing \['learning_rate'\]"):
        net.load_state({k: v for k, v in net.state().items() if k != "learning_rate"})


def test_learns_exclusive_or() -> None:
    net = MLP((2, 8, 2), "tanh", optimizer=Optimizer("adam", 0.05))
    x, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    for _ in range(200):
        net.step(x, y)
    assert net.predict_proba(x).argmax(axis=1).tolist() == y


ARGUMENTS = [
    ({"sizes": (3,)}, "sizes must be two widths"),
    ({"sizes": (3, 0)}, r"sizes\[1\] must be an integer"),
    ({"activation": "gelu"}, "activation must be one of"),
    ({"activation": ("tanh", "relu")}, "activation must be one of .* or 1 of them"),
    ({"head": "hinge"}, "head must be 'softmax' or 'linear'"),
    ({"dropout": 1.0}, "dropout must be a number"),
    ({"alpha": -1.0}, "alpha must be a number of at least 0"),
    ({"alpha": {"3.weight": 1.0}}, "alpha must be a number, or a dict with names among"),
    ({"dtype": "int32"}, "dtype must be"),
    ({"optimizer": "lbfgs"}, "optimizer must be one of"),
    ({"max_norm": 0.0}, "max_norm must be"),
    ({"class_weight": [1.0]}, "class_weight must have shape"),
    ({"n_threads": 0}, "n_threads must be"),
]


@pytest.mark.parametrize(("change", "message"), ARGUMENTS)
def test_wrong_arguments(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MLP(**{"sizes": (3, 4, 2), **change})


def test_wrong_calls() -> None:
    net = MLP((3, 4, 2))
    x = np.ones((5, 3), np.float32)
    y = np.zeros(5, np.int32)
    cases = [
        (lambda: net.step(x, y + 2), "y must be in -1 .. 1, got -1 .. 2"),
        (lambda: net.step(x, y - 2), "y must be in -1 .. 1"),
        (lambda: net.step(x, y[:4]), r"y must be integers of shape \(5,\)"),
        (lambda: net.step(x, y + 0.5), r"y must be integers of shape \(5,\)"),
        (lambda: net.step(x[:, :2], y), r"x must have shape"),
        (lambda: net.step(np.ones((5, 2), np.float32), y), r"x must have shape \(n, 3\)"),
        (lambda: net.step(x[:0], y[:0]), r"x must have shape \(n, 3\) with n >= 1"),
        (lambda: net.forward(x, seed=0.5), "seed must be an integer or None, got 0.5"),  # type: ignore[arg-type]
        (lambda: net.forward(x[:0]), r"x must have shape \(n, 3\) with n >= 1, got \(0, 3\)"),
        (lambda: net.forward(x[0]), r"x must have shape \(n, 3\) with n >= 1, got \(3,\)"),
        (lambda: net.step(x[0], y), r"x must have shape \(n, 3\) with n >= 1, got \(3,\)"),
        (lambda: net.forward([["a", "b", "c"]]), "x must be an array of numbers"),
        (lambda: net.forward(x + 1j), "x must be an array of numbers .* got complex64, real numbers are needed"),
        (lambda: net.step(x.tolist(), y, [1j] * 5), "weight must be an array of numbers .* got complex128"),
        (lambda: net.step(x, y, np.ones(4)), r"weight must have shape \(5,\)"),
        (lambda: net.step(x, np.ones((5, 3))), r"y must have shape \(5, 2\)"),
        (lambda: net.loss_and_grad(x, y, normalizer=0.0), "normalizer must be a positive number"),
        (lambda: net.backward(np.ones((5, 2))), "backward needs a forward"),
        (lambda: net.load_state_dict({"0.weight": x}), "missing keys"),
        (lambda: net.set_params({"9.weight": x}), "unknown names"),
        (lambda: MLP((3, 2), head="linear").step(x, y), "head='linear' has no loss"),
        (lambda: MLP((3, 2), head="linear").predict_proba(x), "head='linear' has no probabilities"),
    ]
    for call, message in cases:
        with pytest.raises(ValueError, match=message):
            call()
    net.forward(x)
    net.step(x, y)
    with pytest.raises(ValueError, match="backward needs a forward"):
        net.backward(np.ones((5, 2)))
