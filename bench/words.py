"""Word vectors: words per second against gensim, the vocabulary pass, peak memory, and quality.

    python bench/words.py                     # speed, vocabulary pass and memory
    python bench/words.py --quality 3         # trains on the whole corpus with this many seeds: hours
    python bench/words.py --quality 3 --jobs 2 --epochs 1
    python bench/words.py --quick             # does it run?

The corpus and the tests are those of ``$FASTBPTS_DATA/embeddings`` (default ../shared/data/embeddings); without them,
or without gensim, nothing is measured. Both sides have the whole corpus' vocabulary and train on the same part of it,
in turns; a ratio is the median over the rounds.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import lzma
import multiprocessing
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import common

import fastbpts as fb
from fastbpts.words._counting import count_text, keep_words
from fastbpts.words._text import TextSource

DATA = Path(os.environ.get("FASTBPTS_DATA", common.ROOT.parent / "shared" / "data")) / "embeddings"
SETTINGS: dict[str, Any] = {"vector_size": 100, "window": 5, "negative": 5, "sample": 1e-4, "min_count": 5, "epochs": 1}
SIZES = {
    "skip-gram, d = 100": {"sg": 1},
    "skip-gram, d = 300": {"sg": 1, "vector_size": 300},
    "CBOW, d = 100": {"sg": 0},
}


def no_corpus() -> str | None:
    """What is missing to read the corpus."""
    path = DATA / "wiki17m.txt.xz"
    return None if path.is_file() else f"no {path} (FASTBPTS_DATA names the folder above it)"


def missing() -> str | None:
    """What is missing to measure anything."""
    return no_corpus() if importlib.util.find_spec("gensim") else "gensim is not installed"


def gensim_model(**options: Any) -> Any:
    """The peer. It is imported here only, so that other scripts can use this module without it."""
    from gensim.models import word2vec

    return word2vec.Word2Vec(**options)


def corpus(folder: str, megabytes: float | None = None) -> Path:
    """The corpus, or its begin, as a plain file."""
    path = Path(folder, f"corpus-{megabytes}.txt")
    with lzma.open(DATA / "wiki17m.txt.xz") as packed, path.open("wb") as plain:
        if megabytes is None:
            shutil.copyfileobj(packed, plain, 1 << 20)
        else:
            plain.write(packed.read(int(megabytes * 1e6)).rpartition(b"\n")[0] + b"\n")
    return path


class Ours(fb.Word2Vec):
    """Trains with a vocabulary that was counted elsewhere."""

    vocabulary: Any

    def _count(self, source: TextSource, known: list[str] | None = None) -> Any:
        del source, known
        self.n_tokens_ = self.n_too_long_ = self.n_invalid_ = self.min_count_ = 0
        return self.vocabulary.words, self.vocabulary.counts


def ours(vocabulary: Any, path: Path, workers: int, options: dict[str, Any]) -> float:
    """Seconds of one epoch, reading included."""
    model = Ours(**SETTINGS | options, workers=workers)
    model.vocabulary = vocabulary
    return float(model.fit(path).history_[0]["seconds"])


def gensims(vocabulary: Any, path: Path, workers: int, options: dict[str, Any], n_words: int) -> float:
    """Seconds of one epoch, reading included."""
    settings = SETTINGS | options
    model = gensim_model(**settings, workers=workers)
    model.build_vocab_from_freq(dict(zip(vocabulary.words, vocabulary.counts.tolist(), strict=True)))
    start = time.perf_counter()
    model.train(corpus_file=str(path), total_words=n_words, total_examples=1, epochs=1)
    return time.perf_counter() - start


def in_turns(rounds: int, first: Callable[[], float], second: Callable[[], float]) -> Iterator[tuple[float, float]]:
    """Times of both, after one another."""
    for _ in range(rounds):
        yield first(), second()


def speed(whole: Path, part: Path, rounds: int, names: list[str], workers: list[int]) -> str:
    """Words per second."""
    counted = count_text(TextSource(whole), 2, None)
    vocabulary = keep_words(counted.table, 5, None)
    n_words = len(part.read_bytes().split())
    out = ["| | threads | fastbpts, words/s | gensim, words/s | ratio |", "| --- | ---: | ---: | ---: | ---: |"]
    for name in names:
        for n in workers:
            options = SIZES[name]
            pairs = [
                *in_turns(
                    rounds,
                    lambda n=n, options=options: ours(vocabulary, part, n, options),  # type: ignore[misc]
                    lambda n=n, options=options: gensims(vocabulary, part, n, options, n_words),  # type: ignore[misc]
                )
            ]
            mine, theirs = ([n_words / t / 1e3 for t in times] for times in zip(*pairs, strict=True))
            ratio = [b / a for a, b in pairs]
            out.append(
                f"| {name} | {n} | {common.spread(mine, ',.0f')} k | {common.spread(theirs, ',.0f')} k "
                f"| {common.spread(ratio)} |"
            )
    return "\n".join(out) + "\n"


def threads(whole: Path, part: Path, rounds: int) -> str:
    """Two threads over one."""
    vocabulary = keep_words(count_text(TextSource(whole), 2, None).table, 5, None)
    pairs = [*in_turns(rounds, *(lambda n=n: ours(vocabulary, part, n, {"sg": 1}) for n in (1, 2)))]  # type: ignore[misc]
    return f"Two threads over one, skip-gram, d = 100: {common.spread([a / b for a, b in pairs], '.2f')}\n"


def vocabulary_pass(path: Path, rounds: int) -> str:
    """Counting words and choosing the vocabulary."""

    def mine(n: int) -> float:
        start = time.perf_counter()
        keep_words(count_text(TextSource(path), n, None).table, 5, None)
        return time.perf_counter() - start

    def theirs() -> float:
        model = gensim_model(min_count=5)
        start = time.perf_counter()
        model.build_vocab(corpus_file=str(path))
        return time.perf_counter() - start

    out = []
    for n in (1, 2):
        pairs = [*in_turns(rounds, lambda n=n: mine(n), theirs)]  # type: ignore[misc]
        ours_, theirs_ = (statistics.median(times) for times in zip(*pairs, strict=True))
        ratio = common.spread([b / a for a, b in pairs])
        out.append(f"Vocabulary pass, {n} threads: {ours_:.2f} s, gensim {theirs_:.2f} s, ratio {ratio}\n")
    return "".join(out)


PEAK = {
    "fastbpts": "import fastbpts as fb; fb.Word2Vec(**options, workers=1, sg=1).fit(path).wv",
    "gensim": "import gensim.models.word2vec as g; g.Word2Vec(corpus_file=path, **options, workers=1, sg=1).wv",
}


def memory(path: Path) -> str:
    """Peak memory of a whole run, each in a fresh process."""
    out = []
    for name, code in PEAK.items():
        text = f"options, path = {SETTINGS!r}, {str(path)!r}\n{code}\nprint(open('/proc/self/status').read())"
        done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
        peak = re.search(r"VmHWM:\s+(\d+) kB", done.stdout)
        out.append(f"{name} {int(peak[1]) / 1024 if peak else 0:.0f} MiB")
    return f"Peak memory of one epoch: {', '.join(out)}\n"


def scores(vectors: Any) -> list[float]:
    """Analogies of the 30,000 most frequent words in percent; Spearman of wordsim353 and simlex999."""
    analogies = vectors.evaluate_word_analogies(str(DATA / "questions-words.txt"), restrict_vocab=30000)[0]
    pairs = [vectors.evaluate_word_pairs(str(DATA / f"{name}.tsv"))[1][0] for name in ("wordsim353", "simlex999")]
    return [100 * float(analogies), *map(float, pairs)]


def trained(job: tuple[str, str, dict[str, Any], int]) -> list[float]:
    """Scores of one training with one worker: ours, or gensim's.

    From a file, each worker of gensim lowers the rate by its own words over the words of all: with two workers an epoch
    ends at a rate that one worker has in its middle. More than one would compare another schedule.
    """
    side, path, options, seed = job
    if side == "fastbpts":
        return scores(fb.Word2Vec(**options, seed=seed, workers=1).fit(path).wv.to_gensim())
    return scores(gensim_model(corpus_file=path, **options, seed=seed, workers=1).wv)


def quality(path: Path, seeds: int, epochs: int, jobs: int) -> None:
    """Print scores over seeds, all evaluated by gensim; `jobs` trainings at once, each in a process of its own."""
    print("| | analogies, % | wordsim353 | simlex999 |\n| --- | ---: | ---: | ---: |", flush=True)
    rows = []
    for name, options in VARIANTS.items():
        settings = SETTINGS | {"epochs": epochs} | options
        rows.append(("fastbpts", name, settings))
        if "shared_negatives" not in options:
            rows.append(("gensim", name, settings))
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        runs = [
            [pool.submit(trained, (side, str(path), settings, seed)) for seed in range(1, seeds + 1)]
            for side, _, settings in rows
        ]
        for (side, name, _), futures in zip(rows, runs, strict=True):
            columns = zip(*(future.result() for future in futures), strict=True)
            cells = [common.spread(column, form) for column, form in zip(columns, (".1f", ".3f", ".3f"), strict=True)]
            print(f"| {side} {name} | {' | '.join(cells)} |", flush=True)


VARIANTS: dict[str, dict[str, Any]] = {
    "skip-gram": {"sg": 1},
    "skip-gram, noise of its own": {"sg": 1, "shared_negatives": False},
    "CBOW": {"sg": 0},
}


def measure(quick: bool) -> str:
    """All but quality, in markdown."""
    if lacking := missing():
        return f"Not measured: {lacking}.\n"
    with tempfile.TemporaryDirectory() as folder:
        whole, part = corpus(folder, 1 if quick else None), corpus(folder, 0.3 if quick else 6)
        rounds = 1 if quick else 5
        parts = [
            speed(whole, part, rounds, list(SIZES), [1, 2]),
            threads(whole, part, rounds),
            vocabulary_pass(whole, rounds),
            memory(whole),
        ]
        return "\n".join(parts)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smoke run: figures mean nothing")
    parser.add_argument("--quality", type=int, metavar="SEEDS", help="only quality, with this many seeds")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--megabytes", type=float, help="of the corpus, for --quality")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at the same time, for --quality")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    if given.quality is None:
        print(measure(given.quick))
        return
    if lacking := missing():
        parser.exit(2, f"{lacking}\n")
    with tempfile.TemporaryDirectory() as folder:
        quality(corpus(folder, given.megabytes), given.quality, given.epochs, given.jobs)


if __name__ == "__main__":
    main()
