"""How recursive networks are trained on trees: the hooks of the training loop."""

import hashlib
from collections.abc import Iterator, Mapping
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbpts._cells.cell import cell as make_cell
from fastbpts.data.treebank import Treebank
from fastbpts.data.vocabulary import Vocabulary
from fastbpts.estimators import examples
from fastbpts.estimators.base import NetworkEstimator
from fastbpts.estimators.examples import Examples
from fastbpts.estimators.prediction import node_probabilities
from fastbpts.estimators.storage import stored_reading
from fastbpts.estimators.word_rows import embedding_rows, unknown_words
from fastbpts.networks.tree_network import Network
from fastbpts.training.class_weights import class_weights
from fastbpts.training.loop import Scores, Tensors, batches

_READING = {"unary": ("collapse",), "binarize": ("left", "right")}  # what a model's file may ask for


class TreeTraining(NetworkEstimator):
    """Reads trees, makes the network, steps through minibatches, scores. Parameters are those of TreeClassifier."""

    net_: Network

    def _class_weights(self, bank: Treebank) -> NDArray[np.float64]:
        """Weight of each class in the loss; `bank` has class numbers as labels."""
        label = bank.label if self.loss_nodes == "all" else bank.root_labels()
        return class_weights(self.class_weight, label, self.classes_)

    def _split(self, X: Any, y: Any, rng: np.random.Generator) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
        bank = examples.as_treebank(X)
        labels = None if y is None else examples.check_y(y, len(bank))
        n_held = max(1, round(self.validation_fraction * len(bank)))
        if n_held >= len(bank):
            raise ValueError(f"early_stopping=True: {len(bank)} trees are too few to hold some out; pass dev")
        order = rng.permutation(len(bank))
        parts = np.sort(order[n_held:]), np.sort(order[:n_held])
        train, held = ((bank[part], None if labels is None else labels[part]) for part in parts)
        return train, held

    def _read(self, X: Any, y: Any = None, *, learn: bool = False, classes: Any = None) -> Examples:
        bank = examples.as_treebank(X)
        cell = make_cell(self.cell, n_state=1) if learn else self.net_.cell
        examples.check_children(bank, cell.name, cell.arity)
        labels = None if y is None else examples.check_y(y, len(bank))
        all_nodes = self.loss_nodes == "all"
        if learn:
            found = examples.find_classes(bank, labels, all_nodes) if classes is None else np.unique(classes)
            self.classes_ = found
            self.vocabulary_ = Vocabulary.build(bank, self.min_count, self.max_vocabulary)
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"classes={classes!r}: the first call was given {self.classes_.tolist()}")
        bank = examples.number_labels(bank, labels, self.classes_)
        if learn:
            self.class_weight_ = self._class_weights(bank)
        weight = examples.tree_weights(bank, self.class_weight_, all_nodes)
        return Examples(bank, self.vocabulary_.map(bank.vocabulary), weight)

    def _make_network(self, seed: int) -> Network:
        return Network(
            cell=self.cell,
            n_state=int(self.n_state),
            n_classes=len(self.classes_),
            n_words=len(self.vocabulary_),
            dtype=np.dtype(self.dtype).name,
            input_activation=self.input_activation,
            loss_nodes=self.loss_nodes,
            class_weight=None if self.class_weight is None else self.class_weight_,
            alpha=dict(self.alpha) if isinstance(self.alpha, Mapping) else self.alpha,
            dropout=self.dropout,
            input_dropout=self.input_dropout,
            optimizer=self._make_optimizer(),
            max_norm=self.max_norm,
            train_embeddings=bool(self.train_embeddings),
            n_threads=self.n_threads,
            random_state=seed,
        )

    def _begin(self, X: Any, y: Any, classes: Any = None) -> Examples:
        data: Examples = super()._begin(X, y, classes)
        if self.embeddings is not None:
            rows, vectors = embedding_rows(self.embeddings, self.vocabulary_, int(self.n_state))
            E = self.net_.params["E"]
            E[rows] = vectors
            self.net_.set_params({"E": E})
        return data

    def _n_batches(self, data: Examples) -> int:
        return -(-len(data.bank) // int(self.batch_size))

    def _known(self, bank: Treebank) -> Treebank:
        """The trees for training; a label that the loss sees must be one of the classes."""
        strange = bank.label >= len(self.classes_)
        if not strange.any():
            return bank
        if self.loss_nodes == "all" or strange[examples.roots(bank)].any():
            raise ValueError(f"X or y has labels that are not among the classes {self.classes_.tolist()}")
        return examples.relabelled(bank, np.where(strange, np.int32(-1), bank.label))

    def _steps(self, data: Examples, rng: np.random.Generator) -> Iterator[tuple[float, float]]:
        bank = self._known(data.bank)
        word_map = unknown_words(bank, data.word_map, self.unknown, self.unk_rate, rng)
        s = None
        order = batches(len(bank), int(self.batch_size), rng)
        for chosen, ahead in pairwise(chain(order, (None,))):
            assert chosen is not None
            s = bank.batch(chosen, word_map(), ahead=ahead)
            yield self.net_.step(s) * len(chosen), float(data.weight[chosen].sum())
        if s is not None and not np.isfinite(self.net_.predict_proba(s)).all():  # the last update has no later loss
            raise FloatingPointError("after the last update the probabilities are not finite")

    def _evaluate(self, data: Examples) -> Scores:
        label = data.bank.label
        examples.check_known(label, self.classes_)
        log_p = np.empty(label.shape)
        hit = np.empty(label.shape, bool)
        for nodes, proba in node_probabilities(self.net_, data):
            own = label[nodes]
            hit[nodes] = proba.argmax(axis=1) == own
            at = proba[np.arange(len(own)), np.clip(own, 0, proba.shape[1] - 1)]
            log_p[nodes] = np.log(np.maximum(at, np.finfo(proba.dtype).tiny))
        at_root = np.zeros(label.shape, bool)
        at_root[examples.roots(data.bank)] = True
        weight = np.append(self.class_weight_, [0.0, 0.0])[label] * (at_root | (self.loss_nodes == "all"))
        score, score_nodes = _mean(hit[at_root & (label >= 0)]), _mean(hit[label >= 0])
        loss = -float((weight * log_p).sum() / weight.sum()) if weight.any() else float("nan")
        return {"score": score, "score_nodes": score_nodes, "score_sum": score + score_nodes, "loss": loss}

    def _fingerprint(self, data: Examples) -> str:
        digest = hashlib.blake2b(digest_size=16)
        for array in (*data.bank.plan, data.word_map):
            digest.update(np.ascontiguousarray(array).data)
        digest.update(self.vocabulary_.to_bytes())
        digest.update(repr(self.classes_.tolist()).encode())
        return digest.hexdigest()

    def _learnt(self) -> tuple[Tensors, dict[str, Any]]:
        vocabulary = np.frombuffer(self.vocabulary_.to_bytes(), np.uint8)
        meta = {"classes": self.classes_.tolist(), "reading": getattr(self, "reading_", {})}
        return {"vocabulary": vocabulary, "class_weight": self.class_weight_}, meta

    def _set_learnt(self, tensors: Tensors, meta: dict[str, Any]) -> None:
        self.classes_ = np.array(meta["classes"])
        self.vocabulary_ = Vocabulary.from_bytes(tensors["vocabulary"])
        self.class_weight_ = tensors["class_weight"]
        if reading := stored_reading(meta, _READING):
            self.reading_ = reading
        if self.classes_.ndim != 1 or self.class_weight_.shape != self.classes_.shape:
            raise ValueError("the classes are damaged")


def _mean(hits: NDArray[np.bool_]) -> float:
    return float(hits.mean()) if hits.size else float("nan")
