"""``fastbpts bench``."""

from pathlib import Path
from typing import Annotated

from typer import Option

from fastbpts.cli.common import check_choice, check_not_read, check_writable, command, console


@command
def bench(
    treebank: Annotated[Path | None, Option("--trees", help="Binary treebank; default: generated trees.")] = None,
    cell: Annotated[list[str] | None, Option("--cell", help="rntn or sum; both by default, may be repeated.")] = None,
    peer: Annotated[
        list[str] | None, Option("--peer", help="All that are installed by default; may be repeated.")
    ] = None,
    threads: Annotated[int, Option("--threads", "-t", min=1)] = 1,
    rounds: Annotated[int, Option(min=1, help="Interleaved rounds.")] = 5,
    seconds: Annotated[float, Option(min=0.01, help="Per peer and round.")] = 0.4,
    chart: Annotated[Path | None, Option(help="Bar chart to draw (PNG).")] = None,
) -> None:
    """Measure the speed here, side by side with NumPy and PyTorch, results compared before they are timed."""
    from fastbpts import benchmark
    from fastbpts.benchmark.problem import SIZES

    for name in cell or ():
        check_choice("--cell", name, SIZES)
    for name in peer or ():
        check_choice("--peer", name, benchmark.PEERS)
    check_writable("--chart", chart)
    check_not_read("--chart", chart, treebank)
    given = {"cells": tuple(cell)} if cell else {}
    benchmark.run(
        treebank,
        **given,
        peers=peer or None,
        n_threads=threads,
        rounds=rounds,
        seconds=seconds,
        chart=chart,
        console=console(),
    )
