"""The matrix product of dense layers and sequences."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fastbpts import _core

SIZES = [0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 47, 48, 49, 64, 95, 97, 130]
TOLERANCE = {np.float32: 1e-6, np.float64: 1e-15}


def embedded(rng: np.random.Generator, shape: tuple[int, int], dtype: type) -> NDArray[np.floating]:
    """A matrix inside a larger one that is NaN elsewhere."""
    whole = np.full((shape[0] + 2, shape[1] + 5), np.nan, dtype)
    inside = whole[1:-1, 2:-3]
    inside[...] = rng.standard_normal(shape)
    return inside


def check(M: int, N: int, K: int, dtype: type, kind: str, add: bool) -> None:
    rng = np.random.default_rng(M + 131 * N + 7919 * K)
    a, b, c = (embedded(rng, shape, dtype) for shape in ((M, K), (K, N), (M, N)))
    around = np.isnan(c.base)
    wanted = a.astype(np.float64) @ b + (c if add else 0)
    size = np.abs(a.astype(np.float64)) @ np.abs(b) + np.abs(c)
    if kind == "b by columns":
        b = np.ascontiguousarray(b.T).T
    if kind == "b by any strides":
        b = np.repeat(np.repeat(b, 2, axis=0), 3, axis=1)[::2, ::3]
    if kind == "a transposed":
        a = embedded(rng, (K, M), dtype)
        wanted = a.T.astype(np.float64) @ b + (c if add else 0)
        size = np.abs(a.T.astype(np.float64)) @ np.abs(b) + np.abs(c)
    if not add:
        c[...] = np.nan
    got = _core.matmul(a, b, c, add=add, transpose_a=kind == "a transposed")
    assert got is c
    assert np.all(np.abs(c - wanted) <= TOLERANCE[dtype] * np.sqrt(K + 1) * size)
    assert np.array_equal(np.isnan(c.base), around)


KINDS = ["b by rows", "b by columns", "b by any strides", "a transposed"]


@pytest.mark.parametrize("add", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_size(dtype: type, kind: str, add: bool) -> None:
    rng = np.random.default_rng(0)
    for k, size in enumerate(SIZES):
        M, N = rng.choice(SIZES, 2)
        for shape in ((size, int(M), int(N)), (int(N), size, int(M)), (int(M), int(N), size), (k, size, 33)):
            check(*shape, dtype, kind, add)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_beyond_the_blocks(dtype: type, kind: str) -> None:
    for shape in ((37, 75, 1100), (1100, 37, 75), (37, 1100, 130), (530, 50, 530)):
        check(*shape, dtype, kind, True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_value_does_not_depend_on_its_place(dtype: type) -> None:
    """Rows one by one, columns in other groups: the same bits."""
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((29, 1100)).astype(dtype), rng.standard_normal((1100, 83)).astype(dtype)
    whole = _core.matmul(a, b)
    assert all(np.array_equal(_core.matmul(a[i : i + 1], b)[0], whole[i]) for i in range(len(a)))
    assert np.array_equal(_core.matmul(a, b[:, 3:50].copy()), whole[:, 3:50])
    assert np.array_equal(_core.matmul(a.T.copy(), b, transpose_a=True), whole)
    halves = _core.matmul(a[:, :500].copy(), b[:500])
    assert np.array_equal(_core.matmul(a[:, 500:].copy(), b[500:], halves, add=True), whole)


@pytest.mark.slow
@pytest.mark.parametrize("isa", _core.isas())
def test_every_instruction_set(isa: str) -> None:
    if isa == _core.isa():
        return
    code = (
        "import numpy as np, test_matmul as t\n"
        "for dtype in (np.float32, np.float64):\n"
        "    for kind in t.KINDS: t.test_every_size(dtype, kind, True)\n"
        "    t.test_a_value_does_not_depend_on_its_place(dtype)\n"
    )
    root = Path(__file__).resolve().parent
    path = os.pathsep.join([str(root), *(p for p in sys.path if p)])
    subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"FASTBPTS_ISA": isa, "PYTHONPATH": path},
        check=True,
        timeout=300,
    )


def test_errors() -> None:
    a, b = np.ones((3, 4)), np.ones((4, 5))
    with pytest.raises(ValueError, match="a and b: 4 and 5"):
        _core.matmul(a, b.T)
    with pytest.raises(ValueError, match="b: matrix of float64"):
        _core.matmul(a, b.astype(np.float32))
    with pytest.raises(ValueError, match="a: matrix of float64 with contiguous rows"):
        _core.matmul(np.asfortranarray(a), b)
    with pytest.raises(ValueError, match=r"out: a writable array \(3, 5\)"):
        _core.matmul(a, b, np.ones((3, 4)))
    with pytest.raises(ValueError, match="dtype must be float32 or float64"):
        _core.matmul(a.astype(int), b)
