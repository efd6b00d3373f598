"""Fixtures; buffers start as NaN; no test draws from NumPy's unseeded global generator."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("FASTBPTS_POISON", "1")  # before the core is loaded: its workspaces start as NaN


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20130918)


@pytest.fixture(scope="session")
def torch() -> Any:
    """PyTorch, the outside oracle, on one thread."""
    module = pytest.importorskip("torch", reason="PyTorch is not installed: the outside oracle is skipped")
    module.set_num_threads(1)
    module.sparse.check_sparse_tensor_invariants.enable()
    return module


@pytest.fixture(autouse=True)
def seeded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Random numbers come from seeded generators: an unseeded one, or the global one, fails the test."""
    if request.node.get_closest_marker("unseeded"):
        yield
        return
    made = np.random.default_rng

    def default_rng(seed: Any = None) -> np.random.Generator:
        if seed is None:
            raise AssertionError("np.random.default_rng() without a seed")
        return made(seed)

    monkeypatch.setattr(np.random, "default_rng", default_rng)
    before = np.random.get_state()[1].tobytes()  # type: ignore[index]  # noqa: NPY002
    yield
    after = np.random.get_state()[1].tobytes()  # type: ignore[index]  # noqa: NPY002
    assert before == after, "the test drew from NumPy's global generator"
