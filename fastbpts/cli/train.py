"""``fastbpts train``."""

import inspect
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Option

from fastbpts.cli.common import (
    Binarize,
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
from fastbpts.cli.tasks import TASKS, read, summary

_MODEL, _TRAINING, _WORDS, _FILES = "Model", "Training", "Words", "Files"
_SEQUENCES = "Sequences (--task tag, lm, classify; defaults are those of the estimator)"
# Options that are parameters of no estimator, and what every task takes of them.
_OWN = {
    "ctx",
    "task",
    "train_file",
    "dev",
    "output",
    "curve",
    "resume",
    "labels",
    "unary",
    "binarize",
    "column",
    "quiet",
}
_EVERY = _OWN - {"labels", "unary", "binarize", "column"}


def _pairs(option: str, text: str) -> dict[str, float]:
    """``"W=1e-3,V=1e-4"`` as a dictionary."""
    pairs = {}
    for item in text.split(","):
        key, _, value = item.partition("=")
        try:
            pairs[key.strip()] = float(value)
        except ValueError:
            raise typer.BadParameter(f"{item!r} is not name=number", param_hint=option) from None
    return pairs


def _alpha(text: str) -> float | dict[str, float]:
    try:
        return float(text)
    except ValueError:
        return _pairs("--alpha", text)


def _class_weight(text: str | None) -> Any:
    if text is None or text == "balanced":
        return text
    return {int(k) if k.lstrip("-").isdecimal() else k: v for k, v in _pairs("--class-weight", text).items()}


def _features(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(name.strip() for name in text.split(","))


@command
def train(
    ctx: typer.Context,
    train_file: Annotated[
        Path,
        Option(
            "--train",
            help="Training set, .gz and .xz too (- is stdin). tree: PTB brackets; tag: CoNLL-U; lm: text; "
            "classify: lines of label, tab, text.",
        ),
    ],
    output: Annotated[Path, Option("--output", "-o", help="Model file to write.", rich_help_panel=_FILES)],
    task: Annotated[
        str, Option(help="tree, tag, lm or classify. But for tree, options have the estimator's defaults.")
    ] = "tree",
    dev: Annotated[Path | None, Option(help="Validation set: the best model on it is kept.")] = None,
    cell: Annotated[
        str,
        Option(
            help="Trees: sum, concat, rntn, or one of sequences. Sequences: elman, gru or lstm.", rich_help_panel=_MODEL
        ),
    ] = "rntn",
    n_state: Annotated[
        int, Option("--n-state", "-d", help="Width of states and word vectors.", rich_help_panel=_MODEL)
    ] = 25,
    loss_nodes: Annotated[str, Option(help="all or root.", rich_help_panel=_MODEL)] = "all",
    input_activation: Annotated[str, Option(help="identity or tanh.", rich_help_panel=_MODEL)] = "identity",
    dtype: Annotated[str, Option(help="float32 or float64.", rich_help_panel=_MODEL)] = "float32",
    optimizer: Annotated[
        str, Option(help="sgd, momentum, nesterov, adagrad, adam or adamw.", rich_help_panel=_TRAINING)
    ] = "adagrad",
    learning_rate: Annotated[float, Option("--learning-rate", "-l", rich_help_panel=_TRAINING)] = 0.01,
    schedule: Annotated[
        str, Option(help='Such as cosine or "step:every=10,factor=0.5,warmup=2".', rich_help_panel=_TRAINING)
    ] = "constant",
    alpha: Annotated[str, Option(help='L2 penalty: a number, or "V=1e-4,W=1e-4".', rich_help_panel=_TRAINING)] = "1e-4",
    batch_size: Annotated[int, Option("--batch-size", "-b", rich_help_panel=_TRAINING)] = 25,
    max_iter: Annotated[int, Option("--epochs", "-n", help="Number of epochs.", rich_help_panel=_TRAINING)] = 40,
    accumulator_reset: Annotated[
        int | None, Option(help="Forget AdaGrad's sums after each so many epochs.", rich_help_panel=_TRAINING)
    ] = None,
    momentum: Annotated[float, Option(rich_help_panel=_TRAINING)] = 0.9,
    beta1: Annotated[float, Option(rich_help_panel=_TRAINING)] = 0.9,
    beta2: Annotated[float, Option(rich_help_panel=_TRAINING)] = 0.999,
    eps: Annotated[float | None, Option(help="Default: the optimiser's usual one.", rich_help_panel=_TRAINING)] = None,
    max_norm: Annotated[float | None, Option(help="Clip gradients to this norm.", rich_help_panel=_TRAINING)] = None,
    dropout: Annotated[float, Option(help="Of states.", rich_help_panel=_TRAINING)] = 0.0,
    input_dropout: Annotated[float, Option(help="Of word vectors.", rich_help_panel=_TRAINING)] = 0.0,
    class_weight: Annotated[str | None, Option(help='balanced, or "0=1,1=2.5".', rich_help_panel=_TRAINING)] = None,
    early_stopping: Annotated[bool, Option("--early-stopping", rich_help_panel=_TRAINING)] = False,
    n_iter_no_change: Annotated[int, Option(help="Patience of early stopping.", rich_help_panel=_TRAINING)] = 10,
    tol: Annotated[float, Option(help="Improvement that counts.", rich_help_panel=_TRAINING)] = 0.0,
    validation_fraction: Annotated[
        float, Option(help="Held out by early stopping without --dev.", rich_help_panel=_TRAINING)
    ] = 0.1,
    monitor: Annotated[
        str, Option(help="score (root), score_nodes, score_sum or loss.", rich_help_panel=_TRAINING)
    ] = "score",
    random_state: Annotated[int, Option("--seed", rich_help_panel=_TRAINING)] = 0,
    n_threads: Annotated[int | None, Option("--threads", "-t", rich_help_panel=_TRAINING)] = None,
    min_count: Annotated[int, Option(help="Rarer words are unknown.", rich_help_panel=_WORDS)] = 1,
    max_vocabulary: Annotated[int | None, Option(help="At most so many words.", rich_help_panel=_WORDS)] = None,
    unknown: Annotated[str, Option(help="singletons, dropout or none.", rich_help_panel=_WORDS)] = "singletons",
    unk_rate: Annotated[float | None, Option(help="Default 0.5 (singletons), 0.25.", rich_help_panel=_WORDS)] = None,
    embeddings: Annotated[Path | None, Option(help="word2vec or GloVe file.", rich_help_panel=_WORDS)] = None,
    train_embeddings: Annotated[bool, Option(rich_help_panel=_WORDS)] = True,
    checkpoint: Annotated[
        Path | None,
        Option(help="File for the state of training; with --resume OUTPUT.ckpt by default.", rich_help_panel=_FILES),
    ] = None,
    checkpoint_every: Annotated[int, Option(help="Epochs.", rich_help_panel=_FILES)] = 1,
    resume: Annotated[
        bool, Option("--resume", help="Continue from the checkpoint, if there is one.", rich_help_panel=_FILES)
    ] = False,
    curve: Annotated[Path | None, Option(help="Learning curve to draw (PNG).", rich_help_panel=_FILES)] = None,
    labels: Labels = "auto",
    unary: Unary = None,
    binarize: Binarize = None,
    n_layers: Annotated[int | None, Option(rich_help_panel=_SEQUENCES)] = None,
    bidirectional: Annotated[bool | None, Option(rich_help_panel=_SEQUENCES)] = None,
    n_embedding: Annotated[int | None, Option(help="Width of token vectors.", rich_help_panel=_SEQUENCES)] = None,
    features: Annotated[
        str | None, Option(help='Of tokens, such as "word,suffix3,shape".', rich_help_panel=_SEQUENCES)
    ] = None,
    n_feature: Annotated[int | None, Option(help="Width of other features.", rich_help_panel=_SEQUENCES)] = None,
    pooling: Annotated[str | None, Option(help="classify: last, mean or max.", rich_help_panel=_SEQUENCES)] = None,
    head: Annotated[str | None, Option(help="affine or direct.", rich_help_panel=_SEQUENCES)] = None,
    level: Annotated[str | None, Option(help="lm, classify: char or word.", rich_help_panel=_SEQUENCES)] = None,
    pattern: Annotated[str | None, Option(help="lm: regular expression of a word.", rich_help_panel=_SEQUENCES)] = None,
    n_steps: Annotated[int | None, Option(help="lm: steps that gradients go back.", rich_help_panel=_SEQUENCES)] = None,
    column: Annotated[
        str | None, Option(help="tag: upos (default), xpos, feats, deprel or lemma.", rich_help_panel=_SEQUENCES)
    ] = None,
    quiet: Annotated[bool, Option("--quiet", "-q", help="No progress.", rich_help_panel=_FILES)] = False,
) -> int:
    """Train a classifier of trees, a tagger, a language model or a classifier of texts."""
    check_choice("--task", task, TASKS)
    given = {name: value for name, value in locals().items() if name not in _OWN}
    given |= {"alpha": _alpha(alpha), "class_weight": _class_weight(class_weight), "features": _features(features)}
    given |= {"unknown": None if unknown == "none" else unknown, "verbose": 0 if quiet else 1}
    given = _of_task(ctx, task, given)
    if resume and checkpoint is None:
        given["checkpoint"] = output.with_name(output.name + ".ckpt")
    if str(output) == "-":
        raise typer.BadParameter("-: a model cannot go to standard output, must be a file", param_hint="--output")
    for option, path in (("--output", output), ("--curve", curve), ("--checkpoint", given.get("checkpoint"))):
        check_writable(option, path)
        check_not_read(option, path, train_file, dev, embeddings)
    check_distinct(output=output, curve=curve, checkpoint=given.get("checkpoint"))
    how = reading(labels, unary, binarize) | {"column": column, "level": level, "pattern": pattern}
    return _fit(task, given, train_file, dev, output, curve, resume, how)


def _of_task(ctx: typer.Context, task: str, params: dict[str, Any]) -> dict[str, Any]:
    """The estimator's parameters; for sequences those given, as their defaults are not those of trees."""
    import fastbpts as fb

    accepted = set(inspect.signature(getattr(fb, TASKS[task].estimator)).parameters)
    typed = {name for name in ctx.params if getattr(ctx.get_parameter_source(name), "name", "") == "COMMANDLINE"}
    for name in sorted(typed - accepted - _EVERY - TASKS[task].options):
        raise typer.BadParameter(f"not an option of --task {task}", param_hint=f"--{name.replace('_', '-')}")
    if task == "tree":
        return {name: value for name, value in params.items() if name in accepted}
    return {name: value for name, value in params.items() if name in typed or name == "verbose"}


def _fit(
    task: str,
    params: dict[str, Any],
    train_file: Path,
    dev: Path | None,
    output: Path,
    curve: Path | None,
    resume: bool,
    how: Any,
) -> int:
    import fastbpts as fb
    from fastbpts.data.conllu_bank import COLUMNS

    check_choice("--column", how["column"], COLUMNS)
    model = getattr(fb, TASKS[task].estimator)(**params)
    with usage():  # before files are read, which may take minutes
        model._check_params()
    if curve is not None:
        from fastbpts.draw import learning_curve, need_matplotlib

        need_matplotlib()
    examples = read(task, train_file, how)
    held_out = None if dev is None else read(task, dev, how).as_dev
    out = console()
    if params["verbose"]:
        out.print(examples.about, soft_wrap=True)
    try:
        model.fit(examples.X, examples.y, dev=held_out, resume=resume)
    except fb.DivergenceError:
        _save(task, model, output, how)
        raise
    _save(task, model, output, how)
    if curve is not None:
        learning_curve(model, curve)
    out.print(summary(model, output), soft_wrap=True)
    return status_after(model)


def _save(task: str, model: Any, output: Path, how: Any) -> None:
    """Write the model, with what says how other files are to be read for it."""
    kept = TASKS[task].kept
    if kept:
        model.reading_ = {name: how[name] for name in kept if how[name] not in (kept[name], None)}
    model.save(output)
