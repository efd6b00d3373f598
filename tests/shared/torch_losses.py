"""The oracle of losses: PyTorch's own by our names, a row for each of the table's; a loss for each row of z."""

from collections.abc import Callable
from typing import Any

Rows = Callable[[Any, Any, Any, Any, float], Any]  # (torch, z, y, class_weight, option) -> a loss for each row


def cross_entropy(torch: Any, z: Any, y: Any, c: Any, option: float) -> Any:
    return -(y * c * torch.log_softmax(z, 1)).sum(1)


def binary(torch: Any, z: Any, y: Any, c: Any, option: float) -> Any:
    return torch.nn.functional.binary_cross_entropy_with_logits(z, y, c, reduction="none").sum(1)


def squared(torch: Any, z: Any, y: Any, c: Any, option: float) -> Any:
    return torch.nn.functional.mse_loss(z, y, reduction="none").sum(1) / 2


def huber(torch: Any, z: Any, y: Any, c: Any, option: float) -> Any:
    return torch.nn.functional.huber_loss(z, y, reduction="none", delta=option).sum(1)


def divergence(torch: Any, z: Any, y: Any, c: Any, option: float) -> Any:
    return torch.nn.functional.kl_div(torch.log_softmax(z, 1), y, reduction="none").sum(1)


TORCH: dict[str, Rows] = {
    "softmax_cross_entropy": cross_entropy,
    "sigmoid_cross_entropy": binary,
    "squared": squared,
    "huber": huber,
    "kullback_leibler": divergence,
}
