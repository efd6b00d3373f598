"""Tensors as NumPy arrays and back, without copies."""

from __future__ import annotations  # the documentation is also made without PyTorch

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fastbpts._base.arguments import Array

DTYPES: dict[torch.dtype, np.dtype[Any]] = {torch.float32: np.dtype(np.float32), torch.float64: np.dtype(np.float64)}


def check_dtype(weight: Tensor, name: str) -> torch.dtype:
    """The dtype of the weights, or ValueError unless the kernels have it."""
    if weight.dtype not in DTYPES:
        raise ValueError(f"{name} must be of dtype torch.float32 or torch.float64, got {weight.dtype}")
    return weight.dtype


def check_tensor(value: Any, shape: tuple[int | None, ...], dtype: torch.dtype, name: str) -> None:
    """Raise ValueError unless value is a dense tensor of this shape (None: any size) and dtype on the CPU."""
    if not isinstance(value, Tensor):
        raise ValueError(f"{name} must be a torch.Tensor, got {type(value).__name__}")
    if value.device.type != "cpu" or value.layout != torch.strided:
        got = f"{value.layout} on {value.device}"
        raise ValueError(f"{name} must be a dense tensor on the CPU (fastbpts has no other device), got {got}")
    if value.dtype != dtype:
        raise ValueError(f"{name} must be of dtype {dtype} as the weights are, got {value.dtype}")
    fits = len(shape) == value.dim() and all(n in (None, m) for n, m in zip(shape, value.shape, strict=True))
    if not fits:
        wanted = ", ".join("any" if n is None else str(n) for n in shape)
        raise ValueError(f"{name} must have shape ({wanted}), got {tuple(value.shape)}")


def view(tensor: Tensor | None) -> Array | None:
    """The tensor's memory as a C-ordered array; a copy only where the kernels cannot read it as it lies."""
    if tensor is None:
        return None
    array = np.ascontiguousarray(tensor.detach().resolve_neg().numpy())
    return array if array.flags.aligned else array.copy()


class _Once(torch.autograd.Function):
    """A gradient, and the tensors that it depends on: not to be differentiated."""

    @staticmethod
    def forward(ctx: Any, grad: Tensor, *sources: Tensor) -> Tensor:  # noqa: ARG004
        return grad.view_as(grad)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> None:  # noqa: ARG004
        raise RuntimeError("fastbpts.torch takes gradients once: no second derivatives through its modules")


def as_grads(
    arrays: Iterable[Array | None], is_needed: Iterable[bool], sources: Iterable[Tensor | None]
) -> list[Tensor | None]:
    """Gradients as tensors over the arrays' memory, None where not needed; with create_graph=True, once and no more.

    `sources`, the tensors of the step forward and the upstream gradients, stay in the graph of the gradients: without
    them a second derivative would pass as zero, as it does with PyTorch's once_differentiable.
    """
    roots = [t for t in sources if t is not None and t.requires_grad] if torch.is_grad_enabled() else []
    grads: list[Tensor | None] = []
    for array, needed in zip(arrays, is_needed, strict=True):
        grad = torch.from_numpy(array) if needed and array is not None else None
        grads.append(_Once.apply(grad, *roots) if roots and grad is not None else grad)  # type: ignore[no-untyped-call]
    return grads
