"""Updates of named arrays by an optimiser: src_c/optimizer/update-inl.h for parameters that no network owns."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fastbpts import _core
from fastbpts._base.arguments import Array, as_array, check_alpha, check_norm
from fastbpts.training.optimizer import Optimizer
from fastbpts.training.state import state_values


class Updater:
    """An optimiser bound to arrays, which it changes in place; updates are those of :class:`fastbpts.Network`.

    Parameters
    ----------
    params : dict of arrays
        Of one floating dtype, each contiguous along an axis: vectors, matrices, or transposes of such.
    optimizer : Optimizer
    alpha : float or dict
        Penalty alpha ||theta||^2, added to the gradient (AdamW: apart from it); a dict gives it by name, 0 for the
        others. A float spares the vectors.
    max_norm : float, optional
        The gradient of all parameters together, penalty included, is scaled down to this norm.

    Raises
    ------
    ValueError
        Naming the argument that does not fit.
    """

    def __init__(
        self,
        params: Mapping[str, Array],
        optimizer: Optimizer,
        alpha: float | Mapping[str, float] = 0.0,
        max_norm: float | None = None,
    ) -> None:
        if not params:
            raise ValueError("params: no arrays to update")
        dtypes = {array.dtype for array in params.values()}
        if dtypes - {np.dtype(np.float32), np.dtype(np.float64)} or len(dtypes) > 1:
            raise ValueError(f"params must be float32 or all float64, got {sorted(map(str, dtypes))}")
        self.optimizer, self.max_norm, self.dtype = optimizer, check_norm(max_norm), next(iter(dtypes))
        self.params = dict(params)
        by_name = check_alpha(alpha, {name: array.shape for name, array in params.items()})
        self._rows = {name: _rows_of(array, f"params[{name!r}]") for name, array in params.items()}
        self._states = {name: tuple(_like(w) for _ in range(optimizer.n_states)) for name, w in self._rows.items()}
        self._ones = {name: np.ones(w.shape[1], self.dtype) for name, w in self._rows.items()}
        self._l2 = {name: np.full(w.shape[1], 2 * by_name[name], self.dtype) for name, w in self._rows.items()}
        self._bound: dict[str, Array] = {}
        self._updates = _core.Updates(len(params), self.dtype)
        self.learning_rate = optimizer.learning_rate

    @property
    def learning_rate(self) -> float:
        """The rate of the next step; schedules set it."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        o = self.optimizer
        self._learning_rate = Optimizer(o.name, learning_rate=value).learning_rate
        self._updates.set_optimizer(*o.arguments(self._learning_rate, self.max_norm))

    def step(self, grads: Mapping[str, Array], rows: Mapping[str, ArrayLike] | None = None) -> None:
        """One step.

        Parameters
        ----------
        grads : dict of arrays
            The gradient of each parameter; for those named in `rows` only of some rows.
        rows : dict of int arrays, optional
            Which rows those are, each at most once. Other rows, and their state, stay as they are.

        Raises
        ------
        ValueError
            Naming the gradient that is missing or does not fit; then nothing was updated.
        """
        rows = rows or {}
        missing, unknown = sorted(set(self.params) - set(grads)), sorted({*grads, *rows} - set(self.params))
        if missing or unknown:
            raise ValueError(f"grads: missing {missing}, unknown {unknown}")
        for i, (name, w) in enumerate(self._rows.items()):
            if name in rows:
                number = row_numbers(rows[name], len(w), f"rows[{name!r}]")
                g = as_array(grads[name], (len(number), w.shape[1]), self.dtype, f"grads[{name!r}]")
                self._bind(i, name, _laid_out_like(w, g), number)
            elif self._bound.get(name) is not grads[name]:
                g = np.asarray(grads[name], self.dtype)
                if g.shape != self.params[name].shape:
                    raise ValueError(f"grads[{name!r}] must have shape {self.params[name].shape}, got {g.shape}")
                self._bind(i, name, _laid_out_like(w, g.T if _is_turned(self.params[name]) else np.atleast_2d(g)), None)
                if np.shares_memory(g, grads[name]):
                    self._bound[name] = grads[name]
        self._updates.step()

    def _bind(self, i: int, name: str, g: Array, rows: Array | None) -> None:
        self._bound.pop(name, None)
        self._updates.bind(i, self._rows[name], g, self._states[name], self._ones[name], self._l2[name], rows)

    def reset(self) -> None:
        """Forget the optimiser's state."""
        self._updates.t = 0
        for states in self._states.values():
            for array in states:
                array.fill(0)

    def state(self) -> dict[str, Array]:
        """What later steps depend on besides the parameters: arrays "name.k", the count of steps, the rate."""
        arrays = {
            f"{name}.{k}": array.T if _is_turned(self.params[name]) else array.reshape(self.params[name].shape)
            for name, states in self._states.items()
            for k, array in enumerate(states)
        }
        counters = {"t": np.array([self._updates.t], np.int64), "learning_rate": np.array([self._learning_rate])}
        return arrays | counters

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Back to a :meth:`state` of an updater of the same parameters.

        Raises
        ------
        ValueError
            Naming the array that is missing or of another shape; nothing is changed then.
        """
        own = self.state()
        values = state_values(state, own)
        self.learning_rate = float(values.pop("learning_rate")[0])
        self._updates.t = int(values.pop("t")[0])
        for name, value in values.items():
            own[name][...] = value


class Block(NamedTuple):
    """Rows of parameters and their gradient, as `_core.Updates.bind` takes them."""

    w: Array
    g: Array
    states: tuple[Array, ...]
    mult: Array
    l2: Array
    rows: Array | None = None


def update_blocks(net: Any, optimizer: tuple[str, float, float, dict[str, float]], blocks: Sequence[Block]) -> None:
    """One step of a network's optimiser, whose count of steps the binding `net` keeps, over arrays of the network."""
    updates = _core.Updates(len(blocks), net.dtype)
    updates.set_optimizer(*optimizer)
    updates.t = net.t
    for i, block in enumerate(blocks):
        updates.bind(i, *block)
    updates.step()
    net.t = updates.t


