"""What a network over sequences is made of: its sizes, its parameters, their first values and penalties."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fastbpts._base.arguments import Array
from fastbpts.layers._parameters import parameter_shapes
from fastbpts.networks.head import HEADS

GROUPS = ("E", "W", "U", "Ws")
_GROUP = {"E": "E", "weight_ih": "W", "weight_hh": "U", "Ws": "Ws"}


@dataclass(frozen=True)
class Shape:
    """What a network is made of.

    Attributes
    ----------
    cell : {"elman", "gru", "lstm"}
    n_state, n_layers : int
    n_directions : {1, 2}
    tables : mapping
        Name -> (rows, width) of each embedding table.
    n_values : int
        Inputs that are read as they are.
    n_classes : int
    pool : {"steps", "last", "mean", "max"}
    head : {"affine", "direct"}
        y = softmax(Ws h + bs), or y = softmax(h).
    """

    cell: str
    n_state: int
    n_layers: int
    n_directions: int
    tables: Mapping[str, tuple[int, int]]
    n_values: int
    n_classes: int
    pool: str
    head: str

    @property
    def n_in(self) -> int:
        """Inputs of the first layer."""
        return self.n_values + sum(width for _, width in self.tables.values())

    @property
    def n_out(self) -> int:
        """Outputs of the last layer."""
        return self.n_directions * self.n_state

    def layers(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of the layers' parameters, as torch.nn names them."""
        return parameter_shapes(self.cell, self.n_in, self.n_state, self.n_layers, self.n_directions)

    def params(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of every parameter: tables, layers, head."""
        if self.head == "direct" and self.n_out != self.n_classes:
            raise ValueError(
                f'head="direct": the layers have {self.n_out} outputs, must have as many as there are classes '
                f"({self.n_classes})"
            )
        tables = {f"E.{name}": shape for name, shape in self.tables.items()}
        return {**tables, **self.layers(), **HEADS[self.head].shapes(self.n_out, self.n_classes)}


def penalties(alpha: float | Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """The penalty of every parameter; biases have none."""
    penalty = dict(alpha) if isinstance(alpha, Mapping) else dict.fromkeys(GROUPS, float(alpha))
    kind = {name: name.split(".")[0].split("_l")[0] for name in names}
    return {name: float(penalty.get(_GROUP.get(kind[name], ""), 0.0)) for name in names}


def initial(name: str, shape: Shape, size: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Tables normal, layers and head uniform as in torch.nn."""
    if name.startswith("E."):
        return rng.normal(0, 1 / np.sqrt(size[1]), size)
    bound = 1 / np.sqrt(shape.n_out if name in ("Ws", "bs") else shape.n_state)
    return rng.uniform(-bound, bound, size)
