"""The parameters that estimators share, and the optimiser they mean."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastbpts._base import checks
from fastbpts._base.options import (
    BOOLEAN,
    DTYPE,
    FILES,
    MODEL,
    PATH,
    VERBOSE,
    WORDS,
    Rule,
    anything,
    choice,
    integer,
    none_or_text,
    number,
    numbers_by_name,
    option,
)
from fastbpts.training.class_weights import check_class_weight
from fastbpts.training.optimizer import OPTIMIZERS, OPTIONS, Optimizer, takers
from fastbpts.training.schedules import make_schedule


def _check_schedule(name: str, value: Any) -> None:  # noqa: ARG001
    make_schedule(value, 1)


def _check_random_state(name: str, value: Any) -> None:
    if isinstance(value, int) or not hasattr(value, "permutation"):
        checks.integer(name, value, 0, none=True)


def parse_alpha(text: str) -> float | dict[str, float]:
    """A number, or numbers by name."""
    try:
        return float(text)
    except ValueError:
        return numbers_by_name(text)


def _parse_class_weight(text: str) -> Any:
    if text == "balanced":
        return text
    return {int(key) if key.lstrip("-").isdecimal() else key: weight for key, weight in numbers_by_name(text).items()}


def optimizer_option(name: str) -> Any:
    """A field for an option of optimisers, as their table has it."""
    least, below = OPTIONS[name]
    rule = number(least, below, below=math.isfinite(below), none=True)
    which = ", ".join(f'"{optimizer}"' for optimizer in takers(name))
    return option(None, rule, f"Of the optimisers {which}; None takes the optimiser's usual value.")


@dataclass(eq=False, repr=False, kw_only=True)
class TrainingOptions:
    """What every estimator that trains a network by minibatches takes."""

    optimizer: str = option("adam", choice(*OPTIMIZERS), "How gradients change the parameters.")
    learning_rate: float = option(
        0.001, number(0, above=True), "Step size; `schedule` multiplies it.", flags=("--learning-rate", "-l")
    )
    schedule: Any = option(
        "constant",
        Rule("str, dict or callable", str, _check_schedule),
        'Learning rate by epoch, such as "cosine" or "step:every=10,factor=0.5,warmup=2". See '
        "``fastbpts.training.schedules.make_schedule``.",
    )
    max_norm: float | None = option(
        None, number(0, above=True, none=True), "Gradients of greater norm are scaled down to it."
    )
    alpha: float | Mapping[str, float] = option(
        0.0,
        anything("float or dict"),
        "L2 penalty ``alpha * ||theta||^2``, a number or one for each parameter by name. A number spares the "
        "biases; parameters that a dict leaves out have none.",
        parse=parse_alpha,
        example="V=1e-4,W=1e-3",
    )
    batch_size: int = option(32, integer(1), "Examples per step.", flags=("--batch-size", "-b"))
    accumulate: int = option(
        1,
        integer(1),
        "Number of minibatches for one update. Their gradients together are those of one large minibatch.",
    )
    max_iter: int = option(10, integer(1), "Number of epochs.", flags=("--epochs", "-n"))
    random_state: Any = option(
        0,
        Rule("int, numpy Generator, RandomState or None", int, _check_random_state),
        "Seed of all random numbers. The same seed gives the same model, to the bit, whatever the number of threads.",
        flags=("--seed",),
    )
    n_threads: int | None = option(
        None, integer(1, none=True), "Number of threads; None takes what the machine has.", flags=("--threads", "-t")
    )
    dtype: Any = option("float32", DTYPE, "Type of the parameters.", MODEL)
    accumulator_reset: int | None = option(
        None,
        integer(1, none=True),
        "Number of epochs after which the optimiser forgets its state, such as AdaGrad's sums; None: never.",
    )
    momentum: float | None = optimizer_option("momentum")
    beta1: float | None = optimizer_option("beta1")
    beta2: float | None = optimizer_option("beta2")
    rho: float | None = optimizer_option("rho")
    eps: float | None = optimizer_option("eps")
    validation_fraction: float = option(
        0.1,
        number(0, 1, above=True, below=True),
        "Share of the training set held out by `early_stopping` when ``fit`` is given no validation set.",
    )
    early_stopping: bool = option(
        False, BOOLEAN, "Stop when the validation score has not improved by `tol` for `n_iter_no_change` epochs."
    )
    n_iter_no_change: int = option(10, integer(1), "Patience of `early_stopping`, in epochs.")
    tol: float = option(0.0, number(0), "Smaller improvements do not count for `early_stopping`.")
    monitor: str = option("loss", anything("str"), "The validation score that says which model is best.")
    checkpoint: Any = option(
        None,
        PATH,
        "File to which the state of training is written. ``fit(..., resume=True)`` continues from it.",
        FILES,
    )
    checkpoint_every: int = option(1, integer(1), "Epochs between checkpoints.", FILES)
    verbose: int = option(
        0,
        VERBOSE,
        "1 shows a progress bar and one line per epoch on standard error, 2 only the lines.",
        shown=False,
    )


@dataclass(eq=False, repr=False, kw_only=True)
class VocabularyOptions:
    """What estimators take that learn a vocabulary."""

    min_count: int = option(1, integer(1), "Words seen less often are unknown words.", WORDS)
    max_vocabulary: int | None = option(
        None, integer(1, none=True), "Size of the vocabulary at most, the most frequent words; None: any.", WORDS
    )


@dataclass(eq=False, repr=False, kw_only=True)
class WordOptions(VocabularyOptions):
    """What estimators take that also train a vector of unknown words and accept pretrained vectors."""

    unknown: str | None = option(
        "dropout",
        choice("singletons", "dropout", None),
        'How the vector of unknown words is trained. "singletons": words seen once are taken for unknown in a '
        'share `unk_rate` of the epochs. "dropout": a word seen n times is taken for unknown in a minibatch with '
        "probability ``unk_rate / (unk_rate + n)``. None: only words below `min_count` train it.",
        WORDS,
        parse=none_or_text,
    )
    unk_rate: float | None = option(
        None, number(0, none=True), 'Rate of `unknown`; None is 0.5 for "singletons", 0.25 for "dropout".', WORDS
    )
    embeddings: Any = option(
        None,
        anything("None, path, KeyedVectors or tuple (words, matrix)", Path),
        "Pretrained word vectors, for the words of the training set that they have. A file is one of word2vec or "
        "of GloVe.",
        WORDS,
    )
    train_embeddings: bool = option(
        True, BOOLEAN, "Train the word vectors; False leaves them as they are at the beginning.", WORDS
    )


@dataclass(eq=False, repr=False, kw_only=True)
class ClassOptions:
    """What classifiers take."""

    class_weight: Any = option(
        None,
        Rule('None, "balanced" or dict', str, check_class_weight),
        'Weight of each class in the loss. "balanced" weighs a class inversely to how often it is seen. Classes that a '
        "dict leaves out have weight 1.",
        parse=_parse_class_weight,
        example="0=1,1=2.5",
    )


def optimizer_of(options: TrainingOptions) -> Optimizer:
    """The optimiser that the options ask for; ValueError naming an option that it does not take."""
    return Optimizer(options.optimizer, options.learning_rate, **{name: getattr(options, name) for name in OPTIONS})
