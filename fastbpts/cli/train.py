"""``fastbpts train``: its options are those of the estimators, see ``fastbpts._base.options``."""

import inspect
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from typer import Option

from fastbpts._base.options import FILES, options_of
from fastbpts.cli.common import (
    Binarize,
    Format,
    Labels,
    Unary,
    check_choice,
    check_distinct,
    check_not_read,
    check_writable,
    command,
    console,
    reading,
    status_after,
    usage,
)
from fastbpts.cli.options import own_parameters, parameters, values
from fastbpts.cli.tasks import TASKS, read, summary

_SEQUENCES = "Sequences (--task tag, lm, classify)"


class Own(NamedTuple):
    """The options of the command that are parameters of no estimator."""

    train_file: Annotated[
        Path,
        Option(
            "--train",
            help="Training set, .gz and .xz too (- is stdin). tree: see --tree-format; tag: CoNLL-U; lm: text; "
            "classify: lines of label, tab, text.",
        ),
    ]
    output: Annotated[Path, Option("--output", "-o", help="Model file to write.", rich_help_panel=FILES)]
    task: Annotated[str, Option(help=f"One of {', '.join(TASKS)}.")] = "tree"
    dev: Annotated[Path | None, Option(help="Validation set: the best model on it is kept.")] = None
    resume: Annotated[
        bool,
        Option(
            "--resume",
            help="Continue from the checkpoint, by default OUTPUT.ckpt, if there is one.",
            rich_help_panel=FILES,
        ),
    ] = False
    curve: Annotated[Path | None, Option(help="Learning curve to draw (PNG).", rich_help_panel=FILES)] = None
    quiet: Annotated[bool, Option("--quiet", "-q", help="No progress.", rich_help_panel=FILES)] = False
    tree_format: Format = "ptb"
    labels: Labels = "auto"
    unary: Unary = None
    binarize: Binarize = None
    column: Annotated[
        str | None,
        Option(help="tag: upos (default), xpos, feats, deprel or lemma.", rich_help_panel=_SEQUENCES),
    ] = None


# The options of `Own` that every task takes; the others belong to the tasks that name them.
_EVERY = frozenset(Own._fields) - frozenset.union(*(task.options for task in TASKS.values()))


@command
def train(**given: Any) -> int:
    """Train a classifier of trees, a tagger, a language model or a classifier of texts."""
    own = Own(*(given.pop(name) for name in Own._fields))
    check_choice("--task", own.task, TASKS)
    params = _params(own, {name: value for name, value in given.items() if value is not None})
    if own.resume and "checkpoint" not in params:
        params["checkpoint"] = own.output.with_name(own.output.name + ".ckpt")
    if str(own.output) == "-":
        raise typer.BadParameter("-: a model cannot go to standard output, must be a file", param_hint="--output")
    checkpoint = params.get("checkpoint")
    for option, path in (("--output", own.output), ("--curve", own.curve), ("--checkpoint", checkpoint)):
        check_writable(option, path)
        check_not_read(option, path, own.train_file, own.dev, params.get("embeddings"))
    check_distinct(output=own.output, curve=own.curve, checkpoint=checkpoint)
    return _fit(own, params)


_KINDS = {task: kind.parameters for task, kind in TASKS.items()}
train.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [*own_parameters(Own), *parameters(_KINDS, of_others=_SEQUENCES)], return_annotation=int
)


def _params(own: Own, given: dict[str, Any]) -> dict[str, Any]:
    """The parameters given for the estimator; options of other tasks are wrong usage."""
    task = TASKS[own.task]
    accepted = options_of(task.parameters)
    others = frozenset(Own._fields) - _EVERY - task.options
    other = {name for name in others if getattr(own, name) != Own._field_defaults[name]}
    for name in sorted(other | given.keys() - accepted.keys()):
        raise typer.BadParameter(f"not an option of --task {own.task}", param_hint=f"--{name.replace('_', '-')}")
    return values(accepted, given) | {"verbose": 0 if own.quiet else 1}


def _fit(own: Own, params: dict[str, Any]) -> int:
    import fastbpts as fb
    from fastbpts.data.conllu_bank import COLUMNS

    how = reading(own.tree_format, own.labels, own.unary, own.binarize) | {"column": own.column}
    check_choice("--column", own.column, COLUMNS)
    model = getattr(fb, TASKS[own.task].estimator)(**params)
    with usage():  # before files are read, which may take minutes
        model._check_params()
    if own.curve is not None:
        from fastbpts.draw import learning_curve, need_matplotlib

        need_matplotlib()
    how |= {name: getattr(model, name, None) for name in ("level", "pattern")}
    examples = read(own.task, own.train_file, how)
    held_out = None if own.dev is None else read(own.task, own.dev, how).as_dev
    out = console()
    if not own.quiet:
        out.print(examples.about, soft_wrap=True)
    try:
        model.fit(examples.X, examples.y, dev=held_out, resume=own.resume)
    except fb.DivergenceError:
        _save(own, model, how)
        raise
    _save(own, model, how)
    if own.curve is not None:
        learning_curve(model, own.curve)
    out.print(summary(model, own.output), soft_wrap=True)
    return status_after(model)


def _save(own: Own, model: Any, how: dict[str, Any]) -> None:
    """Write the model and how other files are to be read for it."""
    kept = TASKS[own.task].kept
    if kept:
        model.reading_ = {name: how[name] for name in kept if how[name] not in (kept[name], None)}
    model.save(own.output)
