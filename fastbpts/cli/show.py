"""``fastbpts show``."""

import io
import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from fastbpts._files.atomic import write_atomic
from fastbpts.cli.common import (
    Binarize,
    Format,
    Labels,
    Unary,
    check_distinct,
    check_not_read,
    check_writable,
    command,
    console,
    iter_banks,
    load_model,
    reading,
)

if TYPE_CHECKING:
    from fastbpts.data.tree import Tree

_FORMS = (".svg", ".html")


def _trees(file: Path | None, text: str | None, first: int, count: int, **how: Any) -> "list[Tree]":
    """Trees number first, first + 1, ... of a file, read no further than needed; or those of a text."""
    import fastbpts as fb

    if text is not None:
        given = io.BytesIO(text.encode(errors="surrogateescape"))
        given.name = "--tree"  # what errors call it
        banks = iter(fb.iter_trees(given, **how | {"format": "ptb"}))
    else:
        banks = iter_banks(file or Path("-"), 100, **how)
    found = list(itertools.islice((tree for bank in banks for tree in bank), first, first + count))
    if not found:
        raise ValueError(f"--index {first}: {file or 'the input'} has fewer trees")
    return found


@command
def show(
    model: Annotated[Path, Argument(help="Model file.")],
    file: Annotated[Path | None, Argument(help="Treebank (- is stdin).")] = None,
    tree: Annotated[str | None, Option(help='A tree to show in place of a file: "(3 (2 not) (1 bad))".')] = None,
    index: Annotated[int, Option("--index", "-i", min=0, help="Number of the first tree to show, from 0.")] = 0,
    count: Annotated[int, Option("--count", "-c", min=1, help="How many trees.")] = 1,
    output: Annotated[Path | None, Option("--output", "-o", help="Draw to a file: .svg (one tree) or .html.")] = None,
    curve: Annotated[Path | None, Option(help="Draw the model's learning curve to this PNG file.")] = None,
    tree_format: Format = "ptb",
    labels: Labels = "auto",
    unary: Unary = None,
    binarize: Binarize = None,
) -> None:
    """Draw trees coloured by predicted class, in the terminal or to a file; and the learning curve."""
    if output is not None and output.suffix not in _FORMS:
        raise typer.BadParameter(f"{output} must end in {' or '.join(_FORMS)}", param_hint="--output")
    if output is not None and output.suffix == ".svg" and count > 1:
        raise typer.BadParameter("an .svg file holds one tree; take .html", param_hint="--count")
    if file is None and tree is None and curve is None:
        raise typer.BadParameter("give a file, --tree or --curve", param_hint="FILE")
    if file is not None and tree is not None:
        raise typer.BadParameter("goes without a file", param_hint="--tree")
    for option, path in (("--output", output), ("--curve", curve)):
        check_writable(option, path)
        check_not_read(option, path, model, file)
    check_distinct(output=output, curve=curve)
    from fastbpts import draw

    classifier = load_model(model)
    if curve is not None:
        draw.learning_curve(classifier, curve)
    if file is None and tree is None:
        return
    how = reading(tree_format, labels, unary, binarize, classifier)
    pictures = draw.Picture.of_model(classifier, _trees(file, tree, index, count, **how))
    if output is None:
        out = console()
        for number, picture in enumerate(pictures):
            if number:
                out.print()
            draw.show(picture, out)
    else:
        text = draw.svg(pictures[0]) if output.suffix == ".svg" else draw.html(pictures)
        write_atomic(output, text.encode())
