"""The arrays that a network's kernels work on: weights in their layout, the optimiser's state, factors per column."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastbpts import _core
from fastbpts._base.arguments import Array
from fastbpts.training.gradients import Gradients
from fastbpts.training.updates import Block, row_numbers, update_blocks


class Memory:
    """Three blocks of rows: theta (the cell), head (Ws and bs), E (word vectors); each row padded with zeros.

    A column of two equal elements of V has multiplicity 2: its gradient is that of either, so its rate is doubled and
    its share of the penalty halved. An unused column has multiplicity 0 and stays zero.

    Attributes
    ----------
    weights, gradient : dict
        Block -> array; E's gradient is sparse and lives in the binding.
    state : dict
        "block.k" -> the k-th array of the optimiser's state.
    """

    def __init__(self, net: _core.Net, n_classes: int, n_words: int, n_states: int) -> None:
        d, ld = net.n_state, net.ld_state
        rows, ld_in = net.n_rows, net.ld_in
        sizes = {"theta": (rows, net.ld_feature), "head": (n_classes, ld + net.padded(1)), "E": (n_words, ld_in)}

        def zeros(*shape: int) -> Array:
            return _core.aligned(shape, net.dtype, True)

        self.weights = {name: zeros(*shape) for name, shape in sizes.items()}
        self.state = {f"{name}.{k}": zeros(*shape) for name, shape in sizes.items() for k in range(n_states)}
        self.gradient = {name: zeros(*sizes[name]) for name in ("theta", "head")}
        self.theta_t = zeros(net.n_forward, ld) if net.n_forward else None
        self.head_t = zeros(d + 1, net.padded(n_classes))

    @property
    def arrays(self) -> dict[str, Array]:
        """What a network's state consists of."""
        weights = {f"weights.{name}": array for name, array in self.weights.items()}
        return weights | {f"state.{name}": array for name, array in self.state.items()}

    def bind(
        self,
        net: _core.Net,
        names: Sequence[str] | Mapping[str, Any],
        alpha: Mapping[str, float],
        class_weight: Array | None,
    ) -> None:
        """Hand everything to the kernels. names: the cell's parameters in order; alpha: penalty of each parameter."""
        width = {name: array.shape[1] for name, array in self.weights.items()}
        mult = {name: np.ones(n, net.dtype) for name, n in width.items()}
        l2 = {name: np.zeros(n, net.dtype) for name, n in width.items()}
        param, _, twin, _ = net.columns.T
        mult["theta"][: net.n_feature] = np.where(param < 0, 0, np.where(twin >= 0, 2, 1))
        l2["theta"][: net.n_feature] = 2 * np.array([*(alpha[name] for name in names), 0.0])[param]
        l2["theta"] /= np.maximum(mult["theta"], 1)
        d, bias = net.n_state, net.ld_state
        l2["head"][:d], l2["head"][bias], l2["E"][: net.n_in] = (2 * alpha[name] for name in ("Ws", "bs", "E"))

        self._mult, self._l2 = mult, l2

        def rest(name: str) -> tuple[Array | None, Array | None, Array, Array]:
            return self.state.get(f"{name}.0"), self.state.get(f"{name}.1"), mult[name], l2[name]

        net.bind_cell(self.weights["theta"], self.theta_t, self.gradient["theta"], *rest("theta"))
        s1, s2, head_mult, head_l2 = rest("head")
        net.bind_head(
            self.weights["head"], self.head_t, self.gradient["head"], s1, s2, head_mult, head_l2, class_weight
        )
        net.bind_words(self.weights["E"], *rest("E"))

    def update(
        self, net: _core.Net, gradients: Gradients, optimizer: tuple[str, float, float, dict[str, float]]
    ) -> None:
        """Change the weights by gradients; `optimizer` has the arguments of ``set_optimizer``."""

        def block(name: str, g: Array, rows: Array | None = None) -> Block:
            states = tuple(array for key, array in self.state.items() if key.partition(".")[0] == name)
            return Block(self.weights[name], g, states, self._mult[name], self._l2[name], rows)

        blocks = [block(name, gradients.dense[name]) for name in self.gradient]
        for name, (given, values) in gradients.sparse.items():
            rows = row_numbers(given, len(self.weights[name]), f"gradients.sparse[{name!r}]")
            blocks.append(block(name, values, rows))
        update_blocks(net, optimizer, blocks)
