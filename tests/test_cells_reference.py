"""The reference is a witness only if it is right itself: complex steps, central differences, the path form."""

import ast
from pathlib import Path

import numpy as np
import pytest
from grid import CASES, CELLS, assert_same, error, problem, structures

from fastbpts import reference
from fastbpts.gradcheck import check_grad
from fastbpts.reference import paths


@pytest.mark.parametrize("input_activation", ["identity", "tanh"])
@pytest.mark.parametrize("with_dropout", [False, True])
@pytest.mark.parametrize(("cell", "name"), CASES)
def test_complex_step(cell: str, name: str, with_dropout: bool, input_activation: str) -> None:
    """The imaginary part of loss(theta + 1e-30 i) / 1e-30 is the derivative to the last digits."""
    p = problem(cell, structures(cell)[name], 2, input_activation=input_activation)
    rng = np.random.default_rng(5)
    mask = (rng.random(p.dh.shape) < 0.7) / 0.7 if with_dropout else None
    real = reference.cell(cell, n_state=2, input_activation=input_activation)
    dparams, dx, _ = real.backward(real.forward(p.s, p.params, p.x, mask=mask), p.dh)
    plane = reference.cell(cell, n_state=2, dtype="complex128", input_activation=input_activation)
    params = {key: value.astype(complex) for key, value in p.params.items()}
    x = p.x.astype(complex)
    slopes = {}
    for key, array in {**params, "x": x}.items():
        slopes[key] = np.empty(array.shape)
        for at in np.ndindex(*array.shape):
            origin = array[at]
            array[at] = origin + 1e-30j
            slopes[key][at] = (p.dh * plane.forward(p.s, params, x, mask=mask).h).sum().imag / 1e-30
            array[at] = origin
    assert_same({**dparams, "x": dx}, slopes, 1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_central_differences(cell: str) -> None:
    p = problem(cell, structures(cell)["dag"], 3)
    errors = check_grad(reference.cell(cell, n_state=3), p.s, p.params, p.x)
    assert max(errors.values()) <= 1e-7, errors


@pytest.mark.parametrize("name", [name for cell, name in CASES if cell == "sum"])
def test_path_form_equals_one_pass(name: str) -> None:
    p = problem("sum", structures("sum")[name], 3)
    cell = reference.cell("sum", n_state=3)
    run = cell.forward(p.s, p.params, p.x)
    at_roots = np.zeros_like(p.dh)
    at_roots[p.s.root] = p.dh[p.s.root]
    for dh in (at_roots, p.dh):
        dparams, dx, _ = cell.backward(run, dh)
        path_dW, path_dx = paths.gradient(run, dh)
        assert error(path_dW, dparams["W"]) <= 1e-12
        assert error(path_dx, dx) <= 1e-12


def test_paths_of_a_diamond() -> None:
    s = structures("sum")["diamond"]
    found = sorted(paths.chain_rule_paths(s, int(s.root[0])))
    assert found == [(4,), (4, 2), (4, 2, 0), (4, 2, 1), (4, 3), (4, 3, 0), (4, 3, 1)]


def test_independent_of_the_core() -> None:
    """No module of the reference imports anything of the package but the reference itself."""
    assert reference.__file__ is not None
    for path in Path(reference.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith("fastbpts") or name.startswith("fastbpts.reference"), path.name


@pytest.mark.parametrize("dtype", ["float32", "float64", "longdouble", "complex128"])
@pytest.mark.parametrize("cell", CELLS)
def test_any_float(cell: str, dtype: str) -> None:
    p = problem(cell, structures(cell)["pair"], 3).astype(dtype)
    plain = reference.cell(cell, n_state=3, dtype=dtype)
    run = plain.forward(p.s, p.params, p.x)
    dparams, dx, _ = plain.backward(run, p.dh)
    assert {run.h.dtype, dx.dtype, *(g.dtype for g in dparams.values())} == {np.dtype(dtype)}
