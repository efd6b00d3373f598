"""Updates of arrays: the definitions of torch.optim, sparse rows, the network's own updates."""

from typing import Any

import numpy as np
import pytest
from torch_optimizers import TORCH, UNUSUAL

from fastbpts import MLP, Optimizer
from fastbpts.training.optimizer import OPTIMIZERS as KINDS
from fastbpts.training.updates import Updater


def arrays(rng: np.random.Generator, dtype: Any = np.float64) -> dict[str, Any]:
    turned = rng.standard_normal((5, 24)).astype(dtype)[:, :19].T
    return {"W": rng.standard_normal((7, 33)).astype(dtype), "b": rng.standard_normal(7).astype(dtype), "V": turned}


@pytest.mark.parametrize("max_norm", [None, 3.0])
@pytest.mark.parametrize("kind", KINDS)
def test_equals_torch(kind: str, max_norm: float | None) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    params = arrays(rng)
    theirs = {name: torch.tensor(array.copy(), requires_grad=True) for name, array in params.items()}
    alpha = {"W": 0.05, "V": 0.02}
    groups = [{"params": [t], "weight_decay": 2 * alpha.get(name, 0.0)} for name, t in theirs.items()]
    unusual = {option: UNUSUAL.get(option) for option in KINDS[kind].options}
    ours, decoupled = Optimizer(kind, 0.1, **unusual), KINDS[kind].decouples_decay
    optimizer = TORCH[kind](torch, groups, 0.1, ours.options)
    updater = Updater(params, ours, alpha, max_norm)
    for _ in range(4):
        grads = {name: rng.standard_normal(array.shape) for name, array in params.items()}
        penalty = {name: 2 * alpha.get(name, 0.0) * array for name, array in params.items()} if not decoupled else {}
        squares = sum(float(((grads[name] + penalty.get(name, 0.0)) ** 2).sum()) for name in grads)
        clip = 1.0 if max_norm is None else min(1.0, max_norm / (np.sqrt(squares) + 1e-6))
        for name, t in theirs.items():  # clipped with the penalty, which torch then adds
            whole = grads[name] + penalty.get(name, 0.0)
            t.grad = torch.tensor(clip * whole - penalty.get(name, 0.0) if not decoupled else clip * grads[name])
        optimizer.step()
        updater.step(grads)
        for name, t in theirs.items():
            assert np.abs(params[name] - t.detach().numpy()).max() <= 1e-12


@pytest.mark.parametrize("kind", KINDS)
def test_sparse_rows_equal_dense_ones(kind: str) -> None:
    rng = np.random.default_rng(1)
    dense, sparse = {"E": rng.standard_normal((9, 5))}, {}
    sparse["E"] = dense["E"].copy()
    rows = np.array([7, 2, 4])
    a = Updater({"E": dense["E"][rows].copy()}, Optimizer(kind, 0.1), 0.01)
    b = Updater(sparse, Optimizer(kind, 0.1), 0.01)
    for _ in range(3):
        g = rng.standard_normal((3, 5))
        a.step({"E": g})
        b.step({"E": g}, {"E": rows})
    others = np.setdiff1d(np.arange(9), rows)
    assert np.array_equal(sparse["E"][rows], a.params["E"])
    assert np.array_equal(sparse["E"][others], dense["E"][others])
    assert all(not array[others].any() for name, array in b.state().items() if name.startswith("E."))


