"""``fastbpts evaluate``."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from typer import Argument, Option

from fastbpts.cli.common import (
    Binarize,
    Format,
    Labels,
    Unary,
    check_choice,
    column_of,
    command,
    console,
    counting,
    iter_banks,
    load_model,
    reading,
    source,
)

_CHUNK = 10_000
_HEADINGS = {"labelled_nodes": "labelled nodes", "nodes": "all nodes"}
Row = dict[str, Any]


def _score_trees(model: Any, file: Path, how: dict[str, Any]) -> Row:
    """Accuracies over a file, read piece by piece."""
    from fastbpts.estimators.classes import check_known
    from fastbpts.estimators.tree_examples import roots

    trees = {name: how[name] for name in ("format", "labels", "unary", "binarize")}
    n_trees = n_root = n_nodes = root_hits = node_hits = 0
    least = len(model.classes_)  # the least class number in the file
    with counting(f"scoring {file}") as add:
        for bank in iter_banks(file, _CHUNK, **trees):
            label, hit = model._node_hits(bank)
            at_root, known = roots(bank)[label[roots(bank)] >= 0], label >= 0
            n_trees, n_root, n_nodes = n_trees + len(bank), n_root + len(at_root), n_nodes + int(known.sum())
            root_hits, node_hits = root_hits + int(hit[at_root].sum()), node_hits + int(hit[known].sum())
            least = label[known].min(initial=least)
            add(len(bank))
    if not n_nodes:
        raise ValueError(f"{file}: no node has an integer label, there is nothing to score")
    check_known(np.array([least]), model.classes_)
    root = root_hits / n_root if n_root else None
    return {"file": str(file), "trees": n_trees, "labelled_nodes": n_nodes, "root": root, "nodes": node_hits / n_nodes}


def _score_tags(model: Any, file: Path, how: dict[str, Any]) -> Row:
    import fastbpts as fb

    n_sentences = n_words = hits = 0
    with counting(f"scoring {file}", of="sentences") as add:
        for bank in fb.iter_conllu(source(file), chunk_sentences=_CHUNK):
            hits += round(model.score(bank, how["column"]) * bank.n_words)
            n_sentences, n_words = n_sentences + len(bank), n_words + bank.n_words
            add(len(bank))
    return {"file": str(file), "sentences": n_sentences, "words": n_words, "accuracy": hits / n_words}


def _score_text(model: Any, file: Path, how: dict[str, Any]) -> Row:  # noqa: ARG001
    import fastbpts as fb

    with counting(f"scoring {file}"):
        text = fb.read_text(source(file), model.level, pattern=model.pattern)
        nats = model.log_loss(text)
    of = {"char": "characters"}.get(model.level, "words")
    perplexity = math.exp(min(nats, 700.0))
    return {"file": str(file), of: len(text), "nats": nats, "bits": nats / math.log(2), "perplexity": perplexity}


def _score_labels(model: Any, file: Path, how: dict[str, Any]) -> Row:  # noqa: ARG001
    from fastbpts.readers.labelled import read_labelled

    with counting(f"scoring {file}"):
        labels, texts = read_labelled(source(file))
        return {"file": str(file), "texts": len(texts), "accuracy": model.score(texts, labels)}


_SCORE: dict[str, Callable[[Any, Path, dict[str, Any]], Row]] = {
    "TreeClassifier": _score_trees,
    "SequenceTagger": _score_tags,
    "LanguageModel": _score_text,
    "SequenceClassifier": _score_labels,
}


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


@command
def evaluate(
    model: Annotated[Path, Argument(help="Model file.")],
    files: Annotated[
        list[Path],
        Argument(
            help="Files with labels, as for train (- is stdin): treebanks, CoNLL-U, texts for a language model, or "
            "lines of label, tab, text."
        ),
    ],
    as_json: Annotated[bool, Option("--json", help="One JSON object per file.")] = False,
    tree_format: Format = "ptb",
    labels: Labels = "auto",
    unary: Unary = None,
    binarize: Binarize = None,
    column: Annotated[
        str | None, Option(help="Tagger: the column of CoNLL-U that is right; by default that of training.")
    ] = None,
) -> None:
    """Score a model: accuracy (at the root and over all labelled nodes of trees), or loss of a language model."""
    from fastbpts.data.conllu_bank import COLUMNS

    check_choice("--column", column, COLUMNS)
    estimator = load_model(model, *_SCORE)
    how = reading(tree_format, labels, unary, binarize, estimator) | {"column": column_of(column, estimator)}
    rows: list[Row] = []
    try:
        for file in files:
            rows.append(_SCORE[type(estimator).__name__](estimator, file, how))
            if as_json:
                print(json.dumps(rows[-1]), flush=True)
    finally:  # scores are printed even if the next file is bad
        if rows and not as_json:
            _show(rows)


def _show(rows: list[Row]) -> None:
    from rich.table import Table

    table = Table(title="loss per symbol" if "nats" in rows[0] else "accuracy")
    table.add_column("file", overflow="fold")
    for name in list(rows[0])[1:]:
        table.add_column(_HEADINGS.get(name, name), justify="right")
    for row in rows:
        table.add_row(row["file"], *(_cell(value) for value in list(row.values())[1:]))
    console().print(table)
