"""``fastbpts train``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Option

from fastbpts.cli.common import Binarize, Labels, Unary, check_writable, command, console, read_bank

if TYPE_CHECKING:
    from fastbpts.estimators import TreeClassifier

_MODEL, _TRAINING, _WORDS, _FILES = "Model", "Training", "Words", "Files"
# Options that are not parameters of the estimator.
_OWN = {"train_file", "dev", "output", "curve", "resume", "labels", "unary", "binarize", "quiet"}


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


@command
def train(
    train_file: Annotated[Path, Option("--train", help="Training treebank (PTB brackets; .gz, .xz; - is stdin).")],
    output: Annotated[Path, Option("--output", "-o", help="Model file to write.", rich_help_panel=_FILES)],
    dev: Annotated[Path | None, Option(help="Validation treebank: the best model on it is kept.")] = None,
    cell: Annotated[str, Option(help="sum, concat or rntn.", rich_help_panel=_MODEL)] = "rntn",
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
    unary: Unary = "keep",
    binarize: Binarize = None,
    quiet: Annotated[bool, Option("--quiet", "-q", help="No progress.", rich_help_panel=_FILES)] = False,
) -> None:
    """Train a classifier on a treebank with labels at its nodes."""
    given = {name: value for name, value in locals().items() if name not in _OWN}
    given |= {"alpha": _alpha(alpha), "class_weight": _class_weight(class_weight)}
    given |= {"unknown": None if unknown == "none" else unknown, "verbose": 0 if quiet else 1}
    if resume and checkpoint is None:
        given["checkpoint"] = output.with_name(output.name + ".ckpt")
    if str(output) == "-":
        raise ValueError("--output -: a model cannot go to standard output, must be a file")
    for option, path in (("--output", output), ("--curve", curve), ("--checkpoint", given["checkpoint"])):
        check_writable(option, path)
    _fit(given, train_file, dev, output, curve, resume, {"labels": labels, "unary": unary, "binarize": binarize})


def _fit(
    params: dict[str, Any], train_file: Path, dev: Path | None, output: Path, curve: Path | None, resume: bool, how: Any
) -> None:
    import fastbpts as fb

    model = fb.TreeClassifier(**params)
    bank = read_bank(train_file, **how)
    held_out = None if dev is None else read_bank(dev, **how)
    out = console()
    if params["verbose"]:
        out.print(f"{len(bank):,} trees, {bank.n_nodes:,} nodes, {len(bank.vocabulary):,} words", soft_wrap=True)
    try:
        model.fit(bank, dev=held_out, resume=resume)
    except fb.DivergenceError:
        model.save(output)
        raise
    model.save(output)
    if curve is not None:
        from fastbpts.draw import learning_curve

        learning_curve(model, curve)
    out.print(_summary(model, output), soft_wrap=True)


def _summary(model: "TreeClassifier", output: Path) -> str:
    if not model.history_:
        return f"{output}: the untrained model"
    epoch = getattr(model, "best_iter_", model.n_iter_)
    entry = model.history_[epoch - 1]
    scores = [f"epoch {epoch} of {model.n_iter_}", f"loss {entry['loss']:.4f}"]
    if "dev_score" in entry:
        scores.append(f"dev accuracy {entry['dev_score']:.4f} (root), {entry['dev_score_nodes']:.4f} (all nodes)")
    return f"{output}: {', '.join(scores)}"
