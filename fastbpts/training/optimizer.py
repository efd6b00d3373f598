"""The choice of an optimiser and its options; the tables are src_c/optimizer/optimizers.def."""

from typing import Any, NamedTuple

import numpy as np

from fastbpts import _core


class OptimizerRow(NamedTuple):
    """An optimiser's row in the table.

    Attributes
    ----------
    n_states : int
        Arrays of state per weight.
    learning_rate : float
        Default.
    options : dict
        The options that it takes, with their defaults.
    decouples_decay : bool
        Whether the penalty shrinks the weights and is no part of the gradient.
    flushes : int
        Bit k: tiny values of state k become zero.
    """

    n_states: int
    learning_rate: float
    options: dict[str, float]
    decouples_decay: bool
    flushes: int


OPTIMIZERS = {name: OptimizerRow(*row) for name, row in _core.optimizers().items()}
OPTIONS = _core.optimizer_options()
"""Name of each option -> (least, below): the values accepted."""


def takers(option: str) -> list[str]:
    """Names of the optimisers that take an option."""
    return [name for name, row in OPTIMIZERS.items() if option in row.options]


class Optimizer:
    """An optimiser by name, with the definitions of torch.optim.

    Parameters
    ----------
    name : str
        One of :func:`fastbpts.optimizers`: "sgd"; "momentum"; "nesterov"; "adagrad", Duchi et al. (2011); "adam",
        Kingma and Ba (2015); "adamw", Loshchilov and Hutter (2019); and others.
    learning_rate : float, optional
        None takes the optimiser's usual rate.
    **options : float
        Options of this optimiser, such as ``momentum``, ``beta1`` or ``eps``. Those left out, or None, have its usual
        values. ``eps`` is at least 1e-30, as weights without a gradient are divided by it.

    Raises
    ------
    ValueError
        Naming the argument that is not accepted, or the option that this optimiser does not take.

    Examples
    --------
    >>> import fastbpts as fb
    >>> fb.Optimizer("adam", 0.01, beta2=0.99)
    Optimizer('adam', learning_rate=0.01, beta1=0.9, beta2=0.99, eps=1e-08)
    """

    __module__ = "fastbpts"

    def __init__(self, name: str = "adagrad", learning_rate: float | None = None, **options: float | None) -> None:
        if name not in OPTIMIZERS:
            raise ValueError(f"optimizer must be one of {list(OPTIMIZERS)}, got {name!r}")
        row = OPTIMIZERS[name]
        self.name = name
        rate = row.learning_rate if learning_rate is None else learning_rate
        self.learning_rate = _number("learning_rate", rate, 0.0, np.inf)
        for option, value in options.items():
            if value is not None and option not in row.options:
                raise ValueError(
                    f"{option} must be left out: optimizer {name!r} takes {list(row.options)}, got {value!r}"
                )
        given = {option: value for option, value in options.items() if value is not None}
        self.options = {k: _number(k, v, *OPTIONS[k]) for k, v in (row.options | given).items()}

    def __repr__(self) -> str:
        values = "".join(f", {key}={value!r}" for key, value in self.options.items())
        return f"Optimizer({self.name!r}, learning_rate={self.learning_rate!r}{values})"

    def arguments(self, learning_rate: float, max_norm: float | None) -> tuple[str, float, float, dict[str, float]]:
        """The arguments of the kernels: this optimiser at another rate, with gradients clipped to a norm.

        Parameters
        ----------
        learning_rate : float
            The rate.
        max_norm : float or None
            The norm; None: no clipping.

        Returns
        -------
        tuple (str, float, float, dict)
            Name, rate, norm (0: no clipping), options.
        """
        return self.name, learning_rate, max_norm or 0.0, self.options

    @property
    def n_states(self) -> int:
        """Arrays of state per weight."""
        return OPTIMIZERS[self.name].n_states


def optimizers() -> list[str]:
    """Names of the optimisers, in the order of their table."""
    return list(OPTIMIZERS)


def _number(name: str, value: Any, least: float, limit: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not least <= value < limit:
        raise ValueError(f"{name} must be a number in [{least:g}, {limit:g}), got {value!r}")
    return float(value)
