"""The comparison for people: a table in the terminal, and a bar chart."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import fastbpts as fb
from fastbpts import _core
from fastbpts.benchmark.measure import Comparison

if TYPE_CHECKING:
    from rich.table import Table


def cpu_name() -> str:
    """Name of the processor, if the system knows it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def machine(more: Sequence[str] = ()) -> str:
    """Processor, instruction set of the kernels and versions, in one line; `more` packages beside the peers' usual."""
    packages = [p for p in ("fastbpts", "numpy", "torch", *more) if importlib.util.find_spec(p)]
    versions = ", ".join(f"{p} {version(p)}" for p in packages)
    return f"{cpu_name()}, kernels for {_core.isa()}; Python {platform.python_version()}, {versions}"


def version(package: str) -> str:
    """Version of this package or of another that is installed."""
    if package == "fastbpts":
        return fb.__version__
    return importlib.metadata.version(package)


def title(c: Comparison) -> str:
    """What was compared, in one line."""
    settings = c.settings
    data = f"trees of {Path(settings.treebank).name}" if settings.treebank else "generated trees"
    return (
        f"{settings.cell}, d = {settings.state}, {settings.batch_size} trees per step, {c.n_trees:,} {data}, "
        f"{c.n_threads} thread{'s' * (c.n_threads > 1)}"
    )


def figure(ratio: float) -> str:
    """A ratio as people read it: 2.4, 31."""
    return f"{ratio:.1f}" if ratio < 20 else f"{ratio:.0f}"


def rows(c: Comparison) -> list[tuple[str, ...]]:
    """Per peer: name; training speed and the library's ratio to it, median (least-largest); the same for prediction."""
    ours = c.series[0]
    out = []
    for s in c.series:
        cells = [s.name]
        for kind in ("train", "predict"):
            cells.append(f"{statistics.median(getattr(s, kind)):,.0f}")
            middle, low, high = ours.ratio(s, kind)
            cells.append("" if s is ours else f"{figure(middle)} ({figure(low)}-{figure(high)})")
        out.append(tuple(cells))
    return out


HEADER = ("trees/s", "train", "fastbpts / peer", "predict", "fastbpts / peer")


def table(c: Comparison) -> Table:
    """A table for the terminal."""
    from rich.table import Table

    t = Table(title=title(c), title_justify="left")
    for number, name in enumerate(HEADER):
        t.add_column(name, justify="right" if number else "left", no_wrap=True)
    for row in rows(c):
        t.add_row(*row)
    return t


def markdown(c: Comparison) -> str:
    """The same table for a file."""
    lines = [f"**{title(c)}**", "", "| " + " | ".join(HEADER) + " |", "| --- | ---: | ---: | ---: | ---: |"]
    lines += ["| " + " | ".join(row) + " |" for row in rows(c)]
    return "\n".join(lines) + "\n"


def chart(comparisons: Sequence[Comparison], path: str | Path) -> None:
    """Bars of the training speed of every peer, one panel per comparison, written as PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 1.1 + 2.0 * len(comparisons)), layout="constrained")
    axes = figure.subplots(len(comparisons), 1, squeeze=False)[:, 0]
    for axis, c in zip(axes, comparisons, strict=True):
        names = [s.name for s in c.series]
        speed = [statistics.median(s.train) for s in c.series]
        low = [v - min(s.train) for s, v in zip(c.series, speed, strict=True)]
        high = [max(s.train) - v for s, v in zip(c.series, speed, strict=True)]
        colours = ["#c44e52" if number == 0 else "#8c8c8c" for number in range(len(names))]
        bars = axis.barh(names, speed, xerr=(low, high), color=colours)
        axis.bar_label(bars, [f"{v:,.0f}" for v in speed], padding=12)
        axis.invert_yaxis()
        axis.margins(x=0.15)
        axis.set_title(title(c), fontsize=9, loc="left")
        axis.set_xlabel("trained trees per second; whiskers: slowest and fastest round")
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
