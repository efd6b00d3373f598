"""The command line: each command, exit status, one-line errors, streaming, broken pipes."""

import inspect
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from commands import failed, run

import fastbpts as fb
from fastbpts._base.options import options_of
from fastbpts.cli.tasks import TASKS
from fastbpts.cli.train import train
from fastbpts.estimators.tree_classifier import TreeClassifier
from fastbpts.training.optimizer import OPTIMIZERS

COMMANDS = ("demo", "train", "evaluate", "predict", "show", "gradcheck", "bench")


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Treebanks and a model trained on them."""
    path = tmp_path_factory.mktemp("cli")
    bank = fb.demo_treebank("sentiment", n_trees=120)
    for name, part in (("train.txt", bank[20:]), ("dev.txt", bank[:20])):
        (path / name).write_text("".join(f"{tree.to_ptb()}\n" for tree in part))
    TreeClassifier(n_state=4, max_iter=4, learning_rate=0.05).fit(bank[20:], dev=bank[:20]).save(path / "m.safetensors")
    return path


def test_version(capsys):
    assert run(capsys, "--version") == (0, f"fastbpts {fb.__version__}\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_help(capsys, command):
    status, out, err = run(capsys, command, "--help")
    assert (status, err) == (0, "")
    assert "--help" in out


def test_without_a_command(capsys):
    status, out, err = run(capsys)
    assert (status, err) == (2, "")
    assert all(command in out for command in COMMANDS)


@pytest.mark.slow
def test_help_does_not_load_the_library():
    code = "import sys; from fastbpts.cli import main; main(['train', '--help']); print(sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for heavy in ("sklearn", "scipy", "matplotlib", "safetensors", "torch"):
        assert f"'{heavy}'" not in out


@pytest.mark.parametrize("task", TASKS)
def test_options_are_the_parameters_of_the_estimators(task):
    """Every parameter is an option that is not set by default, so that the estimator's default counts."""
    estimator = inspect.signature(getattr(fb, TASKS[task].estimator)).parameters
    options = inspect.signature(train).parameters
    shown = {name for name, option in options_of(TASKS[task].parameters).items() if option.shown}
    assert shown == estimator.keys() - {"verbose", "ignore"}
    assert {options[name].default for name in shown} == {None}


def test_help_has_the_default_of_each_task(capsys):
    text = " ".join(run(capsys, "train", "--help")[1].replace("│", " ").split())
    assert "(default: tree: 0.01; tag, lm, classify: 0.002)" in text
    assert f"One of {', '.join(OPTIMIZERS)}" in text


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["fly"], "fly"),
        (["train"], "--train"),
        (["train", "--train", "x", "-o", "y", "--epochs", "many"], "--epochs"),
        (["train", "--train", "x", "-o", "y", "--alpha", "W=x"], "--alpha"),
        (["predict", "m", "--format", "xml"], "--format"),
        (["show", "m"], "FILE"),
        (["show", "m", "t", "-o", "tree.gif"], "--output"),
        (["show", "m", "t", "--tree", "(0 a)"], "--tree"),
        (["show", "m", "t", "-o", "tree.svg", "--count", "2"], "--count"),
        (["demo", "--kind", "poetry"], "--kind"),
        (["gradcheck", "--cell", "perceptron"], "--cell"),
        (["gradcheck", "--loss", "hinge"], "--loss"),
    ],
)
def test_wrong_usage_is_status_2(capsys, args, word):
    assert word in failed(capsys, 2, *args)


def test_failures_are_status_1_and_name_the_file(capsys, folder, tmp_path):
    bad = tmp_path / "bad.txt"
    bad.write_text("(3 (2 a) (1 b))\n(3 (2 a)\n")
    model = folder / "m.safetensors"
    assert "nothing.txt: No such file" in failed(capsys, 1, "evaluate", model, tmp_path / "nothing.txt")
    assert f"{bad}:2:1" in failed(capsys, 1, "evaluate", model, bad)
    assert "not a safetensors file" in failed(capsys, 1, "evaluate", bad, bad)
    assert "n_state must be an integer from 1 to 16384, got 0" in failed(
        capsys, 2, "train", "--train", folder / "train.txt", "-o", tmp_path / "m", "-d", 0, "-q"
    )
    assert "does not exist" in failed(capsys, 1, "train", "--train", bad, "-o", tmp_path / "no" / "m", "-q")
    assert "is a directory" in failed(capsys, 1, "train", "--train", bad, "-o", tmp_path, "-q")
    assert "fewer trees" in failed(capsys, 1, "show", model, folder / "dev.txt", "--index", 20)
    assert not (tmp_path / "m").exists()


