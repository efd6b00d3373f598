"""``SequenceTagger``: a label for every step of a sequence."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from fastbpts._base.options import with_parameters
from fastbpts.data.conllu_bank import COLUMNS, ConlluBank
from fastbpts.estimators.base import NetworkEstimator
from fastbpts.estimators.sequence_examples import SequenceReader
from fastbpts.estimators.sequence_options import SequenceTaggerOptions
from fastbpts.estimators.sequence_parts import (
    check_stored,
    labelled_reader,
    labelled_shape,
    labelled_task,
    make_network,
)
from fastbpts.estimators.sequence_task import SequenceTask, outputs
from fastbpts.estimators.sequences import Sequences, check_labels
from fastbpts.estimators.store import Trained, stored_reading
from fastbpts.estimators.word_rows import check_unknown, set_pretrained
from fastbpts.networks.sequence_network import SequenceNetwork
from fastbpts.networks.shape import GROUPS
from fastbpts.training.loop import Tensors


class LabelOfEachStep:
    """A label for each step; steps with the label `ignore` do not count."""

    per_step = True

    def __init__(self, ignore: Any) -> None:
        self._ignore = ignore

    def flat(self, X: Any, y: Any, sequences: Sequences) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """See `Labelling`."""
        given = _column(X, y)
        if isinstance(given, str) or not isinstance(given, Iterable):
            raise ValueError(f"y must be a list of labels for each sequence, or a ConlluBank's column, got {y!r:.60}")
        items = [_items(k, labels) for k, labels in enumerate(given)]
        if len(items) != len(sequences):
            raise ValueError(f"y has labels of {len(items)} sequences, X has {len(sequences)} sequences")
        for k, (labels, n) in enumerate(zip(items, np.diff(sequences.ptr).tolist(), strict=True)):
            if len(labels) != n:
                raise ValueError(f"y[{k}] has {len(labels)} labels, X[{k}] has {n} steps")
        every = [label for labels in items for label in labels]
        counted = np.array([not _same(label, self._ignore) for label in every], bool)
        kept = check_labels([label for label, counts in zip(every, counted, strict=True) if counts], "y")
        flat = np.zeros(len(every), kept.dtype)
        flat[counted] = kept
        return flat, counted

    def halves(self, X: Any, y: Any, parts: tuple[NDArray[Any], NDArray[Any]], n: int) -> tuple[Any, Any]:
        """See `Labelling`."""
        labels = [_items(k, row) for k, row in enumerate(_column(X, y))]
        if len(labels) != n:
            raise ValueError(f"y has labels of {len(labels)} sequences, X has {n} sequences")
        first, second = ([labels[k] for k in part.tolist()] for part in parts)
        return first, second


@with_parameters
class SequenceTagger(SequenceTaggerOptions, NetworkEstimator):
    """Recurrent network with a softmax classifier at every step: part-of-speech tags, named entities, segments.

    Attributes
    ----------
    classes_ : ndarray
        The labels.
    vocabularies_ : dict of Vocabulary
        By feature; row 0 is the unknown one.
    net_, n_iter_, history_, best_iter_, best_score_
        As for :class:`SequenceClassifier`.
    reading_ : dict
        The `column` of CoNLL-U that ``fastbpts train`` learnt; saved, and taken by the other commands.

    Examples
    --------
    >>> import fastbpts as fb
    >>> X = [["the", "dog", "barks"], ["the", "cat", "sleeps"]]
    >>> tagger = fb.SequenceTagger(n_state=8, max_iter=60, learning_rate=0.02, features=("word", "suffix1"))
    >>> tagger.fit(X, [["DET", "NOUN", "VERB"]] * 2).predict([["the", "dog", "sleeps"]])
    [array(['DET', 'NOUN', 'VERB'], dtype='<U4')]
    """

    __module__ = "fastbpts"

    net_: SequenceNetwork
    _trained: Trained[SequenceReader]
    classes_: NDArray[Any]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _make_reader(self) -> SequenceReader:
        return labelled_reader(self, LabelOfEachStep(self.ignore), type(self).__name__)

    def _make_task(self, reader: SequenceReader) -> SequenceTask:
        return labelled_task(self, reader, per_step=True)

    def _make_network(self, reader: SequenceReader, seed: int) -> SequenceNetwork:
        return make_network(self, labelled_shape(self, reader, "steps"), bool(self.train_embeddings), seed)

    def _begin_network(self, net: SequenceNetwork, reader: SequenceReader) -> None:
        if self.embeddings is not None and "word" in reader.vocabularies:
            set_pretrained(net, "E.word", self.embeddings, reader.vocabularies["word"])

    def _groups(self) -> list[str]:
        return list(GROUPS)

    def _check_params(self) -> None:
        super()._check_params()
        check_unknown(self.unknown, self.unk_rate)

    def _check_stored(self, reader: SequenceReader, params: Tensors) -> None:
        check_stored(labelled_shape(self, reader, "steps"), params)

    def _facts(self) -> dict[str, Any]:
        return {"reading": getattr(self, "reading_", {})}

    def _set_facts(self, meta: dict[str, Any]) -> None:
        if reading := stored_reading(meta, {"column": COLUMNS}):
            self.reading_ = reading

    # -- prediction ----------------------------------------------------------------------------------------------------

    def _split_steps(self, X: Any, what: str) -> tuple[NDArray[Any], Any]:
        check_is_fitted(self, "net_")
        reader = self._trained.reader
        sequences = reader.sequences(X)
        return outputs(self.net_, sequences, reader.rows(sequences), what, per_step=True), sequences.ptr[1:-1]

    def predict(self, X: Any) -> list[NDArray[Any]]:
        """The most probable label of every step.

        Parameters
        ----------
        X : list of sequences, or ConlluBank
            As for :meth:`fit`.

        Returns
        -------
        list of ndarray (n_steps,)
            One array per sequence.
        """
        proba, cuts = self._split_steps(X, "predict_proba")
        return list(np.split(self.classes_[proba.argmax(axis=1)], cuts))

    def predict_proba(self, X: Any) -> list[NDArray[Any]]:
        """Probabilities of the labels at every step.

        Parameters
        ----------
        X : list of sequences, or ConlluBank
            As for :meth:`fit`.

        Returns
        -------
        list of ndarray (n_steps, n_classes)
            One array per sequence, columns as in ``classes_``.
        """
        return list(np.split(*self._split_steps(X, "predict_proba")))

    def transform(self, X: Any) -> list[NDArray[Any]]:
        """The states at every step.

        Parameters
        ----------
        X : list of sequences, or ConlluBank
            As for :meth:`fit`.

        Returns
        -------
        list of ndarray (n_steps, n_state)
            One array per sequence; twice as many columns if the network has two directions.
        """
        return list(np.split(*self._split_steps(X, "transform")))

    def score(self, X: Any, y: Any) -> float:
        """Accuracy over all steps whose label is not `ignore`.

        Parameters
        ----------
        X : list of sequences, or ConlluBank
            As for :meth:`fit`.
        y : list of lists of labels, or str
            True labels, or the name of a ConlluBank's column ("upos", ...).

        Returns
        -------
        float
            Share of the steps whose label is predicted right.

        Raises
        ------
        ValueError
            There is no label to score.
        """
        check_is_fitted(self, "net_")
        reader = self._trained.reader
        score = self._make_task(reader).scores(self.net_, reader.read(X, y))["score"]
        if np.isnan(score):
            raise ValueError("y has no label that counts: there is nothing to score")
        return score


def _same(label: Any, ignore: Any) -> bool:
    return label is ignore or (isinstance(label, str) == isinstance(ignore, str) and bool(label == ignore))


def _column(X: Any, y: Any) -> Any:
    """The labels in the column `y` of a ConlluBank; anything else is labels already."""
    if not isinstance(y, str):
        return y
    if not isinstance(X, ConlluBank) or y not in COLUMNS:
        accepted = f"with a ConlluBank, one of {', '.join(map(repr, COLUMNS))}"
        raise ValueError(f"y must be a list of labels for each sequence or, {accepted}, got {y!r:.60}")
    return X.column(y)


def _items(k: int, labels: Any) -> list[Any]:
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise ValueError(f"y[{k}] must be a list of labels, one for each step of X[{k}], got {type(labels).__name__}")
    return list(labels.tolist() if isinstance(labels, np.ndarray) else labels)
