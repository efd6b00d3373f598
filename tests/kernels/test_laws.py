"""Laws that every cell obeys, on the compiled cells and on the reference alike."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import zoo
from grid import (
    CASES,
    CELLS,
    RECURRENT,
    SPECS,
    Array,
    Problem,
    assert_same,
    error,
    gradients,
    problem,
    structures,
    thinned,
)

from fastbpts import reference
from fastbpts.reference import paths

IMPLEMENTATIONS = ["reference", "compiled"]


def results(implementation: str, p: Problem) -> tuple[Array, dict[str, Array]]:
    return p.reference() if implementation == "reference" else p.compiled()


def in_own_order(s: zoo.Graphs, rows: Array) -> Array:
    """Rows (N, ...) in the order in which the graphs' nodes were given."""
    own = np.empty_like(rows)
    own[s.order] = rows
    return own


@pytest.mark.slow
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize(("cell", "name"), CASES)
def test_zero_upstream_gives_zero(cell: str, name: str, implementation: str) -> None:
    p = problem(cell, structures(cell)[name], 5)
    p.dh = np.zeros_like(p.dh)
    for gradient in results(implementation, p)[1].values():
        np.testing.assert_array_equal(gradient, 0)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize(("cell", "name", "d", "variant"), thinned([5]))
def test_linear_in_upstream(cell: str, name: str, d: int, variant: int, implementation: str) -> None:
    p = problem(cell, structures(cell)[name], d, variant=variant)
    made, s = (p.plain_cell(), p.s) if implementation == "reference" else (p.compiled_cell(), p.s.compiled())
    run = made.forward(s, p.params, p.x, p.h0)
    other = np.random.default_rng(9).standard_normal(p.dh.shape)
    one, two = gradients(made, run, p.dh), gradients(made, run, other)
    assert_same(gradients(made, run, 2 * p.dh), {key: 2 * value for key, value in one.items()}, 1e-13)
    assert_same(gradients(made, run, p.dh + other), {key: one[key] + two[key] for key in one}, 1e-12)


def some_trees() -> list[zoo.Kids]:
    rng = np.random.default_rng(4)
    return [zoo.tree(zoo.random_binary(rng, int(n))) for n in (6, 1, 3, 12, 2, 1, 9)]


def some_sequences() -> list[zoo.Kids]:
    return [zoo.sequence(n) for n in (6, 1, 3, 12, 12, 1, 9)]


def subset(whole: Problem, numbers: list[int]) -> tuple[Problem, Array]:
    """Some graphs of a problem, in another order, as a problem of their own; and its nodes' rows in the whole."""
    place = np.argsort(whole.s.order)  # the row of each node as given
    n_nodes = np.bincount(whole.s.graph)
    first = np.cumsum(n_nodes) - n_nodes
    row_of_x = {int(i): row for row, i in enumerate(whole.s.inputs)}
    kids, words = [], []
    for g in numbers:
        own = place[first[g] : first[g] + n_nodes[g]]
        below = [whole.s.child[whole.s.child_ptr[i] : whole.s.child_ptr[i + 1]] for i in own]
        kids.append([[int(whole.s.order[c] - first[g]) for c in some] for some in below])
        words.append([int(whole.s.word[i]) for i in own])
    part = zoo.build(kids, words, words)
    origin = np.concatenate([place[first[g] : first[g] + n_nodes[g]] for g in numbers])[part.order]
    rows = [row_of_x[int(origin[i])] for i in part.inputs]
    initial = tuple(rows_of[numbers] for rows_of in whole.initial)
    return replace(whole, s=part, x=whole.x[rows], dh=whole.dh[origin], initial=initial), origin


BATCHES = [(cell, some_trees, "leaves") for cell in CELLS]
BATCHES += [(cell, some_sequences, inputs) for cell in RECURRENT for inputs in ("all", "some")]


@pytest.mark.parametrize("d", [5, 17])
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize(("cell", "make", "inputs"), BATCHES)
def test_batch_is_the_sum_of_its_graphs(
    cell: str, make: Callable[[], list[zoo.Kids]], inputs: str, implementation: str, d: int
) -> None:
    """Rows of a graph have the same bits alone and in a batch; sums over nodes add up."""
    graphs = make()
    whole = problem(cell, zoo.dressed(graphs, inputs=inputs), d)
    h, found = results(implementation, whole)
    total = {key: np.zeros_like(value) for key, value in whole.params.items()}
    for g in range(len(graphs)):
        one, origin = subset(whole, [g])
        h_one, found_one = results(implementation, one)
        np.testing.assert_array_equal(h[origin], h_one)
        np.testing.assert_array_equal(found["x"][np.isin(whole.s.inputs, origin)], found_one["x"])
        for key in SPECS[cell].initial:
            np.testing.assert_array_equal(found[key][g], found_one[key][0], err_msg=key)
        total = {key: total[key] + found_one[key] for key in total}
    assert_same({key: found[key] for key in total}, total, 1e-12)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize(("cell", "make", "inputs"), BATCHES)
def test_order_of_graphs_does_not_matter(
    cell: str, make: Callable[[], list[zoo.Kids]], inputs: str, implementation: str
) -> None:
    permutation = [3, 0, 6, 1, 5, 2, 4]
    one = problem(cell, zoo.dressed(make(), inputs=inputs), 7)
    two, origin = subset(one, permutation)
    h_one, found_one = results(implementation, one)
    h_two, found_two = results(implementation, two)
    np.testing.assert_array_equal(h_one[origin], h_two)
    for key in SPECS[cell].initial:
        np.testing.assert_array_equal(found_two[key], found_one[key][permutation], err_msg=key)
    assert_same({key: found_two[key] for key in one.params}, {key: found_one[key] for key in one.params}, 1e-12)


