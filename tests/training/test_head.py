"""Softmax cross-entropy: compiled against the reference, the reference against complex steps; extremes; errors."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from grid import Array, error

from fastbpts import reference, softmax_cross_entropy


def compiled(*args: Any, **kwargs: Any) -> tuple[float, Array]:
    import fastbpts as fb

    result: tuple[float, Array] = fb.softmax_cross_entropy(*args, **kwargs)
    return result


BOTH = pytest.mark.parametrize("function", [compiled, reference.softmax_cross_entropy], ids=["compiled", "reference"])
Function = Callable[..., tuple[float, Array]]


def targets(rng: np.random.Generator, kind: str, n_rows: int, n_classes: int) -> Array:
    if kind == "soft":
        return rng.dirichlet(np.ones(n_classes), size=n_rows)
    return rng.integers(-1, n_classes, size=n_rows).astype(np.int32)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["labels", "soft"])
@pytest.mark.parametrize("n_classes", [1, 2, 5, 16, 17])
def test_compiled_equals_reference(n_classes: int, kind: str, weighted: bool, rng: np.random.Generator) -> None:
    z, y = 3 * rng.standard_normal((13, n_classes)), targets(rng, kind, 13, n_classes)
    weight = rng.random(13) if weighted else None
    class_weight = rng.random(n_classes) if weighted else None
    wanted_loss, wanted = reference.softmax_cross_entropy(z, y, weight, class_weight)
    loss, dz = compiled(z, y, weight, class_weight)
    assert isinstance(loss, float)
    assert loss == pytest.approx(wanted_loss, rel=1e-12, abs=1e-15)
    assert np.abs(dz - wanted).max() <= 1e-14
    as_float32 = [None if a is None else a.astype(np.float32) for a in (weight, class_weight)]
    loss, dz = compiled(z.astype(np.float32), y if kind == "labels" else y.astype(np.float32), *as_float32)
    assert dz.dtype == np.float32
    assert loss == pytest.approx(wanted_loss, rel=1e-4, abs=1e-5)
    assert np.abs(dz - wanted).max() <= 1e-5


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["labels", "soft"])
def test_reference_complex_step(kind: str, weighted: bool, rng: np.random.Generator) -> None:
    z, y = rng.standard_normal((6, 4)), targets(rng, kind, 6, 4)
    weights = (rng.random(6), rng.random(4)) if weighted else (None, None)
    _, dz = reference.softmax_cross_entropy(z, y, *weights)
    slopes = np.empty_like(z)
    for at in np.ndindex(*z.shape):
        moved = z.astype(complex)
        moved[at] += 1e-30j
        loss: Any = reference.softmax_cross_entropy(moved, y, *weights)[0]
        slopes[at] = np.imag(loss) / 1e-30
    assert error(dz, slopes) <= 1e-13


@BOTH
def test_extremes(function: Function) -> None:
    """Nothing overflows, and the loss is exact where the rounded probability is zero."""
    z = np.array([[1e4, 0.0, -1e4], [-1e4, -1e4, -1e4], [800.0, 800.0, -800.0]])
    loss, dz = function(z, np.array([1, 0, 0], dtype=np.int32))
    assert loss == pytest.approx(1e4 + np.log(3) + np.log(2), rel=1e-14)
    np.testing.assert_allclose(dz[0], [1, -1, 0], atol=1e-15)
    np.testing.assert_allclose(dz[1], [-2 / 3, 1 / 3, 1 / 3], atol=1e-15)
    loss, _ = function(z.astype(np.float32), np.array([1, 0, 0], dtype=np.int32))
    assert loss == pytest.approx(1e4 + np.log(3) + np.log(2), rel=1e-6)


def test_a_class_that_is_ruled_out() -> None:
    """A logit of minus infinity has no probability, no gradient, and no loss unless it is the target."""
    z, target = np.array([[0.5, -np.inf, 0.5]]), np.array([0], dtype=np.int32)
    loss, dz = softmax_cross_entropy(z, target)
    assert loss == pytest.approx(np.log(2))
    np.testing.assert_allclose(dz, [[-0.5, 0, 0.5]])
    assert softmax_cross_entropy(z, target + 1)[0] == np.inf


@BOTH
def test_laws(function: Function, rng: np.random.Generator) -> None:
    z, y = rng.standard_normal((8, 5)), np.array([0, 4, -1, 2, 2, -1, 1, 3], dtype=np.int32)
    loss, dz = function(z, y)
    np.testing.assert_array_equal(dz[y < 0], 0)
    np.testing.assert_allclose(dz.sum(axis=1), 0, atol=1e-15)
    shifted, _ = function(z + 7.5, y)
    assert shifted == pytest.approx(loss, rel=1e-13)
    one_hot = np.eye(5)[y.clip(0)] * (y >= 0)[:, None]
    soft, dz_soft = function(z, one_hot)
    assert soft == pytest.approx(loss, rel=1e-13)
    np.testing.assert_allclose(dz_soft, dz, atol=1e-15)
    parts = sum(function(z[i : i + 1], y[i : i + 1])[0] for i in range(8))
    assert parts == pytest.approx(loss, rel=1e-13)
    nothing, zero = function(z, np.full(8, -1, dtype=np.int32))
    assert nothing == 0
    np.testing.assert_array_equal(zero, 0)


@BOTH
def test_no_rows(function: Function) -> None:
    loss, dz = function(np.zeros((0, 3)), np.zeros(0, dtype=np.int32))
    assert loss == 0
    assert dz.shape == (0, 3)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"z": np.zeros(4)}, "z"),
        ({"z": np.zeros((4, 0))}, "z"),
        ({"y": np.array([0.0, 1.0, 2.0, 0.0])}, "y"),
        ({"y": np.zeros(5, dtype=np.int32)}, "y"),
        ({"y": np.array([0, 1, 3, 0], dtype=np.int32)}, "y"),
        ({"y": np.array([0, 1, -2, 0], dtype=np.int32)}, "y"),
        ({"y": np.zeros((4, 2))}, "y"),
        ({"weight": np.ones(3)}, "weight"),
        ({"class_weight": np.ones(4)}, "class_weight"),
    ],
)
def test_bad_arguments(change: dict[str, Array], name: str) -> None:
    arguments: dict[str, Any] = {"z": np.zeros((4, 3)), "y": np.zeros(4, dtype=np.int32)}
    with pytest.raises(ValueError, match=rf"\b{name}\b"):
        compiled(**{**arguments, **change})
