"""Trees coloured by class, in the terminal, as SVG and HTML; learning curves as PNG; maps of words."""

from fastbpts.draw.curve import learning_curve, need_matplotlib
from fastbpts.draw.html import html
from fastbpts.draw.picture import Picture
from fastbpts.draw.svg import svg
from fastbpts.draw.terminal import show
from fastbpts.draw.word_map import word_map

__all__ = ["Picture", "html", "learning_curve", "need_matplotlib", "show", "svg", "word_map"]
