"""Whole training steps, predictions and the way to them (reading, batching), one group per cell and task."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastbpts as fb
from fastbpts.benchmark.generate import sst_like

BATCH = 25


@pytest.fixture(scope="module")
def text() -> list[str]:
    """Trees in brackets."""
    return list(sst_like(200))


@pytest.fixture(scope="module")
def bank(text: list[str]) -> fb.Treebank:
    """The same trees, read."""
    return fb.Treebank.from_trees(text)


def network(cell: str, bank: fb.Treebank, dtype: str, optimizer: str = "adagrad") -> fb.Network:
    """A network for five classes."""
    return fb.Network(
        cell=cell,
        n_state=25,
        n_classes=5,
        n_words=len(bank.vocabulary),
        dtype=dtype,
        alpha=1e-4,
        optimizer=optimizer,
        n_threads=1,
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell", fb.cells())
def test_step(benchmark: Any, cell: str, dtype: str, bank: fb.Treebank) -> None:
    benchmark.group = f"{cell}, training step"
    net, batch = network(cell, bank, dtype), bank.batch(np.arange(BATCH))
    assert np.isfinite(benchmark(net.step, batch))


@pytest.mark.parametrize("optimizer", fb.optimizers())
def test_optimizer(benchmark: Any, optimizer: str, bank: fb.Treebank) -> None:
    benchmark.group = "optimisers, rntn"
    net, batch = network("rntn", bank, "float32", optimizer), bank.batch(np.arange(BATCH))
    net.learning_rate = 1e-6
    assert np.isfinite(benchmark(net.step, batch))


@pytest.mark.parametrize("n_trees", [1, BATCH])
@pytest.mark.parametrize("cell", fb.cells())
def test_predict(benchmark: Any, cell: str, n_trees: int, bank: fb.Treebank) -> None:
    benchmark.group = f"{cell}, prediction"
    net, batch = network(cell, bank, "float32"), bank.batch(np.arange(n_trees))
    assert benchmark(net.predict_proba, batch).shape == (n_trees, 5)


def test_batch(benchmark: Any, bank: fb.Treebank) -> None:
    benchmark.group = "structures"
    assert benchmark(bank.batch, np.arange(BATCH)).n_graphs == BATCH


def test_read(benchmark: Any, text: list[str], tmp_path: Any) -> None:
    benchmark.group = "structures"
    path = tmp_path / "trees.txt"
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    assert len(benchmark(fb.read_ptb, path)) == len(text)
