"""``fastbpts word2vec`` and ``fastbpts glove``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Option

from fastbpts.cli.common import check_choice, check_not_read, check_writable, command, console, status_after, usage

if TYPE_CHECKING:
    from fastbpts.words.vectors import KeyedVectors

_MODEL, _TRAINING, _WORDS, _FILES = "Model", "Training", "Words", "Files"
FORMATS = ("auto", "text", "binary", "glove", "native")
_BY_SUFFIX = {".bin": "binary", ".safetensors": "native"}

Corpus = Annotated[Path, typer.Argument(help="Text: words between blanks, a sentence per line (plain, .gz, .xz).")]
Output = Annotated[Path, Option("--output", "-o", help="File of vectors to write.", rich_help_panel=_FILES)]
Format = Annotated[
    str,
    Option(
        "--format", "-f", help="text, binary, glove, native; auto: by the suffix, .bin, .safetensors (native) or text.",
        rich_help_panel=_FILES,
    ),
]  # fmt: skip
Size = Annotated[int, Option("--vector-size", "-d", rich_help_panel=_MODEL)]
Window = Annotated[int, Option("--window", "-w", help="Words on each side.", rich_help_panel=_MODEL)]
MinCount = Annotated[int, Option("--min-count", help="Rarer words are left out.", rich_help_panel=_WORDS)]
MaxWords = Annotated[int | None, Option(help="Largest number of words.", rich_help_panel=_WORDS)]
MaxCounted = Annotated[int | None, Option(help="Distinct words while counting.", rich_help_panel=_WORDS)]
Epochs = Annotated[int, Option("--epochs", "-n", rich_help_panel=_TRAINING)]
Workers = Annotated[
    int | None, Option("--threads", "-t", help="1: same seed, same vectors.", rich_help_panel=_TRAINING)
]
Seed = Annotated[int, Option("--seed", rich_help_panel=_TRAINING)]
Memory = Annotated[int, Option(help="Bytes for the text as numbers.", rich_help_panel=_TRAINING)]
Checkpoint = Annotated[
    Path | None, Option(help="File for the state of training; with --resume OUTPUT.ckpt.", rich_help_panel=_FILES)
]
Every = Annotated[int, Option(help="Epochs.", rich_help_panel=_FILES)]
Resume = Annotated[
    bool, Option("--resume", help="Continue from the checkpoint, if there is one.", rich_help_panel=_FILES)
]
Model = Annotated[Path | None, Option("--model", help="Also save the whole model.", rich_help_panel=_FILES)]
Quiet = Annotated[bool, Option("--quiet", "-q", help="No progress.", rich_help_panel=_FILES)]


def write_vectors(vectors: "KeyedVectors", path: Path, form: str) -> None:
    """Write vectors in one of `FORMATS`."""
    form = _BY_SUFFIX.get(path.suffix, "text") if form == "auto" else form
    if form == "native":
        vectors.save(path)
    else:
        vectors.save_word2vec_format(path, binary=form == "binary", write_header=form != "glove")


def _fit(kind: str, corpus: Path, params: dict[str, Any], files: dict[str, Any]) -> int:
    """Train, save, and say what was learnt."""
    output, form, resume, quiet, model_file = (files[k] for k in ("output", "form", "resume", "quiet", "model"))
    check_choice("--format", form, FORMATS)
    if resume and params["checkpoint"] is None:
        params["checkpoint"] = output.with_name(output.name + ".ckpt")
    for option, path in (("--output", output), ("--checkpoint", params["checkpoint"]), ("--model", model_file)):
        if str(path) == "-":
            raise typer.BadParameter("-: vectors cannot go to standard output, must be a file", param_hint=option)
        check_writable(option, path)
        check_not_read(option, path, corpus)
    import fastbpts as fb

    model = getattr(fb, kind)(**params, verbose=0 if quiet else 1)
    with usage():
        model._check()
    model.fit(corpus, resume=resume)
    write_vectors(model.wv, output, form)
    if model_file is not None:
        model.save(model_file)
    seconds = sum(entry["seconds"] for entry in model.history_)
    loss = f"loss {model.history_[-1]['loss']:.4f}" if model.history_ else "no whole epoch"
    console().print(
        f"{output}: {len(model.wv):,} words of {model.n_tokens_:,}, {model.vector_size} dimensions, "
        f"{loss}, {seconds:.1f} s",
        soft_wrap=True,
    )
    return status_after(model)


@command
def word2vec(
    corpus: Corpus,
    output: Output,
    form: Format = "auto",
    cbow: Annotated[bool, Option("--cbow", help="CBOW in place of skip-gram.", rich_help_panel=_MODEL)] = False,
    vector_size: Size = 100,
    window: Window = 5,
    negative: Annotated[int, Option(help="Noise words; 0: none.", rich_help_panel=_MODEL)] = 5,
    hs: Annotated[bool, Option("--hs", help="Hierarchical softmax.", rich_help_panel=_MODEL)] = False,
    ns_exponent: Annotated[float, Option(help="Of the noise.", rich_help_panel=_MODEL)] = 0.75,
    shared_negatives: Annotated[bool, Option(help="One noise per context: faster.", rich_help_panel=_MODEL)] = True,
    cbow_mean: Annotated[bool, Option(help="CBOW of means, or of sums.", rich_help_panel=_MODEL)] = True,
    alpha: Annotated[
        float | None, Option(help="Rate; default 0.025 or, CBOW, 0.075.", rich_help_panel=_TRAINING)
    ] = None,
    min_alpha: Annotated[float, Option(help="Rate at the end.", rich_help_panel=_TRAINING)] = 0.0001,
    sample: Annotated[float, Option(help="More frequent words are skipped at times.", rich_help_panel=_WORDS)] = 1e-3,
    min_count: MinCount = 5,
    max_final_vocab: MaxWords = None,
    max_vocab_size: MaxCounted = None,
    epochs: Epochs = 5,
    workers: Workers = None,
    seed: Seed = 1,
    memory_limit: Memory = 1 << 30,
    checkpoint: Checkpoint = None,
    checkpoint_every: Every = 1,
    resume: Resume = False,
    model: Model = None,
    quiet: Quiet = False,
) -> int:
    """Train word vectors by skip-gram or CBOW (word2vec)."""
    files = {"output": output, "form": form, "resume": resume, "quiet": quiet, "model": model}
    params = {name: value for name, value in locals().items() if name not in {*files, "files", "corpus", "cbow"}}
    params |= {name: int(params[name]) for name in ("hs", "cbow_mean")}
    return _fit("Word2Vec", corpus, params | {"sg": int(not cbow)}, files)


@command
def glove(
    corpus: Corpus,
    output: Output,
    form: Format = "auto",
    vector_size: Size = 100,
    window: Window = 15,
    symmetric: Annotated[bool, Option(help="Count the words after a word too.", rich_help_panel=_MODEL)] = True,
    distance_weighting: Annotated[bool, Option(help="Neighbours count 1/distance.", rich_help_panel=_MODEL)] = True,
    x_max: Annotated[
        float, Option(help="Counts from here on weigh 1; small texts: 10.", rich_help_panel=_MODEL)
    ] = 100.0,
    alpha: Annotated[float, Option(help="Exponent of the weight.", rich_help_panel=_MODEL)] = 0.75,
    eta: Annotated[float, Option(help="AdaGrad's rate.", rich_help_panel=_TRAINING)] = 0.05,
    min_count: MinCount = 5,
    max_final_vocab: MaxWords = None,
    max_vocab_size: MaxCounted = None,
    epochs: Epochs = 25,
    workers: Workers = None,
    seed: Seed = 1,
    memory_limit: Memory = 1 << 32,
    checkpoint: Checkpoint = None,
    checkpoint_every: Every = 1,
    resume: Resume = False,
    model: Model = None,
    quiet: Quiet = False,
) -> int:
    """Train word vectors on co-occurrence counts (GloVe)."""
    files = {"output": output, "form": form, "resume": resume, "quiet": quiet, "model": model}
    params = {name: value for name, value in locals().items() if name not in {*files, "files", "corpus"}}
    return _fit("GloVe", corpus, params, files)
