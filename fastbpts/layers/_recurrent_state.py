"""What a recurrent layer consists of: parameters and gradients by name, into and out of state dicts and pickles."""

import threading
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import numpy as np

from fastbpts._base.arguments import Array
from fastbpts.layers._parameters import LiveArrays, Shapes, by_chain, from_state_dict, in_one_block
from fastbpts.layers._stack import Stack

S = TypeVar("S")
"""A state: an array, or LSTM's pair of arrays."""


class RecurrentState:
    """The arrays of a layer; :class:`fastbpts.Elman` describes its attributes."""

    _cell: ClassVar[str]
    activation: str | None = None
    bias: bool
    dtype: np.dtype[Any]
    _stack: Stack
    _lock: threading.RLock
    _is_packed: bool
    _seed: int
    _n_draws: int

    def _make_arrays(self, shapes: Shapes, rng: np.random.Generator, bound: float) -> None:
        """Parameters uniform in +-bound, which the stack reads, and gradients of zero."""
        self._shapes = shapes
        params, _ = in_one_block(shapes, self.dtype)
        for array in params.values():
            array[...] = rng.uniform(-bound, bound, array.shape)
        grads, self._grad_bytes = in_one_block(shapes, self.dtype)
        self.params, self.grads = LiveArrays(params), LiveArrays(grads)
        self._stack.bind(by_chain(self._cell, list(params.values()), self.bias))
        self._gradients = by_chain(self._cell, list(grads.values()), self.bias)

    def zero_grad(self) -> None:
        """Set all gradients to zero."""
        with self._lock:
            self._grad_bytes.fill(0)

    def state_dict(self) -> dict[str, Array]:
        """Copies of the parameters under their names in torch.nn."""
        with self._lock:
            return {name: value.copy() for name, value in self.params.items()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Set all parameters.

        Parameters
        ----------
        state_dict : mapping
            Name -> NumPy array or PyTorch tensor: of :meth:`state_dict`, or of torch.nn's layer of the same sizes.

        Raises
        ------
        ValueError
            Naming missing keys, unexpected keys or the entry whose shape does not fit; nothing is changed then.
        """
        values = from_state_dict(state_dict, self._shapes)
        with self._lock:
            self._is_packed = False
            for name, array in self.params.items():
                array[...] = values[name]

    def __getstate__(self) -> dict[str, Any]:
        names = ["n_in", "n_state", "num_layers", "bidirectional", "batch_first", "dropout", "dtype", "n_threads"]
        if not self.bias:
            names.append("bias")
        if self.activation is not None:
            names.append("activation")
        with self._lock:
            config = {name: getattr(self, name) for name in names}
            return {"config": config, "params": self.state_dict(), "draws": (self._seed, self._n_draws)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state["config"])  # type: ignore[misc]
        self.load_state_dict(state["params"])
        self._seed, self._n_draws = state["draws"]
