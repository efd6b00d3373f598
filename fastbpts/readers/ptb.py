"""Files of trees in Penn Treebank brackets."""

from collections.abc import Iterator

from fastbpts._base.arguments import check_count
from fastbpts._files.streams import FilePath, display_name, open_bytes
from fastbpts.data.parse.brackets import NO_LIMIT, Binarize, Labels, PTBError, PTBParser, Unary, parse_stream
from fastbpts.data.treebank import Treebank

__all__ = ["PTBError", "iter_ptb", "read_ptb"]

BLOCK = 1 << 22


def iter_ptb(
    path: FilePath,
    *,
    chunk_trees: int = 1000,
    labels: Labels = "auto",
    n_classes: int | None = None,
    unary: Unary = "keep",
    binarize: Binarize | None = None,
    encoding: str = "utf-8",
    _block: int = BLOCK,
) -> Iterator[Treebank]:
    """Read a treebank file piece by piece, in constant memory.

    Parameters
    ----------
    path : path or binary stream
        As for :func:`read_ptb`, like the other options.
    chunk_trees : int
        Trees in each piece; the last may have fewer. Each piece has a vocabulary of its own.

    Yields
    ------
    Treebank
        The next trees of the file.
    """
    chunk_trees = check_count(chunk_trees, "chunk_trees")
    parser = PTBParser(display_name(path), labels, n_classes, unary, binarize)
    return _iterate(path, parser, encoding, _block, chunk_trees)


def _iterate(path: FilePath, parser: PTBParser, encoding: str, block: int, chunk_trees: int) -> Iterator[Treebank]:
    with open_bytes(path) as stream:
        for part in parse_stream(parser, stream, encoding, block, chunk_trees):
            yield Treebank._of_plan(*part)


def read_ptb(
    path: FilePath,
    *,
    labels: Labels = "auto",
    n_classes: int | None = None,
    unary: Unary = "keep",
    binarize: Binarize | None = None,
    encoding: str = "utf-8",
    _block: int = BLOCK,
) -> Treebank:
    """Read a treebank in Penn Treebank brackets.

    Trees may span lines or share one. A leaf is ``(label word)``, an inner node ``(label child child ...)`` or, without
    label, ``(child child ...)``; an unlabelled root with one child, as in ``( (S ...))``, is dropped. Words are kept as
    they are written (``-LRB-``); :meth:`Tree.tokens` turns them back.

    Parameters
    ----------
    path : path or binary stream
        Plain, gzip or xz (recognised by content).
    labels : {"auto", "int", "str"}
        Integer labels become ``bank.label`` (-1: none). Labels that are strings are kept in ``bank.phrase`` and
        ``bank.label_names``, and ``bank.label`` is -1. With "auto" the file's first label decides which they are.
    n_classes : int, optional
        Labels must be integers below this.
    unary : {"keep", "collapse"}
        "collapse" makes one node, with the topmost label, of a chain of single children: ``(4 (2 word))`` is
        ``(4 word)``.
    binarize : {None, "left", "right"}
        Makes ``((a b) c)`` or ``(a (b c))`` of ``(a b c)``; the nodes put in have no label.
    encoding : str
        Of the text.

    Returns
    -------
    Treebank
        All trees of the file.

    Raises
    ------
    PTBError
        A ValueError that names file, line and column: brackets that do not match, text outside them, a node with
        neither word nor children or with both, labels that are not accepted, NUL bytes, invalid encoding, a damaged
        archive, no tree at all.
    """
    parser = PTBParser(display_name(path), labels, n_classes, unary, binarize)
    return next(_iterate(path, parser, encoding, _block, NO_LIMIT))
