"""``import fastbpts``: what it loads, and that every public name is there."""

import importlib
import importlib.metadata as metadata
import pkgutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastbpts as fb

HEAVY = {"scipy", "sklearn", "matplotlib", "torch", "safetensors", "rich", "typer", "threadpoolctl", "nltk"}
OPTIONAL = {"conllu", "matplotlib", "mpi4py", "networkx", "nltk", "torch"}


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_is_light() -> None:
    loaded = python("import sys, fastbpts; print(*{name.split('.')[0] for name in sys.modules})").split()
    assert HEAVY.isdisjoint(loaded)


def test_the_core_is_light() -> None:
    loaded = python("import sys, fastbpts._core; print(*{name.split('.')[0] for name in sys.modules})").split()
    assert HEAVY.isdisjoint(loaded)


@pytest.mark.unseeded  # SciPy draws random numbers while it is imported
@pytest.mark.parametrize("name", fb.__all__)
def test_public_name(name: str) -> None:
    assert getattr(fb, name) is not None
    assert name in dir(fb)


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="'fastbpts' has no attribute 'nothing'"):
        fb.nothing  # noqa: B018


def test_no_submodule_hides_a_public_name() -> None:
    """A module named like a function replaces it in the package as soon as it is imported."""
    modules = {module.name for module in pkgutil.iter_modules(fb.__path__)}
    assert modules.isdisjoint(fb._LAZY)


@pytest.mark.unseeded
def test_every_module_imports() -> None:
    names = [m.name for m in pkgutil.walk_packages(fb.__path__, "fastbpts.") if not m.name.endswith("__main__")]
    assert "fastbpts._core" in names
    for name in names:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name not in OPTIONAL:
                raise


def test_subnormal_numbers_survive_the_import() -> None:
    """A library linked with -ffast-math would switch the whole process to flush-to-zero."""
    importlib.import_module("fastbpts._core")
    assert np.float64(5e-324) * np.float64(1.0) > 0


def test_typed_package() -> None:
    folder = Path(str(fb.__file__)).parent
    assert (folder / "py.typed").is_file()
    assert (folder / "_core.pyi").is_file()


def test_installed_package_has_no_sources() -> None:
    folder = Path(str(fb.__file__)).parent
    if (folder.parent / "setup.py").is_file():
        pytest.skip("in the source folder")
    sources = [p.name for p in folder.rglob("*") if p.suffix in (".c", ".h", ".pyx", ".pxi")]
    assert not sources


def test_version_is_the_installed_one() -> None:
    try:
        installed = metadata.version("fastbpts")
    except metadata.PackageNotFoundError:
        pytest.skip("fastbpts is not installed")
    assert installed == fb.__version__


@pytest.mark.unseeded
@pytest.mark.parametrize("name", [name for name in fb._LAZY if name[0].isupper()])
def test_public_classes_do_not_say_where_they_are_defined(name: str) -> None:
    """Pickles, error messages and documentation then outlive a move to another module."""
    assert getattr(fb, name).__module__ == "fastbpts"
