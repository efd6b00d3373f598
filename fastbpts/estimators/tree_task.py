"""How a recursive network learns from trees, and its predictions."""

from collections.abc import Callable, Iterator
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbpts.data.structure import Structure
from fastbpts.data.treebank import Treebank
from fastbpts.estimators import tree_examples
from fastbpts.estimators.classes import Classes, check_known, mean
from fastbpts.estimators.tree_examples import Examples, roots
from fastbpts.estimators.word_rows import unknown_words
from fastbpts.networks.tree_network import Network
from fastbpts.training.loop import Scores, batches

_CHUNK = 512  # trees per call


def structures(data: Examples) -> Iterator[tuple[slice, Structure]]:
    """The trees in pieces, with their numbers."""
    n = len(data.bank)
    for start in range(0, n, _CHUNK):
        stop = min(start + _CHUNK, n)
        yield slice(start, stop), data.bank.batch(np.arange(start, stop), data.word_map)


def node_probabilities(net: Network, data: Examples) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Class probabilities of all nodes, in the order of the treebank, a slice of its nodes at a time."""
    for trees, s in structures(data):
        proba = net.predict_proba(s, nodes="all")
        nodes = slice(int(data.bank.node_ptr[trees.start]), int(data.bank.node_ptr[trees.stop]))
        yield nodes, proba[np.argsort(s.graph, kind="stable")]


def per_root(net: Network, data: Examples, function: Callable[[Structure], NDArray[Any]], width: int) -> NDArray[Any]:
    """Results of a function of a structure for the roots, a row per tree."""
    out = np.empty((len(data.bank), width), net.dtype)
    for trees, s in structures(data):
        out[trees] = function(s)
    return out


def node_hits(net: Network, data: Examples) -> NDArray[np.bool_]:
    """Whether each node's label is the prediction."""
    hit = np.empty(data.bank.n_nodes, bool)
    for nodes, proba in node_probabilities(net, data):
        hit[nodes] = proba.argmax(axis=1) == data.bank.label[nodes]
    return hit


class TreeTask:
    """Classification of nodes.

    Parameters
    ----------
    classes : Classes
    all_nodes : bool
        Whether the loss sees all labelled nodes, or the roots only.
    batch_size : int
        Trees per step.
    unknown, unk_rate
        Parameters of TreeClassifier.
    """

    def __init__(
        self, classes: Classes, all_nodes: bool, batch_size: int, unknown: str | None, unk_rate: float | None
    ) -> None:
        self._classes, self._all_nodes, self._batch_size = classes, all_nodes, batch_size
        self._unknown, self._unk_rate = unknown, unk_rate

    def n_steps(self, data: Examples) -> int:
        """See `Task`."""
        return -(-len(data.bank) // self._batch_size)

    def _known(self, bank: Treebank) -> Treebank:
        """The trees for training; a label that the loss sees must be one of the classes."""
        strange = bank.label >= len(self._classes)
        if not strange.any():
            return bank
        if self._all_nodes or strange[roots(bank)].any():
            raise ValueError(f"X or y has labels that are not among the classes {self._classes.values.tolist()}")
        return tree_examples.relabelled(bank, np.where(strange, np.int32(-1), bank.label))

    def _weights(self, bank: Treebank) -> NDArray[np.float64]:
        """The weight of each tree in the loss."""
        if not self._all_nodes:
            return self._classes.weights(bank.label[roots(bank)])
        sums: NDArray[np.float64] = np.add.reduceat(self._classes.weights(bank.label), bank.node_ptr[:-1])
        return sums

    def steps(self, net: Network, data: Examples, rng: np.random.Generator) -> Iterator[tuple[float, float]]:
        """See `Task`."""
        bank = self._known(data.bank)
        weight = self._weights(bank)
        word_map = unknown_words(bank, data.word_map, self._unknown, self._unk_rate, rng)
        s = None
        order = batches(len(bank), self._batch_size, rng)
        for chosen, ahead in pairwise(chain(order, (None,))):
            assert chosen is not None
            s = bank.batch(chosen, word_map(), ahead=ahead)
            total = float(weight[chosen].sum())
            yield net.step(s) * (total if net.reduction == "mean" else len(chosen)), total
        if s is not None and not np.isfinite(net.predict_proba(s)).all():  # the last update has no later loss
            raise FloatingPointError("after the last update the probabilities are not finite")

    def scores(self, net: Network, data: Examples) -> Scores:
        """Accuracy at the root and over all labelled nodes, their sum, and the loss."""
        label = data.bank.label
        check_known(label, self._classes.values)
        log_p, hit = np.empty(label.shape), np.empty(label.shape, bool)
        for nodes, proba in node_probabilities(net, data):
            hit[nodes] = proba.argmax(axis=1) == label[nodes]
            log_p[nodes] = self._classes.log_probability(proba, label[nodes])
        at_root = np.zeros(label.shape, bool)
        at_root[roots(data.bank)] = True
        weight = self._classes.weights(label) * (at_root | self._all_nodes)
        score, score_nodes = mean(hit[at_root & (label >= 0)]), mean(hit[label >= 0])
        loss = self._classes.loss(log_p, weight)
        return {"score": score, "score_nodes": score_nodes, "score_sum": score + score_nodes, "loss": loss}
