"""Laws of the cells with gates and initial states, on the compiled cells and on the reference alike."""

from dataclasses import replace

import numpy as np
import pytest
import zoo
from grid import RECURRENT, SPECS, Array, Problem, assert_same, error, problem, structures

IMPLEMENTATIONS = ["reference", "compiled"]


def results(implementation: str, p: Problem) -> tuple[Array, dict[str, Array]]:
    return p.reference() if implementation == "reference" else p.compiled()


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("cell", RECURRENT)
def test_windows_carry_states_and_errors(cell: str, implementation: str) -> None:
    """Sequences cut in two: the last states start the second half, whose error goes back into them."""
    B, T, cut, d = 3, 9, 4, 7
    whole = problem(cell, zoo.dressed([zoo.sequence(T)] * B, inputs="all"), d)
    h, found = results(implementation, whole)
    n = B * cut
    first, second = (zoo.dressed([zoo.sequence(length)] * B, inputs="all") for length in (cut, T - cut))
    p = replace(whole, s=first, x=whole.x[:n], dh=whole.dh[:n].copy())
    h_first = results(implementation, p)[0]
    carried = tuple(np.split(h_first[-B:], len(SPECS[cell].initial), axis=1))
    q = replace(whole, s=second, x=whole.x[n:], dh=whole.dh[n:], initial=tuple(a.copy() for a in carried))
    h_second, found_second = results(implementation, q)
    np.testing.assert_array_equal(np.concatenate([h_first, h_second]), h)
    p.dh[-B:] += np.hstack([found_second[key] for key in SPECS[cell].initial])
    found_first = results(implementation, p)[1]
    wanted = {key: found_first[key] + found_second[key] for key in whole.params}
    wanted |= {"x": np.concatenate([found_first["x"], found_second["x"]])}
    wanted |= {key: found_first[key] for key in SPECS[cell].initial}
    assert_same(found, wanted, 1e-12)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("name", ["unequal", "dags", "sparse_trees"])
def test_lstm_that_remembers(name: str, implementation: str) -> None:
    """Forget gates open, input gates closed: c adds up unchanged, and its error goes all the way back."""
    p = problem("lstm", structures("lstm")[name], 3)
    gate = np.repeat([-1000.0, 1000.0, 0.0, 0.0], 3)
    p.params = {"W": 0 * p.params["W"], "U": 0 * p.params["U"], "b": gate}
    p.dh[:, :3] = 0
    states, found = results(implementation, p)
    c, paths = paths_to_the_ground(p)
    assert error(states[:, 3:], c) <= 1e-14
    assert error(found["c0"], paths) <= 1e-13
    assert np.abs(found["h0"]).max() <= 1e-13


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("name", ["unequal", "dags", "sparse_trees"])
def test_gru_that_copies(name: str, implementation: str) -> None:
    """Update gates at one: h adds up unchanged, inputs have no effect, and the error goes all the way back."""
    p = problem("gru", structures("gru")[name], 3)
    p.params["b"] = np.repeat([0.0, 1000.0, 0.0], 3)
    states, found = results(implementation, p)
    h, paths = paths_to_the_ground(p)
    assert error(states, h) <= 1e-14
    assert error(found["h0"], paths) <= 1e-13
    assert np.abs(found["x"]).max() <= 1e-13  # a compiled gate's "one" may be one rounding below


def paths_to_the_ground(p: Problem) -> tuple[Array, Array]:
    """Sums of the last initial state (and of the upstream of the last state) along all paths to childless nodes."""
    s, start, upstream = p.s, p.initial[-1], p.dh[:, -3:].copy()
    values, back = np.zeros_like(upstream), np.zeros_like(start)
    for i in range(s.n_nodes):
        kids = s.child[s.child_ptr[i] : s.child_ptr[i + 1]]
        values[i] = values[kids].sum(axis=0) if len(kids) else start[s.graph[i]]
    for i in reversed(range(s.n_nodes)):
        kids = s.child[s.child_ptr[i] : s.child_ptr[i + 1]]
        np.add.at(upstream, kids, upstream[i])
        if not len(kids):
            back[s.graph[i]] += upstream[i]
    return values, back


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_gru_without_gates_is_elman(implementation: str) -> None:
    """Reset gates open, update gates closed: h = tanh(W x + b + U h~ + c)."""
    p = problem("gru", structures("gru")["mixed"], 5)
    p.params["b"][:10] = np.repeat([1000.0, -1000.0], 5)
    h, found = results(implementation, p)
    q = problem("elman", p.s, 5, activation="tanh")
    q.params = {"W": p.params["W"][10:], "U": p.params["U"][10:], "b": p.params["b"][10:] + p.params["b_rec"][10:]}
    q.x, q.dh, q.initial = p.x, p.dh, p.initial
    h_elman, found_elman = results(implementation, q)
    assert error(h, h_elman) <= 1e-13
    for key in ("W", "U", "b"):
        assert error(found[key][10:], found_elman[key]) <= 1e-12
        assert np.abs(found[key][:10]).max() <= 1e-13
    for key in ("x", "h0"):
        assert error(found[key], found_elman[key]) <= 1e-12


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_sigmoid_is_a_tanh_of_half(implementation: str) -> None:
    """sigma(z) = (1 + tanh(z / 2)) / 2 at the nodes of one step: the two activations agree through the identity."""
    p = problem("elman", structures("elman")["leaves_only"], 5, activation="sigmoid")
    q = replace(p, params={key: value / 2 for key, value in p.params.items()}, options={"activation": "tanh"})
    assert error(results(implementation, p)[0], (1 + results(implementation, q)[0]) / 2) <= 1e-14


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("cell", RECURRENT)
def test_no_upstream_of_the_second_state(cell: str, implementation: str) -> None:
    """dc left out is dc = 0; h0 left out is h0 = 0, with the same gradient of it."""
    p = problem(cell, structures(cell)["mixed"], 5)
    p.dh[:, 5:] = 0
    p.initial = tuple(0 * a for a in p.initial)
    wanted = results(implementation, p)[1]
    made, s = (p.plain_cell(), p.s) if implementation == "reference" else (p.compiled_cell(), p.s.compiled())
    run = made.forward(s, p.params, p.x)
    dparams, dx, dh0 = made.backward(run, p.dh[:, :5].copy())
    below = dict(zip(SPECS[cell].initial, dh0 if isinstance(dh0, tuple) else (dh0,), strict=True))
    for key, gradient in {**dparams, "x": dx, **below}.items():
        np.testing.assert_array_equal(gradient, wanted[key], err_msg=key)
