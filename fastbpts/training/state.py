"""The state that training continues from, as arrays by name. It is checked as a whole before anything is changed."""

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastbpts._base.arguments import Array, as_array


def state_values(state: Mapping[str, Any], own: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays of a state that are named in `own`, which has their shapes and dtypes.

    Raises
    ------
    ValueError
        Naming the array that is missing or of another shape.
    """
    missing = sorted(set(own) - set(state))
    if missing:
        raise ValueError(f"state: missing {missing}")
    return {k: as_array(state[k], v.shape, v.dtype, f"state[{k!r}]") for k, v in own.items()}


class Resumable:
    """A network whose optimiser is that of its binding: ``state`` and ``load_state``."""

    learning_rate: float
    _net: Any
    _lock: threading.RLock
    _seed: int
    _n_steps: int

    def _trained(self) -> Mapping[str, Array]:
        """The arrays that training changes."""
        raise NotImplementedError

    def _counters(self) -> dict[str, Array]:
        counters = np.array([self._net.t, self._seed, self._n_steps], np.int64)
        return {"counters": counters, "learning_rate": np.array([self.learning_rate])}

    def state(self) -> dict[str, Array]:
        """Everything that later steps depend on, to the bit, as a dict of arrays.

        It has the weights in the kernels' layout, the optimiser's state and counters.
        """
        with self._lock:
            return {name: array.copy("C") for name, array in self._trained().items()} | self._counters()

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Return to a :meth:`state` of a network of the same shape.

        Parameters
        ----------
        state : dict of arrays
            What :meth:`state` gave.

        Raises
        ------
        ValueError
            An array is missing or has another shape; the message names it, and nothing is changed.
        """
        own = self._trained()
        values = state_values(state, {**own, **self._counters()})
        with self._lock:
            self.learning_rate = float(values["learning_rate"][0])
            for name, array in own.items():
                array[...] = values[name]
            self._net.t, self._seed, self._n_steps = (int(v) for v in values["counters"])
