"""Small structures for every test: plain NumPy, built from lists of children, numbered as `Structure` numbers.

Dimension key: N nodes, E edges, L levels, G graphs, I input nodes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Nested = int | tuple["Nested", ...]
Kids = list[list[int]]


@dataclass
class Graphs:
    """The attributes of a `Structure`."""

    level_ptr: NDArray[np.int64]
    child_ptr: NDArray[np.int64]
    child: NDArray[np.int32]
    word: NDArray[np.int32]
    label: NDArray[np.int32]
    graph: NDArray[np.int32]
    root: NDArray[np.int32]
    inputs: NDArray[np.int32]
    order: NDArray[np.int64]

    @property
    def n_nodes(self) -> int:
        return len(self.word)

    @property
    def n_graphs(self) -> int:
        return len(self.root)

    @property
    def n_levels(self) -> int:
        return len(self.level_ptr) - 1

    def compiled(self) -> Any:
        """The same graphs as an object that the compiled core reads."""
        from fastbpts import _core

        return _core.Graph(
            self.level_ptr,
            self.child_ptr,
            self.child,
            self.word,
            self.label,
            self.graph,
            self.root,
            self.inputs,
            self.order,
        )


def build(graphs: list[Kids], words: list[list[int]], labels: list[list[int]]) -> Graphs:
    """Number several graphs level by level, inside a level by graph and then left to right.

    Each graph is a list of children per node, children before parents (post-order for trees, so that the order inside
    a level is left to right); its last node is the root. The nodes with words read an input.
    """
    nodes = [(g, i) for g, kids in enumerate(graphs) for i in range(len(kids))]
    level: dict[tuple[int, int], int] = {}
    for g, i in nodes:
        level[g, i] = 1 + max((level[g, c] for c in graphs[g][i]), default=-1)
    order = sorted(range(len(nodes)), key=lambda k: (level[nodes[k]], k))
    number = {nodes[k]: new for new, k in enumerate(order)}
    child_lists = [[number[nodes[k][0], c] for c in graphs[nodes[k][0]][nodes[k][1]]] for k in order]
    counts = np.bincount([level[nodes[k]] for k in order])
    return Graphs(
        level_ptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        child_ptr=np.concatenate([[0], np.cumsum([len(c) for c in child_lists])]).astype(np.int64),
        child=np.array([c for kids in child_lists for c in kids], dtype=np.int32),
        word=np.array([words[nodes[k][0]][nodes[k][1]] for k in order], dtype=np.int32),
        label=np.array([labels[nodes[k][0]][nodes[k][1]] for k in order], dtype=np.int32),
        graph=np.array([nodes[k][0] for k in order], dtype=np.int32),
        root=np.array([number[g, len(kids) - 1] for g, kids in enumerate(graphs)], dtype=np.int32),
        inputs=np.array([new for new, k in enumerate(order) if words[nodes[k][0]][nodes[k][1]] >= 0], dtype=np.int32),
        order=np.array(order, dtype=np.int64),
    )


def tree(nested: Nested) -> Kids:
    """Children lists, in post-order, of a nested tuple; anything else is a leaf."""
    kids: Kids = []

    def visit(node: Nested) -> int:
        kids.append([]) if not isinstance(node, tuple) else kids.append([visit(c) for c in node])
        return len(kids) - 1

    visit(nested)
    return kids


def dressed(graphs: list[Kids], seed: int = 0, n_words: int = 11, n_classes: int = 5, inputs: str = "leaves") -> Graphs:
    """Graphs with random words at the input nodes (few words: they repeat) and random labels, some of them -1.

    inputs: "leaves", "all", "some" (each node by chance) or "none".
    """
    rng = np.random.default_rng(seed)
    chance = {"leaves": 0.0, "all": 1.0, "some": 0.5, "none": 0.0}[inputs]
    words = []
    for g in graphs:
        reads = [not kids if inputs == "leaves" else bool(rng.random() < chance) for kids in g]
        words.append([int(rng.integers(n_words)) if read else -1 for read in reads])
    labels = [[int(rng.integers(-1, n_classes)) for _ in g] for g in graphs]
    for g in labels:
        g[-1] = max(g[-1], 0)
    return build(graphs, words, labels)


def left_chain(n_leaves: int) -> Nested:
    """((0 0) 0) 0 ..."""
    node: Nested = 0
    for _ in range(n_leaves - 1):
        node = (node, 0)
    return node


def right_chain(n_leaves: int) -> Nested:
    """0 (0 (0 0)) ..."""
    node: Nested = 0
    for _ in range(n_leaves - 1):
        node = (0, node)
    return node


def balanced(depth: int) -> Nested:
    """The full binary tree."""
    return 0 if depth == 0 else (balanced(depth - 1), balanced(depth - 1))


def random_binary(rng: np.random.Generator, n_leaves: int) -> Nested:
    """A random binary bracketing."""
    if n_leaves == 1:
        return 0
    split = int(rng.integers(1, n_leaves))
    return (random_binary(rng, split), random_binary(rng, n_leaves - split))


def random_nary(rng: np.random.Generator, depth: int) -> Nested:
    """A random tree with one to four children."""
    if depth == 0 or rng.random() < 0.2:
        return 0
    return tuple(random_nary(rng, depth - 1) for _ in range(int(rng.integers(1, 5))))


def random_dag(rng: np.random.Generator, n_leaves: int, n_inner: int, arity: int | None) -> Kids:
    """Inner nodes with two (or one to four) distinct earlier nodes as children; one root above what is left over."""
    kids: Kids = [[] for _ in range(n_leaves)]
    for _ in range(n_inner):
        count = arity or int(rng.integers(1, 5))
        kids.append([int(c) for c in rng.choice(len(kids), size=min(count, len(kids)), replace=False)])
    free = sorted(set(range(len(kids))) - {c for k in kids for c in k})
    while len(free) > 1:
        kids.append([free.pop(0), free.pop(0)])
        free.append(len(kids) - 1)
    return kids


DIAMOND: Kids = [[], [], [0, 1], [1, 0], [2, 3]]
LADDER: Kids = [[], [], [0, 1], [1, 2], [2, 3], [3, 4], [2, 5]]


def binary_zoo(seed: int = 0) -> dict[str, Graphs]:
    """Structures for every cell: each inner node has two children."""
    rng = np.random.default_rng(seed)
    batch = [tree(random_binary(rng, int(n))) for n in (5, 1, 9, 2, 1, 13, 4)]
    graphs: dict[str, list[Kids]] = {
        "leaf": [tree(0)],
        "pair": [tree((0, 0))],
        "left_chain": [tree(left_chain(9))],
        "right_chain": [tree(right_chain(9))],
        "balanced": [tree(balanced(4))],
        "random": [tree(random_binary(rng, 21))],
        "batch": batch,
        "leaves_only": [tree(0) for _ in range(5)],
        "diamond": [DIAMOND],
        "ladder": [LADDER],
        "dag": [random_dag(rng, 6, 14, 2), tree(random_binary(rng, 4)), random_dag(rng, 3, 5, 2)],
    }
    zoo = {name: dressed(g, seed) for name, g in graphs.items()}
    zoo["repeated"] = dressed(batch, seed, n_words=2)
    return zoo


def nary_zoo(seed: int = 0) -> dict[str, Graphs]:
    """Structures for cells that take any number of children."""
    rng = np.random.default_rng(seed)
    graphs: dict[str, list[Kids]] = {
        "unary": [tree((((0,),),))],
        "wide": [tree(tuple(0 for _ in range(17)))],
        "nary": [tree(random_nary(rng, 4)) for _ in range(5)],
        "nary_dag": [random_dag(rng, 5, 12, None), random_dag(rng, 2, 6, None)],
    }
    return {name: dressed(g, seed) for name, g in graphs.items()}


def sequence(length: int) -> Kids:
    """Each node has the one before it as its only child."""
    return [[i - 1] if i else [] for i in range(length)]


def recurrent_zoo(seed: int = 0) -> dict[str, Graphs]:
    """Structures for cells that read inputs at any nodes: sequences, and what the others have at their leaves only."""
    rng = np.random.default_rng(seed)
    unequal = [sequence(n) for n in (4, 1, 7, 2, 7, 1)]
    nary = [tree(random_nary(rng, 3)) for _ in range(4)]
    shared = [random_dag(rng, 3, 7, None), random_dag(rng, 2, 4, 2)]
    graphs: dict[str, tuple[list[Kids], str]] = {
        "step": ([sequence(1)], "all"),
        "sequence": ([sequence(6)], "all"),
        "equal": ([sequence(5) for _ in range(4)], "all"),
        "unequal": (unequal, "all"),
        "sparse_sequences": (unequal, "some"),
        "first_input": (unequal, "leaves"),
        "trees": (nary, "all"),
        "sparse_trees": (nary, "some"),
        "mixed": ([*unequal[:3], *nary[:2], DIAMOND], "all"),
        "dags": ([*shared, LADDER], "all"),
        "sparse_dags": ([DIAMOND, *shared], "some"),
        "no_input": ([tree(((0, 0), 0)), sequence(3)], "none"),
    }
    return {name: dressed(g, seed, inputs=inputs) for name, (g, inputs) in graphs.items()}


def wide_levels(n_nodes: int, seed: int = 0) -> Graphs:
    """A batch with `n_nodes` nodes on each of its two levels above the leaves, around tile widths."""
    return dressed([tree(((0, 0), 0)) for _ in range(n_nodes)], seed)


def with_arity(n: int, seed: int = 0) -> dict[str, Graphs]:
    """Structures whose inner nodes have n children, with inputs at any nodes."""
    rng = np.random.default_rng(seed)
    one: list[Kids] = [[] for _ in range(n)] + [list(range(n))]
    trees = [random_complete(rng, n, k) for k in (1, 4, 2, 9)]
    shared: Kids = [[] for _ in range(n)] + [list(range(n)), [*range(1, n), n], [n, *range(1, n)]]
    graphs: dict[str, tuple[list[Kids], str]] = {
        "leaf": ([[[]]], "all"),
        "one": ([one], "leaves"),
        "trees": (trees, "all"),
        "sparse_trees": (trees, "some"),
        "leaves": (trees, "leaves"),
        "sparse_dags": ([shared, *trees], "some"),
        "no_input": (trees, "none"),
    }
    return {name: dressed(g, seed, inputs=inputs) for name, (g, inputs) in graphs.items()}


def random_complete(rng: np.random.Generator, n: int, n_inner: int) -> Kids:
    """A tree of n_inner nodes with n children each, in random order of joining."""
    kids: Kids = []
    free: list[int] = []
    for _ in range(n_inner * (n - 1) + 1):
        free.append(len(kids))
        kids.append([])
    while len(free) > 1:
        chosen = [free.pop(int(rng.integers(len(free)))) for _ in range(n)]
        free.append(len(kids))
        kids.append(chosen)
    return kids
