"""A map of words and their neighbours: their vectors' two principal components, as SVG or PNG."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbpts._files.atomic import PathLike, write_atomic
from fastbpts.draw.colours import palette
from fastbpts.draw.svg import xml_text
from fastbpts.words.vectors import KeyedVectors

Array = NDArray[Any]
_WIDTH, _HEIGHT, _MARGIN, _LINE = 900, 640, 60, 15.0


def principal_plane(vectors: Array) -> Array:
    """Coordinates (n, 2) of vectors (n, d) on their two principal components; the larger ends point up and right."""
    centred = vectors - vectors.mean(axis=0)
    left, size, _ = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    plane = np.zeros((len(vectors), 2))
    plane[:, : min(2, len(size))] = (left * size)[:, :2]
    farthest = np.abs(plane).argmax(axis=0)
    result: Array = plane * np.where(plane[farthest, [0, 1]] < 0, -1, 1)
    return result


def _spread(x: Array, y: Array) -> Array:
    """Label heights: moved down where the label above is too near."""
    order, placed = np.argsort(y, kind="stable"), y.copy()
    for n, k in enumerate(order.tolist()):
        for other in order[:n].tolist():
            if abs(x[k] - x[other]) < 90 and placed[k] - placed[other] < _LINE:
                placed[k] = max(placed[k], placed[other] + _LINE)
    return placed


def _svg(words: list[str], groups: list[int], asked: int, plane: Array) -> str:
    low, high = plane.min(axis=0), plane.max(axis=0)
    share = (plane - low) / np.where(high > low, high - low, 1)
    x = _MARGIN + share[:, 0] * (_WIDTH - 3 * _MARGIN)
    y = _HEIGHT - _MARGIN - share[:, 1] * (_HEIGHT - 2 * _MARGIN)
    text_y, colours = _spread(x, y), palette([f"group {k}" for k in range(asked)])
    height = max(float(_HEIGHT), float(text_y.max()) + _MARGIN)
    out = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{_WIDTH}' height='{height:.0f}' "
        f"viewBox='0 0 {_WIDTH} {height:.0f}' font-family='Helvetica, Arial, sans-serif' role='img'>",
        f"<title>{xml_text('Neighbours of ' + ', '.join(words[:asked]))}</title>",
        f"<rect width='{_WIDTH}' height='{height:.0f}' fill='#ffffff'/>",
    ]
    for k, word in enumerate(words):
        out.append(
            f"<circle cx='{x[k]:.1f}' cy='{y[k]:.1f}' r='{6 if k < asked else 4}' fill='{colours[groups[k]]}'/>"
            f"<text x='{x[k] + 9:.1f}' y='{text_y[k] + 4:.1f}' font-size='13' "
            f"font-weight='{'bold' if k < asked else 'normal'}' fill='#222'>{xml_text(word)}</text>"
        )
    return "\n".join([*out, "</svg>\n"])


def _png(words: list[str], groups: list[int], asked: int, plane: Array, path: PathLike) -> None:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("a map as PNG needs matplotlib: pip install 'fastbpts[plot]', or draw an .svg") from error
    figure = Figure(figsize=(9, 6.4), layout="constrained")
    axes, colours = figure.subplots(), palette([f"group {k}" for k in range(asked)])
    axes.scatter(
        plane[:, 0], plane[:, 1], c=[colours[k] for k in groups], s=[45 if k < asked else 20 for k in range(len(words))]
    )
    for k, word in enumerate(words):
        text = word.replace("$", r"\$")
        weight = "bold" if k < asked else "normal"
        axes.annotate(text, plane[k], (5, -3), textcoords="offset points", fontsize=9, fontweight=weight)
    axes.set_axis_off()
    axes.margins(0.12)
    figure.savefig(path, dpi=120, format="png")


def word_map(
    vectors: KeyedVectors, words: Sequence[str], path: PathLike, topn: int = 10, restrict_vocab: int | None = None
) -> None:
    """Draw words and their nearest words on the plane of their two principal components.

    Parameters
    ----------
    vectors : KeyedVectors
    words : list of str
        Each has a colour, which its neighbours share (a neighbour of several words has that of the first).
    path : str or path
        The file to write, .svg or .png (with matplotlib).
    topn, restrict_vocab
        How many neighbours, among which words; see :meth:`KeyedVectors.most_similar`.

    Raises
    ------
    ValueError
        A word has no vector, or the path has another suffix.
    ImportError
        A PNG file without matplotlib.
    """
    if isinstance(words, str) or not words:
        raise ValueError(f"words must be a list of at least one word, got {words!r}")
    if Path(path).suffix not in (".svg", ".png"):
        raise ValueError(f"path must end in .svg or .png, got {str(path)!r}")
    group = {word: k for k, word in enumerate(dict.fromkeys(words))}
    asked = len(group)
    for word, k in list(group.items()):
        for near, _ in vectors.most_similar(word, topn=topn, restrict_vocab=restrict_vocab):
            group.setdefault(near, k)
    shown = list(group)
    plane = principal_plane(vectors.normed([vectors.index(word) for word in shown]))
    if Path(path).suffix == ".png":
        _png(shown, list(group.values()), asked, plane, path)
    else:
        write_atomic(path, _svg(shown, list(group.values()), asked, plane).encode())
