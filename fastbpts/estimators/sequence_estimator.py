"""What the estimators over sequences share: the network made of their parameters."""

from abc import abstractmethod
from typing import Any

import numpy as np

from fastbpts.estimators.base import NetworkEstimator
from fastbpts.estimators.sequence_options import SequenceOptions
from fastbpts.networks.sequence_network import SequenceNetwork
from fastbpts.networks.shape import GROUPS, Shape
from fastbpts.training.loop import Tensors


class SequenceEstimator(SequenceOptions, NetworkEstimator):
    """An estimator whose network is a SequenceNetwork."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags

    def _groups(self) -> list[str]:
        return list(GROUPS)

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
