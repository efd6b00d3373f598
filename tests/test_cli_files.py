"""The command line: files to write that are others' files, and what is checked before long work."""

import sys

from commands import failed

import fastbpts as fb
from fastbpts.estimators import TreeClassifier


def test_outputs_never_harm_models_or_each_other(capsys, tmp_path):
    model, trees = tmp_path / "m.html", tmp_path / "trees.txt"
    trees.write_text("(1 (0 a) (1 b))")
    TreeClassifier(n_state=2, max_iter=1).fit(["(1 (0 a) (1 b))"]).save(model)
    for option in ("-o", "--curve"):
        assert "must be another" in failed(capsys, 1, "show", model, trees, option, model)
    both = tmp_path / "new.html"
    train = ["train", "--train", trees, "-n", 1, "-d", 2, "-q", "-o", both]
    for command in (
        ["show", model, trees, "-o", both, "--curve", both],
        [*train, "--curve", both],
        [*train, "--checkpoint", tmp_path / "." / "new.html"],
        ["demo", "--n-trees", 50, "-o", both, "--write-trees", both],
    ):
        assert "is the file of --output" in failed(capsys, 1, *command)
    assert not both.exists()
    assert fb.load(model).n_state == 2


def test_train_checks_before_it_reads(capsys, tmp_path, monkeypatch):
    train = ["train", "--train", tmp_path / "nothing", "-o", tmp_path / "m"]
    assert "dropout=2.0" in failed(capsys, 1, *train, "--dropout", 2)
    assert "nothing: No such file" in failed(capsys, 1, *train)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert "needs matplotlib" in failed(capsys, 1, *train, "--curve", tmp_path / "c.png")
