"""Random trees as nested tuples, random ways to write them, and a slow treebank to compare with."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

import fastbpts as fb

WORD = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters=" \t\n\v\f\r()\0"), min_size=1, max_size=6),
    st.sampled_from(
        ["the", "-LRB-", "-RRB-", "naïve", "日本", "𝄞", "\xa0", "\u2028", "1\xa01/2", "-1", "3", "'", '"', "\\"]
    ),
)
LABEL = st.integers(-1, 6)
SPACE = st.sampled_from([" ", "\n", "\r\n", "\t", "  ", " \v\f "])


def nested(label: st.SearchStrategy[Any] = LABEL, max_arity: int = 4) -> st.SearchStrategy[Any]:
    """Trees (label, word) or (label, child, ...)."""
    leaf = st.tuples(label, WORD)
    return st.recursive(
        leaf,
        lambda child: st.tuples(label, st.lists(child, min_size=1, max_size=max_arity)).map(lambda t: (t[0], *t[1])),
    )


def write(tree: Any, draw: Any) -> str:
    """PTB brackets with random white space in every allowed place."""
    label, *rest = tree
    space = lambda: draw(st.one_of(st.just(""), SPACE))  # noqa: E731
    if isinstance(rest[0], str):
        return f"({space()}{label}{draw(SPACE)}{rest[0]}{space()})"
    return f"({space()}{label}{space()}" + "".join(write(child, draw) + space() for child in rest) + ")"


def post_order(tree: Any) -> list[tuple[int, str | None, int]]:
    """(label, word, number of children) of every node, children first."""
    label, *rest = tree
    if isinstance(rest[0], str):
        return [(label, rest[0], 0)]
    return [node for child in rest for node in post_order(child)] + [(label, None, len(rest))]


def height(tree: Any) -> int:
    return 0 if isinstance(tree[1], str) else 1 + max(map(height, tree[1:]))


def levels(tree: Any) -> list[list[Any]]:
    """The subtrees of every height, left to right."""
    result: list[list[Any]] = [[] for _ in range(height(tree) + 1)]

    def visit(node: Any) -> None:
        for child in node[1:]:
            if not isinstance(child, str):
                visit(child)
        result[height(node)].append(node)

    visit(tree)
    return result


def check_against(tree: fb.Tree, given: Any) -> None:
    """A tree has exactly the nodes, order, words and children of nested tuples."""
    by_level = levels(given)
    nodes = [node for level in by_level for node in level]
    place = {id(node): k for k, node in enumerate(nodes)}
    bank, t = tree.bank, tree.index
    assert bank.level_size[bank.level_ptr[t] : bank.level_ptr[t + 1]].tolist() == [len(level) for level in by_level]
    assert tree.n_nodes == len(nodes)
    assert tree.labels.tolist() == [node[0] for node in nodes]
    assert tree.words == [node[1] for node in by_level[0]]
    ptr, child = tree.child_ptr, tree.child.tolist()
    for k, node in enumerate(nodes):
        assert child[ptr[k] : ptr[k + 1]] == [place[id(c)] for c in node[1:] if not isinstance(c, str)]
    assert tree.nested() == given


def slow_batch(bank: fb.Treebank, indices: Any, word_map: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """What :meth:`Treebank.batch` must return, by sorting."""
    nodes: list[tuple[int, int, int]] = []  # level, graph, node of the bank's tree
    for g, t in enumerate(indices):
        size = bank.level_size[bank.level_ptr[t] : bank.level_ptr[t + 1]]
        for local, level in enumerate(np.repeat(np.arange(len(size)), size).tolist()):
            nodes.append((level, g, local))
    nodes.sort()
    place = {node[1:]: k for k, node in enumerate(nodes)}
    start = np.cumsum([0, *(bank[int(t)].n_nodes for t in indices)])
    child, word, label, n_child = [], [], [], []
    for _, g, local in nodes:
        tree = bank[int(indices[g])]
        ptr = tree.child_ptr
        kids = tree.child[ptr[local] : ptr[local + 1]].tolist()
        child += [place[g, c] for c in kids]
        n_child.append(len(kids))
        w = int(bank.word[bank.node_ptr[tree.index] + local])
        word.append(w if w < 0 or word_map is None else int(word_map[w]))
        label.append(int(tree.labels[local]))
    level_of = [node[0] for node in nodes]
    return {
        "level_ptr": np.cumsum([0, *np.bincount(level_of)]),
        "child_ptr": np.cumsum([0, *n_child]),
        "child": np.array(child, int),
        "word": np.array(word),
        "label": np.array(label),
        "graph": np.array([g for _, g, _ in nodes]),
        "root": np.array([place[g, bank[int(t)].n_nodes - 1] for g, t in enumerate(indices)]),
        "inputs": np.arange(level_of.count(0)),
        "order": np.array([start[g] + local for _, g, local in nodes]),
    }


def assert_same(structure: fb.Structure, expected: dict[str, np.ndarray]) -> None:
    for name, values in expected.items():
        np.testing.assert_array_equal(getattr(structure, name), values, err_msg=name)
