"""The choice of an optimiser and its constants; the updates themselves are src_c/kernels/optim.h."""

from dataclasses import dataclass

import numpy as np

STATES = {"sgd": 0, "momentum": 1, "nesterov": 1, "adagrad": 1, "adam": 2, "adamw": 2}
RATES = {"sgd": 0.01, "momentum": 0.01, "nesterov": 0.01, "adagrad": 0.01, "adam": 0.001, "adamw": 0.001}


@dataclass(frozen=True)
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
        Default: 1e-10 for AdaGrad, 1e-8 for the Adams.

    Raises
    ------
    ValueError
        Naming the argument that is not accepted.
    """

    name: str = "adagrad"
    learning_rate: float = -1.0
    momentum: float = 0.9
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = -1.0

    def __post_init__(self) -> None:
        if self.name not in STATES:
            raise ValueError(f"optimizer must be one of {list(STATES)}, got {self.name!r}")
        if self.learning_rate == -1.0:
            object.__setattr__(self, "learning_rate", RATES[self.name])
        if self.eps == -1.0:
            object.__setattr__(self, "eps", 1e-10 if self.name == "adagrad" else 1e-8)
        for field in ("learning_rate", "momentum", "beta1", "beta2", "eps"):
            value = getattr(self, field)
            limit = np.inf if field in ("learning_rate", "eps") else 1.0
            if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value < limit:
                raise ValueError(f"{field} must be a number in [0, {limit:g}), got {value!r}")

    @property
    def n_states(self) -> int:
        """Arrays of state per weight."""
        return STATES[self.name]
