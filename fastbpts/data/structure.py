"""Structures: batches of directed acyclic graphs, numbered level by level."""

from collections.abc import Iterable
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastbpts import _core
from fastbpts.data.edges import (
    checked_edges,
    checked_size,
    describe_cycle,
    graph_numbers,
    input_nodes,
    node_values,
    root_nodes,
)
from fastbpts.data.flat import FlatTrees
from fastbpts.data.parse.brackets import parse_ptb
from fastbpts.data.parse.objects import from_trees
from fastbpts.data.parse.postorder import Options
from fastbpts.data.structure_checks import GraphArrays, check_structure
from fastbpts.data.treebank_checks import as_integers
from fastbpts.data.vocabulary import Vocabulary

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Inputs = Literal["leaves", "all"] | NDArray[np.bool_]


class Structure(_core.Graph):
    """A batch of G graphs with N nodes and E edges.

    A node's level is its height: 0 without children, else one more than its highest child's. Nodes are numbered level
    by level, within a level graph by graph, within a graph left to right. Usually made by one of the ``from_...``
    methods, by :meth:`chains` or by :meth:`Treebank.batch`. All arrays are read-only.

    Attributes
    ----------
    n_nodes, n_graphs, n_levels : int
        N, G, and the number of levels.
    level_ptr : int64 (n_levels + 1,)
        Where the nodes of each level begin.
    child_ptr : int64 (N+1,)
        Where the children of each node begin in `child`.
    child : int32 (E,)
        The children of node i are ``child[child_ptr[i]:child_ptr[i + 1]]``, in order.
    word : int32 (N,)
        The word of each node; -1: none.
    label : int32 (N,)
        The label of each node; -1: none.
    graph : int32 (N,)
        The graph of each node.
    root : int32 (G,)
        The root of each graph: its node without parents.
    inputs : int32
        The nodes that read an input row, ascending.
    order : int64 (N,)
        Node i is node ``order[i]`` of the caller. Trees are numbered as in a treebank, one tree after the other; chains
        in order of time, one chain after the other; other graphs by the numbers given.
    """

    __module__ = "fastbpts"

    def __init__(
        self,
        level_ptr: I64,
        child_ptr: I64,
        child: I32,
        word: I32,
        label: I32,
        graph: I32,
        root: I32,
        inputs: I32,
        order: I64,
    ) -> None:
        given: tuple[Any, ...] = (level_ptr, child_ptr, child, word, label, graph, root, inputs, order)
        check_structure(GraphArrays(*given))  # before the core looks at them
        super().__init__(*(array.copy() for array in given))

    @classmethod
    def _of_arrays(cls, *arrays: NDArray[Any]) -> Self:
        """A structure of arrays known to be right."""
        self = cls.__new__(cls)
        _core.Graph.__init__(self, *arrays)
        return self

    def _arrays(self) -> GraphArrays:
        return GraphArrays(*(getattr(self, name) for name in GraphArrays._fields))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(self._arrays())

    def __repr__(self) -> str:
        return f"<Structure of {self.n_graphs} graphs, {self.n_nodes} nodes, {self.n_levels} levels>"

    def check(self) -> None:
        """Check that everything said in the description of the class holds.

        Raises
        ------
        ValueError
            It does not; the message names the array.
        """
        check_structure(self._arrays())

    @classmethod
    def from_trees(cls, trees: Any, vocabulary: Vocabulary | None = None) -> "Structure":
        """A structure of trees.

        Parameters
        ----------
        trees : Treebank or iterable
            What :meth:`Treebank.from_trees` takes.
        vocabulary : Vocabulary, optional
            Numbers the words. Without it they are numbered by first appearance.

        Returns
        -------
        Structure
            One graph per tree; leaves read an input.

        Raises
        ------
        ValueError
            There is no tree, or one is malformed.
        """
        return cls._of_flat(from_trees(trees, Options("auto", "keep", None)), vocabulary)

    @classmethod
    def from_ptb(cls, text: str, vocabulary: Vocabulary | None = None, **options: Any) -> "Structure":
        """A structure of the trees in a string of PTB brackets.

        Parameters
        ----------
        text : str
            The trees.
        vocabulary : Vocabulary, optional
            As for :meth:`from_trees`.
        **options : object
            `labels`, `n_classes`, `unary` and `binarize` of :func:`read_ptb`.

        Returns
        -------
        Structure
            One graph per tree; leaves read an input.

        Raises
        ------
        PTBError
            The text is malformed; a ValueError.
        """
        return cls._of_flat(parse_ptb(text, **options), vocabulary)

    @classmethod
    def _of_flat(cls, trees: FlatTrees, vocabulary: Vocabulary | None) -> "Structure":
        n_trees = len(trees.plan.node_ptr) - 1
        if n_trees == 0:
            raise ValueError("trees must have one tree at least, got none")
        word_map = None if vocabulary is None else vocabulary.map(trees.vocabulary)
        return _core.Bank(*trees.plan).batch(Structure, np.arange(n_trees), word_map, None, 0, None)

    @classmethod
    def from_nltk(cls, trees: Any, vocabulary: Vocabulary | None = None) -> "Structure":
        """A structure of trees of NLTK.

        Parameters
        ----------
        trees : nltk.Tree or iterable of nltk.Tree
            One tree or several.
        vocabulary : Vocabulary, optional
            As for :meth:`from_trees`.

        Returns
        -------
        Structure
            One graph per tree; leaves read an input.
        """
        return cls.from_trees([trees] if callable(getattr(trees, "label", None)) else trees, vocabulary)

    @classmethod
    def chains(cls, lengths: ArrayLike) -> "Structure":
        """Sequences: the only child of the node of time t is the node of time t-1, and every node reads an input.

        Parameters
        ----------
        lengths : array-like of int (n_sequences,)
            The number of time steps of each sequence, at least 1.

        Returns
        -------
        Structure
            One graph per sequence. Nodes and inputs are sorted by time: if `rows` has the steps of one sequence after
            the other, the inputs are ``rows[s.order]``.

        Raises
        ------
        ValueError
            There is no sequence, or a length is less than 1.
        """
        length = as_integers("lengths", lengths, np.int64)
        if length.size == 0 or length.min() < 1:
            raise ValueError(f"lengths must be one integer or more of at least 1, got {lengths!r:.80}")
        n = checked_size("lengths", int(length.sum()))
        start = np.cumsum(length) - length
        time = np.arange(n) - np.repeat(start, length)
        order = np.argsort(time, kind="stable")
        place = np.empty(n, np.int32)
        place[order] = np.arange(n, dtype=np.int32)
        level_ptr = np.zeros(int(length.max()) + 1, np.int64)
        np.cumsum(np.bincount(time), out=level_ptr[1:])
        none = np.full(n, -1, np.int32)
        inner = order[level_ptr[1] :]
        child_ptr = np.maximum(np.arange(n + 1) - level_ptr[1], 0)
        graph = np.repeat(np.arange(len(length), dtype=np.int32), length)[order]
        inputs = np.arange(n, dtype=np.int32)
        return cls._of_arrays(
            level_ptr, child_ptr, place[inner - 1], none, none.copy(), graph, place[start + length - 1], inputs, order
        )

    @classmethod
    def from_parents(
        cls,
        parents: ArrayLike,
        words: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        inputs: Inputs = "leaves",
    ) -> "Structure":
        """Trees given by the parent of every node; each root makes a graph.

        Parameters
        ----------
        parents : array-like of int (n_nodes,)
            The parent of each node, -1 for a root. Children are in the order of their numbers.
        words, labels, inputs
            As for :meth:`from_edges`.

        Returns
        -------
        Structure
            One graph per root.

        Raises
        ------
        ValueError
            There is no node, a parent is out of range, or parents form a circle.
        """
        parent = as_integers("parents", parents, np.int64)
        n = len(parent)
        if n and not (parent.min() >= -1 and parent.max() < n):
            raise ValueError(
                f"parents must be in -1 (root) .. {n - 1}, got values from {parent.min()} to {parent.max()}"
            )
        if not n:
            raise ValueError("parents must have one node at least, got none")
        loops = np.flatnonzero(parent == np.arange(n))
        if loops.size:
            raise ValueError(f"parents[{loops[0]}]={loops[0]}: a node cannot be its own parent")
        child = np.flatnonzero(parent >= 0)
        try:
            return cls.from_edges(np.stack([child, parent[child]], axis=1), n, words, labels, inputs=inputs)
        except ValueError as error:
            raise ValueError(str(error).replace("edges: ", "parents: ", 1)) from None

    @classmethod
    def from_edges(
        cls,
        edges: ArrayLike | Iterable[tuple[int, int]],
        n_nodes: int | None = None,
        words: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        graph: ArrayLike | None = None,
        root: ArrayLike | None = None,
        inputs: Inputs = "leaves",
    ) -> "Structure":
        """Directed acyclic graphs given by their edges.

        Parameters
        ----------
        edges : pairs (child, parent), array-like (E, 2)
            A parent's children are in the order in which they appear here.
        n_nodes : int, optional
            Default: one more than the largest number in `edges`.
        words, labels : array-like of int (n_nodes,), optional
            -1: none.
        graph : array-like of int (n_nodes,), optional
            The graph of each node. Default: one graph if there is one root, else the connected components.
        root : array-like of int, optional
            One node per graph. Default: the only node without parents.
        inputs : {"leaves", "all"} or bool array (n_nodes,)
            Which nodes read an input row.

        Returns
        -------
        Structure
            The graphs.

        Raises
        ------
        ValueError
            The edges form a circle, a number is out of range, or `graph`, `root` or `inputs` do not fit the edges.
        """
        child, parent, n = checked_edges(edges, n_nodes)
        height = np.empty(n, np.int32)
        if _core.dag_heights(n, child, parent, height, np.empty(3 * n + 1 + len(child), np.int32)) < n:
            raise ValueError(f"edges: {describe_cycle(n, child, parent)}")
        graphs = graph_numbers(n, child, parent, graph, root)
        roots = root_nodes(n, child, graphs, root)
        order = np.lexsort((graphs, height))
        place = np.empty(n, np.int32)
        place[order] = np.arange(n, dtype=np.int32)
        above = place[parent]
        by_parent = np.argsort(above, kind="stable")
        child_ptr = np.zeros(n + 1, np.int64)
        np.cumsum(np.bincount(above, minlength=n), out=child_ptr[1:])
        level_ptr = np.zeros(int(height.max()) + 2, np.int64)
        np.cumsum(np.bincount(height), out=level_ptr[1:])
        word, label = (node_values(name, given, n)[order] for name, given in (("words", words), ("labels", labels)))
        reads = input_nodes(inputs, height == 0)[order]
        return cls._of_arrays(
            level_ptr, child_ptr, place[child[by_parent]], word, label, graphs[order], place[roots],
            np.flatnonzero(reads).astype(np.int32), order.astype(np.int64),
        )  # fmt: skip
