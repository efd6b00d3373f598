"""The zoo numbers nodes as `Structure` does, so that results of the grid hold for both."""

from typing import Any

import numpy as np
import pytest
import zoo
from grid import BINARY, CELLS, NARY, RECURRENT_ZOO, problem, structures

from fastbpts.gradcheck import check_grad

ZOO = {**BINARY, **NARY, **RECURRENT_ZOO}
ARRAYS = ("level_ptr", "child_ptr", "child", "word", "label", "graph", "root", "inputs", "order")


def as_structure(s: zoo.Graphs) -> Any:
    """The same graphs made by the public method, from edges in the caller's own numbering."""
    import fastbpts as fb

    own = s.order
    edges = [(int(own[c]), int(own[i])) for i in np.argsort(own) for c in s.child[s.child_ptr[i] : s.child_ptr[i + 1]]]
    place = np.argsort(own)
    reads = np.isin(place, s.inputs)
    return fb.Structure.from_edges(edges, s.n_nodes, s.word[place], s.label[place], s.graph[place], inputs=reads)


@pytest.mark.parametrize("name", ZOO)
def test_same_numbers(name: str) -> None:
    structure = as_structure(ZOO[name])
    structure.check()
    for key in ARRAYS:
        np.testing.assert_array_equal(getattr(structure, key), getattr(ZOO[name], key), err_msg=key)
        assert getattr(structure, key).dtype == getattr(ZOO[name], key).dtype
    for key in ("n_nodes", "n_graphs", "n_levels"):
        assert getattr(structure, key) == getattr(ZOO[name], key)


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_cells_run_on_structures(cell: str) -> None:
    """Compiled and plain cells take a Structure and agree on it."""
    p = problem(cell, structures(cell)["dag"], 5)
    s = as_structure(p.s)
    compiled, plain = p.compiled_cell(), p.plain_cell()
    np.testing.assert_allclose(
        compiled.forward(s, p.params, p.x).h, plain.forward(s, p.params, p.x).h, rtol=0, atol=1e-14
    )
    for made in (compiled, plain):
        assert max(check_grad(made, s, p.params, p.x, max_entries=3).values()) < 1e-7


@pytest.mark.parametrize("name", ["step", "sequence", "equal", "unequal"])
def test_chains_are_the_zoo(name: str) -> None:
    import fastbpts as fb

    wanted = ZOO[name]
    s = fb.Structure.chains(np.bincount(wanted.graph))
    for key in set(ARRAYS) - {"word", "label"}:
        np.testing.assert_array_equal(getattr(s, key), getattr(wanted, key), err_msg=key)


def test_ptb_is_the_zoo() -> None:
    """Brackets and the zoo give one numbering; a sentence of one word is a leaf that is the root."""
    import fastbpts as fb

    s = fb.Structure.from_ptb("(3 (2 (1 a) (0 b)) (4 c)) (2 d) (0 (1 (2 e) (3 f)) (4 (1 g) (2 h)))")
    trees = [zoo.tree(((0, 0), 0)), zoo.tree(0), zoo.tree(((0, 0), (0, 0)))]
    words = [[0, 1, -1, 2, -1], [3], [4, 5, -1, 6, 7, -1, -1]]
    labels = [[1, 0, 2, 4, 3], [2], [2, 3, 1, 1, 2, 4, 0]]
    wanted = zoo.build(trees, words, labels)
    for key in ARRAYS[:-1]:
        np.testing.assert_array_equal(getattr(s, key), getattr(wanted, key), err_msg=key)
