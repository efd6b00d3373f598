"""Files of trees. One row of FORMATS is one format; whatever reads trees takes the format by its name."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from fastbpts._base.arguments import check_count
from fastbpts._files.streams import FilePath, display_name, open_bytes
from fastbpts.data.flat import FlatTrees
from fastbpts.data.parse.brackets import NO_LIMIT, Binarize, Labels, PTBParser, Unary, parse_stream
from fastbpts.data.treebank import Treebank
from fastbpts.readers.labelled_trees import parse_labelled

BLOCK = 1 << 22


class TreeFormat(NamedTuple):
    """One format of files of trees.

    Attributes
    ----------
    about : str
        What a file looks like, in a few words.
    parse : callable
        ``parse(parser, stream, encoding, block, chunk_trees)`` reads the text of a binary stream in blocks of `block`
        bytes and yields :class:`FlatTrees` of `chunk_trees` trees each, the last of fewer, or raises a TextError. The
        parser has the options of :func:`read_trees` and knows the file's name and the place in it.
    """

    about: str
    parse: Callable[..., Iterator[FlatTrees]]


FORMATS = {
    "ptb": TreeFormat("Penn Treebank brackets: (3 (2 not) (1 bad))", parse_stream),
    "labelled": TreeFormat("on each line a label, a tab, a tree: 3<TAB>(S (RB not) (JJ bad))", parse_labelled),
}


def tree_formats() -> dict[str, str]:
    """The formats of :func:`read_trees`: a dict from the name to what a file looks like."""
    return {name: row.about for name, row in FORMATS.items()}


def iter_trees(
    path: FilePath,
    format: str = "ptb",  # noqa: A002
    *,
    chunk_trees: int = 1000,
    labels: Labels = "auto",
    n_classes: int | None = None,
    unary: Unary = "keep",
    binarize: Binarize | None = None,
    encoding: str = "utf-8",
    _block: int = BLOCK,
) -> Iterator[Treebank]:
    """Read a file of trees piece by piece, in constant memory.

    Parameters
    ----------
    path : path or binary stream
        As for :func:`read_trees`, like the other options.
    format : str
        One of :func:`tree_formats`.
    chunk_trees : int
        Trees in each piece; the last may have fewer. Each piece has a vocabulary of its own.
    labels : {"auto", "int", "str"}
        What labels within brackets are.
    n_classes : int, optional
        Labels must be integers below this.
    unary : {"keep", "collapse"}
        What becomes of chains of single children.
    binarize : {None, "left", "right"}
        What becomes of nodes of more than two children.
    encoding : str
        Encoding of the text.

    Yields
    ------
    Treebank
        The next trees of the file.

    Raises
    ------
    ValueError
        An option is wrong, or what the file holds is; see :func:`read_trees`.
    """
    row = _row(format)
    chunk_trees = check_count(chunk_trees, "chunk_trees")
    parser = PTBParser(display_name(path), labels, n_classes, unary, binarize)
    return _iterate(path, row, parser, encoding, _block, chunk_trees)


def _row(name: str) -> TreeFormat:
    if name not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(map(repr, FORMATS))}, got {name!r}")
    return FORMATS[name]


def _iterate(
    path: FilePath, row: TreeFormat, parser: PTBParser, encoding: str, block: int, chunk_trees: int
) -> Iterator[Treebank]:
    with open_bytes(path) as stream:
        for part in row.parse(parser, stream, encoding, block, chunk_trees):
            yield Treebank._of_plan(*part)


def read_trees(
    path: FilePath,
    format: str = "ptb",  # noqa: A002
    *,
    labels: Labels = "auto",
    n_classes: int | None = None,
    unary: Unary = "keep",
    binarize: Binarize | None = None,
    encoding: str = "utf-8",
    _block: int = BLOCK,
) -> Treebank:
    """Read a file of trees in any format that the library knows.

    Parameters
    ----------
    path : path or binary stream
        Plain, gzip or xz (recognised by content).
    format : str
        One of :func:`tree_formats`.
    labels : {"auto", "int", "str"}
        What labels within brackets are. Integers become ``bank.label`` (-1: none). Names are kept in ``bank.phrase``
        and ``bank.label_names``, and ``bank.label`` is -1. With "auto" the file's first label decides.
    n_classes : int, optional
        Labels must be integers below this.
    unary : {"keep", "collapse"}
        "collapse" makes one node, with the topmost label, of a chain of single children: ``(4 (2 word))`` is
        ``(4 word)``.
    binarize : {None, "left", "right"}
        Makes ``((a b) c)`` or ``(a (b c))`` of ``(a b c)``; the new nodes have no label.
    encoding : str
        Encoding of the text.

    Returns
    -------
    Treebank
        All trees of the file.

    Raises
    ------
    ValueError
        An option is wrong; or the file is malformed. Then the error is a :class:`PTBError` or a TextError, which names
        file, line and column.
    """
    row = _row(format)
    parser = PTBParser(display_name(path), labels, n_classes, unary, binarize)
    return next(_iterate(path, row, parser, encoding, _block, NO_LIMIT))
