"""The command line: files to write that are others' files, and what is checked before long work."""

import sys

import pytest
from commands import failed, run

import fastbpts as fb
from fastbpts.estimators.tree_classifier import TreeClassifier
from fastbpts.networks.sequence_network import SequenceNetwork


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
    assert "dropout must be a number in [0, 1), got 2.0" in failed(capsys, 2, *train, "--dropout", 2)
    assert "nothing: No such file" in failed(capsys, 1, *train)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert "needs matplotlib" in failed(capsys, 1, *train, "--curve", tmp_path / "c.png")


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize("task", ["tree", "lm"])
def test_the_status_says_that_training_was_interrupted(capsys, tmp_path, monkeypatch, task):
    data, model = tmp_path / "data", tmp_path / "m"
    data.write_text("(1 (0 a) (1 b))\n" * 30)
    network = fb.Network if task == "tree" else SequenceNetwork
    step, calls = network.step, []

    def interrupted(self, *args):
        calls.append(args)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return step(self, *args)

    monkeypatch.setattr(network, "step", interrupted)
    status, out, err = run(capsys, "train", "--task", task, "--train", data, "-o", model, "-d", 2, "-n", 9, "-q")
    assert status == 130
    assert "interrupted in epoch" in err
    assert f"{model}: " in out.replace("\n", "")
    fb.load(model)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("args", "named"),
    [
        ("train --train none -o m --cell foo", "got 'foo'"),
        ("train --train none -o m --optimizer foo", "optimizer must be"),
        ("train --train none -o m --schedule foo", "schedule"),
        ("train --train none -o m --batch-size 0", "batch_size must be"),
        ("train --train none -o m --binarize foo", "--binarize"),
        ("train --train none -o m --task tag --cell rntn", "got 'rntn'"),
        ("train --train none -o m --task tag --column pos", "--column"),
        ("train --train none -o m --task lm --level line", "level must be one of 'char', 'word', got 'line'"),
        ("train --train none -o -", "--output"),
        ("evaluate m none --labels foo", "--labels"),
        ("evaluate m none --column foo", "--column"),
        ("predict m none --unary foo", "--unary"),
        ("show m none --binarize foo", "--binarize"),
        ("word2vec none -o m --window 0", "window must be"),
        ("glove none -o m --x-max -1", "x_max must be"),
        ("bench --peer foo", "--peer"),
        ("bench --cell foo", "--cell"),
    ],
)
def test_values_that_no_option_accepts_are_wrong_usage(capsys, tmp_path, monkeypatch, args, named):
    monkeypatch.chdir(tmp_path)
    TreeClassifier(n_state=2, max_iter=1).fit(["(1 (0 a) (1 b))"]).save("m")
    assert named in failed(capsys, 2, *args.split())