def _is_turned(array: Array) -> bool:
    """Whether a matrix is contiguous along its columns, not its rows."""
    return array.ndim == 2 and array.strides[1] != array.itemsize and array.shape[1] > 1


def _rows_of(array: Array, name: str) -> Array:
    """A view as a matrix whose rows are contiguous."""
    rows = array.T if _is_turned(array) else array[None] if array.ndim == 1 else array
    if rows.ndim != 2 or (rows.shape[1] > 1 and rows.strides[1] != rows.itemsize) or not array.flags.writeable:
        raise ValueError(
            f"{name} must be a writable vector or matrix, contiguous along an axis, "
            f"got shape {array.shape} with strides {array.strides}"
        )
    return rows


def _like(w: Array) -> Array:
    """Zeros with rows as far apart as those of w."""
    apart = max(w.strides[0] // w.itemsize, w.shape[1]) if len(w) > 1 else w.shape[1]
    return np.zeros((len(w), apart), w.dtype)[:, : w.shape[1]]


def _laid_out_like(w: Array, g: Array) -> Array:
    """The matrix g with rows as far apart as those of w."""
    if (g.strides[1] == g.itemsize or g.shape[1] == 1) and (len(g) <= 1 or g.strides[0] == w.strides[0]):
        return g
    apart = w.strides[0] // w.itemsize if len(w) > 1 else g.shape[1]
    copy = np.empty((len(g), apart), g.dtype)[:, : g.shape[1]]
    copy[...] = g
    return copy


def row_numbers(rows: ArrayLike, n: int, name: str) -> Array:
    """Numbers of rows of a table of n rows, as the kernels take them."""
    number = np.asarray(rows)
    if number.ndim != 1 or number.dtype.kind not in "iu" or (number.size and not 0 <= number.min() <= number.max() < n):
        raise ValueError(f"{name} must be integers in 0 .. {n - 1}, got {number.dtype} of shape {number.shape}")
    return np.ascontiguousarray(number, np.int32)
