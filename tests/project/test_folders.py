"""Imports inside the package: at the top of a file, never in a circle. Which layer may see which: import-linter."""

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import fastbpts

PACKAGE = Path(str(fastbpts.__file__)).parent
# Commands load what they need when they run, so that `fastbpts --help` is fast.
FILES = sorted(p for p in PACKAGE.rglob("*.py") if "cli" not in p.relative_to(PACKAGE).parts)
NAMES = {p: ".".join(p.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__") for p in FILES}


def imports(path: Path, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that is imported from this package."""
    package = NAMES[path] if path.stem == "__init__" else NAMES[path].rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name.startswith("fastbpts."))
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*package.split(".")[: len(package.split(".")) - node.level + 1], *base.split()])
            if base.split(".")[0] == "fastbpts":
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


@pytest.mark.parametrize("path", FILES, ids=NAMES.get)
def test_imports_are_at_the_top(path: Path) -> None:
    """A circle can hide in a function or behind TYPE_CHECKING; heavy packages of others may be imported there."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or is_type_checking(node):
            assert not list(imports(path, node)), f"{path.name}:{node.lineno}"


@pytest.mark.slow
def test_no_module_imports_itself_through_others() -> None:
    modules = set(NAMES.values())
    graph = {
        NAMES[path]: {
            name if name in modules else name.rpartition(".")[0]
            for _, name in imports(path, ast.parse(path.read_text(encoding="utf-8")))
        }
        - {"fastbpts", NAMES[path]}
        for path in FILES
    }
    list(graphlib.TopologicalSorter(graph).static_order())  # CycleError names the circle