@pytest.mark.slow
def test_train_evaluate(capsys, folder, tmp_path):
    out_file, curve = tmp_path / "m.safetensors", tmp_path / "curve.png"
    options = "--cell concat -d 5 -l 0.05 -n 3 --optimizer adam --alpha W=1e-4,E=0 --class-weight 0=2 --schedule cosine"
    paths = ["--train", folder / "train.txt", "--dev", folder / "dev.txt", "-o", out_file, "--curve", curve]
    status, out, err = run(capsys, "train", *paths, *options.split(), "--unknown", "none", "-t", 1)
    assert status == 0
    assert "100 trees" in out
    assert f"{out_file}: epoch " in out.replace("\n", "")
    assert [line.split()[1] for line in err.splitlines()] == ["1/3", "2/3", "3/3"]
    assert curve.read_bytes().startswith(b"\x89PNG")
    model = fb.load(out_file)
    assert (model.cell, model.n_state, model.alpha, model.class_weight) == (
        "concat",
        5,
        {"W": 1e-4, "E": 0.0},
        {0: 2.0},
    )
    assert model.unknown is None
    dev = fb.read_ptb(folder / "dev.txt")
    status, out, err = run(capsys, "evaluate", out_file, folder / "dev.txt", folder / "dev.txt", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert len(rows) == 2
    assert rows[0]["root"] == model.score(dev)
    assert rows[0]["nodes"] == model.score_nodes(dev)
    status, out, _ = run(capsys, "evaluate", out_file, folder / "dev.txt")
    assert f"{model.score(dev):.4f}" in out


def test_train_resumes(capsys, folder, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    base = ["train", "--train", folder / "train.txt", "-d", 4, "-q", "-l", 0.05]
    assert run(capsys, *base, "-n", 5, "-o", whole)[0] == 0
    assert run(capsys, *base, "-n", 2, "-o", parts, "--resume")[0] == 0
    assert (tmp_path / "parts.ckpt").exists()
    assert run(capsys, *base, "-n", 5, "-o", parts, "--resume")[0] == 0
    for name, array in fb.load(whole).net_.state().items():
        np.testing.assert_array_equal(array, fb.load(parts).net_.state()[name])
    assert "learning_rate" in failed(capsys, 1, *base[:-1], 0.1, "-n", 5, "-o", parts, "--resume")


def test_a_model_does_not_go_to_standard_output(capsys, folder):
    assert "--output: -" in failed(capsys, 2, "train", "--train", folder / "train.txt", "-o", "-")


def test_diverged_training_saves_the_last_good_model(capsys, folder, tmp_path):
    out = tmp_path / "m"
    error = failed(
        capsys, 1, "train", "--train", folder / "train.txt", "-o", out, "-l", 1e6, "-q", "--curve", tmp_path / "c"
    )
    assert "diverged" in error
    assert np.isfinite(fb.load(out).predict_proba(["(2 film)"])).all()


def test_predict_ptb(capsys, folder, tmp_path):
    model, dev = fb.load(folder / "m.safetensors"), fb.read_ptb(folder / "dev.txt")
    status, out, err = run(capsys, "predict", folder / "m.safetensors", folder / "dev.txt")
    assert (status, err) == (0, "")
    expected = [tree.to_ptb(labels) for tree, labels in zip(dev, model.predict_nodes(dev), strict=True)]
    assert out.splitlines() == expected
    run(capsys, "predict", folder / "m.safetensors", folder / "dev.txt", "-o", tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text() == out


def test_predict_never_harms_its_input(capsys, folder, tmp_path):
    trees = tmp_path / "trees.txt"
    trees.write_text("(0 film)")
    (tmp_path / "other.txt").symlink_to(trees)
    for out in (trees, tmp_path / "other.txt"):
        assert "must be another" in failed(capsys, 1, "predict", folder / "m.safetensors", trees, "-o", out)
    assert trees.read_text() == "(0 film)"
    failed(capsys, 1, "predict", folder / "m.safetensors", tmp_path / "nothing", "-o", trees)
    assert trees.read_text() == "(0 film)"


def test_predict_jsonl(capsys, folder):
    model, dev = fb.load(folder / "m.safetensors"), fb.read_ptb(folder / "dev.txt")
    status, out, _ = run(capsys, "predict", folder / "m.safetensors", folder / "dev.txt", "-f", "jsonl", "--nodes")
    records = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [record["label"] for record in records] == model.predict(dev).tolist()
    np.testing.assert_allclose(
        [[record["probabilities"][str(c)] for c in range(5)] for record in records], model.predict_proba(dev), atol=1e-5
    )
    for record in records:  # the k-th opening bracket of "tree" has the class of the k-th row of "nodes"
        labels = [int(part[0]) for part in record["tree"].split("(")[1:]]
        assert np.argmax(record["nodes"], axis=1).tolist() == labels


def test_predict_classes_with_names(capsys, folder, tmp_path):
    model = TreeClassifier(n_state=2, max_iter=1, loss_nodes="root").fit(["(0 a)", "(0 b)"], ["very (good)", "bad"])
    model.save(tmp_path / "m")
    (tmp_path / "t").write_text("(0 (0 a) (0 b))")
    _, out, _ = run(capsys, "predict", tmp_path / "m", tmp_path / "t")
    assert len(fb.Treebank.from_ptb(out)) == 1
    _, out, _ = run(capsys, "predict", tmp_path / "m", tmp_path / "t", "-f", "jsonl")
    assert set(json.loads(out)["probabilities"]) == {"very (good)", "bad"}


@pytest.mark.slow
def test_show(capsys, folder, tmp_path):
    model = folder / "m.safetensors"
    status, out, _ = run(capsys, "show", model, folder / "dev.txt", "-i", 3, "-c", 2)
    assert status == 0
    assert out.count("with probability") == 2
    assert " ".join(fb.read_ptb(folder / "dev.txt")[3].words)[:60] in out
    assert run(capsys, "show", model, "--tree", "(3 (2 <script>) (3 good))", "-o", tmp_path / "t.svg")[0] == 0
    assert "<script>" in [e.text for e in ElementTree.parse(tmp_path / "t.svg").iter()]
    assert run(capsys, "show", model, folder / "dev.txt", "-c", 4, "-o", tmp_path / "t.html")[0] == 0
    assert (tmp_path / "t.html").read_text().count("<svg") == 4
    assert run(capsys, "show", model, "--curve", tmp_path / "c.png") == (0, "", "")
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")


def test_show_and_predict_binarize(capsys, folder):
    model, nary = folder / "m.safetensors", "(3 (2 a) (2 b) (2 c))"
    error = failed(capsys, 1, "show", model, "--tree", nary)
    assert "the tree of 'a b c' has a node with 3 children" in error
    assert "(--binarize left or right)" in error
    assert "(--unary collapse)" in failed(capsys, 1, "show", model, "--tree", "(3 (2 (1 a)) (2 b))")
    assert run(capsys, "show", model, "--tree", nary, "--binarize", "left")[0] == 0


def test_trees_are_read_as_in_training(capsys, tmp_path):
    nary, unary = "(3 (2 a) (2 b) (2 c))", "(1 (0 (0 a) (2 b)))"
    trees, model, predicted = tmp_path / "trees.txt", tmp_path / "m", tmp_path / "p.txt"
    trees.write_text(f"{nary}\n{unary}\n" * 9)
    options = ["--train", trees, "-d", 4, "-n", 1, "-q", "--unary", "collapse", "--binarize", "right"]
    assert run(capsys, "train", *options, "-o", model)[0] == 0
    notice = "fastbpts: trees are read as in training: --unary collapse --binarize right\n"
    for command in (["predict", model, trees, "-o", predicted], ["evaluate", model, trees], ["show", model, trees]):
        status, _, err = run(capsys, *command)
        assert (status, err) == (0, notice)
    assert re.sub(r"\d", "0", predicted.read_text().splitlines()[0]) == "(0 (0 a) (0 (0 b) (0 c)))"
    status, _, err = run(capsys, "predict", model, trees, "--binarize", "left", "-o", predicted)
    assert (status, err) == (0, "fastbpts: trees are read as in training: --unary collapse\n")
    assert re.sub(r"\d", "0", predicted.read_text().splitlines()[0]) == "(0 (0 (0 a) (0 b)) (0 c))"
    for given in (["--binarize", "none"], ["--unary", "keep"]):
        assert "children" in run(capsys, "evaluate", model, trees, *given)[2]
    assert fb.load(model).reading_ == {"unary": "collapse", "binarize": "right"}
    assert not hasattr(fb.load(model).fit(["(3 (2 a) (2 b))"]), "reading_")


def test_models_without_options_of_readers(capsys, folder):
    """Trees that were read as they are; as it is with files of older versions."""
    status, _, err = run(capsys, "evaluate", folder / "m.safetensors", folder / "dev.txt")
    assert (status, err) == (0, "")


@pytest.mark.slow
def test_gradcheck(capsys, folder, monkeypatch):
    status, out, _ = run(capsys, "gradcheck", "--cell", "sum", "--n-state", 3)
    assert status == 0
    assert "ok" in out
    assert run(capsys, "gradcheck", "--model", folder / "m.safetensors")[0] == 0
    status, out, err = run(capsys, "gradcheck", "--cell", "sum", "--n-state", 3, "--tolerance", 1e-30)
    assert status == 1
    assert "WRONG" in out
    assert "gradients are wrong" in err
    status, out, _ = run(capsys, "gradcheck", "--loss", "squared", "--n-state", 3)
    assert status == 0
    assert "squared" in out
    assert "sum" not in out


def test_demo(capsys, tmp_path):
    args = ["demo", "--n-trees", 200, "-o", tmp_path / "m", "--write-trees", tmp_path / "dev.txt", "-t", 1]
    status, out, err = run(capsys, *args)
    assert status == 0
    assert "bag of words" in out
    assert "─┬─" in out
    assert "epoch 40/40" in err
    assert fb.load(tmp_path / "m").score(fb.read_ptb(tmp_path / "dev.txt")) > 0


def test_an_interruption_is_one_line(capsys, folder, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(fb, "load", interrupted)
    status, out, err = run(capsys, "evaluate", folder / "m.safetensors", folder / "dev.txt")
    assert (status, out, err) == (130, "", "fastbpts: interrupted\n")
