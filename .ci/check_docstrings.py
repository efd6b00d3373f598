"""Public docstrings are complete: what docs/api.rst lists and what `fastbpts` offers, methods included.

numpydoc's own validation finds missing, unknown and misplaced parameters, missing types, descriptions and sections of
returned values. Beside it, a function whose body raises an exception by name must say so in a section Raises.

Usage: python .ci/check_docstrings.py [NAME ...]; without names everything public; exit status 1 if anything is missing.
"""

import ast
import importlib
import inspect
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import ERROR_MSGS, validate

import fastbpts

# GL01 to GL03 and SS05 are taste; ES, EX and SA ask for extended summaries, examples and links everywhere.
WANTED = {
    code
    for code in ERROR_MSGS
    if code in {"GL06", "GL07", "GL08", "SS01", "SS03", "RT01", "RT03", "YD01"} or code.startswith("PR")
} - {"PR05", "PR06", "PR08", "PR09"}  # spelling of types, capitals and full stops of descriptions
# Exceptions that a caller can meet and prevent. NotImplementedError and the like are for who extends the library.
TOLD = {"ValueError", "TypeError", "KeyError", "OSError", "FileNotFoundError", "RuntimeError"}
API = Path(__file__).resolve().parent.parent / "docs" / "api.rst"


def listed_names() -> list[str]:
    """Full names of the functions and classes that the reference page shows, and of what `fastbpts` offers."""
    directives = (".. autoclass:: ", ".. autofunction:: ", ".. autoexception:: ")
    names = [
        line.removeprefix(directive).strip()
        for line in API.read_text().splitlines()
        for directive in directives
        if line.startswith(directive)
    ]
    names += [name for name in fastbpts.__all__ if not name.startswith("_")]
    full = {name if name.startswith("fastbpts.") else f"fastbpts.{name}" for name in names}
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
    found = [f"{code}: {text}" for code, text in validate(name)["errors"] if code in WANTED]
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
