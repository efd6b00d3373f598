"""Checks of estimator arguments; each message names the argument, what was given and what is accepted."""

import math
from collections.abc import Collection, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np


def number(
    name: str, value: Any, low: float, high: float = math.inf, *, above: bool = False, below: bool = False
) -> None:
    """`value` is a finite number in [low, high]; `above` and `below` leave out the ends."""
    real = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(float(value))
    if real and (low < value if above else low <= value) and (value < high if below else value <= high):
        return
    bounds = f"{'above' if above else 'at least'} {low:g}"
    if high < math.inf:
        bounds += f" and {'below' if below else 'at most'} {high:g}"
    raise ValueError(f"{name}={value!r}: must be a number {bounds}")


def integer(name: str, value: Any, low: int, *, none: bool = False) -> None:
    """`value` is an integer of at least `low` (or None if that is allowed)."""
    if none and value is None:
        return
    if not isinstance(value, Integral) or isinstance(value, bool) or value < low:
        raise ValueError(f"{name}={value!r}: must be an integer of at least {low}{' or None' if none else ''}")


def boolean(name: str, value: Any) -> None:
    """`value` is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name}={value!r}: must be True or False")


def choice(name: str, value: Any, accepted: Collection[Any]) -> None:
    """`value` is one of `accepted`."""
    if not any(value is a or (isinstance(value, str) and value == a) for a in accepted):
        raise ValueError(f"{name}={value!r}: must be one of {', '.join(repr(a) for a in accepted)}")


def dtype(name: str, value: Any) -> str:
    """The name of a floating dtype: float32 or float64."""
    try:
        found: str = np.dtype(value).name
    except TypeError:
        found = ""
    if value is None or found not in ("float32", "float64"):
        raise ValueError(f"{name}={value!r}: must be 'float32' or 'float64'")
    return found


def alpha(name: str, value: Any, groups: Collection[str]) -> None:
    """`value` is a penalty that is not negative, or a mapping from parameter names to such."""
    if not isinstance(value, Mapping):
        number(name, value, 0)
        return
    for key, penalty in value.items():
        choice(f"{name} key", key, groups)
        number(f"{name}[{key!r}]", penalty, 0)


def generator(random_state: Any) -> np.random.Generator:
    """A new PCG64 generator from None, an integer, a numpy Generator or a RandomState (which are drawn from)."""
    if isinstance(random_state, np.random.Generator):
        seed: Any = int(random_state.integers(2**63))
    elif isinstance(random_state, np.random.RandomState):
        seed = int(random_state.randint(2**31))
    else:
        seed = random_state
        if seed is not None:
            integer("random_state", seed, 0)
    return np.random.Generator(np.random.PCG64(seed))
