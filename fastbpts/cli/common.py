"""Shared by the commands: failures as one line and an exit status, reading treebanks and models, output files."""

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from fastbpts.readers.trees import FORMATS

if TYPE_CHECKING:
    from rich.console import Console

    from fastbpts.data.treebank import Treebank

_READING = "Reading trees"
_FORMATS = "; ".join(f"{name} ({row.about})" for name, row in FORMATS.items())
Format = Annotated[str, typer.Option(help=f"Format of the files: {_FORMATS}.", rich_help_panel=_READING)]
Labels = Annotated[
    str, typer.Option(help="Labels in files: auto, int, or str (names, which are ignored).", rich_help_panel=_READING)
]
Unary = Annotated[
    str | None,
    typer.Option(
        help="keep or collapse unary chains; by default as in training (there: keep).", rich_help_panel=_READING
    ),
]
Binarize = Annotated[
    str | None,
    typer.Option(
        help="left or right: split nodes of more than two children; by default as in training (there: none).",
        rich_help_panel=_READING,
    ),
]

F = TypeVar("F", bound=Callable[..., Any])
_INTERRUPTED = 130  # the exit status of shells for SIGINT
_FAILURES = (ValueError, OSError, ArithmeticError, ImportError, MemoryError)


def _describe(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror
    elif isinstance(error, MemoryError):
        text = f"out of memory. {error}"
    else:
        text = str(error) or type(error).__name__
        if option := getattr(error, "option", None):  # of trees that a cell cannot compose
            text = f"{text} ({option})"
    return " ".join(text.split())


def _close_output() -> None:
    """The reader of our output has gone: keep the interpreter from reporting that at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def status_after(*models: Any) -> int:
    """The exit status of a command that trained models and saved them, whether or not Ctrl-C ended their training."""
    return _INTERRUPTED if any(model._interrupted for model in models) else 0


def command(function: F) -> F:
    """Let a command fail with one line on standard error and status 1, and end quietly when its reader has gone."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            result = function(*args, **kwargs)
            sys.stdout.flush()
        except BrokenPipeError:
            _close_output()
            raise typer.Exit(0) from None
        except KeyboardInterrupt:
            print("fastbpts: interrupted", file=sys.stderr)
            raise typer.Exit(_INTERRUPTED) from None
        except _FAILURES as error:
            print(f"fastbpts: error: {_describe(error)}", file=sys.stderr)
            raise typer.Exit(1) from None
        return result

    return run  # type: ignore[return-value]


def console(stderr: bool = False) -> "Console":
    """A console without the colouring of numbers, which leaves broken pipes to `command`.

    On standard output, what its encoding does not have is shown as question marks (``predict`` writes UTF-8 always).
    """
    from rich.console import Console

    if not stderr and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Plain(stderr=stderr, highlight=False)


def check_choice(option: str, value: str | None, accepted: Collection[str]) -> None:
    """Refuse a value of an option that is not accepted, as wrong usage."""
    if value is not None and value not in accepted:
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(accepted)}", param_hint=option)


@contextlib.contextmanager
def usage() -> Iterator[None]:
    """Errors of values in this block, before a file is read, are wrong usage."""
    try:
        yield
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def load_model(path: Path, *kinds: str) -> Any:
    """The estimator in a model file, of one of these classes (by default a TreeClassifier)."""
    import fastbpts as fb

    kinds = kinds or ("TreeClassifier",)
    model = fb.load(path)
    name = type(model).__name__
    if name not in kinds:
        raise ValueError(f"{path}: a model of class {name}, must be one of class {' or '.join(kinds)} here")
    return model


def reading(
    tree_format: str, labels: str, unary: str | None, binarize: str | None, model: Any = None
) -> dict[str, Any]:
    """Options of the readers of trees: those given, else those of the model's training, which are printed."""
    check_choice("--tree-format", tree_format, FORMATS)
    check_choice("--labels", labels, ("auto", "int", "str"))
    check_choice("--unary", unary, ("keep", "collapse"))
    check_choice("--binarize", binarize, ("left", "right", "none"))
    how = {"format": tree_format, "labels": labels, "unary": "keep", "binarize": "none"}
    given = {name: value for name, value in (("unary", unary), ("binarize", binarize)) if value is not None}
    stored = {
        name: value for name, value in getattr(model, "reading_", {}).items() if name in how.keys() - given.keys()
    }
    if stored:
        options = " ".join(f"--{name} {value}" for name, value in stored.items())
        print(f"fastbpts: trees are read as in training: {options}", file=sys.stderr)
    how |= stored | given
    return {**how, "binarize": None if how["binarize"] == "none" else how["binarize"]}


def column_of(column: str | None, model: Any) -> str:
    """The column of CoNLL-U that was given, else that of the tagger's training, which is printed."""
    if column is None and (stored := getattr(model, "reading_", {}).get("column")):
        print(f"fastbpts: the column is that of training: --column {stored}", file=sys.stderr)
        return str(stored)
    return column or "upos"


def source(path: Path) -> Any:
    """The source for a path of the command line: standard input for ``-``."""
    return sys.stdin.buffer if str(path) == "-" else path


def read_bank(path: Path, **options: Any) -> "Treebank":
    """A treebank from a file, or from standard input for ``-``."""
    import fastbpts as fb

    with counting(f"reading {path}"):
        bank: Treebank = fb.read_trees(source(path), **options)
    return bank


def iter_banks(path: Path, chunk_trees: int, **options: Any) -> "Iterator[Treebank]":
    """The same, piece by piece."""
    import fastbpts as fb

    banks: Iterator[Treebank] = fb.iter_trees(source(path), chunk_trees=chunk_trees, **options)
    return banks


@contextlib.contextmanager
def counting(text: str, quiet: bool = False, of: str = "trees") -> Iterator[Callable[[int], None]]:
    """Show on a terminal's standard error how many trees are done; yields a function that adds to the number."""
    done = 0
    out = console(stderr=True)
    with out.status(text) if out.is_terminal and not quiet else contextlib.nullcontext() as status:

        def add(n: int) -> None:
            nonlocal done
            done += n
            if status is not None:
                status.update(f"{text} {done:,} {of}")

        yield add


def check_writable(option: str, path: Path | None) -> None:
    """Refuse, before the work, an output file that cannot be made."""
    from fastbpts._files import atomic

    if path is not None and str(path) != "-":
        atomic.check_writable(f"{option} {path}", path)


def check_not_read(option: str, path: Path | None, *sources: Path | None) -> None:
    """Refuse to write to a file that is being read."""
    for source in sources:
        if path is None or source is None or "-" in (str(path), str(source)):
            continue
        if path.is_file() and source.is_file() and path.samefile(source):
            raise ValueError(f"{option} {path}: is the file to read, must be another one")


def check_distinct(**paths: Path | None) -> None:
    """Refuse one file for two outputs; they are given by the names of their options."""
    seen: dict[Path, str] = {}
    for option, path in paths.items():
        if path is None or str(path) == "-":
            continue
        other = seen.setdefault(path.resolve(), option)
        if other != option and (path.is_file() or not path.exists()):
            raise ValueError(f"--{option} {path}: is the file of --{other}, must be another one")


@contextlib.contextmanager
def output(path: Path) -> Iterator[IO[str]]:
    """A text file to write, which gets its name when it is whole, or standard output for ``-``."""
    if str(path) == "-":
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
        yield sys.stdout
    else:
        from fastbpts._files.atomic import open_atomic

        with open_atomic(path, encoding="utf-8", errors="surrogateescape") as file:
            yield file
