"""Cells on one minibatch of trees: kernels against the plain NumPy reference, one group per cell and direction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastbpts as fb
from fastbpts.benchmark.generate import sst_like

WIDTH = 25
MAKERS = {"kernels": fb.cell, "reference": fb.reference.cell}


@pytest.fixture(scope="module")
def structure() -> fb.Structure:
    """Eight trees: few, because the reference takes milliseconds for each."""
    return fb.Treebank.from_trees(sst_like(8)).batch(np.arange(8))


def prepare(kind: str, name: str, structure: fb.Structure) -> tuple[Any, dict[str, Any], Any]:
    """A cell, its parameters and inputs."""
    cell = MAKERS[kind](name, n_state=WIDTH, dtype="float32")
    params = fb.cell(name, n_state=WIDTH).init_params(random_state=0)
    x = np.random.default_rng(0).normal(size=(len(structure.inputs), WIDTH)).astype(np.float32)
    return cell, params, x


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("name", fb.cells())
def test_forward(benchmark: Any, name: str, kind: str, structure: fb.Structure) -> None:
    benchmark.group = f"{name}, forward"
    cell, params, x = prepare(kind, name, structure)
    run = benchmark(cell.forward, structure, params, x)
    assert run.h.shape == (structure.n_nodes, WIDTH)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("name", fb.cells())
def test_backward(benchmark: Any, name: str, kind: str, structure: fb.Structure) -> None:
    benchmark.group = f"{name}, backward"
    cell, params, x = prepare(kind, name, structure)
    run = cell.forward(structure, params, x)
    dh = np.ones_like(run.h)
    dparams, dx, _ = benchmark(cell.backward, run, dh)
    assert dparams.keys() == params.keys()
    assert dx.shape == x.shape
