"""The plain multilayer perceptron: complex steps, PyTorch, and the 2-10-10-3 network of the notes."""

import itertools
from typing import Any

import numpy as np
import pytest
from grid import Array, error

from fastbpts.reference import mlp, softmax_cross_entropy

NETS = {
    "notes": ([2, 10, 10, 3], ["sigmoid", "sigmoid", "identity"]),
    "tanh": ([4, 5, 2], ["tanh", "identity"]),
    "mixed": ([3, 7, 1, 5, 4], ["relu", "tanh", "sigmoid", "identity"]),
    "affine": ([3, 4], ["identity"]),
    "gated": ([3, 4], ["sigmoid"]),
}


def problem(name: str) -> tuple[dict[str, Array], list[str], Array, list[Array]]:
    """Arrays by name (W0, b0, ..., x), activations, an upstream gradient and dropout masks."""
    sizes, activations = NETS[name]
    rng = np.random.default_rng(3)
    arrays = {"x": rng.standard_normal((6, sizes[0]))}
    for k, (D, H) in enumerate(itertools.pairwise(sizes)):
        arrays[f"W{k}"], arrays[f"b{k}"] = rng.standard_normal((H, D)), rng.standard_normal(H)
    masks = [(rng.random((6, H)) < 0.7) / 0.7 for H in sizes[1:]]
    return arrays, activations, rng.standard_normal((6, sizes[-1])), masks


def run(arrays: dict[str, Array], activations: list[str], masks: list[Array] | None) -> tuple[Any, ...]:
    W, b = ([arrays[f"{key}{k}"] for k in range(len(activations))] for key in "Wb")
    return W, *mlp.forward(W, b, arrays["x"], activations, masks)


def gradients(
    arrays: dict[str, Array], activations: list[str], dout: Array, masks: list[Array] | None
) -> dict[str, Array]:
    W, a, y = run(arrays, activations, masks)
    dW, db, dx = mlp.backward(W, a, y, activations, dout, masks)
    return {"x": dx, **{f"W{k}": g for k, g in enumerate(dW)}, **{f"b{k}": g for k, g in enumerate(db)}}


@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("name", NETS)
def test_complex_step(name: str, dropout: bool) -> None:
    arrays, activations, dout, masks = problem(name)
    of_run = masks if dropout else None
    found = gradients(arrays, activations, dout, of_run)
    rng = np.random.default_rng(4)
    for key, array in arrays.items():
        v = rng.standard_normal(array.shape)
        out = run({**arrays, key: array + 1e-30j * v}, activations, of_run)[1][-1]
        slope = (dout * out).sum().imag / 1e-30
        assert abs((found[key] * v).sum() - slope) <= 1e-12 * max(1.0, np.abs(found[key] * v).sum()), key


@pytest.mark.parametrize("name", NETS)
def test_torch(torch: Any, name: str) -> None:
    """A stack of nn.Linear and activations under a softmax."""
    arrays, activations, _, _ = problem(name)
    y = np.array([0, 2, -1, 1, 2, 0]) if name != "tanh" else np.array([0, 1, -1, 1, 1, 0])
    a = run(arrays, activations, None)[1]
    loss, dout = softmax_cross_entropy(a[-1], y)
    found = gradients(arrays, activations, dout, None)
    tensors = {key: torch.tensor(value, requires_grad=True) for key, value in arrays.items()}
    out = tensors["x"]
    kinds = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu, "identity": lambda z: z}
    for k, activation in enumerate(activations):
        out = kinds[activation](torch.nn.functional.linear(out, tensors[f"W{k}"], tensors[f"b{k}"]))
    theirs = torch.nn.functional.cross_entropy(out, torch.tensor(y), ignore_index=-1, reduction="sum")
    theirs.backward()
    assert loss == pytest.approx(theirs.item(), rel=1e-13)
    for key, tensor in tensors.items():
        assert error(found[key], tensor.grad.numpy()) <= 1e-12, key
