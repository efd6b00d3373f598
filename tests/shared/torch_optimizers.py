"""The oracle of optimisers: PyTorch's own by our names, a row for each of the table's."""

from collections.abc import Callable
from typing import Any


def lion(torch: Any) -> Any:
    """Lion, which PyTorch does not have: Chen et al. (2023), algorithm 2."""

    class Lion(torch.optim.Optimizer):  # type: ignore[misc, name-defined]
        def __init__(self, groups: Any, lr: float, betas: tuple[float, float]) -> None:
            super().__init__(groups, {"lr": lr, "betas": betas, "weight_decay": 0.0})

        def step(self) -> None:
            for group in self.param_groups:
                lr, (b1, b2) = group["lr"], group["betas"]
                for p in group["params"]:
                    m = self.state[p].setdefault("m", torch.zeros_like(p))
                    with torch.no_grad():
                        p.mul_(1 - lr * group["weight_decay"])
                        p.sub_(lr * torch.sign(torch.lerp(p.grad, m, b1)))
                        m.lerp_(p.grad, 1 - b2)

    return Lion


TORCH: dict[str, Callable[..., Any]] = {
    "sgd": lambda torch, groups, lr, o: torch.optim.SGD(groups, lr),
    "momentum": lambda torch, groups, lr, o: torch.optim.SGD(groups, lr, momentum=o["momentum"]),
    "nesterov": lambda torch, groups, lr, o: torch.optim.SGD(groups, lr, momentum=o["momentum"], nesterov=True),
    "adagrad": lambda torch, groups, lr, o: torch.optim.Adagrad(groups, lr, eps=o["eps"]),
    "adam": lambda torch, groups, lr, o: torch.optim.Adam(groups, lr, (o["beta1"], o["beta2"]), o["eps"]),
    "adamw": lambda torch, groups, lr, o: torch.optim.AdamW(groups, lr, (o["beta1"], o["beta2"]), o["eps"]),
    "rmsprop": lambda torch, groups, lr, o: torch.optim.RMSprop(groups, lr, o["rho"], o["eps"], momentum=o["momentum"]),
    "adadelta": lambda torch, groups, lr, o: torch.optim.Adadelta(groups, lr, o["rho"], o["eps"]),
    "lion": lambda torch, groups, lr, o: lion(torch)(groups, lr, (o["beta1"], o["beta2"])),
}
UNUSUAL = {"momentum": 0.8, "beta1": 0.8, "beta2": 0.95}  # values that no row has as its default