@pytest.mark.parametrize("max_norm", [None, 0.5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_a_network_steps_alike(kind: str, dtype: Any, max_norm: float | None) -> None:
    """One step of MLP is loss_and_grad, then an update of its params: live views, transposed and padded."""
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((6, 5)), rng.integers(0, 3, 6)
    optimizer = Optimizer(kind, 0.05)
    one, two = (MLP((5, 19, 3), alpha=0.01, dtype=dtype, optimizer=optimizer, max_norm=max_norm) for _ in range(2))
    updater = Updater(two.params, optimizer, 0.01, max_norm)
    for _ in range(4):
        assert one.step(x, y) == two.loss_and_grad(x, y)
        updater.step(two.grads)
    for name, array in one.params.items():
        assert np.abs(array - two.params[name]).max() <= 64 * np.finfo(dtype).eps


@pytest.mark.parametrize("kind", KINDS)
def test_state_continues(kind: str) -> None:
    rng = np.random.default_rng(3)
    grads = [arrays(rng) for _ in range(5)]
    one = arrays(rng)
    two = {name: array.copy() for name, array in one.items()}
    a, b = Updater(one, Optimizer(kind)), Updater(two, Optimizer(kind))
    for g in grads[:2]:
        a.step(g)
    a.learning_rate = 0.5
    for name, array in one.items():
        two[name][...] = array
    b.load_state({name: array.copy() for name, array in a.state().items()})
    assert b.learning_rate == 0.5
    for g in grads[2:]:
        a.step(g)
        b.step(g)
    assert all(np.array_equal(one[name], two[name]) for name in one)
    a.reset()
    assert not any(array.any() for name, array in a.state().items() if name != "learning_rate")


def test_clipping_of_all_arrays_together() -> None:
    params = {"a": np.array([1.0, 2.0]), "b": np.zeros((2, 2))}
    updater = Updater(params, Optimizer("sgd", 1.0), {"a": 0.5}, max_norm=2.0)
    updater.step({"a": np.array([1.0, 0.0]), "b": np.full((2, 2), 2.0)})  # of norm sqrt(2^2 + 2^2 + 4 * 2^2)
    assert np.allclose(params["a"], [1 - 2 * 2 / np.sqrt(24), 2 - 2 * 2 / np.sqrt(24)])
    assert np.allclose(params["b"], -2 * 2 / np.sqrt(24))


def test_changed_in_place() -> None:
    """The same gradient arrays, filled anew before each step."""
    w, g = np.zeros(3, np.float32), np.ones(3, np.float32)
    updater = Updater({"w": w}, Optimizer("sgd", 1.0))
    updater.step({"w": g})
    g += 1
    updater.step({"w": g})
    converted = np.ones(3)  # of another dtype
    updater.step({"w": converted})
    converted += 1
    updater.step({"w": converted})
    assert w.tolist() == [-6, -6, -6]


def test_errors() -> None:
    w = np.zeros((3, 4))
    updater = Updater({"w": w, "b": np.zeros(3)}, Optimizer("sgd"))
    good = {"w": np.ones((3, 4)), "b": np.ones(3)}
    cases = [
        (good | {"w": np.ones((4, 3))}, None, r"grads\['w'\] must have shape \(3, 4\), got \(4, 3\)"),
        ({"w": good["w"]}, None, r"grads: missing \['b'\], unknown \[\]"),
        (good | {"v": good["b"]}, None, r"unknown \['v'\]"),
        (good, {"w": [0, 1, 3]}, r"rows\['w'\] must be integers in 0 .. 2"),
        (good, {"w": [0, 1]}, r"grads\['w'\] must have shape \(2, 4\)"),
    ]
    for grads, rows, message in cases:
        with pytest.raises(ValueError, match=message):
            updater.step(grads, rows)
        assert not w.any()
    with pytest.raises(ValueError, match="contiguous along an axis"):
        Updater({"w": w[:, ::2]}, Optimizer("sgd"))
    with pytest.raises(ValueError, match="float32 or all float64"):
        Updater({"w": w, "b": np.zeros(3, np.float32)}, Optimizer("sgd"))
    with pytest.raises(ValueError, match="no arrays"):
        Updater({}, Optimizer("sgd"))
    with pytest.raises(ValueError, match=r"state: missing \['learning_rate', 't'\]"):
        updater.load_state({})
    with pytest.raises(ValueError, match="alpha must be a number, or a dict with names among"):
        Updater({"w": w}, Optimizer("sgd"), {"v": 1.0})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_decays_into_denormal_numbers(kind: str, dtype: str) -> None:
    """Weights and averages without gradients end at zero: products with denormal numbers are slow."""
    smallest = np.finfo(dtype).tiny
    params = {"W": np.full((2, 37), 20 * smallest, dtype)}
    updater = Updater(params, Optimizer(kind, 0.3), 0.5)
    updater.load_state({k: np.full_like(v, smallest * 4) if "W" in k else v for k, v in updater.state().items()})
    for _ in range(60):
        updater.step({"W": np.zeros((2, 37), dtype)})
        moved = [params["W"], *([updater.state()["W.0"]] if kind not in ("sgd", "adagrad") else [])]
        assert all(((a == 0) | (abs(a) >= smallest)).all() for a in moved)
