"""The application: its commands, and ``--version``."""

from typing import Annotated

import typer

from fastbpts.cli.bench import bench
from fastbpts.cli.demo import demo
from fastbpts.cli.evaluate import evaluate
from fastbpts.cli.generate import generate
from fastbpts.cli.gradcheck import gradcheck
from fastbpts.cli.predict import predict
from fastbpts.cli.show import show
from fastbpts.cli.train import train
from fastbpts.cli.word_queries import analogy, evaluate_vectors, neighbors
from fastbpts.cli.word_training import glove, word2vec

app = typer.Typer(
    name="fastbpts",
    help="Back-propagation through structure: train networks on trees and sequences, evaluate and use them.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from fastbpts import __version__

        print(f"fastbpts {__version__}")
        raise typer.Exit(0)


@app.callback(invoke_without_command=True)
def _main(
    ctx: typer.Context,
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())
        raise typer.Exit(2)


for _function in (demo, train, evaluate, predict, generate, show, gradcheck, bench):
    app.command()(_function)
for _word_function in (word2vec, glove, neighbors, analogy, evaluate_vectors):
    app.command()(_word_function)
