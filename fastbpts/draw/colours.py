"""A colour for each class: from red over grey to blue for a scale of numbers, distinct hues otherwise."""

from collections.abc import Sequence
from typing import Any

_SCALE = ((178, 24, 43), (239, 138, 98), (222, 222, 222), (103, 169, 207), (33, 102, 172))
_HUES = ((0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (213, 94, 0), (240, 228, 66))
NO_CLASS = "#ffffff"


def _hex(rgb: Sequence[float]) -> str:
    return "#" + "".join(f"{round(c):02x}" for c in rgb)


def _on_scale(share: float) -> str:
    position = share * (len(_SCALE) - 1)
    k = min(int(position), len(_SCALE) - 2)
    return _hex([a + (b - a) * (position - k) for a, b in zip(_SCALE[k], _SCALE[k + 1], strict=True)])


def palette(classes: Sequence[Any]) -> list[str]:
    """One colour per class as "#rrggbb"."""
    if all(isinstance(c, int) for c in classes):
        return [_on_scale(k / max(1, len(classes) - 1)) for k in range(len(classes))]
    return [_hex(_HUES[k % len(_HUES)]) for k in range(len(classes))]


def ink(background: str) -> str:
    """Black or white, whichever is easier to read on a colour."""
    r, g, b = (int(background[k : k + 2], 16) for k in (1, 3, 5))
    return "#000000" if 0.299 * r + 0.587 * g + 0.114 * b > 140 else "#ffffff"