def unfolded(kids: zoo.Kids) -> tuple[zoo.Kids, list[int]]:
    """The tree that repeats a graph's node once per path from the root, and each tree node's origin."""
    tree: zoo.Kids = []
    origin: list[int] = []

    def visit(node: int) -> int:
        tree_kids = [visit(c) for c in kids[node]]
        tree.append(tree_kids)
        origin.append(node)
        return len(tree) - 1

    visit(len(kids) - 1)
    return tree, origin


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("kids", [zoo.DIAMOND, zoo.LADDER], ids=["diamond", "ladder"])
@pytest.mark.parametrize("cell", CELLS)
def test_several_parents_sum(cell: str, kids: zoo.Kids, implementation: str) -> None:
    """A graph with shared nodes is the tree that repeats them: same root, same dW, an input's dx is its copies' sum."""
    tree, origin = unfolded(kids)
    inputs = "all" if SPECS[cell].states else "leaves"
    dag, copy = (problem(cell, zoo.dressed([graph], inputs=inputs), 6) for graph in (kids, tree))
    for p in (dag, copy):
        p.dh[:-1] = 0
    copy.dh[-1] = dag.dh[-1]
    copy.params, copy.initial = dag.params, dag.initial
    row_of_node = {int(dag.s.order[i]): row for row, i in enumerate(dag.s.inputs)}
    row_of_copy = [row_of_node[origin[int(copy.s.order[i])]] for i in copy.s.inputs]
    copy.x = dag.x[row_of_copy]
    h_dag, found_dag = results(implementation, dag)
    h_copy, found_copy = results(implementation, copy)
    assert error(h_dag[-1], h_copy[-1]) <= 1e-13
    dx = np.zeros_like(dag.x)
    np.add.at(dx, row_of_copy, found_copy["x"])
    assert_same(found_dag, {**found_copy, "x": dx}, 1e-12)


@pytest.mark.parametrize("name", list(structures("sum")))
def test_paths_equal_the_compiled_pass(name: str) -> None:
    """Rosenberg's enumeration of paths and one pass of the kernels; test_cells_reference has the reference's pass."""
    p = problem("sum", structures("sum")[name], 3)
    dW, dx = paths.gradient(reference.cell("sum", n_state=3).forward(p.s, p.params, p.x), p.dh)
    assert_same(p.compiled()[1], {"W": dW, "x": dx}, 1e-12)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_rntn_ignores_the_antisymmetric_part(implementation: str) -> None:
    p = problem("rntn", structures("rntn")["batch"], 7)
    h, gradients = results(implementation, p)
    V = p.params["V"]
    p.params["V"] = V + 3 * (V - V.transpose(0, 2, 1))
    h_other, gradients_other = results(implementation, p)
    assert error(h_other, h) <= 1e-12
    assert_same(gradients_other, gradients, 1e-12)
    np.testing.assert_allclose(gradients["V"], gradients["V"].transpose(0, 2, 1), rtol=0, atol=1e-12)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_rntn_without_tensor_is_concat(implementation: str) -> None:
    p = problem("rntn", structures("rntn")["dag"], 7)
    p.params["V"] = np.zeros_like(p.params["V"])
    h, gradients = results(implementation, p)
    q = problem("concat", p.s, 7)
    q.params, q.x, q.dh = {key: p.params[key] for key in ("W", "b")}, p.x, p.dh
    h_concat, gradients_concat = results(implementation, q)
    assert error(h, h_concat) <= 1e-13
    assert_same({key: gradients[key] for key in gradients_concat}, gradients_concat, 1e-12)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("name", ["batch", "dag"])
def test_concat_with_equal_halves_is_sum(name: str, implementation: str) -> None:
    """W = [U U], b = 0: dU is the sum of the halves of dW."""
    p = problem("sum", structures("sum")[name], 7)
    h, gradients = results(implementation, p)
    q = problem("concat", p.s, 7)
    q.x, q.dh = p.x, p.dh
    q.params = {"W": np.hstack([p.params["W"], p.params["W"]]), "b": np.zeros(7)}
    h_concat, gradients_concat = results(implementation, q)
    assert error(h_concat, h) <= 1e-13
    dW = gradients_concat["W"][:, :7] + gradients_concat["W"][:, 7:]
    assert_same({"W": dW, "x": gradients_concat["x"]}, gradients, 1e-12)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("cell", ["concat", "rntn"])
def test_mirror(cell: str, implementation: str) -> None:
    """Swapping left and right in the structure and in the parameters changes nothing."""
    trees = some_trees()
    p = problem(cell, zoo.dressed(trees), 5)
    h, gradients = results(implementation, p)
    child = p.s.child.reshape(-1, 2)[:, ::-1].ravel().copy()
    q = problem(cell, zoo.Graphs(**{**vars(p.s), "child": child}), 5)
    swap = np.concatenate([np.arange(5, 10), np.arange(5)])

    def mirrored(params: dict[str, Array]) -> dict[str, Array]:
        other = dict(params)
        other["W"] = np.ascontiguousarray(params["W"][:, swap])
        if "V" in params:
            other["V"] = np.ascontiguousarray(params["V"][:, swap][:, :, swap])
        return other

    q.params, q.x, q.dh = mirrored(p.params), p.x, p.dh
    h_mirror, gradients_mirror = results(implementation, q)
    assert error(h_mirror, h) <= 1e-13
    assert_same(mirrored(gradients_mirror), gradients, 1e-12)
