"""Labelled texts, one per line: the label, a tab, the text."""

from collections.abc import Iterator

from fastbpts._files.lines import TextError, lines
from fastbpts._files.streams import FilePath, display_name, open_bytes

_BLOCK = 1 << 20


def iter_lines(path: FilePath, encoding: str = "utf-8") -> Iterator[str]:
    """The lines of a text file (plain, gzip or xz) without their ends; empty ones are an error."""
    name = display_name(path)
    with open_bytes(path) as stream:
        for number, text in lines(stream, encoding, _BLOCK, name, TextError):
            if not text.strip():
                raise TextError("the line is empty, must have a text", name, number, 1)
            yield text


def iter_labelled(path: FilePath, encoding: str = "utf-8") -> Iterator[tuple[str, str]]:
    """Pairs (label, text) of a file with a label, a tab and a text on each line.

    Raises
    ------
    TextError
        A ValueError that names file, line and column.
    """
    name = display_name(path)
    with open_bytes(path) as stream:
        for number, line in lines(stream, encoding, _BLOCK, name, TextError):
            label, tab, text = line.partition("\t")
            if not tab:
                raise TextError("no tab here: a line is a label, a tab, a text", name, number, len(line) + 1)
            if not label.strip() or not text.strip():
                column = 1 if not label.strip() else len(label) + 2
                raise TextError(f"the {'text' if label.strip() else 'label'} is empty", name, number, column)
            yield label, text


def read_labelled(path: FilePath, encoding: str = "utf-8") -> tuple[list[str], list[str]]:
    """Labels and texts of a file with a label, a tab and a text on each line.

    Raises
    ------
    TextError
        As for :func:`iter_labelled`, or the file is empty.
    """
    pairs = list(iter_labelled(path, encoding))
    if not pairs:
        raise TextError("there is no labelled text here", display_name(path), 1, 1)
    return [label for label, _ in pairs], [text for _, text in pairs]
