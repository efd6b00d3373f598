"""Labelled sequences as examples: tokens as rows of the tables, labels as class numbers."""

import hashlib
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastbpts.data.vocabulary import Vocabulary
from fastbpts.estimators import token_features
from fastbpts.estimators.classes import Classes, label_numbers
from fastbpts.estimators.parts import Given, split_numbers
from fastbpts.estimators.sequences import Sequences, as_sequences, check_labels
from fastbpts.networks.packing import I32
from fastbpts.training.loop import Tensors


class Labelling(Protocol):
    """Where labels are: one per sequence, or one per step."""

    per_step: bool

    def flat(self, X: Any, y: Any, sequences: Sequences) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Labels of steps or sequences, one after another, and which of them count."""

    def halves(self, X: Any, y: Any, parts: tuple[NDArray[Any], NDArray[Any]], n: int) -> tuple[Any, Any]:
        """The labels of two parts of n sequences."""


@dataclass(frozen=True)
class Examples:
    """Sequences, the rows of their distinct tokens in the tables, and class numbers of steps or of sequences.

    A class number is -1 where there is none, and the number of classes for a label that the model does not know.
    """

    sequences: Sequences
    rows: I32
    label: I32


def _kind(n_values: int) -> str:
    return f"{n_values} values" if n_values else "tokens"


class SequenceReader:
    """Reads sequences; learns the classes and a vocabulary for each feature of tokens.

    Parameters
    ----------
    labelling : Labelling
    name : str
        The class of the estimator.
    dtype : str
        Of values.
    level, features, class_weight, min_count, max_vocabulary
        Parameters of SequenceClassifier.
    """

    classes: Classes
    vocabularies: dict[str, Vocabulary]
    n_values: int

    def __init__(
        self,
        labelling: Labelling,
        name: str,
        dtype: str,
        level: str,
        features: tuple[str, ...],
        class_weight: Any,
        min_count: int,
        max_vocabulary: int | None,
    ) -> None:
        self._labelling, self._name, self._dtype, self._level = labelling, name, dtype, level
        self._features, self._class_weight = features, class_weight
        self._min_count, self._max_vocabulary = min_count, max_vocabulary

    def _sequences(self, X: Any) -> Sequences:
        sequences = as_sequences(X, self._level)
        if sequences.values is not None and np.abs(sequences.values).max() > np.finfo(self._dtype).max:
            raise ValueError(f"X has values too large for dtype={self._dtype!r}")
        return sequences

    def sequences(self, X: Any) -> Sequences:
        """Sequences of the kind that the model was made for."""
        sequences = self._sequences(X)
        if sequences.n_values != self.n_values:
            made_for = _kind(self.n_values)
            raise ValueError(f"X has steps of {_kind(sequences.n_values)}, the model was made for {made_for}")
        return sequences

    def rows(self, sequences: Sequences) -> I32:
        """The rows of the distinct tokens in the tables."""
        if self.n_values:
            return np.empty((0, 0), np.int32)
        return token_features.rows(self.vocabularies, sequences.tokens)

    def _labels(self, X: Any, y: Any, sequences: Sequences) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        if y is None:
            raise ValueError(f"This {self._name} estimator requires y to be passed, but the target y is None")
        return self._labelling.flat(X, y, sequences)

    def learn(self, X: Any, y: Any, classes: Any = None) -> Examples:
        """See `Reader`."""
        sequences = self._sequences(X)
        labels, counted = self._labels(X, y, sequences)
        values = np.unique(labels[counted] if classes is None else check_labels(list(classes), "classes"))
        if not values.size:
            raise ValueError("y has no label that counts: there is nothing to learn")
        self.n_values = sequences.n_values
        counts = np.bincount(sequences.token, minlength=len(sequences.tokens))
        self.vocabularies = {
            name: token_features.learn(name, sequences.tokens, counts, self._min_count, self._max_vocabulary)
            for name in (() if self.n_values else self._features)
        }
        number = np.where(counted, label_numbers(labels, values), np.int32(-1))
        self.classes = Classes.learn(values, number, self._class_weight)
        return self._examples(sequences, labels, counted)

    def read(self, X: Any, y: Any = None, classes: Any = None) -> Examples:
        """See `Reader`."""
        sequences = self.sequences(X)
        labels, counted = self._labels(X, y, sequences)
        self.classes.check_again(classes)
        return self._examples(sequences, labels, counted)

    def _examples(self, sequences: Sequences, labels: NDArray[Any], counted: NDArray[np.bool_]) -> Examples:
        number = np.where(counted, self.classes.number(labels), np.int32(-1))
        return Examples(sequences, self.rows(sequences), number)

    def split(self, X: Any, y: Any, fraction: float, rng: np.random.Generator) -> tuple[Given, Given]:
        """See `Reader`."""
        sequences = as_sequences(X, self._level)
        parts = split_numbers(len(sequences), fraction, rng, "sequences")
        train, held = zip(map(sequences.take, parts), self._labelling.halves(X, y, parts, len(sequences)), strict=True)
        return train, held

    def fingerprint(self, data: Examples) -> str:
        """See `Reader`."""
        digest = hashlib.blake2b(digest_size=16)
        sequences = data.sequences
        values = () if sequences.values is None else (sequences.values,)
        for array in (sequences.ptr, sequences.token, data.rows, data.label, *values):
            digest.update(np.ascontiguousarray(array).data)
        for vocabulary in self.vocabularies.values():
            digest.update(vocabulary.to_bytes())
        digest.update(repr(self.classes.values.tolist()).encode())
        return digest.hexdigest()

    def attributes(self) -> dict[str, Any]:
        """See `Reader`."""
        values, weight = self.classes.values, self.classes.weight
        learnt = {"vocabularies_": self.vocabularies, "n_values_": self.n_values}
        return {"classes_": values, "class_weight_": weight} | learnt

    def to_tensors(self) -> tuple[Tensors, dict[str, Any]]:
        """See `Reader`."""
        tensors, meta = self.classes.to_tensors()
        words = {f"vocabulary.{k}": np.frombuffer(v.to_bytes(), np.uint8) for k, v in self.vocabularies.items()}
        return tensors | words, meta | {"features": list(self.vocabularies), "n_values": self.n_values}

    def set_tensors(self, tensors: Tensors, meta: dict[str, Any]) -> None:
        """See `Reader`."""
        self.classes = Classes.from_tensors(tensors, meta)
        self.n_values = int(meta["n_values"])
        self.vocabularies = {k: Vocabulary.from_bytes(tensors[f"vocabulary.{k}"]) for k in meta["features"]}
