"""LSTM language model over characters: nats per character on the last tenth of a text, and what the model writes.

    python examples/char_lm.py FILE [--seed N] [--threads N] [--epochs N] [--output DIRECTORY]

FILE is any text (plain, .gz or .xz); the recipe was made for the million characters of Tiny Shakespeare. Killed at any
moment, the same command goes on from its last epoch.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import fastbpts as fb
from fastbpts.draw import learning_curve

RECIPE: dict[str, Any] = {
    "cell": "lstm",
    "n_state": 384,
    "n_embedding": 64,
    "n_steps": 64,
    "batch_size": 32,
    "dropout": 0.3,
    "input_dropout": 0.1,
    "optimizer": "adam",
    "learning_rate": 0.002,
    "schedule": "cosine:floor=0.02",
    "max_norm": 1.0,
}


def main() -> None:
    """Train by the recipe, print the scores and a sample, write the model and its learning curve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--output", type=Path, default=Path())
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)

    train, dev = fb.read_text(given.file).split(0.1)
    lm = fb.LanguageModel(
        **RECIPE,
        max_iter=given.epochs,
        random_state=given.seed,
        n_threads=given.threads,
        checkpoint=given.output / "char_lm.ckpt",
        verbose=1,
    )
    started, worked = time.perf_counter(), time.process_time()
    lm.fit(train, dev=dev, resume=True)
    print(f"{time.perf_counter() - started:.0f} s, {time.process_time() - worked:.0f} s of all processors")
    print(f"last tenth: {lm.log_loss(dev):.4f} nats, {lm.bits(dev):.4f} bits per character")
    print(f"\n{lm.generate(chr(10), 600, temperature=0.8, random_state=given.seed)}")
    lm.save(given.output / "char_lm.safetensors")
    learning_curve(lm, given.output / "char_lm.png", title="LSTM over characters")


if __name__ == "__main__":
    main()
