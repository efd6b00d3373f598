"""Model files to models: the only module that knows every class by name."""

import importlib
import os
from typing import Any

from fastbpts._files.atomic import PathLike
from fastbpts._files.tensors import Tensors, read_tensors

# Class name in model files -> module that defines it. Loaded on first use: word models need no scikit-learn.
_CLASSES = {
    "GloVe": "words.glove",
    "KeyedVectors": "words.vectors",
    "LanguageModel": "estimators.language_model",
    "MLPClassifier": "estimators.mlp_classifier",
    "SequenceClassifier": "estimators.sequence_classifier",
    "SequenceTagger": "estimators.sequence_tagger",
    "TreeClassifier": "estimators.tree_classifier",
    "Word2Vec": "words.word2vec",
}


def from_tensors(tensors: Tensors, header: dict[str, Any]) -> Any:
    """The model in a model file or checkpoint (of which: its best model so far)."""
    name = header.get("class")
    if name not in _CLASSES:
        raise ValueError(f"it holds a {name!r}, which this fastbpts does not know")
    return getattr(importlib.import_module(f"fastbpts.{_CLASSES[name]}"), name)._from_tensors(tensors, header)


def load(path: PathLike) -> Any:
    """Load a fitted estimator from a file that its ``save`` wrote.

    Parameters
    ----------
    path : str or path
        A model file (or a checkpoint, which holds the model of its epoch).

    Returns
    -------
    estimator
        An estimator of the class that was saved, ready to predict.

    Raises
    ------
    ValueError
        The file is damaged or is not a model file.
    """
    tensors, header = read_tensors(path)
    try:
        return from_tensors(tensors, header)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, MemoryError) as error:
        reason = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(f"{os.fspath(path)}: not a usable model ({reason})") from error
