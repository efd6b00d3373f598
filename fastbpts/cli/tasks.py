"""The tasks of ``train``: the estimator of each, its files, and lines about them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from fastbpts.cli.common import counting, read_bank, source
from fastbpts.estimators.sequence_options import LanguageModelOptions, SequenceClassifierOptions, SequenceTaggerOptions
from fastbpts.estimators.tree_options import TreeOptions


class Examples(NamedTuple):
    """What an estimator is fitted on, and a line about it."""

    X: Any
    y: Any
    about: str

    @property
    def as_dev(self) -> Any:
        """As ``fit`` takes a validation set."""
        return self.X if self.y is None else (self.X, self.y)


class Task(NamedTuple):
    """The name of the estimator's class, its parameters, other options, and those kept in its file."""

    estimator: str
    parameters: type
    options: frozenset[str]
    kept: Mapping[str, str | None] = {}  # how other files are to be read for it, with defaults


_TREES = frozenset({"tree_format", "labels", "unary", "binarize"})
TASKS = {
    "tree": Task("TreeClassifier", TreeOptions, _TREES, {"unary": "keep", "binarize": None}),
    "tag": Task("SequenceTagger", SequenceTaggerOptions, frozenset({"column"}), {"column": "upos"}),
    "lm": Task("LanguageModel", LanguageModelOptions, frozenset()),
    "classify": Task("SequenceClassifier", SequenceClassifierOptions, frozenset()),
}


def read(task: str, path: Path, how: Mapping[str, Any]) -> Examples:
    """The examples in a file; `how` has the options that say how it is read."""
    import fastbpts as fb

    if task == "tree":
        bank = read_bank(path, **{name: how[name] for name in ("format", "labels", "unary", "binarize")})
        return Examples(bank, None, f"{len(bank):,} trees, {bank.n_nodes:,} nodes, {len(bank.vocabulary):,} words")
    with counting(f"reading {path}"):
        if task == "tag":
            sentences, column = fb.read_conllu(source(path)), how["column"] or "upos"
            about = f"{len(sentences):,} sentences, {sentences.n_words:,} words, {len(sentences.names['form']):,} forms"
            return Examples(sentences, column, about)
        if task == "lm":
            level = how["level"]
            text = fb.read_text(source(path), level, pattern=how["pattern"])
            unit = {"char": "characters"}.get(level, "words")
            return Examples(text, None, f"{len(text):,} {unit}, {len(text.vocabulary):,} distinct")
        from fastbpts.readers.labelled import read_labelled

        labels, texts = read_labelled(source(path))
        return Examples(texts, labels, f"{len(texts):,} texts, {len(set(labels)):,} classes")


def summary(model: Any, output: Path) -> str:
    """The line that ends training."""
    if not model.history_:
        return f"{output}: the untrained model"
    epoch = getattr(model, "best_iter_", model.n_iter_)
    entry = model.history_[epoch - 1]
    parts = [f"epoch {epoch} of {model.n_iter_}", f"loss {entry['loss']:.4f}"]
    if "dev_score_nodes" in entry:
        parts.append(f"dev accuracy {entry['dev_score']:.4f} (root), {entry['dev_score_nodes']:.4f} (all nodes)")
    elif "dev_score" in entry:
        parts.append(f"dev accuracy {entry['dev_score']:.4f}")
    elif "dev_loss" in entry:
        parts.append(f"dev loss {entry['dev_loss']:.4f} nats per {getattr(model, 'level', 'prediction')}")
    return f"{output}: {', '.join(parts)}"
