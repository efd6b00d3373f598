"""Word vectors: the scripts run, or say what is missing."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
from pathlib import Path

import pytest

SCRIPTS = ("words", "glove")


@pytest.mark.parametrize("script", SCRIPTS)
def test_script(script: str) -> None:
    module = importlib.import_module(script)
    text = module.measure(True)
    assert ("Not measured" in text) == bool(importlib.import_module("words").no_corpus() or lacks(script))


def lacks(script: str) -> bool:
    """True if the peer of a script is missing."""
    return not (importlib.util.find_spec("gensim") if script == "words" else shutil.which("gcc"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_without_the_corpus(script: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.import_module("words"), "DATA", tmp_path)
    text = importlib.import_module(script).measure(True)
    assert text.startswith("Not measured: ")
    assert text.count("\n") == 1


def test_glove_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert importlib.import_module("glove").measure(True) == "Not measured: gcc is not installed.\n"


def test_words_without_the_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert importlib.import_module("words").measure(True) == "Not measured: gensim is not installed.\n"
