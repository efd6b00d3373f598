"""Public docstrings are complete: what docs/api.rst lists and what `fastbpts` offers, methods included.

numpydoc's own validation finds parameters that are missing, unknown or out of order, and missing types and sections.
Beside it, a function whose body raises one of the usual exceptions must say so in a section Raises.

Usage: python .ci/check_docstrings.py [NAME ...]; without names everything public; exit status 1 if anything is missing.
A name is a full one, such as fastbpts.Treebank; a class brings its methods.
"""

import ast
import importlib
import inspect
import sys
import textwrap
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from numpydoc.docscrape import NumpyDocString, get_doc_object
from numpydoc.validate import Validator, validate

import fastbpts

# Not wanted: extended summaries, examples and links everywhere (ES, EX, SA), and matters of taste. A description may be
# missing where the type says it all, as in "x : array of shape (n, n_in)" (PR07, RT03).
WANTED = {"GL06", "GL07", "GL08", "GL10", "SS01", "SS03", "PR01", "PR02", "PR03", "PR04", "PR10", "RT01", "YD01"}
# Exceptions that a caller can meet and prevent.
TOLD = {"ValueError", "TypeError", "KeyError", "OSError", "FileNotFoundError", "RuntimeError"}
API = Path(__file__).resolve().parent.parent / "docs" / "api.rst"


class PublicValidator(Validator):  # type: ignore[misc]
    """Knows what this project leaves out."""

    def __init__(self, obj_name: str) -> None:
        super().__init__(get_doc_object(Validator._load_obj(obj_name)))

    @property
    def signature_parameters(self) -> tuple[str, ...]:
        """Without private ones (the block size of readers), and without the fields that a section Attributes has."""
        entries = NumpyDocString(inspect.getdoc(self.obj) or "")["Attributes"] if inspect.isclass(self.obj) else []
        fields = {name for entry in entries for name in entry.name.split(", ")} - self.doc_parameters.keys()
        # A class that takes *args hands them to its base, whose description has them. Another may say whose it shares.
        stars = ("*args", "**kwargs") if inspect.isclass(self.obj) else ()
        shares = inspect.isclass(self.obj) and " are those of :class:" in self.raw_doc
        names = self.doc_all_parameters if shares else super().signature_parameters
        return tuple(name for name in names if name not in fields and name not in stars and name[0] != "_")

    @property
    def method_returns_something(self) -> bool:
        """A function without arguments may say what it returns in its summary; a section Yields does as well."""
        return bool(self.signature_parameters) and not self.yields and super().method_returns_something

    def parameter_type(self, param: str) -> str:
        """A group of parameters may refer to another function: ``unary, binarize`` and "As for ...", without a type."""
        refers = "".join(self.doc_all_parameters[param][1]).lstrip().startswith("As for ")
        return "as there" if refers else super().parameter_type(param)


def listed_names() -> list[str]:
    """Full names of the functions and classes that the reference page shows, and of what `fastbpts` offers."""
    directives = (".. autoclass:: ", ".. autofunction:: ", ".. autoexception:: ")
    names = [
        line.removeprefix(directive).strip()
        for line in API.read_text(encoding="utf-8").splitlines()
        for directive in directives
        if line.startswith(directive)
    ]
    names += [name for name in fastbpts.__all__ if not name.startswith("_")]
    full = {name if name.startswith("fastbpts.") else f"fastbpts.{name}" for name in names}
    if find_spec("torch") is None:
        full = {name for name in full if not name.startswith("fastbpts.torch.")}
    return sorted(name for name in full if callable(find(name)))


def find(name: str) -> Any:
    """The object of a full name such as ``fastbpts.draw.Picture``."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            thing: Any = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            thing = getattr(thing, part)
        return thing
    raise ModuleNotFoundError(name)


def with_methods(name: str) -> Iterator[str]:
    """A name, and those of the public methods and properties that its class or a base within fastbpts defines."""
    yield name
    thing = find(name)
    if not inspect.isclass(thing):
        return
    seen = set()
    for base in thing.__mro__:
        if not base.__module__.startswith("fastbpts"):
            continue
        for member, value in vars(base).items():
            is_code = isinstance(value, staticmethod | classmethod | property) or inspect.isfunction(value)
            if is_code and not member.startswith("_") and member not in seen:
                seen.add(member)
                yield f"{name}.{member}"


def missing(name: str) -> list[str]:
    """What the docstring of `name` lacks, one line each."""
    thing = find(name)
    if inspect.isclass(thing) and issubclass(thing, BaseException):
        return [] if inspect.getdoc(thing) else ["GL08: no docstring"]
    errors = validate(name, PublicValidator)["errors"]
    found = [f"{code}: {text}" for code, text in errors if code in WANTED]
    told = {entry.type or entry.name for entry in NumpyDocString(inspect.getdoc(thing) or "")["Raises"]}
    found += [f"Raises: no word of {error}" for error in sorted(raised(thing) - told)]
    return found


def raised(thing: Any) -> set[str]:
    """Names of the exceptions that the body of a function or of a class's constructor raises."""
    if isinstance(thing, property):
        thing = thing.fget
    if inspect.isclass(thing):
        thing = vars(thing).get("__init__")
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(thing))))
    except (TypeError, OSError):
        return set()
    calls = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    names = {call.func.id for call in calls if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)}
    return names & TOLD


def main() -> int:
    """Print what is missing, and a count."""
    names = sorted({each for name in sys.argv[1:] or listed_names() for each in with_methods(name)})
    bad = 0
    for name in names:
        lines = missing(name)
        bad += bool(lines)
        for line in lines:
            print(f"{name}: {line}")
    print(f"{len(names)} public docstrings, {bad} incomplete")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
