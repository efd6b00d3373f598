"""What SequenceClassifier and SequenceTagger share: examples, batches of similar length, training and scores."""

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbpts.data.vocabulary import Vocabulary
from fastbpts.estimators import token_features as features
from fastbpts.estimators.examples import class_numbers
from fastbpts.estimators.sequence_estimator import SequenceEstimator
from fastbpts.estimators.sequence_options import LabelledOptions
from fastbpts.estimators.sequences import Sequences, as_sequences, check_labels
from fastbpts.estimators.word_rows import check_unknown, embedding_rows, unknown_words
from fastbpts.networks.packing import I32, I64, Rows, pack
from fastbpts.networks.shape import Shape
from fastbpts.training.class_weights import class_weights
from fastbpts.training.loop import Scores, Tensors

_ROWS = 1 << 15  # packed rows per call, if a sequence is not longer
_SORTED_TOGETHER = 50  # batches


@dataclass(frozen=True)
class Examples:
    """Sequences, the rows of their distinct tokens in the tables, and class numbers of steps or of sequences.

    A class number is -1 where there is none, and the number of classes for a label that the model does not know.
    """

    sequences: Sequences
    rows: I32
    label: I32


def length_batches(lengths: I64, size: int, rng: np.random.Generator) -> Iterator[I64]:
    """Numbers 0..n-1 in random order, `size` at a time, those of similar length together."""
    order = rng.permutation(len(lengths)).astype(np.int64, copy=False)
    groups = []
    for start in range(0, len(order), _SORTED_TOGETHER * size):
        part = order[start : start + _SORTED_TOGETHER * size]
        part = part[np.argsort(lengths[part], kind="stable")]
        groups += [part[k : k + size] for k in range(0, len(part), size)]
    for k in rng.permutation(len(groups)).tolist():
        yield groups[k]


def _kind(n_values: int) -> str:
    return f"{n_values} values" if n_values else "tokens"


