"""``fastbpts demo``."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from fastbpts.cli.common import check_choice, check_distinct, check_writable, command, console, status_after
from fastbpts.cli.demo_lm import demo_lm
from fastbpts.cli.demo_words import demo_words

if TYPE_CHECKING:
    from rich.console import Console

    from fastbpts.data.tree import Tree
    from fastbpts.data.treebank import Treebank
    from fastbpts.estimators.tree_classifier import TreeClassifier

_ABOUT = {
    "sentiment": 'made-up film reviews, 0 very bad to 4 very good: "not" turns what follows, "but" overrules what came',
    "logic": "formulas of true, false, not, and, or, xor; the class is the value",
    "listops": "nested lists of digits under max, min and sum modulo 5; the class is the value",
}
_OTHER_TASKS = {"lm": demo_lm, "words": demo_words}
_DEV_SHARE = 5


def _table(out: "Console", train: "Treebank", dev: "Treebank", model: "TreeClassifier", seconds: float) -> None:
    from rich.table import Table

    from fastbpts.demo.baselines import bag_of_words, majority

    table = Table(title="accuracy at the root, trees not seen in training")
    table.add_column("model")
    table.add_column("dev accuracy", justify="right")
    table.add_row("majority class", f"{majority(train, dev):.3f}")
    table.add_row("bag of words (logistic regression)", f"{bag_of_words(train, dev):.3f}")
    table.add_row(f"{model.cell}, {model.n_state} dimensions, {seconds:.1f} s", f"{model.score(dev):.3f}", style="bold")
    out.print(table)


def _typical(dev: "Treebank") -> "Tree":
    """The first tree long enough to be interesting and short enough for a terminal."""
    return next((tree for tree in dev if 9 <= len(tree.words) <= 14), dev[0])


@command
def demo(
    task: Annotated[str, Option(help="tree: labels of trees; lm: a language model; words: word vectors.")] = "tree",
    kind: Annotated[str, Option(help="Trees: sentiment, logic or listops.")] = "sentiment",
    n_trees: Annotated[
        int,
        Option("--n-trees", "--size", min=50, help="Trees (a fifth is held out) or sentences (a tenth) to generate."),
    ] = 5000,
    seed: Annotated[int, Option(min=0)] = 0,
    threads: Annotated[int | None, Option("--threads", "-t", min=1)] = None,
    output: Annotated[Path | None, Option("--output", "-o", help="Also save the model.")] = None,
    trees: Annotated[Path | None, Option("--write-trees", help="Also write the trees held out, as a treebank.")] = None,
) -> int:
    """Generate data that needs composition or memory, train on it, compare with baselines, show an example."""
    check_choice("--task", task, ("tree", *_OTHER_TASKS))
    check_choice("--kind", kind, _ABOUT)
    for option, path in (("--output", output), ("--write-trees", trees)):
        check_writable(option, path)
    check_distinct(**{"output": output, "write-trees": trees})
    if task in _OTHER_TASKS:
        if trees is not None:
            raise typer.BadParameter("goes with --task tree only", param_hint="--write-trees")
        return _OTHER_TASKS[task](n_trees, seed, threads, output)
    import fastbpts as fb
    from fastbpts import draw
    from fastbpts.demo.recipes import RECIPES

    out = console()
    bank = fb.demo_treebank(kind, n_trees=n_trees, random_state=seed)
    dev, train = bank[: n_trees // _DEV_SHARE], bank[n_trees // _DEV_SHARE :]
    out.print(f"{kind}: {_ABOUT[kind]}", soft_wrap=True)
    out.print(f"{len(train):,} trees to learn from, {len(dev):,} held out, {len(bank.vocabulary)} words\n")
    started = time.perf_counter()
    model = fb.TreeClassifier(**RECIPES[kind], n_threads=threads, random_state=seed, verbose=1).fit(train, dev=dev)
    _table(out, train, dev, model, time.perf_counter() - started)
    out.print()
    draw.show(draw.Picture.of_model(model, [_typical(dev)], labelled=True)[0], out)
    if output is not None:
        model.save(output)
    if trees is not None:
        trees.write_text("".join(f"{tree.to_ptb()}\n" for tree in dev), encoding="utf-8")
    return status_after(model)
