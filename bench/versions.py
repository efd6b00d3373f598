"""Two versions of fastbpts side by side: is the new one slower anywhere?

python bench/versions.py OLD_PYTHON NEW_PYTHON                  one thread, the instruction set of this machine
python bench/versions.py OLD_PYTHON NEW_PYTHON --isa avx2       both held to AVX2
python bench/versions.py OLD_PYTHON NEW_PYTHON --only gru mlp   tasks whose names contain one of these words

OLD_PYTHON and NEW_PYTHON are interpreters that have one version installed each. Every version runs in a process of its
own. Results are compared before anything is timed. Then the two take turns, task by task and round by round; a figure
is the time of the old version over the time of the new one in the same round, so above 1 the new version is faster.
"""

from __future__ import annotations

import argparse
import gc
import inspect
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Task = tuple[Callable[[], Any], Callable[[], float]]  # what is timed; a number that both versions must agree on

SHAPES = (
    (20, 1, 64),
    (50, 1, 256),
    (20, 8, 64),
    (100, 8, 128),
    (20, 32, 64),
    (50, 32, 128),
    (20, 32, 256),
    (20, 64, 512),
)
CLOSE = 2e-4  # relative difference of float32 results
SAMPLE = 0.02  # seconds per turn at least


def _network(cell: str, n_state: int, n_in: int | None = None) -> Task:
    import fastbpts as fb
    from fastbpts.benchmark.generate import sst_like

    bank = fb.Treebank.from_trees(sst_like(500))
    options: dict[str, Any] = {"n_words": len(bank.vocabulary), "n_threads": 1, "alpha": 1e-4, "random_state": 0}
    if "reduction" in inspect.signature(fb.Network).parameters:
        options["reduction"] = "sum_per_graph"  # the unit of versions before there was a choice
    net = fb.Network(cell, n_state, 5, n_in=n_in, optimizer=fb.Optimizer("adagrad", 1e-3), **options)
    batches = [bank.batch(np.arange(k, k + 25)) for k in range(0, 500, 25)]

    def run() -> None:
        for batch in batches:
            net.step(batch)

    return run, lambda: float(net.loss_and_grad(batches[0])[0])


def _layer(cell: str, n_steps: int, n_sequences: int, width: int) -> Task:
    import fastbpts as fb

    layer = {"elman": fb.Elman, "gru": fb.GRU, "lstm": fb.LSTM}[cell](width, width, n_threads=1, random_state=0)
    rng = np.random.default_rng(0)
    x, dout = (rng.standard_normal((n_steps, n_sequences, width)).astype(np.float32) for _ in range(2))

    def run() -> Array:
        layer.zero_grad()
        layer.forward(x)
        return layer.backward(dout)[0]

    return run, lambda: float(np.abs(run()).sum(dtype=float))


def _perceptron(batch: int) -> Task:
    import fastbpts as fb

    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((batch, 784)).astype(np.float32), rng.integers(10, size=batch).astype(np.int32)
    net = fb.MLP((784, 256, 128, 10), optimizer=fb.Optimizer("sgd", 1e-3), n_threads=1, random_state=0)
    return lambda: net.step(x, y), lambda: float(net.loss_and_grad(x, y))


def _words(sg: int) -> Task:
    import fastbpts as fb

    rng = np.random.default_rng(0)
    weight = 1 / np.arange(1.0, 3001)
    text = [[f"w{k}" for k in rng.choice(3000, 20, p=weight / weight.sum())] for _ in range(2000)]

    def run() -> Any:
        return fb.Word2Vec(vector_size=100, sg=sg, min_count=1, epochs=1, workers=1, seed=1).fit(text)

    return run, lambda: float(np.abs(run().wv.vectors).sum(dtype=float))


TASKS: dict[str, Callable[[], Task]] = {
    "rntn d=25": lambda: _network("rntn", 25),
    "sum d=50": lambda: _network("sum", 50),
    "lstm on trees 300 to 150": lambda: _network("lstm", 150, 300),
    **{
        f"{cell} {'x'.join(map(str, shape))}": lambda cell=cell, shape=shape: _layer(cell, *shape)
        for cell in ("gru", "lstm", "elman")
        for shape in SHAPES
    },
    **{f"mlp batch {batch}": lambda batch=batch: _perceptron(batch) for batch in (1, 32, 256)},
    "skip-gram d=100": lambda: _words(1),
    "cbow d=100": lambda: _words(0),
}


def _serve() -> None:
    """One version's process: reads `check NAME` and `time NAME`, answers each with a line of JSON."""
    answers, tasks = os.fdopen(os.dup(1), "w"), {}
    os.dup2(2, 1)
    for line in sys.stdin:
        command, name = line.rstrip("\n").split(" ", 1)
        if name not in tasks:
            tasks = {name: TASKS[name]()}  # one task at a time in memory
        run, check = tasks[name]
        if command == "check":
            answer = check()
        else:
            run()
            gc.disable()
            started, calls = time.perf_counter(), 0
            while time.perf_counter() - started < SAMPLE:
                run()
                calls += 1
            answer = (time.perf_counter() - started) / calls
            gc.enable()
        print(json.dumps(answer), file=answers, flush=True)


def _start(python: str, isa: str | None) -> subprocess.Popen[str]:
    ones = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "FASTBPTS_NUM_THREADS"), "1")
    chosen = {"FASTBPTS_ISA": isa} if isa else {}
    command = [python, "-P", __file__, "--serve", "-", "-"]  # -P: never the sources of this folder
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | ones | chosen
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, cwd="/")


def _ask(process: subprocess.Popen[str], text: str) -> float:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(text + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"a process ended while it did: {text}")
    return float(json.loads(line))


def main() -> None:
    """Parse the arguments, compare, time, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", help="interpreter with the old version")
    parser.add_argument("new", help="interpreter with the new version")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each version per task (default 15)")
    parser.add_argument("--isa", help="instruction set that both are held to, as FASTBPTS_ISA names it")
    parser.add_argument("--only", nargs="+", default=[""], metavar="WORD", help="tasks whose names contain a WORD")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        _serve()
        return
    old, new = _start(args.old, args.isa), _start(args.new, args.isa)
    medians: dict[str, list[float]] = {}
    print(f"| {'task':<26} | old/new, median | least | most | old, us |\n| :--- | ---: | ---: | ---: | ---: |")
    for name in [name for name in TASKS if any(word in name for word in args.only)]:
        a, b = _ask(old, f"check {name}"), _ask(new, f"check {name}")
        if not math.isclose(a, b, rel_tol=CLOSE):
            raise SystemExit(f"{name}: the old version has {a}, the new one {b}")
        times, ratios = [], []
        for k in range(args.rounds):
            if k % 2:
                before, after = _ask(old, f"time {name}"), _ask(new, f"time {name}")
            else:
                after, before = _ask(new, f"time {name}"), _ask(old, f"time {name}")
            times.append(before)
            ratios.append(before / after)
        medians.setdefault(name.split()[0], []).append(statistics.median(ratios))
        print(
            f"| {name:<26} | {statistics.median(ratios):.3f} | {min(ratios):.3f} | {max(ratios):.3f} "
            f"| {1e6 * statistics.median(times):,.1f} |",
            flush=True,
        )
    print("\ngeometric means: ", end="")
    print(", ".join(f"{family} {statistics.geometric_mean(found):.3f}" for family, found in medians.items()), end="; ")
    print(f"all {statistics.geometric_mean(x for found in medians.values() for x in found):.3f}")


if __name__ == "__main__":
    main()
