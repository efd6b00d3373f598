"""The same bits for any number of threads and for two Python threads at once; the same values on every ISA."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zoo
from grid import CELLS, GATED, RECURRENT, problem

from fastbpts import _core

DTYPES = ["float32", "float64"]


def many_trees(n_trees: int, seed: int = 3) -> zoo.Graphs:
    rng = np.random.default_rng(seed)
    return zoo.dressed([zoo.tree(zoo.random_binary(rng, int(rng.integers(1, 25)))) for _ in range(n_trees)], seed)


def many_sequences(n_sequences: int, seed: int = 3) -> zoo.Graphs:
    rng = np.random.default_rng(seed)
    return zoo.dressed([zoo.sequence(int(rng.integers(1, 30))) for _ in range(n_sequences)], seed, inputs="all")


def n_in(cell: str) -> dict[str, int]:
    """A width of the inputs apart from the states', where a network takes one."""
    return {"n_in": 10} if cell in GATED else {}


MANY = [(cell, many_trees) for cell in CELLS] + [(cell, many_sequences) for cell in RECURRENT]


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("cell", "many"), MANY)
def test_bits_do_not_depend_on_threads(cell: str, many: Callable[[int], zoo.Graphs], dtype: str) -> None:
    p = problem(cell, many(150), 13).astype(dtype)
    h, gradients = p.compiled(n_threads=1)
    for n_threads in (2, 3, 5):
        h_other, gradients_other = p.compiled(n_threads=n_threads)
        np.testing.assert_array_equal(h_other, h)
        for key, gradient in gradients.items():
            np.testing.assert_array_equal(gradients_other[key], gradient, err_msg=key)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cell", CELLS)
def test_bits_do_not_depend_on_the_batch(cell: str, dtype: str) -> None:
    """A tree's states and probabilities are the same alone and in any batch."""
    import fastbpts as fb

    rng = np.random.default_rng(5)
    trees = [zoo.tree(zoo.random_binary(rng, int(rng.integers(1, 25)))) for _ in range(40)]
    together = zoo.dressed(trees, n_words=11)
    net = fb.Network(cell, 13, 5, 11, dtype=dtype, n_threads=2, random_state=0, **n_in(cell))
    states = np.empty((together.n_nodes, 13), dtype)
    states[together.order] = net.transform(together.compiled(), nodes="all")
    roots = net.predict_proba(together.compiled())
    words = np.empty(together.n_nodes, np.int32)
    words[together.order] = together.word
    first = 0
    for g, kids in enumerate(trees):
        last = first + len(kids)
        alone = zoo.build([kids], [words[first:last].tolist()], [[-1] * len(kids)])
        np.testing.assert_array_equal(net.transform(alone.compiled(), nodes="all"), states[first:last][alone.order])
        np.testing.assert_array_equal(net.predict_proba(alone.compiled()), roots[g : g + 1])
        first = last


def network(cell: str, n_threads: int, seed: int) -> Any:
    import fastbpts as fb

    optimizer = fb.Optimizer("adagrad", learning_rate=0.05)
    settings: dict[str, Any] = {"alpha": 1e-3, "dropout": 0.1, "n_threads": n_threads, "random_state": seed}
    return fb.Network(cell, 13, 5, 11, optimizer=optimizer, **settings, **n_in(cell))


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_training_bits_do_not_depend_on_threads(cell: str) -> None:
    batches = [many_trees(60, seed).compiled() for seed in range(3)]
    states, losses = [], []
    for n_threads in (1, 2, 3, 5):
        net = network(cell, n_threads, seed=0)
        losses.append([net.step(s) for s in batches])
        states.append(net.state())
    for other_losses, other in zip(losses[1:], states[1:], strict=True):
        assert other_losses == losses[0]
        for key, value in states[0].items():
            np.testing.assert_array_equal(other[key], value, err_msg=key)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("cell", "d"), [("rntn", 25), ("sum", 100), ("concat", 80)])
