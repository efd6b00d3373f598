"""The reference itself is right: complex steps, central differences, the path form."""

import ast
from pathlib import Path

import numpy as np
import pytest
from grid import RECURRENT, RECURSIVE, SPECS, error, problem, states, structures, thinned

from fastbpts import reference
from fastbpts.gradcheck import check_grad
from fastbpts.reference import paths
from fastbpts.reference._act import sigmoid

NOISE = [("identity", False), ("identity", True), ("tanh", False), ("tanh", True)]


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "name", "noise", "variant"), thinned(NOISE, 3))
def test_complex_step(cell: str, name: str, noise: tuple[str, bool], variant: int) -> None:
    """The imaginary part of loss(theta + 1e-30 i v) / 1e-30 is the slope along v to the last digits.

    One random direction v through all entries of an array: a gradient with one wrong entry has another slope.
    """
    input_activation, with_dropout = noise
    options = {"input_activation": input_activation} if cell in RECURSIVE else {}
    p = problem(cell, structures(cell)[name], 2, variant=variant, **options)
    rng = np.random.default_rng(5)
    mask = (rng.random((p.s.n_nodes, 2)) < 0.7) / 0.7 if with_dropout else None
    found = p.run(p.plain_cell(), p.s, mask=mask)[1]
    for key, array in p.arrays.items():
        v = rng.standard_normal(array.shape)
        q = p.with_arrays({**p.arrays, key: array + 1e-30j * v})
        moved = q.plain_cell().forward(q.s, q.params, q.x, q.h0, mask=mask)
        slope = (p.dh * states(moved)).sum().imag / 1e-30
        assert abs((found[key] * v).sum() - slope) <= 1e-12 * max(1.0, np.abs(found[key] * v).sum()), key


@pytest.mark.parametrize("cell", SPECS)
def test_central_differences(cell: str) -> None:
    p = problem(cell, structures(cell)["ladder"], 3)
    errors = check_grad(p.plain_cell(), p.s, p.params, p.x, p.h0, max_entries=5)
    assert max(errors.values()) <= 1e-7, errors


@pytest.mark.parametrize("name", list(structures("sum")))
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
@pytest.mark.parametrize("cell", SPECS)
def test_any_float(cell: str, dtype: str) -> None:
    p = problem(cell, structures(cell)["pair"], 3).astype(dtype)
    h, found = p.reference()
    assert {h.dtype, *(g.dtype for g in found.values())} == {np.dtype(dtype)}


@pytest.mark.parametrize("cell", RECURRENT)
def test_no_initial_state_is_zero(cell: str) -> None:
    """Without h0 the states start from zero, and the gradient of h0 is returned all the same."""
    p = problem(cell, structures(cell)["mixed"], 3)
    h, found = p.with_arrays({key: 0 * a if key in ("h0", "c0") else a for key, a in p.arrays.items()}).reference()
    p.initial = ()
    h_none, found_none = p.reference()
    np.testing.assert_array_equal(h_none, h)
    for key, gradient in found.items():
        np.testing.assert_array_equal(found_none[key], gradient, err_msg=key)
    assert np.abs(found["h0"]).min() > 0


def test_sigmoid_does_not_overflow() -> None:
    z = np.array([-1e4, -800.0, -1.0, 0.0, 1.0, 800.0, 1e4])
    np.testing.assert_allclose(sigmoid(z), [0, 0, 1 / (1 + np.e), 0.5, np.e / (1 + np.e), 1, 1], rtol=1e-15, atol=0)
