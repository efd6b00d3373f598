"""Modules under the names they had until 0.1; for one release, importing one of these names warns.

Objects are reached through ``fastbpts`` itself (``fastbpts.Treebank``), and a module is reached under its new name.
Pickles of earlier versions are not read, as in scikit-learn; model files are.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import warnings
from collections.abc import Sequence
from types import ModuleType
from typing import Any

# Old name -> the modules that have its contents now; both within fastbpts. A package has none: it only has modules.
MOVED: dict[str, tuple[str, ...]] = {
    "checkpoint": ("_files.checkpoints",),
    "conllu": ("data.conllu_bank",),
    "estimators.checks": ("_base.checks",),
    "estimators.errors": ("_base.errors",),
    "estimators.mlp": ("estimators.mlp_classifier",),
    "estimators.progress": ("training.epoch_bar",),
    "estimators.training": ("training.loop",),
    "estimators.tree": ("estimators.tree_classifier",),
    "estimators.weights": ("training.class_weights",),
    "estimators.words": ("estimators.word_rows",),
    "io": ("models", "_files.tensors", "_files.atomic", "_files.checkpoints"),
    "losses": ("training.losses",),
    "network": ("networks.tree_network",),
    "optimizer": ("training.optimizer",),
    "readers.objects": ("data.parse.objects",),
    "schedules": ("training.schedules",),
    "sequence": (),
    "sequence.classifier": ("estimators.sequence_classifier",),
    "sequence.data": ("estimators.sequences",),
    "sequence.embedding": (),
    "sequence.features": ("estimators.token_features",),
    "sequence.generation": ("networks.generation",),
    "sequence.head": ("networks.head",),
    "sequence.labelled": ("estimators.sequence_task",),
    "sequence.language_model": ("estimators.language_model",),
    "sequence.network": ("networks.sequence_network",),
    "sequence.options": ("estimators.sequence_options",),
    "sequence.packing": ("networks.packing",),
    "sequence.pooling": (),
    "sequence.shape": ("networks.shape",),
    "sequence.tagger": ("estimators.sequence_tagger",),
    "structure": ("data.structure",),
    "text": ("data.numbered_text",),
    "treebank": ("data.treebank",),
    "vectors": ("words.pretrained",),
    "vocabulary": ("data.vocabulary",),
}
# Names that a package no longer has -> the module that defines them.
MOVED_NAMES = {
    ("estimators", "DivergenceError"): "_base.errors",
    ("estimators", "NetworkEstimator"): "estimators.base",
    ("estimators", "TreeClassifier"): "estimators.tree_classifier",
}


def moved_name(package: str, name: str) -> Any:
    """The object that `package` had under this name, with a warning; for the ``__getattr__`` of a module."""
    place = MOVED_NAMES.get((package.removeprefix("fastbpts."), name))
    if place is None:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    warnings.warn(
        f"{package}.{name} has moved to fastbpts.{place} and will be gone in the next release",
        DeprecationWarning,
        stacklevel=3,
    )
    return getattr(importlib.import_module(f"fastbpts.{place}"), name)


class _Loader(importlib.abc.Loader):
    """Makes a module whose names are looked up in the modules that have its contents now."""

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """Leave it to Python to make the module."""

    def exec_module(self, module: ModuleType) -> None:
        """Warn, and let the module find its names elsewhere."""
        places = [f"fastbpts.{place}" for place in MOVED[module.__name__.removeprefix("fastbpts.")]]
        if places:
            warnings.warn(
                f"{module.__name__} has moved to {', '.join(places)}; the old name will be gone in the next release",
                DeprecationWarning,
                stacklevel=2,
            )
        found = [importlib.import_module(place) for place in places]

        def look_up(name: str) -> Any:
            for place in found:
                if hasattr(place, name):
                    return getattr(place, name)
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

        module.__dict__["__getattr__"] = look_up


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the old names, after all other finders."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The old module, or None."""
        del path, target
        old = fullname.removeprefix("fastbpts.")
        if old == fullname or old not in MOVED:
            return None
        return importlib.util.spec_from_loader(fullname, _Loader(), is_package=not MOVED[old])


def install() -> None:
    """Make the old names importable."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
