"""Compiled cells against the reference, over cells x structures x dtypes x odd sizes."""

import numpy as np
import pytest
import zoo
from grid import (
    CELLS,
    RECURRENT,
    RECURSIVE,
    SIZES,
    assert_same,
    error,
    gradients,
    problem,
    states,
    structures,
    thinned,
    widths,
)

from fastbpts import reference
from fastbpts.gradcheck import check_grad


@pytest.mark.parametrize(("cell", "name", "d", "variant"), thinned(SIZES, 3))
def test_equals_reference(cell: str, name: str, d: int, variant: int) -> None:
    p = problem(cell, structures(cell)[name], d, variant=variant)
    h_wanted, wanted = p.reference()
    h, got = p.compiled()
    assert h.dtype == np.float64
    assert error(h, h_wanted) <= 1e-12
    assert_same(got, wanted, 1e-12)
    h, got = p.astype(np.float32).compiled()
    assert h.dtype == np.float32
    assert {g.dtype for g in got.values()} == {np.dtype(np.float32)}
    assert error(h, h_wanted) <= 1e-4
    assert_same(got, wanted, 1e-4)


@pytest.mark.parametrize("d", [15, 24, 31, 32, 47, 48, 50, 64, 100])
@pytest.mark.parametrize("cell", CELLS)
def test_large_sizes(cell: str, d: int) -> None:
    p = problem(cell, structures(cell)["ladder"], d)
    h_wanted, wanted = p.reference()
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 1e-4)):
        h, got = p.astype(dtype).compiled()
        assert error(h, h_wanted) <= tolerance
        assert_same(got, wanted, tolerance)


@pytest.mark.parametrize("n_nodes", range(1, 34))
@pytest.mark.parametrize("cell", CELLS)
def test_nodes_per_level(cell: str, n_nodes: int) -> None:
    """1 to 33 nodes on a level: every remainder of a tile."""
    p = problem(cell, zoo.wide_levels(n_nodes), 6, seed=n_nodes)
    h_wanted, wanted = p.reference()
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 1e-4)):
        h, got = p.astype(dtype).compiled()
        assert error(h, h_wanted) <= tolerance
        assert_same(got, wanted, tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_many_nodes(cell: str) -> None:
    """More nodes than one panel of the weights' gradient holds."""
    p = problem(cell, zoo.wide_levels(301), 4)
    h_wanted, wanted = p.reference()
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 1e-4)):
        h, got = p.astype(dtype).compiled()
        assert error(h, h_wanted) <= tolerance
        assert_same(got, wanted, tolerance)


@pytest.mark.parametrize("d", [3, 17])
@pytest.mark.parametrize(("cell", "name"), [(cell, name) for cell in RECURSIVE for name in structures(cell)])
def test_tanh_inputs(cell: str, name: str, d: int) -> None:
    p = problem(cell, structures(cell)[name], d, input_activation="tanh")
    h_wanted, wanted = p.reference()
    h, got = p.compiled()
    assert error(h, h_wanted) <= 1e-12
    assert_same(got, wanted, 1e-12)


DIFFERENCES = [case for case in thinned([1, 3, 9]) if case[0] in RECURSIVE]
DIFFERENCES += [(cell, name, 3, 0) for cell in RECURRENT for name in ("unequal", "sparse_trees", "dags")]


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "name", "d", "variant"), DIFFERENCES)
def test_central_differences(cell: str, name: str, d: int, variant: int) -> None:
    p = problem(cell, structures(cell)[name], d, variant=variant)
    errors = check_grad(p.compiled_cell(), p.s.compiled(), p.params, p.x, p.h0, max_entries=40)
    assert max(errors.values()) <= 1e-7, errors


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cell", CELLS)
def test_saturated(cell: str, dtype: type[np.floating]) -> None:
    """Large parameters drive tanh to one: the reference's values at one node, finite ones in a chaotic batch."""
    for name in ("pair", "batch"):
        p = problem(cell, structures(cell)[name], 5)
        p.params, p.x = {key: 40 * value for key, value in p.params.items()}, 10 * p.x
        h, got = p.astype(dtype).compiled()
        assert np.isfinite(h).all()
        initial = np.abs(p.initial).max(initial=1.0)
        assert np.abs(h[p.s.level_ptr[1] :, :5]).max() <= (1 if cell in RECURSIVE else p.s.n_nodes * initial)
        assert all(np.isfinite(g).all() for g in got.values())
        if name == "pair" and dtype == np.float64:
            h_wanted, wanted = p.reference()
            assert error(h, h_wanted) <= 1e-12
            for key in wanted:
                assert np.abs(got[key] - wanted[key]).max() <= 1e-11 * max(1.0, np.abs(wanted[key]).max()), key


