"""Part-of-speech tagger on Universal Dependencies: a bidirectional LSTM over words, suffixes, prefixes and shapes.

    python examples/pos_tagger.py FOLDER [--seed N] [--threads N] [--output DIRECTORY]

FOLDER has en_ewt-ud-train.conllu and en_ewt-ud-dev.conllu (or .gz, .xz).
"""

import argparse
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

import fastbpts as fb

RECIPE: dict[str, Any] = {
    "cell": "lstm",
    "n_state": 128,
    "n_embedding": 100,
    "n_feature": 32,
    "features": ("word", "suffix1", "suffix2", "suffix3", "suffix4", "prefix2", "prefix3", "shape"),
    "unk_rate": 0.5,
    "dropout": 0.4,
    "input_dropout": 0.3,
    "optimizer": "adam",
    "learning_rate": 0.003,
    "schedule": "cosine",
    "batch_size": 32,
    "max_iter": 6,
}


def read(folder: Path, split: str) -> fb.ConlluBank:
    """The sentences of a split; its file may be packed."""
    for path in (folder / f"en_ewt-ud-{split}.conllu{end}" for end in ("", ".gz", ".xz")):
        if path.exists():
            return fb.read_conllu(path)
    raise SystemExit(f"{folder}: has no en_ewt-ud-{split}.conllu, .conllu.gz or .conllu.xz")


def most_frequent(train: fb.ConlluBank, dev: fb.ConlluBank) -> float:
    """Accuracy on `dev` of each word's most frequent tag, of the most frequent tag for new words."""
    seen: dict[str, Counter[str]] = {}
    for words, tags in zip(train.column("form"), train.column("upos"), strict=True):
        for word, tag in zip(words, tags, strict=True):
            seen.setdefault(word, Counter())[tag] += 1
    common = sum(seen.values(), Counter()).most_common(1)[0][0]
    best = {word: counts.most_common(1)[0][0] for word, counts in seen.items()}
    pairs = zip(dev.column("form"), dev.column("upos"), strict=True)
    hits = [best.get(w, common) == t for words, tags in pairs for w, t in zip(words, tags, strict=True)]
    return float(np.mean(hits))


def main() -> None:
    """Train by the recipe, print accuracies and frequent confusions, write the model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--output", type=Path, default=Path())
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)

    train, dev = read(given.folder, "train"), read(given.folder, "dev")
    tagger = fb.SequenceTagger(**RECIPE, random_state=given.seed, n_threads=given.threads, verbose=1)
    started, worked = time.perf_counter(), time.process_time()
    tagger.fit(train, "upos", dev=(dev, "upos"))
    print(f"{time.perf_counter() - started:.0f} s, {time.process_time() - worked:.0f} s of all processors")
    print(
        f"dev accuracy: {tagger.score(dev, 'upos'):.4f}; each word's most frequent tag: {most_frequent(train, dev):.4f}"
    )
    pairs = zip(np.concatenate(dev.column("upos")), np.concatenate(tagger.predict(dev)), strict=True)
    for (true, said), n in Counter((str(a), str(b)) for a, b in pairs if a != b).most_common(5):
        print(f"{true:>6} taken for {said:6} {n:4d} times")
    tagger.save(given.output / "pos_tagger.safetensors")


if __name__ == "__main__":
    main()
