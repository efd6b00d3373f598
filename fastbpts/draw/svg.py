"""Trees as self-contained SVG: words in a row at the bottom, each node above its children."""

import unicodedata
from html import escape

from fastbpts.draw.colours import ink, palette
from fastbpts.draw.picture import Picture

_RADIUS, _LEVEL, _GAP, _MARGIN, _CORNER = 12, 40, 16, 24, 10.0
_FONT = "font-family='Helvetica, Arial, sans-serif'"
_ALLOWED = "\t\n\r"


def xml_text(text: str) -> str:
    """`text` for an XML document: escaped, and without the characters that XML has no place for."""
    clean = (
        c if c in _ALLOWED or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff") else "\ufffd"
        for c in text
    )
    return escape("".join(clean))


def _width(text: str) -> float:
    """Roughly how wide 14 px type sets it."""
    return sum(14.0 if unicodedata.east_asian_width(c) in "WF" else 5.0 if c in "iljtf.,'!|:;" else 8.2 for c in text)


def _places(
    picture: Picture, children: list[list[int]], words: dict[int, str]
) -> tuple[list[float], list[float], float]:
    """Coordinates x and y of each node, and the width of the drawing."""
    x, height = [0.0] * picture.tree.n_nodes, [0] * picture.tree.n_nodes
    stack, right = [picture.root], float(_MARGIN)
    while stack:
        node = stack.pop()
        stack += reversed(children[node])
        if not children[node]:
            width = max(_width(words.get(node, "")), 2 * _RADIUS)
            x[node] = right + width / 2
            right += width + _GAP
    for node, below in enumerate(children):  # children have smaller numbers
        if below:
            x[node] = (x[below[0]] + x[below[-1]]) / 2
            height[node] = 1 + max(height[child] for child in below)
    top = max(height)
    y = [_MARGIN + _RADIUS + (top - h) * float(_LEVEL) for h in height]
    return x, y, right - _GAP + _MARGIN


def _title(picture: Picture, node: int, phrase: str, text: str, miss: str) -> str:
    parts = [phrase, text] if picture.proba is None else [phrase]
    if picture.proba is not None:
        parts += [f"{name}: {float(p):.3f}" for name, p in zip(picture.classes, picture.proba[node], strict=True)]
    if miss:
        parts.append(f"label: {miss}")
    return xml_text("\n".join(parts))


def _phrases(children: list[list[int]], words: dict[int, str]) -> list[str]:
    """The words below each node, at most the first few."""
    phrases: list[str] = []
    for node, below in enumerate(children):
        text = " ".join(phrases[child] for child in below) if below else words.get(node, "")
        phrases.append(text if len(text) <= 200 else text[:199] + "…")
    return phrases


def _legend(picture: Picture, y: float) -> list[str]:
    parts, x = [], float(_MARGIN)
    for name, colour in zip(picture.classes, palette(picture.classes), strict=True):
        text = str(name)
        width = max(22.0, _width(text) + 12)
        parts.append(
            f"<rect x='{x:.1f}' y='{y:.1f}' width='{width:.1f}' height='18' rx='4' fill='{colour}' stroke='#888'/>"
        )
        parts.append(
            f"<text x='{x + width / 2:.1f}' y='{y + 13:.1f}' font-size='12' text-anchor='middle' fill='{ink(colour)}'>"
            f"{xml_text(text)}</text>"
        )
        x += width + 4
    if any(picture.misses()):
        text = "dashed: the label is another"
        parts.append(f"<text x='{x + 8:.1f}' y='{y + 13:.1f}' font-size='12' fill='#444'>{text}</text>")
    return parts


def _edge(x0: float, y0: float, x1: float, y1: float) -> str:
    """Across, a round corner, down: edges drawn so never cross."""
    corner = max(-_CORNER, min(_CORNER, x1 - x0))
    path = f"M{x0:.1f} {y0:.1f} H{x1 - corner:.1f} Q{x1:.1f} {y0:.1f} {x1:.1f} {y0 + abs(corner):.1f} V{y1:.1f}"
    return f"<path d='{path}' fill='none' stroke='#999' stroke-width='1.5'/>"


def svg(picture: Picture) -> str:
    """The tree as an SVG document, which can be part of an HTML page."""
    children, words = picture.children(), picture.words()
    x, y, width = _places(picture, children, words)
    phrases = _phrases(children, words)
    texts, misses, colours = picture.texts(), picture.misses(), picture.colours()
    legend = _legend(picture, max(y) + 60)
    width = max(width, 40.0 * len(picture.classes) + 2 * _MARGIN + 170)
    height = max(y) + 60 + 18 + _MARGIN
    out = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' height='{height:.0f}' "
        f"viewBox='0 0 {width:.0f} {height:.0f}' {_FONT} role='img'>",
        f"<title>{xml_text(' '.join(picture.tree.tokens()))}</title>",
        f"<rect width='{width:.0f}' height='{height:.0f}' fill='#ffffff'/>",
    ]
    for node, below in enumerate(children):
        out += [_edge(x[node], y[node], x[child], y[child]) for child in below]
    for node, text in enumerate(texts):
        ring = "stroke='#000' stroke-width='2.5' stroke-dasharray='3 2'" if misses[node] else "stroke='#666'"
        out.append(f"<g><title>{_title(picture, node, phrases[node], text, misses[node])}</title>")
        out.append(f"<circle cx='{x[node]:.1f}' cy='{y[node]:.1f}' r='{_RADIUS}' fill='{colours[node]}' {ring}/>")
        out.append(
            f"<text x='{x[node]:.1f}' y='{y[node] + 4.5:.1f}' font-size='{13 if len(text) < 3 else 9}' "
            f"text-anchor='middle' fill='{ink(colours[node])}'>{xml_text(text[:4])}</text>"
        )
        if node in words:
            out.append(
                f"<text x='{x[node]:.1f}' y='{y[node] + 32:.1f}' font-size='14' text-anchor='middle' fill='#111'>"
                f"{xml_text(words[node])}</text>"
            )
        out.append("</g>")
    return "\n".join([*out, *legend, "</svg>\n"])
