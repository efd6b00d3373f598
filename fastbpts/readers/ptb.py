"""Files of trees in Penn Treebank brackets."""

from collections.abc import Iterator

from fastbpts._files.streams import FilePath
from fastbpts.data.parse.brackets import Binarize, Labels, PTBError, Unary
from fastbpts.data.treebank import Treebank
from fastbpts.readers.trees import BLOCK, iter_trees, read_trees

__all__ = ["PTBError", "iter_ptb", "read_ptb"]


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
        Plain, gzip or xz.
    chunk_trees : int
        Trees in each piece; the last may have fewer. Each piece has a vocabulary of its own.
    labels, n_classes, unary, binarize, encoding
        As for :func:`read_ptb`.

    Yields
    ------
    Treebank
        The next trees of the file.

    Raises
    ------
    ValueError
        An option is wrong. A malformed file raises :class:`PTBError`, as in :func:`read_ptb`.
    """
    return iter_trees(
        path,
        "ptb",
        chunk_trees=chunk_trees,
        labels=labels,
        n_classes=n_classes,
        unary=unary,
        binarize=binarize,
        encoding=encoding,
        _block=_block,
    )


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
        Makes ``((a b) c)`` or ``(a (b c))`` of ``(a b c)``; the new nodes have no label.
    encoding : str
        Encoding of the text.

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
    return read_trees(
        path,
        "ptb",
        labels=labels,
        n_classes=n_classes,
        unary=unary,
        binarize=binarize,
        encoding=encoding,
        _block=_block,
    )
