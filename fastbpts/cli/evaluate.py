"""``fastbpts evaluate``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from fastbpts.cli.common import Binarize, Labels, Unary, command, console, counting, iter_banks, load_model

if TYPE_CHECKING:
    from fastbpts.estimators import TreeClassifier

_CHUNK = 10_000


def _score(model: "TreeClassifier", file: Path, how: dict[str, Any]) -> dict[str, Any]:
    """Accuracies over a file, read piece by piece."""
    n_trees = n_root = n_nodes = root_hits = node_hits = 0
    with counting(f"scoring {file}") as add:
        for bank in iter_banks(file, _CHUNK, **how):
            here, at_root = int((bank.label >= 0).sum()), int((bank.root_labels() >= 0).sum())
            root_hits += round(model.score(bank) * at_root) if at_root else 0
            node_hits += round(model.score_nodes(bank) * here) if here else 0
            n_trees, n_root, n_nodes = n_trees + len(bank), n_root + at_root, n_nodes + here
            add(len(bank))
    if not n_nodes:
        raise ValueError(f"{file}: no node has an integer label, there is nothing to score")
    root = root_hits / n_root if n_root else None
    return {"file": str(file), "trees": n_trees, "labelled_nodes": n_nodes, "root": root, "nodes": node_hits / n_nodes}


@command
def evaluate(
    model: Annotated[Path, Argument(help="Model file.")],
    files: Annotated[list[Path], Argument(help="Treebanks with labels (- is stdin).")],
    as_json: Annotated[bool, Option("--json", help="One JSON object per file.")] = False,
    labels: Labels = "auto",
    unary: Unary = "keep",
    binarize: Binarize = None,
) -> None:
    """Score a model on treebanks: accuracy at the root and over all labelled nodes."""
    classifier = load_model(model)
    how = {"labels": labels, "unary": unary, "binarize": binarize}
    rows = [_score(classifier, file, how) for file in files]
    if as_json:
        print("\n".join(map(json.dumps, rows)))
        return
    from rich.table import Table

    table = Table(title="accuracy")
    table.add_column("file", overflow="fold")
    for name in ("trees", "labelled nodes", "root", "all nodes"):
        table.add_column(name, justify="right")
    for row in rows:
        root = "" if row["root"] is None else f"{row['root']:.4f}"
        table.add_row(row["file"], f"{row['trees']:,}", f"{row['labelled_nodes']:,}", root, f"{row['nodes']:.4f}")
    console().print(table)
