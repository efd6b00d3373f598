"""The arrays of a multilayer perceptron by name, into and out of state dicts, files and pickles."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastbpts import _core
from fastbpts._base.arguments import Array, as_array, check_alpha
from fastbpts.layers._parameters import LiveArrays, from_state_dict
from fastbpts.training.gradients import Gradients
from fastbpts.training.optimizer import Optimizer
from fastbpts.training.state import Resumable


class MLPState(Resumable):
    """The arrays of an :class:`fastbpts.MLP`; weights are stored as W^T with padded rows, of which users see views."""

    sizes: tuple[int, ...]
    dtype: np.dtype[Any]
    optimizer: Optimizer
    _net: _core.Perceptron
    _config: dict[str, Any]
    _blocks: dict[str, tuple[Array, Array, tuple[Array, ...], Array, Array]]  # weights, gradient, states, factors
    last_gradients: Gradients | None = None

    def _bind(self, alpha: float | Mapping[str, float]) -> None:
        """Arrays of all layers: W^T (n_in, padded n_out) and b, of which params, grads and states are views."""
        shapes: dict[str, tuple[int, ...]] = {}
        for k, ends in enumerate(zip(self.sizes[1:], self.sizes[:-1], strict=True)):
            shapes |= {f"{2 * k}.weight": ends, f"{2 * k}.bias": ends[:1]}
        penalty = check_alpha(alpha, shapes)
        self._blocks = {}
        sets: list[dict[str, Array]] = [{} for _ in range(2 + self.optimizer.n_states)]
        for i, (name, shape) in enumerate(shapes.items()):
            padded = (1 if len(shape) == 1 else shape[1], _core.Net.padded(shape[0]))
            arrays = [_core.aligned(padded, self.dtype, True) for _ in sets]
            l2 = np.full(padded[1], 2 * penalty[name], self.dtype)
            block = arrays[0], arrays[1], tuple(arrays[2:]), np.ones(padded[1], self.dtype), l2
            self._net.bind(i, *block)
            self._blocks[name] = block
            for views, array in zip(sets, arrays, strict=True):
                views[name] = array[0, : shape[0]] if len(shape) == 1 else array[:, : shape[0]].T
        self.params, self.grads = LiveArrays(sets[0]), LiveArrays(sets[1])
        self._states = sets[2:]

    @property
    def kernel(self) -> _core.Perceptron:
        """What the kernels work on, for networks that have a perceptron as their head."""
        return self._net

    def zero_grad(self) -> None:
        """Set all gradients to zero."""
        with self._lock:
            for grad in self.grads.values():
                grad.fill(0)

    def state_dict(self) -> dict[str, Array]:
        """Copies of the parameters under their names in ``torch.nn.Sequential(Linear, act, Linear, ...)``."""
        with self._lock:
            return {name: array.copy("C") for name, array in self.params.items()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Set all parameters.

        Parameters
        ----------
        state_dict : mapping
            Name -> NumPy array or PyTorch tensor: of :meth:`state_dict`, or of any stack of ``torch.nn.Linear``, whose
            weights and biases are taken in their order.

        Raises
        ------
        ValueError
            Naming missing keys, unexpected keys or the entry whose shape does not fit; nothing is changed then.
        """
        names = list(state_dict) if isinstance(state_dict, Mapping) else []
        ends = [name.rpartition(".")[2] for name in self.params]
        if [name.rpartition(".")[2] for name in names] == ends:
            state_dict = {own: state_dict[name] for own, name in zip(self.params, names, strict=True)}
        self.set_params(from_state_dict(state_dict, {name: array.shape for name, array in self.params.items()}))

    def set_params(self, params: Mapping[str, Array]) -> None:
        """Set some or all parameters.

        Parameters
        ----------
        params : dict of arrays
            New values by name.

        Raises
        ------
        ValueError
            A parameter is unknown or has another shape; the message names it, and nothing is changed.
        """
        unknown = sorted(set(params) - set(self.params))
        if unknown:
            raise ValueError(f"params: unknown names {unknown}, accepted are {list(self.params)}")
        values = {k: as_array(v, self.params[k].shape, self.dtype, f"params[{k!r}]") for k, v in params.items()}
        with self._lock:
            self.params.update(values)

    def reset_accumulator(self) -> None:
        """Forget the optimiser's state."""
        with self._lock:
            self._net.t = 0
            for state in self._states:
                for array in state.values():
                    array.fill(0)

    def _trained(self) -> dict[str, Array]:
        states = {f"state.{name}.{k}": v for k, state in enumerate(self._states) for name, v in state.items()}
        return {f"weights.{name}": array for name, array in self.params.items()} | states

    def __getstate__(self) -> dict[str, Any]:
        return {"config": self._config, "state": self.state()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state["config"])  # type: ignore[misc]
        self.load_state(state["state"])
