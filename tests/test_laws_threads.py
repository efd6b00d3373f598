"""The same bits for any number of threads and for two Python threads at once; the same values on every ISA."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zoo
from grid import CELLS, problem

DTYPES = ["float32", "float64"]


def many_trees(n_trees: int, seed: int = 3) -> zoo.Graphs:
    rng = np.random.default_rng(seed)
    return zoo.dressed([zoo.tree(zoo.random_binary(rng, int(rng.integers(1, 25)))) for _ in range(n_trees)], seed)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cell", CELLS)
def test_bits_do_not_depend_on_threads(cell: str, dtype: str) -> None:
    p = problem(cell, many_trees(150), 13).astype(dtype)
    h, gradients = p.compiled(n_threads=1)
    for n_threads in (2, 3, 5):
        h_other, gradients_other = p.compiled(n_threads=n_threads)
        np.testing.assert_array_equal(h_other, h)
        for key, gradient in gradients.items():
            np.testing.assert_array_equal(gradients_other[key], gradient, err_msg=key)


def network(cell: str, n_threads: int, seed: int) -> Any:
    import fastbpts as fb

    optimizer = fb.Optimizer("adagrad", learning_rate=0.05)
    return fb.Network(
        cell, 13, 5, 11, optimizer=optimizer, alpha=1e-3, dropout=0.1, n_threads=n_threads, random_state=seed
    )


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


@pytest.mark.parametrize("isa", ["base", "avx2"])
def test_other_instruction_sets(isa: str) -> None:
    """The heart of the grid again, in a process that may only use this instruction set."""
    tests = Path(__file__).parent
    chosen = "large_sizes or nodes_per_level or (equals_reference and (batch or ladder or nary))"
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
        str(tests / "test_cells.py"),
    ]
    done = subprocess.run(
        command, cwd=tests.parent, env={**os.environ, "FASTBPTS_ISA": isa}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
