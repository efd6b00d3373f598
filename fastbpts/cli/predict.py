"""``fastbpts predict``."""

import itertools
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from typer import Argument, Option

from fastbpts.cli.common import (
    Binarize,
    Labels,
    Unary,
    check_not_read,
    check_writable,
    command,
    counting,
    iter_banks,
    load_model,
    output,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fastbpts.estimators import TreeClassifier
    from fastbpts.treebank import Treebank

_CHUNK = 1000


def _in_brackets(labels: "NDArray[Any]") -> "NDArray[Any]":
    """Labels as brackets can hold them: in names, space and brackets become underscores."""
    if labels.dtype.kind in "iu":
        return labels
    return np.array([re.sub(r"[\s()]", "_", str(label)) or "_" for label in labels.tolist()])


def _ptb(model: "TreeClassifier", bank: "Treebank") -> Iterator[str]:
    for tree, labels in zip(bank, model.predict_nodes(bank), strict=True):
        yield tree.to_ptb(_in_brackets(labels))


def _jsonl(model: "TreeClassifier", bank: "Treebank", nodes: bool = False) -> Iterator[str]:
    names = [str(name) for name in model.classes_.tolist()]
    for tree, proba in zip(bank, model.predict_proba_nodes(bank), strict=True):
        labels = model.classes_[proba.argmax(axis=1)]
        rounded = [[round(float(p), 6) for p in row] for row in (proba if nodes else proba[-1:])]
        record = {
            "label": labels[-1].item(),
            "probabilities": dict(zip(names, rounded[-1], strict=True)),
            "tree": tree.to_ptb(_in_brackets(labels)),
        }
        if nodes:
            record["nodes"] = [rounded[i] for i, _, _ in tree._walk(list(range(tree.n_nodes)))]
        yield json.dumps(record, ensure_ascii=False)


_FORMATS = ("ptb", "jsonl")


def _write(model: "TreeClassifier", banks: "Iterator[Treebank]", file: IO[str], form: str, nodes: bool) -> None:
    with counting("predicting", quiet=file.isatty()) as add:
        for bank in banks:
            lines = _ptb(model, bank) if form == "ptb" else _jsonl(model, bank, nodes)
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            add(len(bank))


@command
def predict(
    model: Annotated[Path, Argument(help="Model file.")],
    trees: Annotated[Path, Argument(help="Treebank, labels not needed (- is stdin).")] = Path("-"),
    out: Annotated[Path, Option("--output", "-o", help="File to write (- is stdout).")] = Path("-"),
    form: Annotated[
        str,
        Option(
            "--format", "-f", help="ptb: trees with predicted labels; jsonl: one object per tree, with probabilities."
        ),
    ] = "ptb",
    nodes: Annotated[
        bool, Option("--nodes", help="jsonl: probabilities at every node, in the order of the brackets.")
    ] = False,
    labels: Labels = "auto",
    unary: Unary = "keep",
    binarize: Binarize = None,
) -> None:
    """Label trees. Streams: memory does not grow with the file."""
    if form not in _FORMATS:
        raise typer.BadParameter(f"{form!r} is not one of {', '.join(_FORMATS)}", param_hint="--format")
    check_writable("--output", out)
    check_not_read("--output", out, trees)
    classifier = load_model(model)
    if str(trees) == "-" and sys.stdin.isatty():
        print("fastbpts: reading trees from the terminal, end with Ctrl-D", file=sys.stderr)
    banks = iter_banks(trees, _CHUNK, labels=labels, unary=unary, binarize=binarize)
    first = next(banks)  # an output file is opened only when there is something to write
    with output(out) as file:
        _write(classifier, itertools.chain([first], banks), file, form, nodes)
