"""The parameters that all estimators over sequences share, their checks, and the network made of them."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastbpts._base import checks
from fastbpts.data.numbered_text import LEVELS
from fastbpts.estimators.base import NetworkEstimator
from fastbpts.networks.sequence_network import SequenceNetwork
from fastbpts.networks.shape import GROUPS, Shape
from fastbpts.training.loop import Tensors

CELLS = ("elman", "gru", "lstm")
_MAX_WIDTH = 16384


@dataclass(eq=False, repr=False)
class SequenceOptions(NetworkEstimator):
    """Parameters and their checks. A dataclass, so that each estimator adds its own to the constructor."""

    cell: str = "lstm"
    n_state: int = 64
    n_layers: int = 1
    n_embedding: int = 64
    dropout: float = 0.0
    input_dropout: float = 0.0
    optimizer: str = "adam"
    learning_rate: float = 0.002
    schedule: Any = "constant"
    max_norm: float | None = 5.0
    alpha: float | Mapping[str, float] = 0.0
    batch_size: int = 32
    max_iter: int = 10
    random_state: Any = 0
    n_threads: int | None = None
    dtype: Any = "float32"
    head: str = "affine"
    level: str = "word"
    min_count: int = 1
    max_vocabulary: int | None = None
    accumulator_reset: int | None = None
    momentum: float = 0.9
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float | None = None
    validation_fraction: float = 0.1
    early_stopping: bool = False
    n_iter_no_change: int = 10
    tol: float = 0.0
    monitor: str = "loss"
    checkpoint: Any = None
    checkpoint_every: int = 1
    verbose: int = 0

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags

    def _groups(self) -> list[str]:
        return list(GROUPS)

    def _check_params(self) -> None:
        checks.choice("cell", self.cell, CELLS)
        for name in ("n_state", "n_embedding"):
            checks.integer(name, getattr(self, name), 1)
            if getattr(self, name) > _MAX_WIDTH:
                raise ValueError(f"{name}={getattr(self, name)}: must be at most {_MAX_WIDTH}")
        checks.integer("n_layers", self.n_layers, 1)
        checks.number("dropout", self.dropout, 0, 1, below=True)
        checks.number("input_dropout", self.input_dropout, 0, 1, below=True)
        checks.dtype("dtype", self.dtype)
        checks.choice("head", self.head, ("affine", "direct"))
        checks.choice("level", self.level, LEVELS)
        checks.integer("min_count", self.min_count, 1)
        checks.integer("max_vocabulary", self.max_vocabulary, 1, none=True)
        super()._check_params()

    @abstractmethod
    def _shape(self) -> Shape:
        """What the network is made of."""

    def _shape_of(self, tables: dict[str, tuple[int, int]], n_values: int, n_classes: int, pool: str) -> Shape:
        sizes = int(self.n_state), int(self.n_layers), self._n_directions
        return Shape(self.cell, *sizes, tables, n_values, n_classes, pool, self.head)

    @property
    def _n_directions(self) -> int:
        return 1

    def _check_stored(self, params: Tensors) -> None:
        stored = {name: array.shape for name, array in params.items()}
        if not 0 < self.n_layers <= len(stored) or self._shape().params() != stored:
            raise ValueError("its parameters do not fit the weights")

    def _make_network(self, seed: int) -> SequenceNetwork:
        return SequenceNetwork(
            self._shape(),
            dropout=float(self.dropout),
            input_dropout=float(self.input_dropout),
            alpha=self.alpha,
            optimizer=self._make_optimizer(),
            max_norm=self.max_norm,
            train_embeddings=bool(getattr(self, "train_embeddings", True)),
            dtype=np.dtype(self.dtype).name,
            n_threads=self.n_threads,
            random_state=seed,
        )
