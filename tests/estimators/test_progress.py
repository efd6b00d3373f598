"""What training shows: nothing, lines, or a bar where there is a terminal."""

import re

import pytest

import fastbpts as fb
from fastbpts.estimators.tree_classifier import TreeClassifier

TREES = ["(1 (0 bad) (1 film))", "(1 (1 good) (0 film))"] * 4
SENTENCES = [["a", "b", "c", "d"]] * 20


def train(model: str, verbose: int) -> None:
    if model == "trees":
        TreeClassifier("sum", n_state=4, max_iter=2, verbose=verbose).fit(TREES, dev=TREES)
    elif model == "words":
        fb.Word2Vec(min_count=1, vector_size=4, epochs=2, workers=1, verbose=verbose).fit(SENTENCES)
    else:
        fb.GloVe(min_count=1, vector_size=4, epochs=2, workers=1, verbose=verbose).fit(SENTENCES)


LINES = {
    "trees": r"epoch N/N  loss N  dev loss N  dev root N  dev nodes N  N s(  best)?",
    "words": r"epoch N/N  loss N  N thousand words/s  N s",
    "pairs": r"epoch N/N  loss N  N thousand pairs/s  N s",
}


@pytest.mark.parametrize("model", LINES)
def test_lines(model: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    train(model, 0)
    assert capsys.readouterr() == ("", "")
    for verbose in (1, 2):
        train(model, verbose)
        out, err = capsys.readouterr()
        assert out == ""
        lines = re.sub(r"[\d,]+(\.\d+)?", "N", err).splitlines()
        assert [bool(re.fullmatch(LINES[model], line)) for line in lines] == [True] * 2, err


@pytest.mark.parametrize("model", LINES)
def test_bar(model: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, for the console
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    train(model, 1)
    shown = capsys.readouterr().err
    assert re.search(r"training.*━", shown)
    assert "epoch 2/2" in shown
    train(model, 2)
    shown = capsys.readouterr().err
    assert "━" not in shown
    assert "epoch 2/2" in shown
