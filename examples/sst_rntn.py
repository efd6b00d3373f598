"""RNTN on the Stanford Sentiment Treebank from random vectors: dev accuracy over all nodes and at the root.

    python examples/sst_rntn.py FOLDER [--seed N] [--threads N] [--output DIRECTORY]

FOLDER has train.txt and dev.txt (or .txt.gz, .txt.xz) in PTB brackets with labels 0 to 4.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import fastbpts as fb
from fastbpts.draw import learning_curve

RECIPE: dict[str, Any] = {
    "cell": "rntn",
    "n_state": 25,
    "input_activation": "tanh",
    "optimizer": "adagrad",
    "learning_rate": 0.015,
    "reduction": "sum_per_graph",
    "accumulator_reset": 1,
    "schedule": "linear",
    "alpha": {"V": 2e-2, "W": 2e-2, "Ws": 2e-2, "E": 1e-3},
    "input_dropout": 0.1,
    "batch_size": 27,
    "max_iter": 55,
    "min_count": 2,
    "unknown": "dropout",
    "unk_rate": 1.0,
    "monitor": "score_sum",
}


def read(folder: Path, name: str) -> fb.Treebank:
    """The treebank of this name; its file may be packed."""
    for path in (folder / f"{name}.txt{end}" for end in ("", ".gz", ".xz")):
        if path.exists():
            return fb.read_ptb(path, n_classes=5)
    raise SystemExit(f"{folder}: has no {name}.txt, {name}.txt.gz or {name}.txt.xz")


def main() -> None:
    """Train by the recipe, print the scores, write the model and its learning curve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--output", type=Path, default=Path())
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)

    train, dev = read(given.folder, "train"), read(given.folder, "dev")
    clf = fb.TreeClassifier(**RECIPE, random_state=given.seed, n_threads=given.threads, verbose=1)
    started = time.perf_counter()
    clf.fit(train, dev=dev)
    seconds = time.perf_counter() - started
    print(f"epoch {clf.best_iter_} of {clf.n_iter_}, {seconds:.0f} s for all")
    print(f"dev accuracy: {clf.score_nodes(dev):.4f} over all nodes, {clf.score(dev):.4f} at the root")
    clf.save(given.output / "sst_rntn.safetensors")
    learning_curve(clf, given.output / "sst_rntn.png", title="RNTN on the Stanford Sentiment Treebank")


if __name__ == "__main__":
    main()
