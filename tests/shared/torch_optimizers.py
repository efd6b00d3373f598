"""The oracle of optimisers: PyTorch's own by our names, a row for each of the table's."""

from collections.abc import Callable
from typing import Any

TORCH: dict[str, Callable[..., Any]] = {
    "sgd": lambda torch, groups, lr, o: torch.optim.SGD(groups, lr),
    "momentum": lambda torch, groups, lr, o: torch.optim.SGD(groups, lr, momentum=o["momentum"]),
    "nesterov": lambda torch, groups, lr, o: torch.optim.SGD(groups, lr, momentum=o["momentum"], nesterov=True),
    "adagrad": lambda torch, groups, lr, o: torch.optim.Adagrad(groups, lr, eps=o["eps"]),
    "adam": lambda torch, groups, lr, o: torch.optim.Adam(groups, lr, (o["beta1"], o["beta2"]), o["eps"]),
    "adamw": lambda torch, groups, lr, o: torch.optim.AdamW(groups, lr, (o["beta1"], o["beta2"]), o["eps"]),
    "rmsprop": lambda torch, groups, lr, o: torch.optim.RMSprop(groups, lr, o["rho"], o["eps"], momentum=o["momentum"]),
    "adadelta": lambda torch, groups, lr, o: torch.optim.Adadelta(groups, lr, o["rho"], o["eps"]),
}
UNUSUAL = {"momentum": 0.8, "beta1": 0.8, "beta2": 0.95}  # values that no row has as its default
