"""Every number of gates of every kind: kernels against the reference, and what the drivers refuse."""

from typing import Any

import numpy as np
import pytest
import zoo
from gated_cells import ROWS, compiled, plain
from grid import Array, assert_same, error, states

from fastbpts import _core

WIDTHS = [(3, 1), (1, 7), (5, 8), (17, 16), (4, 17), (2, 33), (16, 64)]


def structures(arity: int | None) -> dict[str, zoo.Graphs]:
    """Sequences, trees and structures with several parents, with inputs at some nodes."""
    found = zoo.recurrent_zoo()
    if arity is None:
        return {name: found[name] for name in ("sequence", "unequal", "mixed", "sparse_dags", "equal")}
    return zoo.with_arity(arity)


def found(cell: Any, s: Any, arrays: dict[str, Any], **options: Any) -> dict[str, Array]:
    """States and all gradients."""
    run = cell.forward(s, arrays["params"], arrays["x"], arrays["h0"], **options)
    second = () if run.c is None else (arrays["dc"].copy(),)
    dparams, dx, dh0 = cell.backward(run, arrays["dh"].copy(), *second)
    below = () if dh0 is None else dh0 if isinstance(dh0, tuple) else (dh0,)
    return {"states": states(run), **dparams, "x": dx, **{f"below {k}": rows for k, rows in enumerate(below)}}


def arrays_of(cell: Any, s: zoo.Graphs, with_h0: bool, dtype: Any = np.float64) -> dict[str, Any]:
    rng, H = np.random.default_rng(7), cell.n_state
    draw = lambda *shape: rng.standard_normal(shape).astype(dtype)  # noqa: E731
    initial = tuple(draw(s.n_graphs, H) for _ in cell.initial)
    return {
        "params": {k: draw(*shape) / np.sqrt(np.prod(shape[1:]), dtype=dtype) for k, shape in cell.shapes.items()},
        "x": draw(len(s.inputs), cell.n_in),
        "dh": draw(s.n_nodes, H),
        "dc": draw(s.n_nodes, H),
        "h0": None if not with_h0 or not initial else initial if len(initial) > 1 else initial[0],
    }


@pytest.mark.parametrize("name", ROWS)
def test_kernels_equal_the_reference(name: str) -> None:
    for k, (which, s) in enumerate(structures(ROWS[name].arity).items()):
        for n_in, n_state in (WIDTHS[(k + len(name)) % len(WIDTHS)], WIDTHS[(3 * k + 1) % len(WIDTHS)]):
            cell = plain(name, n_in, n_state)
            arrays = arrays_of(cell, s, k % 2 == 0)
            wanted = found(cell, s, arrays)
            got = found(compiled(name, n_in, n_state), s.compiled(), arrays)
            assert {key: error(got[key], wanted[key]) for key in wanted} == pytest.approx(
                dict.fromkeys(wanted, 0), abs=1e-12
            ), which


@pytest.mark.parametrize("name", [name for name in ROWS if name[-1] in "158"])
def test_the_reference_has_the_gradients_of_its_states(name: str) -> None:
    s = structures(ROWS[name].arity)["sparse_dags"]
    cell = plain(name, 3, 2)
    arrays = arrays_of(cell, s, True)
    gradients = found(cell, s, arrays)

    def value() -> float:
        run = cell.forward(s, arrays["params"], arrays["x"], arrays["h0"])
        return float((run.h * arrays["dh"]).sum() + (0 if run.c is None else (run.c * arrays["dc"]).sum()))

    for key, array in {**arrays["params"], "x": arrays["x"]}.items():
        flat, wanted = array.reshape(-1), gradients[key].reshape(-1)
        for j in range(0, flat.size, 3):
            at = flat[j]
            flat[j] = at + 1e-5
            above = value()
            flat[j] = at - 1e-5
            below = value()
            flat[j] = at
            assert abs((above - below) / 2e-5 - wanted[j]) < 1e-6 * max(1, abs(wanted[j])), (key, j)


@pytest.mark.parametrize("name", [name for name in ROWS if name[-1] in "2578"])
def test_float32_and_threads(name: str) -> None:
    s = structures(ROWS[name].arity)["sparse_dags"]
    arrays = arrays_of(plain(name, 5, 19), s, True)
    wanted = found(compiled(name, 5, 19), s.compiled(), arrays)
    single = found(compiled(name, 5, 19, "float32"), s.compiled(), arrays_of(plain(name, 5, 19), s, True, np.float32))
    assert_same(single, wanted, 1e-4)
    both = found(compiled(name, 5, 19), s.compiled(), arrays, n_threads=3)
    for key, array in wanted.items():
        np.testing.assert_array_equal(both[key], array, err_msg=key)


