"""``fastbpts word2vec`` and ``fastbpts glove``."""

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from typer import Argument, BadParameter, Option

from fastbpts._base.options import FILES, MODEL, options_of
from fastbpts.cli.common import check_choice, check_not_read, check_writable, command, console, status_after, usage
from fastbpts.cli.options import own_parameters, parameters, values
from fastbpts.words._options import GloVeOptions, Word2VecOptions

if TYPE_CHECKING:
    from fastbpts.words.vectors import KeyedVectors

FORMATS = ("auto", "text", "binary", "glove", "native")
_BY_SUFFIX = {".bin": "binary", ".safetensors": "native"}


class Own(NamedTuple):
    """The options of the commands that are parameters of no model."""

    corpus: Annotated[Path, Argument(help="Text: words between blanks, a sentence per line (plain, .gz, .xz).")]
    output: Annotated[Path, Option("--output", "-o", help="File of vectors to write.", rich_help_panel=FILES)]
    form: Annotated[
        str,
        Option(
            "--format",
            "-f",
            help="text, binary, glove, native; auto: by the suffix, .bin, .safetensors (native) or text.",
            rich_help_panel=FILES,
        ),
    ] = "auto"
    resume: Annotated[
        bool,
        Option(
            "--resume",
            help="Continue from the checkpoint, by default OUTPUT.ckpt, if there is one.",
            rich_help_panel=FILES,
        ),
    ] = False
    model: Annotated[Path | None, Option("--model", help="Also save the whole model.", rich_help_panel=FILES)] = None
    quiet: Annotated[bool, Option("--quiet", "-q", help="No progress.", rich_help_panel=FILES)] = False


_CBOW = inspect.Parameter(
    "cbow",
    inspect.Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[bool, Option("--cbow", help="CBOW in place of skip-gram.", rich_help_panel=MODEL)],
)


def _signature(kind: type, *others: inspect.Parameter) -> inspect.Signature:
    """The options of a command that trains a model."""
    own = own_parameters(Own)
    return inspect.Signature([*own, *others, *parameters({kind.__name__: kind})], return_annotation=int)


def write_vectors(vectors: "KeyedVectors", path: Path, form: str) -> None:
    """Write vectors in one of `FORMATS`."""
    form = _BY_SUFFIX.get(path.suffix, "text") if form == "auto" else form
    if form == "native":
        vectors.save(path)
    else:
        vectors.save_word2vec_format(path, binary=form == "binary", write_header=form != "glove")


def _fit(kind: str, own: Own, params: dict[str, Any]) -> int:
    """Train, save, and print what was learnt."""
    check_choice("--format", own.form, FORMATS)
    if own.resume and "checkpoint" not in params:
        params["checkpoint"] = own.output.with_name(own.output.name + ".ckpt")
    for option, path in (("--output", own.output), ("--checkpoint", params.get("checkpoint")), ("--model", own.model)):
        if str(path) == "-":
            raise BadParameter("-: vectors cannot go to standard output, must be a file", param_hint=option)
        check_writable(option, path)
        check_not_read(option, path, own.corpus)
    import fastbpts as fb

    model = getattr(fb, kind)(**params, verbose=0 if own.quiet else 1)
    with usage():
        model._check_params()
    model.fit(own.corpus, resume=own.resume)
    write_vectors(model.wv, own.output, own.form)
    if own.model is not None:
        model.save(own.model)
    seconds = sum(entry["seconds"] for entry in model.history_)
    loss = f"loss {model.history_[-1]['loss']:.4f}" if model.history_ else "no whole epoch"
    console().print(
        f"{own.output}: {len(model.wv):,} words of {model.n_tokens_:,}, {model.vector_size} dimensions, "
        f"{loss}, {seconds:.1f} s",
        soft_wrap=True,
    )
    return status_after(model)


def _given(kind: type, options: dict[str, Any]) -> tuple[Own, dict[str, Any]]:
    """The options of the command, and the parameters given for the model."""
    own = Own(*(options.pop(name) for name in Own._fields))
    return own, values(options_of(kind), {name: value for name, value in options.items() if value is not None})


@command
def word2vec(**options: Any) -> int:
    """Train word vectors by skip-gram or CBOW (word2vec)."""
    sg = int(not options.pop("cbow"))
    own, params = _given(Word2VecOptions, options)
    return _fit("Word2Vec", own, params | {"sg": sg})


@command
def glove(**options: Any) -> int:
    """Train word vectors on co-occurrence counts (GloVe)."""
    return _fit("GloVe", *_given(GloVeOptions, options))


word2vec.__signature__ = _signature(Word2VecOptions, _CBOW)  # type: ignore[attr-defined]
glove.__signature__ = _signature(GloVeOptions)  # type: ignore[attr-defined]
