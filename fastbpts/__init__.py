"""fastbpts: back-propagation through structure, fast, on the CPU.

Public names are loaded on first use, so that ``import fastbpts`` costs little more than ``import numpy``.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

# Public name -> module that defines it. A module must not have the name of another module's public function:
# importing it would hide the function (hence _cell.py, which defines fb.cell).
_LAZY = {
    "ConlluBank": "conllu",
    "ConlluError": "readers.conllu",
    "DivergenceError": "estimators",
    "Elman": "layers.recurrent",
    "GRU": "layers.recurrent",
    "GloVe": "words.glove",
    "KeyedVectors": "words.vectors",
    "LSTM": "layers.recurrent",
    "LanguageModel": "sequence.language_model",
    "MLP": "layers.mlp",
    "MLPClassifier": "estimators.mlp",
    "Network": "network",
    "Optimizer": "optimizer",
    "PTBError": "readers.ptb",
    "Phrases": "words.phrases",
    "SequenceClassifier": "sequence.classifier",
    "SequenceTagger": "sequence.tagger",
    "Structure": "structure",
    "Text": "text",
    "Tree": "_tree",
    "TreeClassifier": "estimators",
    "Treebank": "treebank",
    "UnknownWordError": "words.vectors",
    "Vocabulary": "vocabulary",
    "Word2Vec": "words.word2vec",
    "cell": "_cell",
    "cells": "_cell",
    "check_grad": "gradcheck",
    "demo_text": "demo",
    "demo_treebank": "demo",
    "iter_conllu": "readers.conllu",
    "iter_ptb": "readers.ptb",
    "iter_text": "readers.text",
    "load": "io",
    "load_vectors": "vectors",
    "read_conllu": "readers.conllu",
    "read_ptb": "readers.ptb",
    "read_text": "readers.text",
    "softmax_cross_entropy": "losses",
}
_SUBPACKAGES = {"draw", "reference"}

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
