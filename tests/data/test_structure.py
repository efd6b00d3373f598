"""Structures from every kind of description; wrong descriptions are refused with a reason."""

import pickle
import re
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_texts import assert_same, nested, post_order

import fastbpts as fb

nltk_tree = import_module("nltk.tree") if find_spec("nltk") else None
FIELDS = ("level_ptr", "child_ptr", "child", "word", "label", "graph", "root", "inputs", "order")


def arrays(s: fb.Structure) -> dict[str, np.ndarray]:
    return {name: getattr(s, name) for name in FIELDS}


def children(s: fb.Structure) -> dict[int, list[int]]:
    """Children of every node, by the caller's numbers."""
    ptr, order = s.child_ptr, s.order.tolist()
    return {order[i]: [order[c] for c in s.child[ptr[i] : ptr[i + 1]]] for i in range(s.n_nodes)}


@st.composite
def dags(draw: Any) -> tuple[int, list[tuple[int, int]]]:
    """Nodes in a random numbering and edges in a random order."""
    n = draw(st.integers(1, 12))
    name = draw(st.permutations(range(n)))
    pairs = [(name[a], name[b]) for a in range(n) for b in range(a + 1, n)]
    return n, draw(st.lists(st.sampled_from(pairs), unique=True, max_size=20)) if pairs else []


