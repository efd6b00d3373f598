"""fastbpts: back-propagation through structure, fast, on the CPU.

Public names are loaded on first use, so that ``import fastbpts`` costs little more than ``import numpy``.
"""

import importlib
from typing import Any

from fastbpts import _moved

__version__ = "0.1.0"

# Public name -> module that defines it. A module must not have the name of another module's public function:
# importing it would hide the function (hence the folder _cells, beside fb.cells).
_LAZY = {
    "ConlluBank": "data.conllu_bank",
    "ConlluError": "readers.conllu",
    "DivergenceError": "_base.errors",
    "Elman": "layers.recurrent",
    "GRU": "layers.recurrent",
    "GloVe": "words.glove",
    "KeyedVectors": "words.vectors",
    "LSTM": "layers.recurrent",
    "LanguageModel": "estimators.language_model",
    "Loss": "training.losses",
    "MLP": "layers.mlp",
    "MLPClassifier": "estimators.mlp_classifier",
    "Network": "networks.tree_network",
    "Optimizer": "training.optimizer",
    "PTBError": "data.parse.brackets",
    "Phrases": "words.phrases",
    "SequenceClassifier": "estimators.sequence_classifier",
    "SequenceTagger": "estimators.sequence_tagger",
    "Structure": "data.structure",
    "Text": "data.numbered_text",
    "Tree": "data.tree",
    "TreeClassifier": "estimators.tree_classifier",
    "Treebank": "data.treebank",
    "UnknownWordError": "words.vectors",
    "Vocabulary": "data.vocabulary",
    "Word2Vec": "words.word2vec",
    "cell": "_cells.cell",
    "cells": "_cells.cell",
    "check_grad": "gradcheck",
    "demo_text": "demo",
    "demo_treebank": "demo",
    "iter_conllu": "readers.conllu",
    "iter_ptb": "readers.ptb",
    "iter_text": "readers.text",
    "iter_trees": "readers.trees",
    "load": "models",
    "load_vectors": "words.pretrained",
    "loss": "training.losses",
    "losses": "training.losses",
    "optimizers": "training.optimizer",
    "read_conllu": "readers.conllu",
    "read_ptb": "readers.ptb",
    "read_text": "readers.text",
    "read_trees": "readers.trees",
    "softmax_cross_entropy": "training.losses",
    "tree_formats": "readers.trees",
}
_SUBPACKAGES = ("draw", "reference")

_moved.install()

__all__ = ["__version__", *_LAZY, *_SUBPACKAGES]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        value = getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
    elif name in _SUBPACKAGES:
        value = importlib.import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
