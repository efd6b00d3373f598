"""Labelled trees, one per line: the label of the whole, a tab, the tree in brackets, as parsers write it."""

from collections.abc import Iterator
from typing import IO

from fastbpts._files.lines import lines
from fastbpts.data.flat import FlatTrees
from fastbpts.data.parse.brackets import PTBError, PTBParser, parse_text
from fastbpts.data.plan import Collector


def parse_labelled(
    parser: PTBParser, stream: IO[bytes], encoding: str, block: int, chunk_trees: int
) -> Iterator[FlatTrees]:
    """Parts of `chunk_trees` trees, the last of fewer; at least one, or there is an error. Empty lines are skipped."""
    trees, labels, n_parts = Collector(), list[int](), 0
    for number, line in lines(stream, encoding, block, parser.filename, PTBError):
        if not line.strip():
            continue
        label, tab, tree = line.partition("\t")
        parser.line, parser.column = number, 1
        if not tab or not tree.strip():
            raise parser.error("no tab and tree here: a line is a label, a tab, a tree")
        labels.append(_class(parser, label))
        parser.column += len(label) + 1
        parse_text(parser, tree, trees)
        if len(trees) != len(labels):
            raise parser.error("a second tree on this line, which has one label")
        if len(trees) == chunk_trees:
            yield _with_labels(parser.flat(trees), labels)
            trees, labels, n_parts = Collector(), [], n_parts + 1
    if len(trees):
        yield _with_labels(parser.flat(trees), labels)
    elif not n_parts:
        raise PTBError("there is no tree here: the text is empty", parser.filename, 1, 1)


def _class(parser: PTBParser, label: str) -> int:
    """The number that a label is; -1 is none."""
    try:
        value = int(label)
    except ValueError:
        raise parser.error(f"label {label!r} is not an integer") from None
    most = (parser.n_classes or 1 << 31) - 1
    if not -1 <= value <= most:
        limit = f"n_classes={parser.n_classes} accepts" if parser.n_classes else "accepted are"
        raise parser.error(f"label {label!r} is out of range: {limit} 0..{most}, and -1 for none")
    return value


def _with_labels(flat: FlatTrees, labels: list[int]) -> FlatTrees:
    flat.plan.label[flat.plan.node_ptr[1:] - 1] = labels
    return flat