@settings(deadline=None)
@given(dags(), st.data())
def test_edges(graph: tuple[int, list[tuple[int, int]]], data: st.DataObject) -> None:
    n, edges = graph
    words, labels = np.arange(n), np.arange(n) % 3 - 1
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    root = data.draw(st.integers(0, n - 1))
    s = fb.Structure.from_edges(edges, n, words, labels, root=root, inputs=mask)
    s.check()
    assert (s.n_nodes, s.n_graphs) == (n, 1)
    assert children(s) == {i: [c for c, p in edges if p == i] for i in range(n)}
    assert s.word.tolist() == s.order.tolist()
    assert s.label.tolist() == labels[s.order].tolist()
    assert s.order[s.root[0]] == root
    assert sorted(s.order[s.inputs].tolist()) == np.flatnonzero(mask).tolist()
    leaves = fb.Structure.from_edges(np.array(edges, np.int64).reshape(-1, 2), n, root=[root])
    assert leaves.inputs.tolist() == list(range(leaves.level_ptr[1]))
    assert leaves.word.tolist() == leaves.label.tolist() == [-1] * n
    assert fb.Structure.from_edges(edges, n, root=root, inputs="all").inputs.tolist() == list(range(n))


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(dags(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_graphs_are_components_or_given(graphs: list[tuple[int, list[tuple[int, int]]]], random: Any) -> None:
    edges, graph, roots, n = [], [], [], 0
    for g, (size, own) in enumerate(graphs):  # a new root above all nodes of each graph
        edges += [(c + n, p + n) for c, p in own] + [(c + n, n + size) for c in range(size)]
        graph += [g] * (size + 1)
        roots.append(n + size)
        n += size + 1
    random.shuffle(edges)
    s = fb.Structure.from_edges(edges, n)
    s.check()
    assert s.order[s.root].tolist() == roots
    assert s.graph.tolist() == [graph[i] for i in s.order]
    for same in (
        fb.Structure.from_edges(edges, n, graph=graph),
        fb.Structure.from_edges(edges, n, graph=graph, root=roots[::-1]),
        fb.Structure.from_edges(edges, n, root=roots),
    ):
        assert_same(same, arrays(s))


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(nested(), min_size=1, max_size=4))
def test_parents_and_trees_agree(trees: list[Any]) -> None:
    bank = fb.Treebank.from_trees(trees)
    nodes = [post_order(tree) for tree in trees]
    parents: list[int] = []
    for tree in nodes:
        stack: list[int] = []
        for _, _, n_child in tree:
            for child in stack[len(stack) - n_child :]:
                parents[child] = len(parents)
            del stack[len(stack) - n_child :]
            stack.append(len(parents))
            parents.append(-1)
    flat = [node for tree in nodes for node in tree]
    words = [-1 if word is None else bank.vocabulary[word] for _, word, _ in flat]
    by_parents = fb.Structure.from_parents(parents, words, [label for label, _, _ in flat])
    by_parents.check()
    by_trees = fb.Structure.from_trees(trees)
    for name in set(FIELDS) - {"order"}:
        np.testing.assert_array_equal(getattr(by_parents, name), getattr(by_trees, name), err_msg=name)


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_chains(lengths: list[int]) -> None:
    s = fb.Structure.chains(lengths)
    s.check()
    parents = [k + 1 if t + 1 < n else -1 for n in lengths for t, k in enumerate(range(n))]
    start = np.repeat(np.cumsum(lengths) - lengths, lengths)
    parents = [p if p < 0 else p + int(b) for p, b in zip(parents, start, strict=True)]
    assert_same(s, arrays(fb.Structure.from_parents(parents, inputs="all")))
    assert s.n_levels == max(lengths)


@pytest.mark.slow
def test_chains_of_a_million() -> None:
    s = fb.Structure.chains([1_000_000, 3])
    s.check()
    assert (s.n_levels, s.n_nodes) == (1_000_000, 1_000_003)
    parents = np.append(np.arange(1, 1_000_000), -1)
    deep = fb.Structure.from_parents(parents)
    deep.check()
    assert deep.n_levels == 1_000_000
    with pytest.raises(ValueError, match="cycle of 1000000 nodes"):
        fb.Structure.from_parents(np.arange(1, 1_000_001) % 1_000_000)


def test_text_and_vocabulary() -> None:
    vocabulary = fb.Vocabulary(["b", "a"])
    s = fb.Structure.from_ptb("(3 (2 a) (4 (3 b) (2 c))) (1 a)", vocabulary, n_classes=5)
    assert s.word.tolist() == [2, 1, 0, 2, -1, -1]
    assert s.label.tolist() == [2, 3, 2, 1, 4, 3]
    assert s.graph.tolist() == [0, 0, 0, 1, 0, 0]
    assert s.root.tolist() == [5, 3]
    assert repr(s) == "<Structure of 2 graphs, 6 nodes, 3 levels>"
    assert_same(fb.Structure.from_trees(["(3 (2 a) (4 (3 b) (2 c)))", (1, "a")], vocabulary), arrays(s))
    assert fb.Structure.from_trees(fb.Treebank.from_ptb("(1 x)")).word.tolist() == [0]
    with pytest.raises(ValueError, match="one tree at least"):
        fb.Structure.from_trees([])


@pytest.mark.slow
@pytest.mark.skipif(nltk_tree is None, reason="nltk is not installed")
def test_nltk() -> None:
    text = "(3 (2 a) (4 (3 b) (2 c)))"
    tree = nltk_tree.Tree.fromstring(text)
    assert_same(fb.Structure.from_nltk(tree), arrays(fb.Structure.from_ptb(text)))
    assert fb.Structure.from_nltk([tree, tree]).n_graphs == 2
    phrases = nltk_tree.Tree.fromstring("( (S (NP (DT the) (NN cat)) (VP sits down)) )")
    bank = fb.Treebank.from_trees([phrases])
    assert bank[0].to_ptb() == "(S (NP (DT the) (NN cat)) (VP (-1 sits) (-1 down)))"
    assert bank.root_labels().tolist() == [-1]
    deep = nltk_tree.Tree("1", ["a"])
    for _ in range(100_000):
        deep = nltk_tree.Tree("2", [deep])
    assert fb.Structure.from_nltk(deep).n_levels == 100_001
    while isinstance(deep, list):  # or Python frees it by recursion
        deep = deep.pop()
    with pytest.raises(ValueError, match=r"trees\[1\]: label '[A-Z]+' is not an integer"):
        fb.Structure.from_nltk([tree, phrases])
    with pytest.raises(ValueError, match=r"trees\[0\]: \('the', 'DT'\) where an nltk.Tree|a tuple of 2 elements"):
        fb.Structure.from_nltk(nltk_tree.Tree("S", [("the", "DT")]))


def test_facts_and_pickle() -> None:
    s = fb.Structure.from_edges([(0, 2), (1, 2), (0, 3), (2, 3)])
    assert children(s) == {0: [], 1: [], 2: [0, 1], 3: [0, 2]}
    assert_same(pickle.loads(pickle.dumps(s)), arrays(s))
    assert not any(array.flags.writeable for array in arrays(s).values())
    for name, array in arrays(s).items():
        assert array.dtype == (np.int64 if name in ("level_ptr", "child_ptr", "order") else np.int32)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([(0, 1), (1, 2), (2, 1)],), "edges: there is a cycle of 2 nodes: "),
        (([(0, 1), (1, 1)],), r"edges\[1\]=\(1, 1\): a node cannot be its own child"),
        (([(0, 1), (0, 1)],), r"edges: \(0, 1\) is given more than once"),
        (([(0, 5)], 4), r"edges\[0\]=\(0, 5\): nodes are 0\.\.3"),
        (([(-1, 1)],), r"edges\[0\]=\(-1, 1\)"),
        (([(0, 1, 2)],), r"edges must be pairs of integers .* of shape \(1, 3\)"),
        (([(0.5, 1)],), "edges must be pairs of integers"),
        (([(0, 1), (2,)],), "edges must be pairs of integers"),
        ((3,), "edges must be pairs of integers"),
        (([],), "n_nodes must .*got None"),
        (([], 0), "n_nodes must .*got 0"),
        (([(0, 2_000_000_000)],), "edges: 1 of them cannot reach all nodes"),
        (([], 1 << 31), "n_nodes: 2147483648 nodes"),
        (([(0, 2), (0, 1)],), r"root: graph 0 has 2 nodes without parents \(\[1, 2\]\)"),
        (([(0, 1)], 2, [1]), "words must be 2 integers"),
        (([(0, 1)], 2, [1, -2]), "words must be 2 integers"),
        (([(0, 1)], 2, None, [1.5, 2]), "labels must be a one-dimensional array of integers"),
        (([(0, 1)], 2, None, [1, 1 << 31]), "labels: values from 1 to 2147483648 do not fit int32"),
        (([(0, 1)], 2, None, None, [0, 1]), r"graph: edge \(0, 1\) joins graphs 0 and 1"),
        (([(0, 1)], 3, None, None, [0, 0, 2]), "graph must be 3 numbers"),
        (([(0, 1)], 3, None, None, [0, 0]), "graph must be 3 numbers"),
        (([(0, 1)], 2, None, None, None, 2), "root must be nodes, 0..1, got values from 2 to 2"),
        (([(0, 1)], 2, None, None, None, [0, 1]), "root must be one node in each of 1 graphs"),
        (([(0, 1)], 2, None, None, None, None, "none"), "inputs must .*got 'none'"),
        (([(0, 1)], 2, None, None, None, None, [True]), "inputs must .*"),
        (([(0, 1)], 2, None, None, None, None, [0, 1]), "inputs must .*"),
    ],
)
def test_wrong_edges(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fb.Structure.from_edges(*arguments)


def test_components_are_numbered_by_their_smallest_node() -> None:
    s = fb.Structure.from_edges([(3, 0), (1, 2)])
    assert s.order[s.root].tolist() == [0, 2]


def test_given_arrays_are_copied() -> None:
    given_arrays = {name: array.copy() for name, array in arrays(fb.Structure.from_ptb("(1 (2 a) (3 b))")).items()}
    s = fb.Structure(**given_arrays)
    given_arrays["child"][0] = 1_000_000
    s.check()
    with pytest.raises(ValueError, match="read-only"):
        s.child[0] = 0


def test_wrong_parents_and_lengths() -> None:
    for parents in ([2, -1], [-2, 0], [0.5], [[0]]):
        with pytest.raises(ValueError, match="parents must"):
            fb.Structure.from_parents(parents)
    with pytest.raises(ValueError, match="parents: there is a cycle"):
        fb.Structure.from_parents([1, 0, -1])
    with pytest.raises(ValueError, match=r"parents\[2\]=2"):
        fb.Structure.from_parents([-1, 0, 2])
    with pytest.raises(ValueError, match="parents must"):
        fb.Structure.from_parents([])
    for lengths in ([], [0], [3, -1], [1.5], [1 << 31]):
        with pytest.raises(ValueError, match="lengths"):
            fb.Structure.chains(lengths)


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(st.lists(nested(), min_size=1, max_size=3), st.data())
def test_wrong_arrays_never_reach_the_core(trees: list[Any], data: st.DataObject) -> None:
    given_arrays = {name: array.copy() for name, array in arrays(fb.Structure.from_trees(trees)).items()}
    name = data.draw(st.sampled_from([name for name in FIELDS if given_arrays[name].size]))
    array = given_arrays[name]
    kinds = ["value", "longer", "dtype", "strided"] + ["shorter"] * (name != "inputs")  # fewer inputs are right as well
    kind = data.draw(st.sampled_from(kinds))
    if kind == "value":
        at = data.draw(st.integers(0, array.size - 1))
        array[at] = data.draw(st.integers(-3, int(array.max()) + 3))
        try:
            fb.Structure(**given_arrays).check()
        except ValueError as error:
            assert re.match(r"\w+", str(error))[0] in FIELDS  # noqa: PT017
        return
    if kind == "longer":
        given_arrays[name] = np.append(array, array[-1:])
    elif kind == "shorter":
        given_arrays[name] = array[:-1]
    elif kind == "dtype":
        given_arrays[name] = array.astype(np.int16)
    elif array.size > 1:
        given_arrays[name] = np.repeat(array, 2)[::2]
    else:
        return
    with pytest.raises(ValueError, match="|".join(FIELDS)):
        fb.Structure(**given_arrays)


@pytest.mark.slow
@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.lists(st.integers(-2, 5) | st.integers() | st.none() | st.floats(), max_size=3), max_size=6),
    st.none() | st.integers(-1, 7),
    st.none() | st.lists(st.integers(-2, 3), max_size=7),
    st.none() | st.lists(st.integers(-2, 7), max_size=3),
)
def test_any_edges_give_a_structure_or_a_clear_error(edges: Any, n_nodes: Any, graph: Any, root: Any) -> None:
    try:
        s = fb.Structure.from_edges(edges, n_nodes, graph=graph, root=root)
    except ValueError as error:
        assert re.match(r"\w+", str(error))[0] in ("edges", "n_nodes", "graph", "root")  # noqa: PT017
        return
    s.check()


def test_chains_stand_time_by_time() -> None:
    s = fb.Structure.chains([2, 1, 3])
    assert s.order.tolist() == [0, 2, 3, 1, 4, 5]
    rows = np.random.default_rng(0).standard_normal((6, 3))
    cell = fb.cell("gru", 3, 4, "float64")
    params = cell.init_params(np.random.default_rng(1))
    together = cell.forward(s, params, rows[s.order]).h
    apart = [cell.forward(fb.Structure.chains([len(part)]), params, part).h for part in np.split(rows, [2, 3])]
    np.testing.assert_array_equal(together, np.concatenate(apart)[s.order])
