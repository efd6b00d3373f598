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
    Format,
    Labels,
    Unary,
    check_choice,
    check_not_read,
    check_writable,
    column_of,
    command,
    counting,
    iter_banks,
    load_model,
    output,
    reading,
)
from fastbpts.cli.predict_sequences import Pieces, labelled, tagged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fastbpts.data.treebank import Treebank
    from fastbpts.estimators.tree_classifier import TreeClassifier

_CHUNK = 1000


def _in_brackets(classes: "NDArray[Any]") -> "NDArray[Any]":
    """Classes as brackets can hold them: in names, space and brackets become underscores."""
    if classes.dtype.kind in "iu":
        return classes
    return np.array([re.sub(r"[\s()]", "_", str(name)) or "_" for name in classes.tolist()])


def _ptb(model: "TreeClassifier", bank: "Treebank", proba: "NDArray[Any]") -> Iterator[str]:
    from fastbpts.data.tree import ptb_lines

    return ptb_lines(bank, _in_brackets(model.classes_)[proba.argmax(axis=1)].tolist(), 0, len(bank))


def _jsonl(model: "TreeClassifier", bank: "Treebank", proba: "NDArray[Any]", nodes: bool) -> Iterator[str]:
    names, classes = [str(name) for name in model.classes_.tolist()], model.classes_.tolist()
    best, rounded = proba.argmax(axis=1).tolist(), proba.astype(float).round(6).tolist()
    ends = bank.node_ptr.tolist()
    for tree, text, first, end in zip(bank, _ptb(model, bank, proba), ends, ends[1:], strict=False):
        record = {
            "label": classes[best[end - 1]],
            "probabilities": dict(zip(names, rounded[end - 1], strict=True)),
            "tree": text,
        }
        if nodes:
            record["nodes"] = [rounded[first + i] for i, _, _ in tree._walk(list(range(tree.n_nodes)))]
        yield json.dumps(record, ensure_ascii=False)


# Formats of each class of models, the default first.
_FORMATS = {
    "TreeClassifier": ("ptb", "jsonl"),
    "SequenceTagger": ("conllu", "jsonl"),
    "SequenceClassifier": ("tsv", "jsonl"),
}
_ALL = tuple(dict.fromkeys(form for forms in _FORMATS.values() for form in forms))


def _trees(model: "TreeClassifier", banks: "Iterator[Treebank]", form: str, nodes: bool) -> Pieces:
    for bank in banks:
        proba = model._all_nodes(bank)[1]
        yield list(_ptb(model, bank, proba) if form == "ptb" else _jsonl(model, bank, proba, nodes)), len(bank)


def _write(pieces: Pieces, file: IO[str], of: str) -> None:
    with counting("predicting", quiet=file.isatty(), of=of) as add:
        for lines, n in pieces:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            add(n)


@command
def predict(
    model: Annotated[Path, Argument(help="Model file.")],
    file: Annotated[
        Path,
        Argument(
            help="Labels not needed (- is stdin). Trees: a treebank; a tagger: CoNLL-U, or with --plain a sentence per "
            "line; a classifier of texts: a text per line."
        ),
    ] = Path("-"),
    out: Annotated[Path, Option("--output", "-o", help="File to write (- is stdout).")] = Path("-"),
    form: Annotated[
        str | None,
        Option(
            "--format",
            "-f",
            help="ptb (trees with predicted labels), conllu (tagged sentences) or tsv (label, tab, text), as the model "
            "is; jsonl: an object per tree, sentence or text.",
        ),
    ] = None,
    nodes: Annotated[
        bool, Option("--nodes", help="jsonl: probabilities at every node, in the order of the brackets.")
    ] = False,
    tree_format: Format = "ptb",
    labels: Labels = "auto",
    unary: Unary = None,
    binarize: Binarize = None,
    plain: Annotated[
        bool, Option("--plain", help="Tagger: the input has a sentence per line, words separated by spaces.")
    ] = False,
    column: Annotated[
        str | None, Option(help="Tagger: the column of CoNLL-U to write; by default that of training.")
    ] = None,
) -> None:
    """Label trees, words or texts. Streams: memory does not grow with the file."""
    check_choice("--format", form, _ALL)
    check_writable("--output", out)
    check_not_read("--output", out, file, model)
    estimator = load_model(model, *_FORMATS)
    kind = type(estimator).__name__
    form = form or _FORMATS[kind][0]
    if form not in _FORMATS[kind]:
        raise typer.BadParameter(f"{form}: a {kind} writes {' or '.join(_FORMATS[kind])}", param_hint="--format")
    if str(file) == "-" and sys.stdin.isatty():
        print("fastbpts: reading from the terminal, end with Ctrl-D", file=sys.stderr)
    if kind == "TreeClassifier":
        banks = iter_banks(file, _CHUNK, **reading(tree_format, labels, unary, binarize, estimator))
        pieces, of = _trees(estimator, banks, form, nodes), "trees"
    elif kind == "SequenceTagger":
        pieces, of = tagged(estimator, file, form, column_of(column, estimator), plain), "sentences"
    else:
        pieces, of = labelled(estimator, file, form), "texts"
    first = next(pieces, ([], 0))  # an output file is opened only when there is something to write
    with output(out) as target:
        _write(itertools.chain([first], pieces), target, of)
