"""Parameters of recurrent layers under the names that torch.nn gives them, into and out of state dicts."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastbpts import _core
from fastbpts._base.arguments import Array
from fastbpts._cells.spec import SPECS
from fastbpts.layers._stack import Weights

Shapes = dict[str, tuple[int, ...]]


class LiveArrays(dict[str, Array]):
    """Name -> array that somebody else refers to: who assigns to a name changes the array's contents."""

    def __setitem__(self, name: str, value: ArrayLike) -> None:
        if name not in self:
            raise ValueError(f"unknown name {name!r}, accepted are {list(self)}")
        if value is not self[name]:  # as it is after params[name] -= change
            self[name][...] = value

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Assign one by one."""
        for name, value in dict(*args, **kwargs).items():
            self[name] = value

    def __ior__(self, other: Any) -> Self:  # type: ignore[override, misc]
        self.update(other)
        return self

    def _keep_all(self, *args: Any) -> NoReturn:  # noqa: ARG002
        raise TypeError(f"names cannot be added or removed, they are {list(self)}")

    __delitem__ = pop = popitem = clear = setdefault = _keep_all

    def __reduce__(self) -> tuple[type[dict[str, Array]], tuple[dict[str, Array]]]:
        return dict, (dict(self),)  # a copy's arrays are nobody else's


def _fields(cell: str, bias: bool) -> tuple[str, ...]:
    """Those of :class:`Weights` that a chain has: the second two where it has a U, the last two with biases."""
    sides = ("ih", "hh") if SPECS[cell].has_recurrence else ("ih",)
    return tuple(f"{kind}_{side}" for kind in (("weight", "bias") if bias else ("weight",)) for side in sides)


def parameter_shapes(
    cell: str, n_in: int, n_state: int, num_layers: int, n_directions: int, bias: bool = True
) -> Shapes:
    """Name -> shape, chain by chain, each in the order of :class:`Weights`."""
    rows, shapes = SPECS[cell].n_gates * n_state, {}
    for k in range(num_layers):
        width = n_directions * n_state if k else n_in
        for direction in ("", "_reverse")[:n_directions]:
            ends = dict(zip(Weights._fields, ((rows, width), (rows, n_state), (rows,), (rows,)), strict=True))
            for name in _fields(cell, bias):
                shapes[f"{name}_l{k}{direction}"] = ends[name]
    return shapes


def by_chain(cell: str, values: Sequence[Any], bias: bool = True) -> list[Weights]:
    """Arrays in the order of :func:`parameter_shapes`, chain by chain."""
    names = _fields(cell, bias)
    chains = (values[i : i + len(names)] for i in range(0, len(values), len(names)))
    return [Weights(**dict(zip(names, chain, strict=True))) for chain in chains]


def in_one_block(shapes: Shapes, dtype: np.dtype[Any]) -> tuple[dict[str, Array], NDArray[np.uint8]]:
    """Arrays of zeros, each from a cache line on, and the bytes of all, which one call sets to zero again."""
    sizes = [math.prod(shape) * dtype.itemsize for shape in shapes.values()]
    starts = [0, *itertools.accumulate(-(-size // 64) * 64 for size in sizes)]
    block = _core.aligned((starts[-1],), np.uint8, True)
    pieces = zip(shapes.items(), starts, sizes, strict=False)
    return {name: block[a : a + n].view(dtype).reshape(shape) for (name, shape), a, n in pieces}, block


def from_state_dict(state: Mapping[str, Any], shapes: Shapes) -> dict[str, Array]:
    """NumPy arrays of a state dict of NumPy arrays or PyTorch tensors.

    Raises
    ------
    ValueError
        Naming missing keys, unexpected keys, or the entry that has another shape or is not made of real numbers.
    """
    if not isinstance(state, Mapping):
        raise ValueError(f"state_dict must be a mapping from names to arrays, got {type(state).__name__}")
    missing, unexpected = [k for k in shapes if k not in state], [k for k in state if k not in shapes]
    if missing or unexpected:
        raise ValueError(f"state_dict: missing keys {missing}, unexpected keys {unexpected}")
    return {name: _entry(state[name], shape, name) for name, shape in shapes.items()}


def _entry(value: Any, shape: tuple[int, ...], name: str) -> Array:
    try:
        array = np.asarray(value.detach() if hasattr(value, "detach") else value)
    except (TypeError, ValueError, RuntimeError) as error:  # ragged lists; tensors of another device or type
        raise ValueError(f"state_dict[{name!r}] must be an array of shape {shape}: {error}") from None
    if array.shape != shape or array.dtype.kind not in "fiu":
        got = f"{array.dtype} of shape {array.shape}"
        raise ValueError(f"state_dict[{name!r}] must be real numbers of shape {shape}, got {got}")
    return array
