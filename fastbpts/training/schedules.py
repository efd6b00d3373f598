"""Learning-rate schedules: pure functions from an epoch's number to a factor of the learning rate.

Each takes ``epoch`` (0 for the first) and ``n_epochs`` (the planned number of epochs), then its own options.
"""

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

Schedule = Callable[[int], float]


def constant(epoch: int, n_epochs: int) -> float:  # noqa: ARG001
    """The learning rate as given.

    Parameters
    ----------
    epoch, n_epochs : int
        The number of the epoch (from 0), and of all epochs.

    Returns
    -------
    float
        The factor of the learning rate.
    """
    return 1.0


def step(epoch: int, n_epochs: int, every: int = 10, factor: float = 0.5) -> float:  # noqa: ARG001
    """Multiply by `factor` after each `every` epochs.

    Parameters
    ----------
    epoch, n_epochs : int
        The number of the epoch (from 0), and of all epochs.
    every : int, default=10
        Epochs between two steps.
    factor : float, default=0.5
        What each step multiplies with.

    Returns
    -------
    float
        The factor of the learning rate.
    """
    return float(factor ** (epoch // every))


def exponential(epoch: int, n_epochs: int, rate: float = 0.95) -> float:  # noqa: ARG001
    """Multiply by `rate` after each epoch.

    Parameters
    ----------
    epoch, n_epochs : int
        The number of the epoch (from 0), and of all epochs.
    rate : float, default=0.95
        What each epoch multiplies with.

    Returns
    -------
    float
        The factor of the learning rate.
    """
    return float(rate**epoch)


def inverse(epoch: int, n_epochs: int, rate: float = 0.1) -> float:  # noqa: ARG001
    """Fall as ``1 / (1 + rate * epoch)``.

    Parameters
    ----------
    epoch, n_epochs : int
        The number of the epoch (from 0), and of all epochs.
    rate : float, default=0.1
        How fast it falls.

    Returns
    -------
    float
        The factor of the learning rate.
    """
    return 1.0 / (1.0 + rate * epoch)


def linear(epoch: int, n_epochs: int, floor: float = 0.0) -> float:
    """Fall on a straight line from 1 towards `floor`, which the epoch after the last would reach.

    Parameters
    ----------
    epoch, n_epochs : int
        The number of the epoch (from 0), and of all epochs.
    floor : float, default=0.0
        The factor at the end.

    Returns
    -------
    float
        The factor of the learning rate.
    """
    return floor + (1.0 - floor) * max(0.0, 1.0 - epoch / max(1, n_epochs))


def cosine(epoch: int, n_epochs: int, floor: float = 0.0) -> float:
    """Fall along half a cosine from 1 towards `floor`, which the epoch after the last would reach.

    Parameters
    ----------
    epoch, n_epochs : int
        The number of the epoch (from 0), and of all epochs.
    floor : float, default=0.0
        The factor at the end.

    Returns
    -------
    float
        The factor of the learning rate.
    """
    return floor + (1.0 - floor) * 0.5 * (1.0 + math.cos(math.pi * min(1.0, epoch / max(1, n_epochs))))


SCHEDULES: dict[str, Callable[..., float]] = {
    f.__name__: f for f in (constant, step, exponential, inverse, linear, cosine)
}


def _options(function: Callable[..., float]) -> dict[str, type]:
    parameters = list(inspect.signature(function).parameters.values())[2:]
    return {p.name: type(p.default) for p in parameters}


def _parse(text: str) -> dict[str, Any]:
    """``"step:every=5,factor=0.3"`` as a dictionary."""
    name, _, rest = text.partition(":")
    spec: dict[str, Any] = {"name": name}
    for item in filter(None, rest.split(",")):
        key, _, value = item.partition("=")
        try:
            spec[key.strip()] = float(value)
        except ValueError:
            raise ValueError(f"schedule must have its options as option=number, got {item!r}") from None
    return spec


def _warm(schedule: Schedule, warmup: int) -> Schedule:
    def warmed(epoch: int) -> float:
        return schedule(epoch) * min(1.0, (epoch + 1) / (warmup + 1))

    return warmed


def make_schedule(spec: str | Mapping[str, Any] | Schedule, n_epochs: int) -> Schedule:
    """Turn the `schedule` argument of an estimator into a function of the epoch.

    Parameters
    ----------
    spec : str, mapping or callable
        A name (``"cosine"``), a name with options (``"step:every=5,factor=0.3"``), the same as a mapping (``{"name":
        "step", "every": 5}``), or a function of the epoch. With the option ``warmup=n``, which every schedule takes,
        the rate rises over the first n epochs.
    n_epochs : int
        The planned number of epochs.

    Returns
    -------
    callable
        ``schedule(epoch) -> factor``.

    Raises
    ------
    ValueError
        There is no such schedule, or an option has a wrong name or value.

    Examples
    --------
    >>> make_schedule("step:every=2,factor=0.1", 10)(4)
    0.010000000000000002
    >>> [make_schedule({"name": "constant", "warmup": 3}, 10)(epoch) for epoch in range(4)]
    [0.25, 0.5, 0.75, 1.0]
    """
    if callable(spec):
        return spec
    if isinstance(spec, str):
        options = _parse(spec)
    elif isinstance(spec, Mapping):
        options = dict(spec)
    else:
        raise ValueError(f"schedule must be a name, a mapping with a name, or a function of the epoch, got {spec!r}")
    name, warmup = options.pop("name", None), options.pop("warmup", 0)
    if name not in SCHEDULES:
        raise ValueError(f"schedule must have one of the names {', '.join(SCHEDULES)}, got {spec!r}")
    accepted = _options(SCHEDULES[name])
    for key, value in options.items():
        if key not in accepted:
            raise ValueError(f"schedule: {name} takes {', '.join([*accepted, 'warmup'])}, got {key!r}")
        if not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
            raise ValueError(f"schedule: {key} must be a number of at least 0, got {value!r}")
        options[key] = accepted[key](value)
    if options.get("every", 1) < 1:
        raise ValueError(f"schedule: every must be at least 1, got {options['every']!r}")
    if not isinstance(warmup, int | float) or warmup < 0 or warmup != int(warmup):
        raise ValueError(f"schedule: warmup must be a number of epochs, got {warmup!r}")

    def schedule(epoch: int) -> float:
        return SCHEDULES[name](epoch, n_epochs, **options)

    return _warm(schedule, int(warmup)) if warmup else schedule
