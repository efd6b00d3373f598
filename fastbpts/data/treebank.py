"""Treebanks: many trees in a few flat arrays, without a Python object per tree."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastbpts import _core
from fastbpts.data.flat import flat_trees
from fastbpts.data.parse.brackets import parse_ptb
from fastbpts.data.parse.objects import from_trees
from fastbpts.data.parse.postorder import Options
from fastbpts.data.plan import I32, I64, Plan
from fastbpts.data.selection import concat, select
from fastbpts.data.structure import Structure
from fastbpts.data.tree import Tree
from fastbpts.data.treebank_checks import check_plan, checked_phrase
from fastbpts.data.vocabulary import Vocabulary

Nodes = Literal["all", "root", "leaves"]


class Treebank:
    """A sequence of trees.

    ``len(bank)``, ``bank[i]`` (a :class:`Tree`), ``bank[a:b]`` and ``bank[[3, 1]]`` (a Treebank), iteration; pickles.
    Nodes are numbered within their tree: level by level (a node's level is its height, so childless nodes come first),
    left to right within a level, the root last. All arrays are read-only.

    Parameters
    ----------
    node_ptr, level_ptr : int64 (T+1,)
        Where the nodes and levels of each of the T trees begin, and one end.
    level_size : int32
        Nodes on each level of each tree.
    edge_ptr : int64 (T+1,)
        Where the edges of each tree begin, and one end.
    child : int32
        Children (numbers within the tree) in order, node after node.
    n_child, word, label : int32 (N,)
        Of every node: its number of children; its word (-1: none), its label (-1: none).
    vocabulary : Vocabulary
        What the numbers in `word` mean.
    phrase : int32 (N,), optional
        Labels that are not integers, as numbers into `label_names` (-1: none).
    label_names : list of str, optional
        See `phrase`.
    """

    __module__ = "fastbpts"

    def __init__(
        self,
        node_ptr: ArrayLike,
        level_ptr: ArrayLike,
        level_size: ArrayLike,
        edge_ptr: ArrayLike,
        child: ArrayLike,
        n_child: ArrayLike,
        word: ArrayLike,
        label: ArrayLike,
        vocabulary: Vocabulary,
        phrase: ArrayLike | None = None,
        label_names: Sequence[str] | None = None,
    ) -> None:
        arrays = (node_ptr, level_ptr, level_size, edge_ptr, child, n_child, word, label)
        plan = check_plan(arrays, vocabulary)
        self._set(plan, vocabulary, *checked_phrase(phrase, label_names, len(plan.word)))

    def _set(self, plan: Plan, vocabulary: Vocabulary, phrase: I32 | None, label_names: list[str] | None) -> None:
        for array in (*plan, phrase):
            if array is not None:
                array.flags.writeable = False
        self.node_ptr, self.level_ptr, self.level_size, self.edge_ptr = plan[:4]
        self.child, self.n_child, self.word, self.label = plan[4:]
        self.vocabulary, self.phrase, self.label_names = vocabulary, phrase, label_names
        self._bound = _core.Bank(*plan)

    @classmethod
    def _of_plan(
        cls, plan: Plan, vocabulary: Vocabulary, phrase: I32 | None = None, label_names: list[str] | None = None
    ) -> Self:
        """A bank of arrays known to be right."""
        self = object.__new__(cls)
        self._set(plan, vocabulary, phrase, label_names)
        return self

    @classmethod
    def from_trees(
        cls,
        trees: Iterable[Any],
        labels: Literal["auto", "int", "str"] = "auto",
        unary: Literal["keep", "collapse"] = "keep",
        binarize: Literal["left", "right"] | None = None,
    ) -> "Treebank":
        """Collect trees given as Python objects, in any mixture.

        Parameters
        ----------
        trees : iterable
            Each a :class:`Tree`, a string in PTB brackets, an ``nltk.Tree``, or nested tuples: ``(label, word)`` for a
            leaf and ``(label, child, ...)`` with an integer label, or ``(child, ...)`` without; a child may be a bare
            word.
        labels : {"auto", "int", "str"}
            As for :func:`read_ptb`. With "str" the first element of every tuple is its label, a string or None.
        unary, binarize
            As for :func:`read_ptb`.

        Returns
        -------
        Treebank
            With the words of all trees in order of first appearance.
        """
        flat = from_trees(trees, Options(labels, unary, binarize))
        if isinstance(trees, Treebank) and flat.vocabulary is trees.vocabulary:
            return trees
        return Treebank._of_plan(*flat)

    @classmethod
    def from_ptb(cls, text: str, **options: Any) -> "Treebank":
        """Trees of a string in PTB brackets.

        Parameters
        ----------
        text : str
            The trees.
        **options : object
            `labels`, `n_classes`, `unary` and `binarize` of :func:`read_ptb`.

        Returns
        -------
        Treebank
            All trees of the text.

        Raises
        ------
        PTBError
            The text is malformed; a ValueError.
        """
        return Treebank._of_plan(*parse_ptb(text, **options))

    @classmethod
    def concat(cls, banks: Iterable["Treebank"]) -> "Treebank":
        """One treebank of several, with a common vocabulary.

        Parameters
        ----------
        banks : iterable of Treebank
            At least one.

        Returns
        -------
        Treebank
            The trees of all, in order.

        Raises
        ------
        ValueError
            Something else than treebanks is given, or none.
        """
        given = list(banks)
        if not all(isinstance(bank, Treebank) for bank in given):
            raise ValueError("banks must be an iterable of Treebank")
        return given[0] if len(given) == 1 else Treebank._of_plan(*concat([flat_trees(bank) for bank in given]))

    @property
    def n_nodes(self) -> int:
        """Nodes of all trees."""
        return int(self.node_ptr[-1])

    @property
    def plan(self) -> Plan:
        """The arrays that describe the trees."""
        return Plan(
            self.node_ptr,
            self.level_ptr,
            self.level_size,
            self.edge_ptr,
            self.child,
            self.n_child,
            self.word,
            self.label,
        )

    def __len__(self) -> int:
        return len(self.node_ptr) - 1

    def __repr__(self) -> str:
        return f"<Treebank of {len(self)} trees, {self.n_nodes} nodes, {len(self.vocabulary)} words>"

    def __iter__(self) -> Iterator[Tree]:
        return (Tree(self, k) for k in range(len(self)))

    @overload
    def __getitem__(self, which: int | np.integer) -> Tree: ...
    @overload
    def __getitem__(self, which: slice | ArrayLike) -> "Treebank": ...
    def __getitem__(self, which: Any) -> "Tree | Treebank":
        if isinstance(which, int | np.integer) and not isinstance(which, bool):
            k = int(which)
            if not -len(self) <= k < len(self):
                raise IndexError(f"tree {k} of a treebank of {len(self)} trees")
            return Tree(self, k % len(self))
        if isinstance(which, slice):
            return self._select(np.arange(*which.indices(len(self)), dtype=np.int64))
        chosen = np.asarray(which)
        if chosen.dtype == bool:
            if chosen.shape != (len(self),):
                raise IndexError(f"a mask of {len(self)} elements is needed, not of shape {chosen.shape}")
            return self._select(np.flatnonzero(chosen))
        return self._select(self._indices(chosen))

    def _select(self, index: I64) -> Self:
        return self._of_plan(*select(flat_trees(self), index))

    def _indices(self, chosen: ArrayLike) -> I64:
        index = np.asarray(chosen)
        if index.ndim != 1 or (index.size and index.dtype.kind not in "iu"):
            raise ValueError(f"indices must be a one-dimensional array of integers, got {index.dtype} {index.shape}")
        index = np.ascontiguousarray(index, np.int64)
        if not index.size or index.view(np.uint64).max() < len(self):  # a negative number is a large one here
            return index
        if index.min() < -len(self) or index.max() >= len(self):
            raise IndexError(f"indices from {index.min()} to {index.max()} for a treebank of {len(self)} trees")
        return np.where(index < 0, index + len(self), index)

    def labels(self, nodes: Nodes = "all") -> I32:
        """Labels of nodes; -1 is none.

        Parameters
        ----------
        nodes : {"all", "root", "leaves"}, default="all"
            Which nodes: all (N,), one per tree (T,), or those without children.

        Returns
        -------
        int32 array
            The labels, tree after tree.

        Raises
        ------
        ValueError
            `nodes` is something else.
        """
        if nodes == "root":
            return self.root_labels()
        if nodes == "leaves":
            leaves: I32 = self.label[self.n_child == 0]
            return leaves
        if nodes == "all":
            return self.label
        raise ValueError(f"nodes must be one of 'all', 'root', 'leaves', got {nodes!r}")

    def root_labels(self) -> I32:
        """The label of every tree's root, int32 (T,)."""
        roots: I32 = self.label[self.node_ptr[1:] - 1]
        return roots

    def batch(
        self,
        indices: ArrayLike,
        word_map: NDArray[np.int32] | None = None,
        unknown_rate: NDArray[np.float32] | None = None,
        seed: int = 0,
        ahead: I64 | None = None,
    ) -> Structure:
        """Some trees as one structure.

        Parameters
        ----------
        indices : array of int
            Trees, in the order in which they become graphs; one may come twice.
        word_map : int32 array (len(vocabulary),), optional
            New number of every word (:meth:`Vocabulary.map`).
        unknown_rate : float32 array (len(vocabulary),), optional
            The chance of every word to be read as word 0, the unknown one, drawn anew at each leaf.
        seed : int
            Of these draws.
        ahead : int64 array, optional
            The trees of the next batch: the processor fetches them meanwhile.

        Returns
        -------
        Structure
            Nodes sorted by level, then tree, then left to right; so the nodes of a graph keep their order in the bank.

        Raises
        ------
        ValueError
            There is no index, or `word_map` or `unknown_rate` has not one element per word.
        IndexError
            There is no tree of a number.
        """
        words = self._per_word("word_map", word_map, np.int32), self._per_word("unknown_rate", unknown_rate, np.float32)
        index = self._indices(indices)
        if len(index) == 0:
            raise ValueError("indices must have one tree at least, got none")
        return self._bound.batch(Structure, index, *words, seed, ahead)

    def _per_word(self, name: str, values: NDArray[Any] | None, dtype: type[np.number[Any]]) -> NDArray[Any] | None:
        if values is None:
            return None
        if not isinstance(values, np.ndarray) or values.shape != (len(self.vocabulary),):
            raise ValueError(f"{name} must be an array of {len(self.vocabulary)} elements, one per word")
        return np.ascontiguousarray(values, dtype)

    def __getstate__(self) -> dict[str, Any]:
        return {"plan": tuple(self.plan), "rest": (self.vocabulary, self.phrase, self.label_names)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(*state["plan"], *state["rest"])  # type: ignore[misc]
