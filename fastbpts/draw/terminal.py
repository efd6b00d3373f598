"""Trees in the terminal: the root on the left, one line per leaf, classes as coloured chips.

``4─┬─2 the`` : a node is on the line of its first child.
"""

from typing import TYPE_CHECKING

from fastbpts.draw.colours import ink, palette
from fastbpts.draw.picture import Picture

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_WIDE = ("───", "─┬─", " ├─", " └─", " │ ", "   ")
_NARROW = ("─", "┬", "├", "└", "│", " ")


def _printable(word: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in word)


def lines(picture: Picture, width: int, narrow: bool = False) -> "list[Text]":
    """The drawing, line by line; `narrow` takes two columns per level in place of four.

    Lines are right up to `width` columns only; show no more of them.
    """
    from rich.text import Text

    through, fork, middle, last, bar, blank = _NARROW if narrow else _WIDE
    children, words = picture.children(), picture.words()
    texts, misses, colours = picture.texts(), picture.misses(), picture.colours()
    drawn: list[Text] = []
    line = Text()
    stack = [(picture.root, "", "")]  # node, what begins its line, what begins the lines below it
    while stack:
        node, start, below = stack.pop()
        if start:
            line = Text()
            line.append(start, style="dim")
        miss = f"≠{misses[node]}" if misses[node] else ""
        line.append(texts[node], style=f"bold {ink(colours[node])} on {colours[node]}")
        line.append(miss, style="italic")
        if not children[node]:
            line.append(f" {_printable(words.get(node, ''))}")
            drawn.append(line)
            continue
        first, *others = children[node]
        indent = (below + " " * (len(texts[node]) + len(miss)))[:width]
        for k, child in enumerate(reversed(others)):
            start, more = (last, blank) if k == 0 else (middle, bar)
            stack.append((child, indent + start, indent + more))
        line.append(fork if others else through, style="dim")
        stack.append((first, "", indent + (bar if others else blank)))
    return drawn


def show(picture: Picture, console: "Console") -> None:
    """Print a sentence, its tree and a legend.

    Parameters
    ----------
    picture : Picture
        What to draw.
    console : rich.console.Console
        Where to print.
    """
    from rich.text import Text

    drawing = lines(picture, console.width)
    if max(line.cell_len for line in drawing) > console.width:
        drawing = lines(picture, console.width, narrow=True)
    sentence = _printable(" ".join(picture.tree.tokens()))
    console.print(Text(sentence, style="bold", overflow="fold"))
    console.print(Text(picture.summary()))
    for line in drawing:
        console.print(line, no_wrap=True, overflow="ellipsis", crop=True)
    legend = Text("classes ")
    for name, colour in zip(picture.classes, palette(picture.classes), strict=True):
        legend.append(f" {name} ", style=f"bold {ink(colour)} on {colour}")
        legend.append(" ")
    if any(picture.misses()):
        legend.append(" 3≠2: predicted 3, labelled 2", style="dim")
    console.print(legend)