@pytest.mark.parametrize("cell", CELLS)
def test_inputs_unchanged(cell: str) -> None:
    p = problem(cell, structures(cell)["dag"], 7)
    compiled, s = p.compiled_cell(), p.s.compiled()
    for array in (p.dh, *p.arrays.values()):
        array.setflags(write=False)
    run = compiled.forward(s, p.params, p.x, p.h0)
    h = states(run)
    first = gradients(compiled, run, p.dh)
    second = gradients(compiled, run, p.dh)
    np.testing.assert_array_equal(states(run), h)
    for key, gradient in first.items():
        np.testing.assert_array_equal(second[key], gradient, err_msg=key)


@pytest.mark.parametrize("cell", CELLS)
def test_registry(cell: str) -> None:
    """The compiled registry and the reference's hold the same cells, with the same parameters."""
    import fastbpts as fb

    assert sorted(fb.cells()) == sorted(CELLS)
    compiled, plain = fb.cell(cell, **widths(cell, 6)), reference.cell(cell, **widths(cell, 6))
    for key in ("name", "n_in", "n_state", "arity", "activation", "activations", "initial", "shapes"):
        assert getattr(compiled, key) == getattr(plain, key), key
    assert list(compiled.shapes) == list(plain.shapes)
    params = compiled.init_params(random_state=0)
    assert {key: value.shape for key, value in params.items()} == plain.shapes
    assert fb.cell(cell, n_state=6).n_in == 6


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 3e-7), (np.float64, 6e-16)])
def test_tanh_itself(dtype: type[np.floating], tolerance: float) -> None:
    """A few units in the last place over the whole range, small arguments included; odd; saturated, not overflowing."""
    import fastbpts as fb

    x = np.concatenate([np.linspace(0, 50, 2000), np.geomspace(np.finfo(dtype).tiny, 1e30, 2000), 16 * [np.inf]])
    x = np.concatenate([x, -x]).astype(dtype).reshape(-1, 16)
    s = zoo.dressed([zoo.tree(0) for _ in x]).compiled()
    cell = fb.cell("sum", n_state=16, dtype=np.dtype(dtype).name, input_activation="tanh")
    h = cell.forward(s, {"W": np.zeros((16, 16), dtype)}, x).h
    wanted = np.tanh(x.astype(np.longdouble))
    assert (np.abs(h - wanted) <= tolerance * np.abs(wanted)).all()
    np.testing.assert_array_equal(h[: len(x) // 2], -h[len(x) // 2 :])


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 2e-7), (np.float64, 4e-16)])
def test_sigmoid_itself(dtype: type[np.floating], tolerance: float) -> None:
    """Two ulps of one over the whole range, between zero and one, not overflowing."""
    import fastbpts as fb

    x = np.concatenate([np.linspace(0, 50, 2000), np.geomspace(np.finfo(dtype).tiny, 1e30, 2000), 16 * [np.inf]])
    x = np.concatenate([x, -x]).astype(dtype).reshape(-1, 1)
    cell = fb.cell("elman", n_in=1, n_state=1, dtype=np.dtype(dtype).name, activation="sigmoid")
    params = {"W": np.ones((1, 1), dtype), "U": np.zeros((1, 1), dtype), "b": np.zeros(1, dtype)}
    h = cell.forward(fb.Structure.chains([1] * len(x)), params, x).h
    wanted = 1 / (1 + np.exp(-np.maximum(x.astype(np.longdouble), -10000)))
    assert np.abs(h - wanted).max() <= tolerance
    assert h.min() >= 0
    assert h.max() <= 1
