"""Checks of arguments that are not arrays. Every message reads "NAME must be WHAT, got VALUE"."""

import math
from collections.abc import Collection, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np


def wrong(name: str, what: str, value: Any) -> ValueError:
    """The error for an argument that is not accepted; a long value is cut."""
    shown = repr(value)
    return ValueError(f"{name} must be {what}, got {shown if len(shown) <= 200 else shown[:200] + '...'}")


def number(
    name: str,
    value: Any,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    above: bool = False,
    below: bool = False,
    none: bool = False,
) -> None:
    """`value` is a finite number in [low, high], or None if that is allowed; `above` and `below` leave out the ends."""
    if none and value is None:
        return
    real = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(float(value))
    if real and (low < value if above else low <= value) and (value < high if below else value <= high):
        return
    if high < math.inf:
        what = f"a number in {'(' if above else '['}{low:g}, {high:g}{')' if below else ']'}"
    elif low > -math.inf:
        what = f"a number {'above' if above else 'of at least'} {low:g}"
    else:
        what = "a finite number"
    raise wrong(name, f"{what} or None" if none else what, value)


def integer(name: str, value: Any, low: int, high: int | None = None, *, none: bool = False) -> None:
    """`value` is an integer of at least `low` and at most `high`, or None if that is allowed."""
    if none and value is None:
        return
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        what = f"an integer of at least {low}" if high is None else f"an integer from {low} to {high}"
        raise wrong(name, f"{what} or None" if none else what, value)


def boolean(name: str, value: Any) -> None:
    """`value` is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise wrong(name, "True or False", value)


def choice(name: str, value: Any, accepted: Collection[Any]) -> None:
    """`value` is one of `accepted`."""
    if not any(value is a or (isinstance(value, str) and value == a) for a in accepted):
        raise wrong(name, f"one of {', '.join(map(repr, accepted))}", value)


def dtype(name: str, value: Any) -> str:
    """The name of a floating dtype: float32 or float64."""
    try:
        found: str = np.dtype(value).name
    except TypeError:
        found = ""
    if value is None or found not in ("float32", "float64"):
        raise wrong(name, "'float32' or 'float64'", value)
    return found


def by_name(name: str, value: Any, names: Collection[str]) -> None:
    """`value` is a number of at least 0, or a mapping to such numbers from some of `names`."""
    if not isinstance(value, Mapping):
        number(name, value, 0)
        return
    for key, one in value.items():
        choice(f"the keys of {name}", key, names)
        number(f"{name}[{key!r}]", one, 0)
