"""Trees as one self-contained HTML page."""

from collections.abc import Sequence

from fastbpts.draw.colours import palette
from fastbpts.draw.picture import Picture
from fastbpts.draw.svg import svg, xml_text

_STYLE = """
body { font: 16px/1.5 Helvetica, Arial, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #111;
       background: #fff; }
section { margin-bottom: 3rem; }
h2 { font-size: 1.15rem; margin-bottom: 0.2rem; }
p { margin: 0 0 0.6rem; color: #444; }
.tree { overflow-x: auto; border: 1px solid #ddd; border-radius: 8px; }
.tree svg { display: block; margin: 0 auto; }
.bars { display: grid; grid-template-columns: max-content 1fr max-content; gap: 2px 10px; max-width: 24rem;
        margin: 0.6rem 0; font-size: 0.85rem; align-items: center; }
.bars i { display: block; height: 0.8rem; border: 1px solid #999; border-radius: 2px; }
"""


def _bars(picture: Picture) -> str:
    if picture.proba is None:
        return ""
    cells = []
    for name, colour, p in zip(picture.classes, palette(picture.classes), picture.proba[picture.root], strict=True):
        bar = f"<span><i style='width:{100 * float(p):.1f}%;background:{colour}'></i></span>"
        cells.append(f"<span>{xml_text(str(name))}</span>{bar}<span>{float(p):.3f}</span>")
    return f"<div class='bars'>{''.join(cells)}</div>"


def html(pictures: Sequence[Picture], title: str = "fastbpts") -> str:
    """A page with each tree, its sentence and the probabilities at its root."""
    sections = [
        f"<section><h2>{xml_text(' '.join(p.tree.tokens()))}</h2><p>{xml_text(p.summary())}</p>{_bars(p)}"
        f"<div class='tree'>{svg(p)}</div></section>"
        for p in pictures
    ]
    return (
        f"<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'/><title>{xml_text(title)}</title>"
        f"<style>{_STYLE}</style></head>\n<body>\n{''.join(sections)}\n</body></html>\n"
    )
