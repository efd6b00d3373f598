"""Laws that every cell obeys, on the compiled cells and on the reference alike."""

from typing import Any

import numpy as np
import pytest
import zoo
from grid import CASES, CELLS, Array, Problem, assert_same, error, problem, structures

from fastbpts import reference
from fastbpts.reference import paths

IMPLEMENTATIONS = ["reference", "compiled"]


def cell_and_structure(implementation: str, p: Problem) -> tuple[Any, Any]:
    if implementation == "reference":
        return reference.cell(p.cell, n_state=p.d), p.s
    import fastbpts as fb

    return fb.cell(p.cell, n_state=p.d, dtype="float64"), p.s.compiled()


def results(implementation: str, p: Problem) -> tuple[Array, dict[str, Array]]:
    return p.reference() if implementation == "reference" else p.compiled()


def in_own_order(s: zoo.Graphs, rows: Array) -> Array:
    """Rows (N, ...) in the order in which the graphs' nodes were given."""
    own = np.empty_like(rows)
    own[s.order] = rows
    return own


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize(("cell", "name"), CASES)
def test_zero_upstream_gives_zero(cell: str, name: str, implementation: str) -> None:
    p = problem(cell, structures(cell)[name], 5)
    p.dh = np.zeros_like(p.dh)
    for gradient in results(implementation, p)[1].values():
        np.testing.assert_array_equal(gradient, 0)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize(("cell", "name"), CASES)
def test_linear_in_upstream(cell: str, name: str, implementation: str) -> None:
    p = problem(cell, structures(cell)[name], 5)
    compiled, s = cell_and_structure(implementation, p)
    run = compiled.forward(s, p.params, p.x)
    other = np.random.default_rng(9).standard_normal(p.dh.shape)

    def gradients(dh: Array) -> dict[str, Array]:
        dparams, dx, _ = compiled.backward(run, dh)
        return {**dparams, "x": dx}

    one, two = gradients(p.dh), gradients(other)
    assert_same(gradients(2 * p.dh), {key: 2 * value for key, value in one.items()}, 1e-13)
    assert_same(gradients(p.dh + other), {key: one[key] + two[key] for key in one}, 1e-12)


def some_trees() -> list[zoo.Kids]:
    rng = np.random.default_rng(4)
    return [zoo.tree(zoo.random_binary(rng, int(n))) for n in (6, 1, 3, 12, 2, 1, 9)]


@pytest.mark.parametrize("d", [5, 17])
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("cell", CELLS)
def test_batch_is_the_sum_of_its_trees(cell: str, implementation: str, d: int) -> None:
    """States have the same bits alone and in a batch; gradients add up."""
    trees = some_trees()
    whole = problem(cell, zoo.dressed(trees), d)
    h, gradients = results(implementation, whole)
    h_own, dh_own = in_own_order(whole.s, h), in_own_order(whole.s, whole.dh)
    x_of = {int(whole.s.order[i]): whole.x[row] for row, i in enumerate(whole.s.inputs)}
    total = {key: np.zeros_like(value) for key, value in whole.params.items()}
    first = 0
    for kids in trees:
        one = problem(cell, zoo.dressed([kids]), d)
        one.params = whole.params
        one.x = np.stack([x_of[first + int(one.s.order[i])] for i in one.s.inputs])
        one.dh = dh_own[first + one.s.order]
        h_one, gradients_one = results(implementation, one)
        np.testing.assert_array_equal(h_own[first + one.s.order], h_one)
        total = {key: total[key] + gradients_one[key] for key in total}
        first += len(kids)
    assert_same({key: gradients[key] for key in total}, total, 1e-12)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("cell", CELLS)
def test_order_of_trees_does_not_matter(cell: str, implementation: str) -> None:
    trees = some_trees()
    start = np.concatenate([[0], np.cumsum([len(kids) for kids in trees])])
    permutation = [3, 0, 6, 1, 5, 2, 4]
    nodes = np.concatenate([np.arange(start[t], start[t + 1]) for t in permutation])
    one = problem(cell, zoo.dressed(trees), 7)
    two = problem(cell, zoo.dressed([trees[t] for t in permutation]), 7)
    x_of = {int(one.s.order[i]): one.x[row] for row, i in enumerate(one.s.inputs)}
    two.params = one.params
    two.x = np.stack([x_of[int(nodes[two.s.order[i]])] for i in two.s.inputs])
    two.dh = in_own_order(one.s, one.dh)[nodes][two.s.order]
    h_one, gradients_one = results(implementation, one)
    h_two, gradients_two = results(implementation, two)
    np.testing.assert_array_equal(in_own_order(one.s, h_one)[nodes], in_own_order(two.s, h_two))
    del gradients_one["x"], gradients_two["x"]
    assert_same(gradients_two, gradients_one, 1e-12)


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
    """A graph with shared nodes is the tree that repeats them: same root, same dW, a leaf's dx is its copies' sum."""
    tree, origin = unfolded(kids)
    dag, copy = problem(cell, zoo.dressed([kids]), 6), problem(cell, zoo.dressed([tree]), 6)
    for p in (dag, copy):
        p.dh[:-1] = 0
    copy.dh[-1] = dag.dh[-1]
    copy.params = dag.params
    leaf_row = {int(dag.s.order[i]): row for row, i in enumerate(dag.s.inputs)}
    row_of_copy = [leaf_row[origin[int(copy.s.order[i])]] for i in copy.s.inputs]
    copy.x = dag.x[row_of_copy]
    h_dag, gradients_dag = results(implementation, dag)
    h_copy, gradients_copy = results(implementation, copy)
    assert error(h_dag[-1], h_copy[-1]) <= 1e-13
    dx = np.zeros_like(dag.x)
    np.add.at(dx, row_of_copy, gradients_copy["x"])
    assert_same(gradients_dag, {**gradients_copy, "x": dx}, 1e-12)


@pytest.mark.parametrize("name", [name for cell, name in CASES if cell == "sum"])
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
