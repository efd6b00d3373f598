"""Checks of arguments that several modules share; each error names the argument, the value and what is accepted."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from fastbpts._base import checks

Array = NDArray[Any]
MAX_WIDTH = 16384  # components of a state or of an input
_SHARE_TOLERANCE = 1e-3  # rounding of many small shares in float32 stays far below it


def as_array(value: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike, name: str) -> Array:
    """A C-ordered array of this dtype, or ValueError if the value has another shape or is not made of numbers."""
    try:
        given = np.asarray(value)
        if given.dtype.kind == "c":
            raise TypeError(f"got {given.dtype}, real numbers are needed")
        array = np.ascontiguousarray(given, dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of numbers of shape {shape}: {error}") from None
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
    return array if array.flags.aligned else array.copy()


def as_real(value: ArrayLike, dtype: np.dtype[Any], name: str) -> Array:
    """An array of this dtype; the given one if the kernels can read it."""
    if type(value) is np.ndarray and value.dtype == dtype and value.flags.aligned:
        return value
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:  # ragged lists; tensors of another device or with a graph
        raise ValueError(f"{name} must be an array of real numbers: {error}") from None
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be an array of real numbers, got {array.dtype}")
    return array.astype(dtype)


def as_soft_targets(value: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike, name: str) -> Array:
    """Rows (n, C) of shares that sum to one; a row of zeros has no loss."""
    array = as_array(value, shape, dtype, name)
    with np.errstate(invalid="ignore", over="ignore"):
        total = array @ np.ones(shape[1], array.dtype)
    fits = np.abs(total - 1) <= _SHARE_TOLERANCE
    if not fits.all() or array.min(initial=0) < 0:
        fits = (fits | (total == 0)) & (array.min(axis=1) >= 0)
        if fits.all():
            return array
        row = int(np.argmin(fits))
        raise ValueError(f"{name}[{row}] must be shares of at least 0 that sum to one, or zeros, got {array[row]}")
    return array


def as_class_weight(value: ArrayLike | None, n_classes: int, dtype: DTypeLike) -> Array | None:
    """One finite factor of at least 0 per class, or None."""
    if value is None:
        return None
    array = as_array(value, (n_classes,), dtype, "class_weight")
    if not (np.isfinite(array).all() and (array >= 0).all()):
        raise ValueError(f"class_weight must be finite numbers of at least 0, got {array}")
    return array


def check_rate(value: float, name: str) -> float:
    """A probability below 1."""
    checks.number(name, value, 0, 1, below=True)
    return float(value)


def check_width(value: Any, name: str) -> int:
    """A positive number of components."""
    checks.integer(name, value, 1, MAX_WIDTH)
    return int(value)


def check_count(value: Any, name: str) -> int:
    """A positive number of rows that an int32 can number."""
    checks.integer(name, value, 1, 2**31 - 1)
    return int(value)


def check_seed(value: Any) -> int | None:
    """None, or an integer as the kernels take it."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | np.integer)):
        raise checks.wrong("seed", "an integer or None", value)
    return None if value is None else int(value) % 2**64


def check_norm(value: float | None) -> float | None:
    """None or a positive number, which may be infinite."""
    if value is not None and not (isinstance(value, float | np.floating) and value == np.inf):
        checks.number("max_norm", value, 0, above=True, none=True)
    return None if value is None else float(value)


def check_alpha(alpha: float | Mapping[str, float], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, float]:
    """Penalty of every parameter."""
    if isinstance(alpha, Mapping):
        unknown = sorted(set(alpha) - set(shapes))
        if unknown:
            raise checks.wrong("alpha", f"a number, or a dict with names among {list(shapes)}", unknown)
        values = {name: alpha.get(name, 0.0) for name in shapes}
    else:
        values = {name: 0.0 if len(shape) == 1 else alpha for name, shape in shapes.items()}  # not of biases
    for value in values.values():
        try:
            checks.number("alpha", value, 0)
        except ValueError:
            raise checks.wrong("alpha", "a number of at least 0, or a dict of such", alpha) from None
    return {name: float(value) for name, value in values.items()}
