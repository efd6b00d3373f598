"""Trees as Python objects: nested tuples, ``nltk.Tree`` (known by its methods, never imported), PTB strings, Tree."""

import operator
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from fastbpts.data.flat import FlatTrees, Trees, flat_trees
from fastbpts.data.parse.brackets import PTBParser, parse_text
from fastbpts.data.parse.postorder import Node, Options, PostOrder
from fastbpts.data.plan import Collector
from fastbpts.data.selection import concat, select
from fastbpts.data.tree import Tree


def _is_nltk(item: object) -> bool:
    return isinstance(item, list) and callable(getattr(item, "label", None))


def _show(item: object) -> str:
    """A short description; repr of a deep tuple would recurse."""
    if isinstance(item, tuple | list):
        return f"a {type(item).__name__} of {len(item)} elements"
    return f"{item!r:.60}"


def _is_int(label: object) -> bool:
    return hasattr(label, "__index__") and not isinstance(label, bool | np.bool_)


def _tuple_node(item: Any) -> Node:
    if isinstance(item, str):
        return None, item, ()
    if not isinstance(item, tuple | list) or _is_nltk(item):
        raise ValueError(f"{_show(item)} where a tuple or a word is expected")
    if not item or not (item[0] is None or _is_int(item[0])):
        return _with_children(None, item)
    label = -1 if item[0] is None else operator.index(item[0])
    if not -1 <= label < 1 << 31:
        raise ValueError(f"a label must be an integer in 0..2147483647, or -1 or None for none, got {label}")
    return _with_children(None if label < 0 else label, item[1:])


def _string_labelled_node(item: Any) -> Node:
    if isinstance(item, str):
        return None, item, ()
    if not isinstance(item, tuple | list) or _is_nltk(item):
        raise ValueError(f"{_show(item)} where a tuple or a word is expected")
    label = item[0] if item else None
    if label is not None and not isinstance(label, str) and not (_is_int(label) and label == -1):
        raise ValueError(f"label {_show(label)} is not a string, but labels='str' was given")
    return _with_children(label if isinstance(label, str) else None, item[1:])


def _nltk_node(item: Any) -> Node:
    if isinstance(item, str):
        return None, item, ()
    if not _is_nltk(item):
        raise ValueError(f"{_show(item)} where an nltk.Tree or a word is expected")
    label = item.label()
    if label is not None and not isinstance(label, str) and not _is_int(label):
        raise ValueError(f"label {_show(label)} is neither a string nor an integer")
    return _with_children(None if label in (None, "") else str(label), list(item))


def _with_children(label: Any, rest: Sequence[Any]) -> Node:
    if not rest:
        raise ValueError("a node with neither a word nor children")
    if len(rest) == 1 and isinstance(rest[0], str):
        return label, rest[0], ()
    return label, None, rest


def _collect(start: int, items: Iterable[Any], read: Callable[[Any], Node], options: Options) -> PostOrder:
    forest = PostOrder(options)
    for k, item in enumerate(items, start):
        try:
            forest.add(item, read)
        except ValueError as error:
            raise ValueError(f"trees[{k}]: {error}") from None
    return forest


def _read_tuples(start: int, items: Iterable[Any], options: Options) -> FlatTrees:
    read = _tuple_node if options.labels != "str" else _string_labelled_node
    return _collect(start, items, read, options).flat(numeric=options.labels != "str")


def _unwrapped(tree: Any) -> Any:
    """Without the root of a tree that was read from "( (S ...))"."""
    return tree[0] if len(tree) == 1 and tree.label() in (None, "") and _is_nltk(tree[0]) else tree


def _read_nltk(start: int, items: Iterable[Any], options: Options) -> FlatTrees:
    forest = _collect(start, map(_unwrapped, items), _nltk_node, options)
    first = next((label for label in forest.label if label is not None), "-1")
    numeric = options.labels == "int" or (options.labels == "auto" and _number(first) is not None)
    if numeric:
        for k, label in enumerate(forest.label):
            if label is not None and _number(label) is None:
                tree = start + int(np.searchsorted(forest.ends, k, side="right")) - 1
                accepted = "an integer from 0 to 2147483647, or -1 for none"
                raise ValueError(f"trees[{tree}]: label {label!r} is not {accepted}")
    return forest.flat(numeric)


def _number(label: str) -> int | None:
    """The value of an integer label."""
    if label != "-1" and not (label.isascii() and label.isdigit()):
        return None
    return int(label) if len(label) <= 10 and int(label) < 1 << 31 else None


def _read_strings(start: int, items: Iterable[str], options: Options) -> FlatTrees:
    parser = PTBParser("", options.labels, None, options.unary, options.binarize)
    trees = Collector()
    for k, item in enumerate(items, start):
        parser.filename, parser.line, parser.column = f"trees[{k}]", 1, 1
        parse_text(parser, item, trees)
        if len(trees) != k - start + 1:
            raise ValueError(f"trees[{k}] must be one tree, got a text of {len(trees) - k + start}")
    return parser.flat(trees)


def _read_views(start: int, items: Iterable[Tree], options: Options) -> FlatTrees:
    parts = []
    for _, views in groupby(items, key=lambda tree: id(tree.bank)):
        run = list(views)
        bank = run[0].bank
        if options.unary == "keep" and options.binarize is None:
            parts.append(select(flat_trees(bank), np.array([tree.index for tree in run], np.int64)))
            continue
        own = options._replace(labels="int" if bank.phrase is None else "str")
        parts.append(_read_tuples(start, (tree.nested() for tree in run), own))
    return concat(parts)


def _reader(item: object) -> Callable[[int, Iterable[Any], Options], FlatTrees]:
    if isinstance(item, Tree):
        return _read_views
    if isinstance(item, str):
        return _read_strings
    return _read_nltk if _is_nltk(item) else _read_tuples


def from_trees(trees: Iterable[Any], options: Options) -> FlatTrees:
    """See :meth:`fastbpts.Treebank.from_trees`."""
    PTBParser("", options.labels, None, options.unary, options.binarize)  # checks the options
    if isinstance(trees, Trees) and options.unary == "keep" and options.binarize is None:
        return flat_trees(trees)
    if isinstance(trees, str | bytes) or not isinstance(trees, Iterable):
        raise ValueError(f"trees must be an iterable of trees (for text use Treebank.from_ptb), got {_show(trees)}")
    parts = []
    start = 0
    for read, group in groupby(trees, key=_reader):
        items = list(group)
        parts.append(read(start, items, options))
        start += len(items)
    return concat(parts)
