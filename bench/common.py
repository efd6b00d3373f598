"""Shared by the scripts of this folder: the treebank, quick mode, a bound network, output."""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import fastbpts as fb
from fastbpts.benchmark import Process, Settings
from fastbpts.benchmark.generate import sst_like

MORE_PEERS = ("jax", "onnxruntime", "gensim")  # of recurrent layers and word vectors
ROOT = Path(__file__).resolve().parent.parent


def treebank() -> str | None:
    """Path of the Stanford Sentiment Treebank below FASTBPTS_DATA or ../shared/data; None if there is none."""
    folder = Path(os.environ.get("FASTBPTS_DATA", ROOT.parent / "shared" / "data"))
    path = folder / "sst" / "train.txt.xz"
    return str(path) if path.exists() else None


def bank(n_generated: int = 8544) -> fb.Treebank:
    """The treebank, or generated trees of the same shape."""
    path = treebank()
    return fb.Treebank.from_trees(sst_like(n_generated)) if path is None else fb.read_ptb(path)


def settings(cell: str, quick: bool, batch_size: int = 25) -> Settings:
    """A task for fresh processes."""
    return Settings(cell, None if quick else treebank(), 500 if quick else 8544, batch_size=batch_size)


def lines(n_trees: int) -> list[str]:
    """Text of `n_trees` trees, the treebank repeated as often as needed."""
    source = bank(min(n_trees, 8544))
    text = [source[i].to_ptb() for i in range(min(n_trees, len(source)))]
    return [text[i % len(text)] for i in range(n_trees)]


def spread(values: Sequence[float], form: str = ".1f") -> str:
    """Median and range."""
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def different(processes: Sequence[Process]) -> list[str]:
    """Names of the results that do not have the same bits in all processes."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{k}.npz") for k in range(len(processes))]
        for p, file in zip(processes, files, strict=True):
            p.ask(f"check {file}")
        first, *others = (dict(np.load(file)) for file in files)
    return [name for name in first if not all(np.array_equal(first[name], other[name]) for other in others)]


def two_threads(
    processes: Sequence[Process], rate: Callable[[Process], float], rounds: int
) -> tuple[list[float], list[float]]:
    """Gains, round by round, over one thread alone: of two threads, and of two processes of one thread.

    A shared host does not always have a second core to give. Two processes, which never wait for each other, show what
    it has: the most that two threads could reach.

    Parameters
    ----------
    processes : sequence of Process
        With one thread, with two, and another with one.
    rate : callable
        Has a process work and returns the work per second.
    rounds : int
    """
    one, two, another = processes
    threads, machine = [], []
    with ThreadPoolExecutor() as both:
        for _ in range(rounds):
            alone = rate(one)
            threads.append(rate(two) / alone)
            machine.append(sum(both.map(rate, (one, another))) / alone)
    return threads, machine


def main(measure: Callable[[bool], str], doc: str | None) -> None:
    """Command line of a single script: measure and print."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="smoke run: seconds, generated trees, figures mean nothing"
    )
    print(measure(parser.parse_args().quick))


def temporary_file(text: Sequence[str], folder: str) -> Path:
    """A file with one tree per line."""
    handle, name = tempfile.mkstemp(".txt", dir=folder)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in text)
    return Path(name)
