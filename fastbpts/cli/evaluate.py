"""``fastbpts evaluate``."""

import json
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from fastbpts.cli.common import Binarize, Labels, Unary, command, console, load_model, read_bank


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
    rows = []
    for file in files:
        bank = read_bank(file, labels=labels, unary=unary, binarize=binarize)
        n_root, n_nodes = int((bank.root_labels() >= 0).sum()), int((bank.label >= 0).sum())
        if not n_nodes:
            raise ValueError(f"{file}: no node has an integer label, there is nothing to score")
        row: dict[str, Any] = {"file": str(file), "trees": len(bank), "labelled_nodes": n_nodes}
        row["root"] = classifier.score(bank) if n_root else None
        row["nodes"] = classifier.score_nodes(bank)
        if as_json:
            print(json.dumps(row))
        rows.append(row)
    if as_json:
        return
    from rich.table import Table

    table = Table()
    table.add_column("file", overflow="fold")
    for name in ("trees", "labelled nodes", "root accuracy", "accuracy, all nodes"):
        table.add_column(name, justify="right")
    for row in rows:
        root = "" if row["root"] is None else f"{row['root']:.4f}"
        table.add_row(row["file"], f"{row['trees']:,}", f"{row['labelled_nodes']:,}", root, f"{row['nodes']:.4f}")
    console().print(table)
