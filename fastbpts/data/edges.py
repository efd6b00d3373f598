"""Graphs as users give them: checks, graph numbers, roots."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastbpts import _core
from fastbpts.data.plan import I32
from fastbpts.data.treebank_checks import as_integers


def checked_size(name: str, n: int) -> int:
    if n >= 1 << 31:
        raise ValueError(f"{name}: {n} nodes are more than the accepted 2147483647")
    return n


def checked_edges(edges: Any, n_nodes: int | None) -> tuple[I32, I32, int]:
    if not isinstance(edges, np.ndarray):
        try:
            edges = np.array(list(edges) or np.empty((0, 2), np.int64))
        except (TypeError, ValueError) as error:
            raise ValueError(f"edges must be pairs of integers (child, parent) ({error})") from error
    if edges.ndim != 2 or edges.shape[1] != 2 or (edges.size and edges.dtype.kind not in "iu"):
        raise ValueError(f"edges must be pairs of integers (child, parent), got {edges.dtype} of shape {edges.shape}")
    n = int(edges.max()) + 1 if n_nodes is None and edges.size else n_nodes
    if n is None or isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise ValueError(f"n_nodes must be an integer of at least 1, got {n_nodes!r}")
    n = checked_size("n_nodes", int(n))
    if n_nodes is None and n > 2 * len(edges):
        raise ValueError(
            f"edges: {len(edges)} of them cannot reach all nodes 0..{n - 1}; if some have none, give n_nodes"
        )
    outside = np.flatnonzero(((edges < 0) | (edges >= n)).any(axis=1))
    if outside.size:
        raise ValueError(f"edges[{outside[0]}]={tuple(edges[outside[0]].tolist())}: nodes are 0..{n - 1}")
    loops = np.flatnonzero(edges[:, 0] == edges[:, 1])
    if loops.size:
        raise ValueError(f"edges[{loops[0]}]={tuple(edges[loops[0]].tolist())}: a node cannot be its own child")
    child, parent = (np.ascontiguousarray(edges[:, k], np.int32) for k in (0, 1))
    key = np.sort(parent.astype(np.int64) * n + child)
    twice = np.flatnonzero(key[1:] == key[:-1])
    if twice.size:
        raise ValueError(f"edges: {(int(key[twice[0]] % n), int(key[twice[0]] // n))} is given more than once")
    return child, parent, n


def graph_numbers(n: int, child: I32, parent: I32, graph: ArrayLike | None, root: ArrayLike | None) -> I32:
    """The graph of every node."""
    if graph is None:
        n_roots = n - len(np.unique(child)) if root is None else np.size(root)
        if n_roots == 1:
            return np.zeros(n, np.int32)
        component = np.empty(n, np.int32)
        _core.dag_components(n, child, parent, component)
        return np.unique(component, return_inverse=True)[1].astype(np.int32)
    graphs = as_integers("graph", graph, np.int32)
    if graphs.shape != (n,) or graphs.min() < 0 or not np.bincount(graphs, minlength=1).all():
        raise ValueError(f"graph must be {n} numbers, one per node, with every graph from 0 to the last present")
    across = np.flatnonzero(graphs[child] != graphs[parent])
    if across.size:
        pair = (int(child[across[0]]), int(parent[across[0]]))
        raise ValueError(f"graph: edge {pair} joins graphs {graphs[pair[0]]} and {graphs[pair[1]]}")
    return graphs


def root_nodes(n: int, child: I32, graphs: I32, root: ArrayLike | None) -> I32:
    """The root of every graph."""
    n_graphs = int(graphs.max()) + 1
    if root is None:
        is_root = np.ones(n, bool)
        is_root[child] = False
        roots = np.flatnonzero(is_root).astype(np.int32)
        several = np.flatnonzero(np.bincount(graphs[roots], minlength=n_graphs) != 1)
        if several.size:
            found = roots[graphs[roots] == several[0]].tolist()
            raise ValueError(
                f"root: graph {several[0]} has {len(found)} nodes without parents ({found[:8]}); say which one"
            )
    else:
        roots = as_integers("root", np.atleast_1d(root), np.int32)
        if roots.size and not (roots.min() >= 0 and roots.max() < n):
            raise ValueError(f"root must be nodes, 0..{n - 1}, got values from {roots.min()} to {roots.max()}")
        if len(roots) != n_graphs or (np.bincount(graphs[roots], minlength=n_graphs) != 1).any():
            raise ValueError(f"root must be one node in each of {n_graphs} graphs, got {roots.tolist()[:8]}")
    result = np.empty(n_graphs, np.int32)
    result[graphs[roots]] = roots
    return result


def node_values(name: str, given: ArrayLike | None, n: int) -> I32:
    """Words or labels of the nodes."""
    if given is None:
        return np.full(n, -1, np.int32)
    values: I32 = as_integers(name, given, np.int32)
    if len(values) != n or values.min() < -1:
        raise ValueError(
            f"{name} must be {n} integers of at least -1, one per node, got {len(values)}, the least {values.min()}"
        )
    return values


def input_nodes(inputs: Any, is_leaf: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which nodes read an input row."""
    if isinstance(inputs, str):
        if inputs == "leaves":
            return is_leaf
        if inputs == "all":
            return np.ones_like(is_leaf)
    elif (
        isinstance(inputs, np.ndarray | list) and np.asarray(inputs).dtype == bool and np.shape(inputs) == is_leaf.shape
    ):
        return np.array(inputs)
    raise ValueError(f"inputs must be 'leaves', 'all' or a bool array of {len(is_leaf)} elements, got {inputs!r:.60}")


def describe_cycle(n: int, child: I32, parent: I32) -> str:
    """Some nodes of a cycle, in a graph that has one."""
    height, waiting = np.empty(n, np.int32), np.empty(3 * n + 1 + len(child), np.int32)
    _core.dag_heights(n, child, parent, height, waiting)
    stuck = (waiting[:n] > 0)[child]  # edges from nodes that wait for a child: one below each node that waits
    below = dict(zip(parent[stuck].tolist(), child[stuck].tolist(), strict=True))
    at = next(iter(below))
    path: dict[int, int] = {}
    while at not in path:
        path[at] = len(path)
        at = below[at]
    cycle = [*list(path)[path[at] :], at]
    shown = " <- ".join(map(str, cycle[:8]))
    return f"there is a cycle of {len(cycle) - 1} nodes: {shown}{' ...' if len(cycle) > 8 else ''}"
