"""Drawings: every word and class is shown, hostile words are harmless, deep trees need no recursion."""

import io
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from rich.console import Console

import fastbpts as fb
from fastbpts import draw
from fastbpts.draw.colours import ink, palette
from fastbpts.estimators.tree_classifier import TreeClassifier

HOSTILE = "<script>alert('x')</script>&\"]]>"
SVG = "{http://www.w3.org/2000/svg}"


def _tree(text):
    return fb.Treebank.from_trees([text])[0]


def _bank_of(words):
    node = (1, words[0])
    for word in words[1:]:
        node = (0, node, (2, word))
    return fb.Treebank.from_trees([node])


def _terminal(picture, width=80):
    out = io.StringIO()
    draw.show(picture, Console(file=out, width=width))
    return out.getvalue()


def _picture(tree, miss=False):
    proba = np.full((tree.n_nodes, 3), 0.1)
    shown = np.maximum(tree.labels, 0)
    if miss:
        shown = (shown + 1) % 3
    proba[np.arange(tree.n_nodes), shown] = 0.8
    return draw.Picture(tree, [0, 1, 2], shown, proba)


def test_terminal_layout():
    text = _terminal(draw.Picture.of_labels(_tree("(2 (0 not) (1 (0 very) (2 good)))")))
    assert text.splitlines() == [
        "not very good",
        "label 2",
        "2─┬─0 not",
        "  └─1─┬─0 very",
        "      └─2 good",
        "classes  0   1   2  ",
    ]


def test_terminal_of_more_and_fewer_than_two_children():
    text = _terminal(draw.Picture.of_labels(_tree("(1 (0 a) (1 (0 b)) (0 c))")))
    assert text.splitlines()[2:5] == ["1─┬─0 a", "  ├─1───0 b", "  └─0 c"]


def test_terminal_marks_misses_and_narrows():
    tree = _bank_of([f"w{k}" for k in range(30)])[0]
    text = _terminal(_picture(tree, miss=True))
    assert "≠" in text
    assert all(f"w{k}\n" in text for k in range(25, 30))
    assert max(map(len, _terminal(draw.Picture.of_labels(tree)).splitlines())) <= 80


@pytest.mark.parametrize("word", ["[bold]", "\x1b[31m", "\u202e", "a\tb", ":smile:"])
def test_terminal_prints_words_not_markup(word):
    text = _terminal(draw.Picture.of_labels(_bank_of([word, "b"])[0]))
    assert "\x1b" not in text
    assert "\u202e" not in text
    if word in ("[bold]", ":smile:"):
        assert f"1 {word}\n" in text


def test_svg_is_xml_with_every_node_and_word():
    tree = _bank_of([HOSTILE, "b\x00\x0b\ufffe", "漢字", "-LRB-"])[0]
    text = draw.svg(_picture(tree, miss=True))
    assert "<script" not in text
    root = ElementTree.fromstring(text)
    assert len(root.findall(f".//{SVG}circle")) == tree.n_nodes
    assert len(root.findall(f".//{SVG}path")) == tree.n_nodes - 1
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert HOSTILE in words
    assert "b\ufffd\ufffd\ufffd" in words
    assert "label: " in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_html_is_well_formed_and_self_contained():
    pictures = [_picture(_bank_of([HOSTILE, "b"])[0]), draw.Picture.of_labels(_tree("(1 (0 a) (2 b))"))]
    text = draw.html(pictures, title="<i>")
    assert "<script" not in text
    assert "<i>" not in text.replace("<i style", "")
    root = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>\n"))
    assert len(root.findall(f".//{SVG}svg")) == 2
    assert "src=" not in text
    assert "href=" not in text


def test_children_never_overlap():
    tree = _bank_of(["a", "extraordinarily", "i", "long", "l"])[0]
    root = ElementTree.fromstring(draw.svg(draw.Picture.of_labels(tree)))
    places = [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter(f"{SVG}circle")]
    assert len(set(places)) == tree.n_nodes
    leaves = sorted(x for x, y in places if y == max(y for _, y in places))
    assert len(leaves) == 5
    assert min(np.diff(leaves)) > 24


@pytest.mark.slow
def test_a_deep_tree_is_drawn():
    tree = _bank_of([f"w{k}" for k in range(2000)])[0]
    assert len(_terminal(draw.Picture.of_labels(tree)).splitlines()) > 2000
    assert ElementTree.fromstring(draw.svg(draw.Picture.of_labels(tree))) is not None


def test_colours():
    assert len(set(palette(list(range(5))))) == 5
    assert palette([0])[0].startswith("#")
    assert palette(["a", "b"])[0] != palette(["a", "b"])[1]
    assert ink("#000000") == "#ffffff"
    assert ink("#ffffff") == "#000000"


@pytest.mark.slow
def test_learning_curve(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib.figure")
    bank = fb.demo_treebank(n_trees=60)
    model = TreeClassifier(n_state=4, max_iter=3).fit(bank, dev=bank)
    draw.learning_curve(model, tmp_path / "curve.png", title="demo")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"fastbpts\[plot\]"):
        draw.learning_curve(model, tmp_path / "curve.png")
