"""Every peer computes what the library computes, and the scripts of this folder run."""

from __future__ import annotations

import importlib

import pytest

from fastbpts.benchmark import BenchmarkError, Settings, available_peers, compare, run

SCRIPTS = ("sgemm_share", "threads", "latency", "memory", "linearity", "imports")


@pytest.mark.parametrize("cell", ["rntn", "sum"])
def test_peers_agree(cell: str) -> None:
    """`compare` raises an error if losses, probabilities or changes of parameters differ."""
    result = compare(Settings(cell, n_generated=60), available_peers(), rounds=1, seconds=0.01)
    assert len(result.series) == len(available_peers())


def test_wrong_peer_is_named() -> None:
    with pytest.raises(ValueError, match="peers: got 'tensorflow'"):
        run(peers=["tensorflow"])


def test_failing_peer_is_reported(tmp_path: object) -> None:
    with pytest.raises(BenchmarkError, match="library: "):
        compare(Settings("rntn", treebank=f"{tmp_path}/none.txt"), ["library"])


@pytest.mark.parametrize("script", SCRIPTS)
def test_script(script: str) -> None:
    assert importlib.import_module(script).measure(True)
