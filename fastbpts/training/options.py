"""The parameters of estimators, each declared once: type, default, what is accepted, what it means.

A field of an options class is declared as ``name: type = option(default, rule, help)``. Constructors, the section
Parameters of docstrings, checks and the options of ``fastbpts train`` follow from the fields. A subclass that changes
only a default says so: ``batch_size: int = 25``.
"""

import dataclasses
import functools
import inspect
import math
import os
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from fastbpts._base import checks
from fastbpts.training.class_weights import check_class_weight
from fastbpts.training.optimizer import OPTIMIZERS, OPTIONS, Optimizer, takers
from fastbpts.training.schedules import make_schedule

MAX_WIDTH = 16384
TRAINING, MODEL, WORDS, FILES = "Training", "Model", "Words", "Files"  # headings on the command line
_LINE = 116
_KEY = "option"

Check = Callable[[str, Any], Any]  # ValueError where a value is not accepted
E = TypeVar("E", bound=type)


class Rule(NamedTuple):
    """What a parameter accepts: in the words of a docstring, as a type of the command line, and as a check.

    `choices` has the values where they are a list.
    """

    accepts: str
    kind: type
    check: Check
    choices: tuple[Any, ...] = ()


class Option(NamedTuple):
    """What is known of a parameter besides its name, type and default.

    Attributes
    ----------
    rule : Rule
    help : str
        For docstrings; the command line shows the first sentence.
    heading : str
        Under which the command line lists it.
    flags : tuple of str
        Names on the command line; empty: the parameter's own.
    parse : callable or None
        From a text of the command line to a value, where a type alone does not say it.
    example : str
        A text for `parse`.
    shown : bool
        Whether the command line has it.
    """

    rule: Rule
    help: str
    heading: str = TRAINING
    flags: tuple[str, ...] = ()
    parse: Callable[[str], Any] | None = None
    example: str = ""
    shown: bool = True


def option(default: Any, rule: Rule, help: str, heading: str = TRAINING, **more: Any) -> Any:  # noqa: A002
    """A field of an options class; arguments but the default are those of `Option`."""
    return dataclasses.field(default=default, metadata={_KEY: Option(rule, help, heading, **more)})


# -- rules -------------------------------------------------------------------------------------------------------------


def integer(low: int, high: int | None = None, *, none: bool = False) -> Rule:
    """An integer in a range."""
    return Rule(
        f"int{' or None' if none else ''}", int, functools.partial(checks.integer, low=low, high=high, none=none)
    )


def number(low: float, high: float = math.inf, *, above: bool = False, below: bool = False, none: bool = False) -> Rule:
    """A finite number in a range; `above` and `below` leave out its ends."""
    check = functools.partial(checks.number, low=low, high=high, above=above, below=below, none=none)
    return Rule(f"float{' or None' if none else ''}", float, check)


def choice(*accepted: str | None) -> Rule:
    """One of several texts, or None."""
    return Rule(
        f"{{{', '.join(map(quoted, accepted))}}}", str, functools.partial(checks.choice, accepted=accepted), accepted
    )


BOOLEAN = Rule("bool", bool, checks.boolean)
SHARE = number(0, 1, below=True)
WIDTH = integer(1, MAX_WIDTH)
DTYPE = Rule('{"float32", "float64"}', str, checks.dtype, ("float32", "float64"))


def quoted(value: Any) -> str:
    """A value as docstrings write it: strings in double quotes."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"({', '.join(map(quoted, value))}{',' if len(value) == 1 else ''})"
    return repr(value)


def anything(accepts: str, kind: type = str) -> Rule:
    """A value that is checked where it is used."""
    return Rule(accepts, kind, lambda name, value: None)  # noqa: ARG005


def _check_schedule(name: str, value: Any) -> None:  # noqa: ARG001
    make_schedule(value, 1)


def _check_path(name: str, value: Any) -> None:
    if value is not None and not isinstance(value, str | os.PathLike):
        raise checks.wrong(name, "a path or None", value)


def _check_verbose(name: str, value: Any) -> None:
    checks.integer(name, int(value) if isinstance(value, bool) else value, 0)


def _check_random_state(name: str, value: Any) -> None:
    if isinstance(value, int) or not hasattr(value, "permutation"):
        checks.integer(name, value, 0, none=True)


# -- from text of the command line -------------------------------------------------------------------------------------


def numbers_by_name(text: str) -> dict[str, float]:
    """``"W=1e-3,V=1e-4"`` as a dictionary."""
    pairs = {}
    for item in text.split(","):
        key, _, value = item.partition("=")
        try:
            pairs[key.strip()] = float(value)
        except ValueError:
            raise ValueError(f"{item!r} is not name=number") from None
    return pairs


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


def none_or_text(text: str) -> str | None:
    """``"none"`` is None."""
    return None if text == "none" else text


def names_in(text: str) -> tuple[str, ...]:
    """``"word,suffix3"`` as a tuple."""
    return tuple(name.strip() for name in text.split(","))


# -- options of several estimators -------------------------------------------------------------------------------------


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
        Rule("path or None", Path, _check_path),
        "File to which the state of training is written. ``fit(..., resume=True)`` continues from it.",
        FILES,
    )
    checkpoint_every: int = option(1, integer(1), "Epochs between checkpoints.", FILES)
    verbose: int = option(
        0,
        Rule("int", int, _check_verbose),
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


# -- what follows from the fields --------------------------------------------------------------------------------------


def options_of(kind: type) -> dict[str, Option]:
    """The options of a class by name, in the order of its constructor; the last declaration of each counts."""
    found: dict[str, Option] = {}
    for base in reversed(kind.__mro__):
        fields = vars(base).get("__dataclass_fields__", {})
        for name in inspect.get_annotations(base).keys() & fields.keys():
            if _KEY in fields[name].metadata:
                found[name] = fields[name].metadata[_KEY]
    return {name: found[name] for name in defaults_of(kind)}


def defaults_of(kind: type) -> dict[str, Any]:
    """The default of each option of a class, in the order of its constructor."""
    fields = dataclasses.fields(kind)
    ordered = [field for field in fields if not field.kw_only] + [field for field in fields if field.kw_only]
    return {field.name: field.default for field in ordered}


def check_options(options: Any) -> None:
    """ValueError naming the first option whose value is not accepted."""
    for name, known in options_of(type(options)).items():
        known.rule.check(name, getattr(options, name))


def parameters_section(kind: type) -> str:
    """The section Parameters of the docstring of an estimator."""
    lines, defaults = ["Parameters", "----------"], defaults_of(kind)
    for name, known in options_of(kind).items():
        lines.append(f"{name} : {known.rule.accepts}, default={quoted(defaults[name])}")
        text = textwrap.wrap(known.help, _LINE, break_on_hyphens=False, break_long_words=False)
        lines += [f"    {line}" for line in text]
    return "\n".join(lines)


def with_parameters(kind: E) -> E:
    """Put the section Parameters into the docstring of an estimator, before its section Attributes."""
    before, heading, after = inspect.cleandoc(kind.__doc__ or "").partition("Attributes\n----------\n")
    kind.__doc__ = f"{before}{parameters_section(kind)}\n\n{heading}{after}"
    return kind


def optimizer_of(options: TrainingOptions) -> Optimizer:
    """The optimiser that the options ask for."""
    given = {name: getattr(options, name) for name in OPTIONS}
    return Optimizer.chosen(options.optimizer, options.learning_rate, given)
