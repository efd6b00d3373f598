"""Parameters of models, each declared once: type, default, what is accepted, what it means.

A field of an options class is declared as ``name: type = option(default, rule, help)``. Constructors, the section
Parameters of docstrings, checks and the options of the command line follow from the fields. A subclass that changes
only a default says so: ``batch_size: int = 25``.
"""

import dataclasses
import functools
import inspect
import math
import os
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from fastbpts._base import checks
from fastbpts._base.arguments import MAX_WIDTH

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


def _check_path(name: str, value: Any) -> None:
    if value is not None and not isinstance(value, str | os.PathLike):
        raise checks.wrong(name, "a path or None", value)


def _check_verbose(name: str, value: Any) -> None:
    checks.integer(name, int(value) if isinstance(value, bool) else value, 0)


PATH = Rule("path or None", Path, _check_path)
VERBOSE = Rule("int", int, _check_verbose)


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


def none_or_text(text: str) -> str | None:
    """``"none"`` is None."""
    return None if text == "none" else text


def names_in(text: str) -> tuple[str, ...]:
    """``"word,suffix3"`` as a tuple."""
    return tuple(name.strip() for name in text.split(","))


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
