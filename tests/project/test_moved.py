"""Modules under their old names: every row of the table warns and leads to the new module."""

import importlib
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

import fastbpts as fb
from fastbpts import _moved


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """No old name is loaded before or after a test."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    for old in _moved.MOVED:
        sys.modules.pop(f"fastbpts.{old}", None)
        package, _, name = f"fastbpts.{old}".rpartition(".")
        if package in sys.modules:
            vars(sys.modules[package]).pop(name, None)


@pytest.mark.unseeded  # SciPy draws random numbers while it is imported
@pytest.mark.parametrize("old", _moved.MOVED)
def test_old_module(old: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        module = importlib.import_module(f"fastbpts.{old}")
    said = [str(w.message) for w in caught if w.category is DeprecationWarning]
    assert [text.split()[0] for text in said] == [f"fastbpts.{old}"] * bool(_moved.MOVED[old])
    assert module.__name__ == f"fastbpts.{old}"
    for place in _moved.MOVED[old]:
        now = importlib.import_module(f"fastbpts.{place}")
        names = [
            name for name, value in vars(now).items() if getattr(value, "__module__", "") in (now.__name__, "fastbpts")
        ]
        for name in names:
            assert getattr(module, name) is getattr(now, name)
    with pytest.raises(AttributeError, match=f"'fastbpts.{old}' has no attribute 'nothing'"):
        module.nothing  # noqa: B018


@pytest.mark.unseeded
@pytest.mark.parametrize(("package", "name"), _moved.MOVED_NAMES)
def test_old_name(package: str, name: str) -> None:
    module = importlib.import_module(f"fastbpts.{package}")
    with pytest.warns(DeprecationWarning, match=f"fastbpts.{package}.{name} has moved"):
        old = getattr(module, name)
    assert old is getattr(importlib.import_module(f"fastbpts.{_moved.MOVED_NAMES[package, name]}"), name)
    with pytest.raises(AttributeError, match=f"'fastbpts.{package}' has no attribute 'nothing'"):
        module.nothing  # noqa: B018


def test_the_warning_names_the_line_that_imports() -> None:
    code = "import fastbpts\nfrom fastbpts.treebank import Treebank\nassert Treebank is fastbpts.Treebank"
    done = subprocess.run([sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, check=True)
    assert "<string>:2: DeprecationWarning: fastbpts.treebank has moved to fastbpts.data.treebank" in done.stderr


def test_no_old_name_is_a_module_again() -> None:
    package = Path(str(fb.__file__)).parent
    assert not [old for old in _moved.MOVED if package.joinpath(*old.split(".")).with_suffix(".py").exists()]
