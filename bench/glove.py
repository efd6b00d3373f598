"""GloVe against the authors' program: seconds per epoch, and for counting pairs.

    python bench/glove.py             # the first 29 MB of the corpus (5 million words): minutes
    python bench/glove.py --quick     # does it run?

The program itself is not part of this repository: the peer is a stand-in of equal arithmetic, memory and files
(``glove_peer.c``), compiled with ``gcc -Ofast -march=native``. The real one was not measured here. Without gcc or the
corpus nothing is measured. Both train on the same pairs in random order; losses of the epochs are printed beside the
times. The peer counts from numbers of words, fastbpts from the text: its time has the reading in it.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import common
import numpy as np
import words as text_bench

from fastbpts import _core
from fastbpts.words._cooccurrence import Windows, _chunks, count_rows
from fastbpts.words._counting import count_text, keep_words
from fastbpts.words._encoded import EncodedText
from fastbpts.words._pairs import PairStore
from fastbpts.words._text import TextSource
from fastbpts.words.glove import GloVe

HERE = Path(__file__).resolve().parent
RECORD = np.dtype([("word", "<i4"), ("context", "<i4"), ("x", "<f8")])
WINDOW, X_MAX, MEGABYTES = 15, 100.0, 29.0


def peer(folder: Path) -> str:
    """The compiled stand-in."""
    program = folder / "glove_peer"
    flags = ["-Ofast", "-march=native", "-pthread"]
    subprocess.run(["gcc", *flags, str(HERE / "glove_peer.c"), "-o", str(program), "-lm"], check=True)
    return str(program)


class Problem:
    """A text, its vocabulary and its pairs."""

    def __init__(self, folder: Path, megabytes: float) -> None:
        self.folder, self.path = folder, text_bench.corpus(str(folder), megabytes)
        self.source = TextSource(self.path)
        kept = keep_words(count_text(self.source, 2, None).table, 5, None)
        self.words, self.n_tokens = kept.words, int(kept.counts.sum())
        self.pairs = PairStore(1 << 40)

    def text(self, n_threads: int) -> EncodedText:
        return EncodedText(self.source, self.words, 2**31 - 1, 0, n_threads)

    def count(self, n_threads: int) -> float:
        """Seconds of counting, from the text to shuffled pairs."""
        start = time.perf_counter()
        self.pairs = PairStore(1 << 40)
        windows = Windows(WINDOW, True, True)
        for rows in count_rows(self.text(n_threads), len(self.words), self.n_tokens, windows, 1 << 32, n_threads):
            self.pairs.add(rows)
        return time.perf_counter() - start

    def write_ids(self) -> Path:
        path = self.folder / "ids"
        with path.open("wb") as file:
            for ids, _ in _chunks(self.text(1), self.n_tokens, 1 << 40):
                file.write(ids.data)
        return path

    def write_pairs(self) -> Path:
        """The pairs as the peer reads them, in the order of the first epoch."""
        path = self.folder / "records"
        with path.open("wb") as file:
            for bucket in self.pairs.buckets(np.random.default_rng([1, 0])):
                records = np.empty(len(bucket), RECORD)
                records["word"], records["context"] = bucket[:, 0], bucket[:, 1]
                records["x"] = bucket[:, 2].view(np.float32)
                file.write(records.data)
        return path


def counting(program: str, problem: Problem, rounds: int) -> str:
    """Seconds of both, round by round, and their ratio."""
    ids, ratios, out = problem.write_ids(), [], []
    table, buffer = "20000000", "30000000"
    for _ in range(rounds):
        ours = problem.count(1)
        start = time.perf_counter()
        arguments = [str(ids), str(WINDOW), str(len(problem.words)), table, buffer, str(problem.folder / "counted")]
        done = subprocess.run([program, "count", *arguments], check=True, capture_output=True, text=True)
        theirs = time.perf_counter() - start
        ratios.append(theirs / ours)
        pairs = f"pairs {problem.pairs.n_pairs:,}, peer {int(done.stdout):,}"
        out.append(f"- counting: {ours:.2f} s, peer {theirs:.2f} s; {pairs}\n")
    return "".join(out) + f"\nCounting, 1 thread: {common.spread(ratios, '.2f')} times the peer's speed\n"


def training(program: str, problem: Problem, d: int, threads: int, epochs: int) -> str:
    """Seconds and losses of both, epoch by epoch, and the ratio of the medians."""
    records, n_words = problem.write_pairs(), len(problem.words)
    model: Any = GloVe(vector_size=d, workers=threads)
    model._words = problem.words
    rows, bias = model._fresh()
    arguments = [str(records), str(n_words), str(d), str(epochs), str(threads), str(X_MAX)]
    with subprocess.Popen([program, "train", *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        theirs = [tuple(map(float, line.split())) for line in process.stdout]
    ours = []
    for epoch in range(epochs):
        start, loss = time.perf_counter(), 0.0
        for bucket in problem.pairs.buckets(np.random.default_rng([1, epoch])):
            loss += _core.glove_train(rows, bias, bucket, X_MAX, 0.75, 0.05, threads)
        ours.append((time.perf_counter() - start, loss / problem.pairs.n_pairs))
    out = [
        f"- epoch: {a:.2f} s, loss {loss:.5f}; peer {b:.2f} s, loss {peer_loss:.5f}\n"
        for (a, loss), (b, peer_loss) in zip(ours, theirs, strict=True)
    ]
    ratio = statistics.median(b for b, _ in theirs) / statistics.median(a for a, _ in ours)
    return "".join(out) + f"\nTraining, d = {d}, {threads} threads: {ratio:.2f} times the peer's speed\n"


def run(megabytes: float, rounds: int, d: int, threads: list[int], only: str | None = None) -> str:
    """Counting, then training, in markdown."""
    lacking = text_bench.no_corpus() if shutil.which("gcc") else "gcc is not installed"
    if lacking:
        return f"Not measured: {lacking}.\n"
    with tempfile.TemporaryDirectory() as name:
        program, problem, parts = peer(Path(name)), Problem(Path(name), megabytes), []
        if only == "training":
            problem.count(2)
        else:
            parts.append(counting(program, problem, rounds))
        if only != "counting":
            parts += [training(program, problem, d, n, 2) for n in threads]
        return "\n".join(parts)


def measure(quick: bool) -> str:
    """The output of `python bench/glove.py`."""
    return run(1.0, 1, 16, [1]) if quick else run(MEGABYTES, 3, 100, [1, 2])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smoke run: figures mean nothing")
    parser.add_argument("--megabytes", type=float, default=MEGABYTES)
    parser.add_argument("--only", choices=["counting", "training"], help="a part of it")
    parser.add_argument("-d", type=int, default=100)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    given = parser.parse_args()
    print(measure(True) if given.quick else run(given.megabytes, 3, given.d, given.threads, given.only), end="")


if __name__ == "__main__":
    main()
