"""``fastbpts gradcheck``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from typer import Option

from fastbpts._base import seeds
from fastbpts.cli.common import check_choice, command, console, counting, load_model

if TYPE_CHECKING:
    from fastbpts.estimators.tree_classifier import TreeClassifier
    from fastbpts.gradcheck import Row


def _balanced(n_leaves: int, rng: np.random.Generator, words: list[str], n_classes: int) -> object:
    """A tree over random words with random labels."""
    label = int(rng.integers(n_classes))
    if n_leaves == 1:
        return (label, words[int(rng.integers(len(words)))])
    left = int(rng.integers(1, n_leaves))
    return (label, _balanced(left, rng, words, n_classes), _balanced(n_leaves - left, rng, words, n_classes))


def _model_rows(model: "TreeClassifier", tolerance: float) -> "list[Row]":
    """The gradients at a model's own parameters, in float64, with a few of its words."""
    import fastbpts as fb
    from fastbpts.gradcheck import Row, check_network

    rng = seeds.generator(0)
    chosen = np.sort(rng.choice(len(model.vocabulary_), min(6, len(model.vocabulary_)), replace=False))
    words = [f"w{row}" for row in chosen]
    n_classes = len(model.classes_)
    bank = fb.Treebank.from_trees([_balanced(size, rng, words, n_classes) for size in (1, 2, 4, 7)])
    word_map = np.array([words.index(word) for word in bank.vocabulary.words], np.int32)
    net = fb.Network(
        cell=model.cell,
        n_state=model.n_state,
        n_classes=n_classes,
        n_words=len(words),
        n_in=model.net_.cell.n_in,
        activation=model.net_.cell.activation,
        dtype="float64",
        input_activation=model.input_activation,
        loss_nodes=model.loss_nodes,
    )
    own = {name: value.astype(np.float64) for name, value in model.net_.params.items()}
    net.set_params({**own, "E": own["E"][chosen]})
    errors = check_network(net, bank.batch(np.arange(len(bank)), word_map))
    return [Row(model.cell, name, error, error <= tolerance) for name, error in errors.items()]


@command
def gradcheck(
    cell: Annotated[list[str] | None, Option("--cell", help="Cells to check; may be repeated.")] = None,
    loss: Annotated[list[str] | None, Option("--loss", help="Losses to check; may be repeated.")] = None,
    model: Annotated[Path | None, Option(help="Check at the parameters of this model file.")] = None,
    n_state: Annotated[int, Option(min=1, help="Width of the states.")] = 5,
    seed: Annotated[int, Option(min=0)] = 0,
    tolerance: Annotated[float, Option(help="Largest relative error that passes.")] = 1e-6,
) -> None:
    """Compare every gradient with central differences; status 1 if one is wrong.

    Without --cell, --loss and --model, every cell and every loss is checked.
    """
    import fastbpts as fb
    from fastbpts.gradcheck import loss_table, table

    for name in cell or []:
        check_choice("--cell", name, fb.cells())
    for name in loss or []:
        check_choice("--loss", name, fb.losses())
    with counting("comparing gradients"):
        if model is not None:
            rows = _model_rows(load_model(model), tolerance)
        else:
            everything = not cell and not loss
            cells, losses = (fb.cells(), fb.losses()) if everything else (cell or [], loss or [])
            rows = table(cells, n_state, seed, tolerance=tolerance)
            rows += loss_table(losses, n_state, seed, tolerance=tolerance)
    from rich.table import Table

    drawn = Table(title="analytic gradient against central differences")
    for heading in ("cell or loss", "parameter"):
        drawn.add_column(heading)
    drawn.add_column("max relative error", justify="right")
    drawn.add_column("")
    for row in rows:
        drawn.add_row(row.name, row.parameter, f"{row.error:.1e}", "ok" if row.ok else "[bold red]WRONG[/]")
    console().print(drawn)
    wrong = sum(not row.ok for row in rows)
    if wrong:
        raise ValueError(f"{wrong} of {len(rows)} gradients are wrong")
