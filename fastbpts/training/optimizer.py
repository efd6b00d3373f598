"""The choice of an optimiser and its constants; the updates themselves are src_c/optimizer/update-inl.h."""

from typing import Any

import numpy as np

STATES = {"sgd": 0, "momentum": 1, "nesterov": 1, "adagrad": 1, "adam": 2, "adamw": 2}
LEAST_EPS = 1e-30  # what weights without a gradient divide by, in any dtype
RATES = {"sgd": 0.01, "momentum": 0.01, "nesterov": 0.01, "adagrad": 0.01, "adam": 0.001, "adamw": 0.001}


class Optimizer:
    """An optimiser by name, with the definitions of torch.optim.

    Parameters
    ----------
    name : {"sgd", "momentum", "nesterov", "adagrad", "adam", "adamw"}
        AdaGrad: Duchi et al. (2011); Adam: Kingma and Ba (2015); AdamW: Loshchilov and Hutter (2019).
    learning_rate : float, optional
        Default: 0.01, for the Adams 0.001.
    momentum : float
        Of "momentum" and "nesterov".
    beta1, beta2 : float
        Of the Adams.
    eps : float, optional
        Default: 1e-10 for AdaGrad, 1e-8 for the Adams; at least 1e-30, as weights without a gradient divide by it.

    Raises
    ------
    ValueError
        Naming the argument that is not accepted.
    """

    __module__ = "fastbpts"

    def __init__(
        self,
        name: str = "adagrad",
        learning_rate: float | None = None,
        momentum: float = 0.9,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float | None = None,
    ) -> None:
        if name not in STATES:
            raise ValueError(f"optimizer must be one of {list(STATES)}, got {name!r}")
        self.name = name
        self.learning_rate = _number("learning_rate", RATES[name] if learning_rate is None else learning_rate, np.inf)
        self.momentum = _number("momentum", momentum, 1.0)
        self.beta1, self.beta2 = _number("beta1", beta1, 1.0), _number("beta2", beta2, 1.0)
        self.eps = _number("eps", (1e-10 if name == "adagrad" else 1e-8) if eps is None else eps, np.inf, LEAST_EPS)

    def __repr__(self) -> str:
        return f"Optimizer({', '.join(f'{key}={value!r}' for key, value in vars(self).items())})"

    def arguments(
        self, learning_rate: float, max_norm: float | None
    ) -> tuple[str, float, float, float, float, float, float]:
        """What the kernels take: this optimiser at another rate, gradients clipped to a norm."""
        return self.name, learning_rate, self.momentum, self.beta1, self.beta2, self.eps, max_norm or 0.0

    @property
    def n_states(self) -> int:
        """Arrays of state per weight."""
        return STATES[self.name]


def _number(name: str, value: Any, limit: float, least: float = 0) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not least <= value < limit:
        raise ValueError(f"{name} must be a number in [{least:g}, {limit:g}), got {value!r}")
    return float(value)
