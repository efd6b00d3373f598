"""``fastbpts neighbors``, ``fastbpts analogy`` and ``fastbpts evaluate-vectors``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from fastbpts.cli.common import check_choice, check_writable, command, console

if TYPE_CHECKING:
    from fastbpts.words.vectors import KeyedVectors

_PICTURES = (".svg", ".png")

Vectors = Annotated[Path, Argument(help="Vectors: word2vec's text or binary, GloVe's text, native, or a model file.")]
Count = Annotated[int, Option("--count", "-n", min=1, help="How many words.")]
Limit = Annotated[int | None, Option("--restrict-vocab", "-r", min=1, help="Search the first words only, this many.")]


def read_vectors(path: Path) -> "KeyedVectors":
    """Vectors from any file that this library writes or reads."""
    import fastbpts as fb
    from fastbpts.words.formats import is_native

    if not is_native(path):
        return fb.KeyedVectors.load_word2vec_format(path)  # type: ignore[no-any-return]
    try:
        vectors: KeyedVectors = fb.KeyedVectors.load(path)
    except ValueError:
        model: Any = fb.load(path)
        if not hasattr(model, "wv"):
            raise ValueError(f"{path}: a {type(model).__name__}, which has no word vectors") from None
        vectors = model.wv
    return vectors


def _print(found: list[tuple[str, float]]) -> None:
    for word, score in found:
        print(f"{score:.4f}\t{word}")


@command
def neighbors(
    vectors: Vectors,
    words: Annotated[list[str], Argument(help="Words; each gets its own list.")],
    count: Count = 10,
    restrict_vocab: Limit = None,
    picture: Annotated[
        Path | None, Option("--map", help="Draw words and neighbours on a map (.svg, or .png with matplotlib).")
    ] = None,
) -> None:
    """List the words nearest to some words, with their cosines; draw a map of them."""
    if picture is not None and picture.suffix not in _PICTURES:
        raise typer.BadParameter(f"{picture} must end in {' or '.join(_PICTURES)}", param_hint="--map")
    check_writable("--map", picture)
    table = read_vectors(vectors)
    for number, word in enumerate(words):
        found = table.most_similar(word, topn=count, restrict_vocab=restrict_vocab)
        if len(words) > 1:
            print(f"{'' if number == 0 else chr(10)}{word}")
        _print(found)
    if picture is not None:
        from fastbpts import draw

        draw.word_map(table, words, picture, topn=count, restrict_vocab=restrict_vocab)


@command
def analogy(
    vectors: Vectors,
    a: Annotated[str, Argument(help="A is to B")],
    b: Annotated[str, Argument(help="as")],
    c: Annotated[str, Argument(help="C is to the answer.")],
    count: Count = 5,
    method: Annotated[str, Option(help="add (3CosAdd) or mul (3CosMul).")] = "add",
    restrict_vocab: Limit = None,
) -> None:
    """Answer "A is to B as C is to ?"."""
    check_choice("--method", method, ("add", "mul"))
    _print(read_vectors(vectors).analogy(a, b, c, count, method, restrict_vocab))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _analogies(table: "KeyedVectors", file: Path, limit: int, method: str) -> dict[str, Any]:
    accuracy, sections = table.evaluate_word_analogies(file, restrict_vocab=limit, method=method)
    rows = [
        {"section": s.name, "accuracy": s.accuracy, "answered": s.n_answered, "unknown": s.n_unknown} for s in sections
    ]
    return {"file": str(file), "accuracy": accuracy, "sections": rows}


def _show_analogies(result: dict[str, Any]) -> None:
    from rich.table import Table

    shown = Table(title=f"analogies, {result['file']}")
    shown.add_column("section")
    for name in ("correct", "answered", "unknown words"):
        shown.add_column(name, justify="right")
    for row in result["sections"]:
        style = "bold" if row is result["sections"][-1] else ""
        correct = _percent(row["accuracy"]) if row["answered"] else "none"
        shown.add_row(row["section"], correct, f"{row['answered']:,}", f"{row['unknown']:,}", style=style)
    console().print(shown)


@command
def evaluate_vectors(
    vectors: Vectors,
    analogies: Annotated[
        list[Path] | None, Option("--analogies", "-a", help="Questions as in questions-words.txt; may be repeated.")
    ] = None,
    pairs: Annotated[
        list[Path] | None, Option("--pairs", "-p", help="Lines of word, word, score; may be repeated.")
    ] = None,
    restrict_vocab: Annotated[
        int, Option("--restrict-vocab", "-r", min=1, help="Analogies of the first words only, this many.")
    ] = 30_000,
    method: Annotated[str, Option(help="add (3CosAdd) or mul (3CosMul).")] = "add",
    as_json: Annotated[bool, Option("--json", help="One JSON object per file.")] = False,
) -> None:
    """Score vectors on analogy questions and on judgements of similarity."""
    if not analogies and not pairs:
        raise typer.BadParameter("give --analogies or --pairs", param_hint="--analogies")
    check_choice("--method", method, ("add", "mul"))
    table = read_vectors(vectors)
    for file in analogies or ():
        result = _analogies(table, file, restrict_vocab, method)
        if as_json:
            print(json.dumps(result))
        else:
            _show_analogies(result)
    for file in pairs or ():
        found = table.evaluate_word_pairs(file)
        if as_json:
            print(json.dumps({"file": str(file)} | found._asdict()))
        else:
            console().print(
                f"{file}: Spearman {found.spearman:.3f}, Pearson {found.pearson:.3f} over {found.n_pairs:,} pairs; "
                f"{found.n_unknown:,} more have unknown words",
                soft_wrap=True,
            )