CHAINS = [name for name, row in ROWS.items() if row.arity is None]


@pytest.mark.parametrize("n_sequences", [1, 5, 40])
@pytest.mark.parametrize("name", CHAINS)
def test_sequences_equal_structures(name: str, n_sequences: int) -> None:
    """The driver of sequences, with few and many rows in a step, against the one of structures."""
    row, T, n_in, H = ROWS[name], 6, 5, 17 if n_sequences == 5 else 32
    s = zoo.dressed([zoo.sequence(T) for _ in range(n_sequences)], 1, inputs="all").compiled()
    cell, rng = compiled(name, n_in, H), np.random.default_rng(3)
    params = {k: rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:])) for k, shape in cell.shapes.items()}
    x, dh = rng.standard_normal((T * n_sequences, n_in)), rng.standard_normal((T * n_sequences, H))
    run = cell.forward(s, params, x)
    dparams, dx, dh0 = cell.backward(run, dh)
    chain = _core.Chain(name, n_in, H, "float64", worth=1)
    chain.set_params(params["W"], params.get("U"), params["b"], params.get("b_rec"))
    for n_threads in (1, 2):
        h = np.full((T * n_sequences, H), np.nan)
        chain.forward(x, np.full(T, n_sequences), h, n_threads=n_threads)
        got = {k: np.zeros_like(v) for k, v in dparams.items()}
        found_dx, below = np.full_like(x, np.nan), np.full((n_sequences, H), np.nan)
        grads = got["W"], got.get("U"), got["b"], got.get("b_rec")
        second = {"dc0": np.full_like(below, np.nan)} if row.has_second_state else {}
        chain.backward(dh, found_dx, *grads, dh0=below, **second)
        first = dh0 if isinstance(dh0, tuple) else (dh0,)
        wanted = {**dparams, "h": run.h, "x": dx, "below": first[0]}
        assert_same({**got, "h": h, "x": found_dx, "below": below}, wanted, 1e-12)


REFUSED = [
    ("lstm", {"n_gate": 9}, "n_gate"),
    ("lstm", {"n_gate": 0}, "n_gate"),
    ("gru", {"n_slot": 2}, "n_slot"),
    ("gru", {"n_slot": 17}, "n_slot"),
    ("gru", {"gate": (0, 3)}, "gate"),
    ("gru", {"gate": (0, -1)}, "gate"),
    ("lstm", {"gate": (0, 1)}, "gate"),
    ("elman", {"has_recurrence": 0}, "has_recurrence"),
    ("gru", {"has_recurrence": 0}, "has_second_bias"),
    ("lstm", {"has_second_state": 0}, "gate_per_child"),
    ("lstm", {"has_recurrence": 0, "direct": 1}, "gate_per_child"),
    ("gru", {"gate_per_child": 1, "has_second_state": 1}, "gate_per_child"),
    ("lstm", {"matrices_per_child": 1}, "matrices_per_child"),
    ("lstm", {"matrices_per_child": 1, "arity": 2}, "matrices_per_child"),
    ("matrices2", {"direct": 1}, "matrices_per_child"),
    ("lstm", {"n_leaf": 1}, "n_leaf"),
    ("leaf_module2", {"n_leaf": 3}, "n_leaf"),
    ("elman", {"n_leaf": 1}, "layer"),
    ("elman", {"arity": 2}, "layer"),
    ("elman", {"arity": -1}, "arity"),
    ("elman", {"has_second_bias": 1}, "params"),
    ("elman", {"n_gate": 2, "n_slot": 2, "gate": (1, 1)}, "params"),
    ("sum", {"direct": 1}, "gates"),
]


@pytest.mark.parametrize(("name", "changes", "field"), REFUSED)
def test_rows_that_the_drivers_do_not_support(name: str, changes: dict[str, Any], field: str) -> None:
    assert _core.cell_refused(name, {}) is None
    assert str(_core.cell_refused(name, changes)).startswith(f"{field}: ")


def test_cells_of_the_tests_are_nobody_elses() -> None:
    import fastbpts as fb

    assert not set(ROWS) & set(fb.cells())
    with pytest.raises(ValueError, match="name must be one of"):
        fb.cell("plain5", 3, 4)
    assert {row.n_gates for row in ROWS.values()} == set(range(1, 9))