class LabelledSequences(LabelledOptions, SequenceEstimator):
    """Hooks of the training loop; a subclass says what has labels."""

    @property
    @abstractmethod
    def _pool(self) -> str:
        """From steps to what the classifier reads."""

    @abstractmethod
    def _labels(self, X: Any, y: Any, sequences: Sequences) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Labels of steps or sequences, one after another, and which of them count."""

    @property
    def _n_directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _check_params(self) -> None:
        super()._check_params()
        check_unknown(self.unknown, self.unk_rate)

    # -- examples ----------------------------------------------------------------------------------------------------

    def _sequences(self, X: Any) -> Sequences:
        """Sequences of the kind that the model was made for."""
        found = as_sequences(X, self.level)
        if hasattr(self, "n_values_") and found.n_values != self.n_values_:
            raise ValueError(f"X has steps of {_kind(found.n_values)}, the model was made for {_kind(self.n_values_)}")
        if found.values is not None and np.abs(found.values).max() > np.finfo(self.dtype).max:
            raise ValueError(f"X has values too large for dtype={np.dtype(self.dtype).name!r}")
        return found

    def _rows(self, sequences: Sequences) -> I32:
        if self.n_values_:
            return np.empty((0, 0), np.int32)
        return features.rows(self.vocabularies_, sequences.tokens)

    def _read(self, X: Any, y: Any = None, *, learn: bool = False, classes: Any = None) -> Examples:
        sequences = self._sequences(X)
        if y is None:
            raise ValueError(f"This {type(self).__name__} estimator requires y to be passed, but the target y is None")
        labels, counted = self._labels(X, y, sequences)
        if learn:
            self._learn(sequences, labels[counted] if classes is None else check_labels(list(classes), "classes"))
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"classes={classes!r}: the first call was given {self.classes_.tolist()}")
        if labels.size and (labels.dtype.kind in "US") != (self.classes_.dtype.kind in "US"):
            raise ValueError(f"y has labels like {labels.tolist()[0]!r}, the classes are {self.classes_.tolist()[:5]}")
        number = np.where(counted, class_numbers(labels, self.classes_), np.int32(-1))
        if learn:
            self.class_weight_ = class_weights(self.class_weight, number, self.classes_)
        return Examples(sequences, self._rows(sequences), number)

    def _learn(self, sequences: Sequences, labels: NDArray[Any]) -> None:
        self.classes_ = np.unique(labels)
        if not self.classes_.size:
            raise ValueError("y has no label that counts: there is nothing to learn")
        self.n_values_ = sequences.n_values
        counts = np.bincount(sequences.token, minlength=len(sequences.tokens))
        self.vocabularies_ = {
            name: features.learn(name, sequences.tokens, counts, self.min_count, self.max_vocabulary)
            for name in (() if self.n_values_ else features.check_features(self.features))
        }

    def _shape(self) -> Shape:
        whole = {"word": self.n_embedding, "lower": self.n_embedding}
        widths = {name: int(whole.get(name, self.n_feature)) for name in self.vocabularies_}
        tables = {name: (len(words), widths[name]) for name, words in self.vocabularies_.items()}
        return self._shape_of(tables, self.n_values_, len(self.classes_), self._pool)

    def _begin(self, X: Any, y: Any, classes: Any = None) -> Examples:
        data: Examples = super()._begin(X, y, classes)
        if self.embeddings is not None and "word" in self.vocabularies_:
            found, vectors = embedding_rows(self.embeddings, self.vocabularies_["word"], int(self.n_embedding))
            table = self.net_.params["E.word"]
            table[found] = vectors
            self.net_.set_params({"E.word": table})
        return data

    # -- training ----------------------------------------------------------------------------------------------------

    def _n_batches(self, data: Examples) -> int:
        return -(-len(data.sequences) // int(self.batch_size))

    def _network_rows(self, sequences: Sequences, rows: I32, batch_sizes: I64, place: I64) -> Rows:
        if sequences.values is not None:
            return Rows(batch_sizes, None, sequences.values[place].astype(self.net_.dtype))
        return Rows(batch_sizes, rows[sequences.token[place]])

    def _rows_of_batches(self, data: Examples, rng: np.random.Generator) -> Callable[[], I32]:
        """A function that gives the tokens' rows for the next batch, some words taken for unknown."""
        if "word" not in self.vocabularies_:
            return lambda: data.rows
        k = list(self.vocabularies_).index("word")
        words = unknown_words(data.sequences, data.rows[:, k], self.unknown, self.unk_rate, rng)

        def rows() -> I32:
            changed = data.rows.copy()
            changed[:, k] = words()
            return changed

        return rows

    def _steps(self, data: Examples, rng: np.random.Generator) -> Iterator[tuple[float, float]]:
        sequences, per_step = data.sequences, self._pool == "steps"
        if (data.label >= len(self.classes_)).any():
            raise ValueError(f"y has labels that are not among the classes {self.classes_.tolist()}")
        rows = self._rows_of_batches(data, rng)
        weights = None if self.class_weight is None else np.append(self.class_weight_, 0.0)
        for chosen in length_batches(np.diff(sequences.ptr), int(self.batch_size), rng):
            batch_sizes, place, order = pack(sequences.ptr, chosen)
            target = data.label[place if per_step else order]
            weight = None if weights is None else weights[target]
            read = self._network_rows(sequences, rows(), batch_sizes, place)
            loss, _ = self.net_.step(read, target, weight)
            yield loss, float((target >= 0).sum() if weight is None else weight.sum())
        if not np.isfinite(self.net_.logits(read)[0]).all():  # the last update has no later loss
            raise FloatingPointError("after the last update the scores are not finite")

    # -- prediction --------------------------------------------------------------------------------------------------

    def _outputs(self, sequences: Sequences, rows: I32, what: str) -> NDArray[Any]:
        """What a method of the network, "predict_proba" or "transform", gives per step or per sequence."""
        lengths = np.diff(sequences.ptr)
        by_length = np.argsort(lengths, kind="stable")
        group = np.cumsum(lengths[by_length]) // _ROWS
        per_step = self._pool == "steps"
        out: NDArray[Any] | None = None
        for chosen in np.split(by_length, np.flatnonzero(np.diff(group)) + 1):
            batch_sizes, place, order = pack(sequences.ptr, chosen)
            given = self._network_rows(sequences, rows, batch_sizes, place)
            found = self.net_.predict_proba(given) if what == "predict_proba" else self.net_.transform(given)[0]
            if out is None:
                out = np.empty((sequences.ptr[-1] if per_step else len(sequences), found.shape[1]), found.dtype)
            out[place if per_step else order] = found
        assert out is not None
        return out

    def _evaluate(self, data: Examples) -> Scores:
        proba = self._outputs(data.sequences, data.rows, "predict_proba")
        counted = data.label >= 0
        label, proba = data.label[counted], proba[counted]
        if not len(label):
            return {"score": float("nan"), "loss": float("nan")}
        known = label < len(self.classes_)
        of_label = proba[np.arange(len(label)), np.minimum(label, len(self.classes_) - 1)]
        log_p = np.log(np.maximum(of_label, np.finfo(proba.dtype).tiny))
        weight = np.append(self.class_weight_, 0.0)[label] * known
        loss = -float((weight * log_p).sum() / weight.sum()) if weight.any() else float("nan")
        return {"score": float((proba.argmax(axis=1) == label).mean()), "loss": loss}

    # -- files -------------------------------------------------------------------------------------------------------

    def _fingerprint(self, data: Examples) -> str:
        digest = hashlib.blake2b(digest_size=16)
        sequences = data.sequences
        values = () if sequences.values is None else (sequences.values,)
        for array in (sequences.ptr, sequences.token, data.rows, data.label, *values):
            digest.update(np.ascontiguousarray(array).data)
        for vocabulary in self.vocabularies_.values():
            digest.update(vocabulary.to_bytes())
        digest.update(repr(self.classes_.tolist()).encode())
        return digest.hexdigest()

    def _learnt(self) -> tuple[Tensors, dict[str, Any]]:
        words = {f"vocabulary.{k}": np.frombuffer(v.to_bytes(), np.uint8) for k, v in self.vocabularies_.items()}
        meta = {"classes": self.classes_.tolist(), "features": list(self.vocabularies_), "n_values": self.n_values_}
        return {**words, "class_weight": self.class_weight_}, meta

    def _set_learnt(self, tensors: Tensors, meta: dict[str, Any]) -> None:
        self.classes_ = np.array(meta["classes"])
        self.n_values_ = int(meta["n_values"])
        self.vocabularies_ = {k: Vocabulary.from_bytes(tensors[f"vocabulary.{k}"]) for k in meta["features"]}
        self.class_weight_ = tensors["class_weight"]
        if self.classes_.ndim != 1 or self.class_weight_.shape != self.classes_.shape:
            raise ValueError("the classes are damaged")
