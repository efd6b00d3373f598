"""Options of the command line from the declared parameters of models."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import typer

from fastbpts._base.options import Option, defaults_of, options_of

Kinds = Mapping[str, type]  # what an option is for -> the class that declares the parameters


def _by_kind(text_of: Callable[[type], str], name: str, kinds: Kinds) -> str:
    """A text about a parameter: once if it is the same for all classes that have it, else one by one."""
    found: dict[str, list[str]] = {}
    for label, kind in kinds.items():
        if name in options_of(kind):
            found.setdefault(text_of(kind), []).append(label)
    if len(found) == 1:
        return next(iter(found))
    return "; ".join(f"{', '.join(labels)}: {text or 'none'}" for text, labels in found.items())


def _written(value: Any) -> str:
    """A value as the command line takes it."""
    return ",".join(value) if isinstance(value, tuple) else "none" if value is None else str(value)


def _help(name: str, known: Option, kinds: Kinds) -> str:
    """The first sentence about a parameter, an example of its text, the values accepted, and the default."""
    sentence = known.help.partition(". ")[0].rstrip(".").replace("`", "")
    example = f', such as "{known.example}"' if known.example else ""
    accepted = _by_kind(lambda kind: ", ".join(map(_written, options_of(kind)[name].rule.choices)), name, kinds)
    default = _by_kind(lambda kind: _written(defaults_of(kind)[name]), name, kinds)
    return f"{sentence}{example}. {f'One of {accepted}. ' if accepted else ''}(default: {default})"


def own_parameters(own: type) -> Iterator[inspect.Parameter]:
    """The options of a command that are parameters of no model: the fields of a NamedTuple."""
    for name, annotation in inspect.get_annotations(own).items():
        default = own._field_defaults.get(name, inspect.Parameter.empty)  # type: ignore[attr-defined]
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def parameters(kinds: Kinds, of_others: str | None = None) -> Iterator[inspect.Parameter]:
    """Every parameter that the command line shows; None where it is not given.

    Parameters
    ----------
    kinds : mapping
        The first class that has a parameter says what its option is called and means.
    of_others : str, optional
        The heading of options that the first class does not have.
    """
    found: dict[str, Option] = {}
    for kind in kinds.values():
        found = options_of(kind) | found
    first = options_of(next(iter(kinds.values())))
    for name, known in found.items():
        if known.shown:
            heading = known.heading if of_others is None or name in first else of_others
            declared = typer.Option(
                *known.flags, help=_help(name, known, kinds), rich_help_panel=heading, show_default=False
            )
            kind = known.rule.kind
            annotation = Annotated[kind | None, declared]  # type: ignore[valid-type]
            yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def values(accepted: Mapping[str, Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of parameters from what the command line gave."""
    found = {}
    for name, value in given.items():
        parse = accepted[name].parse
        try:
            found[name] = value if parse is None else parse(value)
        except ValueError as error:
            flag = next(iter(accepted[name].flags), f"--{name.replace('_', '-')}")
            raise typer.BadParameter(str(error), param_hint=flag) from None
    return found
