"""Parts of the estimators over sequences: the network, and the checks of one in a file."""

import numpy as np

from fastbpts.estimators.sequence_examples import Labelling, SequenceReader
from fastbpts.estimators.sequence_options import LabelledOptions, SequenceOptions
from fastbpts.estimators.sequence_task import SequenceTask
from fastbpts.networks.sequence_network import SequenceNetwork
from fastbpts.networks.shape import Shape
from fastbpts.training.loop import Tensors
from fastbpts.training.options import optimizer_of


def make_network(options: SequenceOptions, shape: Shape, train_embeddings: bool, seed: int) -> SequenceNetwork:
    """A fresh network."""
    return SequenceNetwork(
        shape,
        dropout=float(options.dropout),
        input_dropout=float(options.input_dropout),
        alpha=options.alpha,
        optimizer=optimizer_of(options),
        max_norm=options.max_norm,
        train_embeddings=train_embeddings,
        dtype=np.dtype(options.dtype).name,
        n_threads=options.n_threads,
        random_state=seed,
    )


def check_stored(shape: Shape, params: Tensors) -> None:
    """Refuse parameters that do not fit a network of this shape."""
    stored = {name: array.shape for name, array in params.items()}
    if not 0 < shape.n_layers <= len(stored) or shape.params() != stored:
        raise ValueError("its parameters do not fit the weights")


def labelled_shape(options: LabelledOptions, reader: SequenceReader, pool: str) -> Shape:
    """The shape of the network for what a reader has learnt; `pool` leads from steps to what the classifier reads."""
    whole = {"word": options.n_embedding, "lower": options.n_embedding}
    tables = {
        name: (len(words), int(whole.get(name, options.n_feature))) for name, words in reader.vocabularies.items()
    }
    sizes = int(options.n_state), int(options.n_layers), 2 if options.bidirectional else 1
    return Shape(options.cell, *sizes, tables, reader.n_values, len(reader.classes), pool, options.head)


def labelled_reader(options: LabelledOptions, labelling: Labelling, name: str) -> SequenceReader:
    """The reader of an estimator whose class has this name."""
    dtype, features = np.dtype(options.dtype).name, tuple(options.features)
    vocabulary = options.min_count, options.max_vocabulary
    return SequenceReader(labelling, name, dtype, options.level, features, options.class_weight, *vocabulary)


def labelled_task(options: LabelledOptions, reader: SequenceReader, per_step: bool) -> SequenceTask:
    """How the network learns from the reader's examples."""
    names = list(reader.vocabularies)
    column, weighted = names.index("word") if "word" in names else None, options.class_weight is not None
    unknown = options.unknown, options.unk_rate
    return SequenceTask(reader.classes, column, per_step, weighted, int(options.batch_size), *unknown)