def test_halves_of_a_batch(cell: str, d: int, dtype: str) -> None:
    """Gradients of a large batch are summed by halves: those of small batches added up, the same for any threads."""
    import fastbpts as fb
    from fastbpts.benchmark.generate import sst_like

    options = {"dtype": dtype, "random_state": 0, "reduction": "sum_per_graph"}  # which adds up over batches
    bank = fb.Treebank.from_trees(sst_like(60))
    runs, states = [], []
    for n_threads in (1, 2, 3, 4, 5):
        net = fb.Network(cell, d, 5, len(bank.vocabulary), n_threads=n_threads, **options)
        runs.append(net.loss_and_grad(bank.batch(np.arange(60))))
        net.step(bank.batch(np.arange(60)))
        net.step(bank.batch(np.arange(60)[::-1].copy()))
        states.append(net.state())
    net = fb.Network(cell, d, 5, len(bank.vocabulary), n_threads=1, **options)
    parts = [net.loss_and_grad(bank.batch(np.arange(k, k + 4)))[1] for k in range(0, 60, 4)]
    tolerance = {"float32": 2e-4, "float64": 1e-11}[dtype]
    for key, gradient in runs[0][1].items():
        whole = sum(part[key] for part in parts) / len(parts)
        np.testing.assert_allclose(gradient, whole, rtol=0, atol=tolerance * np.abs(whole).max(), err_msg=key)
    for (loss, gradients), state in zip(runs[1:], states[1:], strict=True):
        assert loss == runs[0][0]
        for key, gradient in runs[0][1].items():
            np.testing.assert_array_equal(gradients[key], gradient, err_msg=key)
        for key, value in states[0].items():
            np.testing.assert_array_equal(state[key], value, err_msg=key)


def test_two_python_threads() -> None:
    """Two networks trained at once, on shared batches, end with the bits that each has alone."""
    batches = [many_trees(40, seed).compiled() for seed in range(4)]

    def train(net: Any) -> None:
        for _ in range(10):
            for s in batches:
                net.step(s)

    alone = [network(cell, 2, seed) for seed, cell in enumerate(("rntn", "sum"))]
    for net in alone:
        train(net)
    together = [network(cell, 2, seed) for seed, cell in enumerate(("rntn", "sum"))]
    threads = [threading.Thread(target=train, args=(net,)) for net in together]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, two in zip(alone, together, strict=True):
        for key, value in one.state().items():
            np.testing.assert_array_equal(two.state()[key], value, err_msg=key)


def test_one_network_in_two_python_threads() -> None:
    """Its calls run one after another: every step is done, and done whole."""
    s = many_trees(20).compiled()
    net = network("rntn", 2, 0)
    threads = [threading.Thread(target=lambda: [net.step(s) for _ in range(100)]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = network("rntn", 2, 0)
    for _ in range(200):
        alone.step(s)
    for key, value in alone.state().items():
        np.testing.assert_array_equal(net.state()[key], value, err_msg=key)


@pytest.mark.slow
@pytest.mark.parametrize("isa", list(_core.isas())[:-1])
def test_other_instruction_sets(isa: str) -> None:
    """The most important part of the grid again, in a process that may use this instruction set only."""
    tests = Path(__file__).resolve().parents[1]
    chosen = "large_sizes or nodes_per_level or (equals_reference and (batch or ladder or nary or unequal or sparse))"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "-k",
        chosen,
        str(tests / "cells" / "test_cells.py"),
    ]
    done = subprocess.run(
        command, cwd=tests.parent, env={**os.environ, "FASTBPTS_ISA": isa}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


@pytest.mark.slow
def test_parameters_are_read_whole_while_another_thread_sets_them() -> None:
    import fastbpts as fb

    net = fb.Network("rntn", n_state=64, n_classes=2, n_words=3, n_threads=1)
    sets = [{name: np.full(a.shape, value) for name, a in net.params.items()} for value in (1, 2)]
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            for values in sets:
                net.set_params(values)

    net.set_params(sets[0])
    writer = threading.Thread(target=write)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    writer.start()
    try:
        for _ in range(100):
            assert len({float(value) for a in net.params.values() for value in (a.min(), a.max())}) == 1
    finally:
        done.set()
        writer.join()
        sys.setswitchinterval(interval)
