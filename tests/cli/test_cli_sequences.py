"""The command line with models of sequences: train, evaluate, predict, generate, demo."""

import io
import json
import re

import numpy as np
import pytest
from commands import failed, run

import fastbpts as fb
from fastbpts.cli import main
from fastbpts.cli.tasks import TASKS

SENTENCES = (("the", "DET"), ("old", "ADJ"), ("dog", "NOUN"), ("barks", "VERB")), (("a", "DET"), ("cat", "NOUN"))
CONLLU = "".join(
    "# a comment\n"
    + "".join(f"{k}\t{w}\t_\t{tag}\t_\t_\t{k - 1}\tdep\t_\t_\n" for k, (w, tag) in enumerate(sentence, 1))
    + "\n"
    for sentence in SENTENCES * 10
)
TSV = "plus\tgood film\nminus\tbad film\nplus\tnot bad\nminus\tnot good\n" * 10
TEXT = "the old dog barks at the cat\n" * 60
FAST = ["-d", 8, "--n-embedding", 8, "-l", 0.03, "-q", "-t", 1]


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Data, and a model of each task."""
    path = tmp_path_factory.mktemp("sequences")
    for task, text in (("tag", CONLLU), ("classify", TSV), ("lm", TEXT)):
        (path / f"{task}.txt").write_text(text)
        args = ["train", "--task", task, "--train", path / f"{task}.txt", "-o", path / task, "-n", 20, *FAST]
        assert main([str(arg) for arg in args]) == 0
    return path


def test_train_takes_the_options_of_the_estimator(capsys, folder, tmp_path):
    data = ["--train", folder / "tag.txt", "--dev", folder / "tag.txt", "-o", tmp_path / "m"]
    options = "--cell gru --n-layers 2 --no-bidirectional --features word,suffix2 --n-feature 3 --column deprel"
    status, out, err = run(
        capsys, "train", "--task", "tag", *data, "-n", 2, *options.split(), "-b", 7, "--alpha", "U=1e-4"
    )
    assert status == 0, err
    assert "20 sentences, 60 words, 6 forms" in out
    assert "dev accuracy 1.0000" in out.replace("\n", "")
    assert [line.split()[1] for line in err.splitlines()] == ["1/2", "2/2"]
    assert "dev score" in err
    model = fb.load(tmp_path / "m")
    assert (model.cell, model.n_layers, model.bidirectional, model.batch_size) == ("gru", 2, False, 7)
    assert (list(model.features), model.n_feature, model.alpha) == (["word", "suffix2"], 3, {"U": 1e-4})
    assert model.classes_.tolist() == ["dep"]
    assert model.learning_rate == fb.SequenceTagger().learning_rate  # not that of trees


@pytest.mark.slow
def test_train_lm_and_classify(capsys, folder, tmp_path):
    data = ["--train", folder / "lm.txt", "--dev", folder / "lm.txt", "-o", tmp_path / "m"]
    curve = tmp_path / "c.png"
    status, out, err = run(
        capsys, "train", "--task", "lm", *data, "-n", 2, "--level", "word", "--n-steps", 9, "--curve", curve
    )
    assert status == 0, err
    assert "words, 7 distinct" in out
    assert "nats per word" in out.replace("\n", " ")
    assert fb.load(tmp_path / "m").n_steps == 9
    assert curve.read_bytes().startswith(b"\x89PNG")
    data = ["--train", folder / "classify.txt", "-o", tmp_path / "m"]
    status, out, err = run(capsys, "train", "--task", "classify", *data, "-n", 1, "--pooling", "max", "--level", "char")
    assert status == 0, err
    assert "40 texts, 2 classes" in out
    assert (fb.load(tmp_path / "m").pooling, fb.load(tmp_path / "m").level) == ("max", "char")


def test_train_resumes(capsys, folder, tmp_path):
    base = ["train", "--task", "lm", "--train", folder / "lm.txt", *FAST]
    assert run(capsys, *base, "-n", 3, "-o", tmp_path / "whole")[0] == 0
    for n in (1, 3):
        assert run(capsys, *base, "-n", n, "-o", tmp_path / "parts", "--resume")[0] == 0
    for name, array in fb.load(tmp_path / "whole").net_.state().items():
        np.testing.assert_array_equal(array, fb.load(tmp_path / "parts").net_.state()[name])


@pytest.mark.parametrize(
    ("task", "option"),
    [("tag", "--loss-nodes=all"), ("lm", "--pooling=last"), ("lm", "--column=upos"), ("classify", "--unary=keep"),
     ("tree", "--n-layers=2"), ("tree", "--column=upos")],
)  # fmt: skip
def test_options_of_another_task_are_refused(capsys, folder, task, option):
    error = failed(capsys, 2, "train", "--task", task, "--train", folder / "tag.txt", "-o", folder / "x", option)
    assert f"not an option of --task {task}" in error
    assert option.split("=")[0] in error


def test_wrong_usage_and_wrong_files(capsys, folder, tmp_path):
    assert "--task" in failed(capsys, 2, "train", "--task", "parse", "--train", "x", "-o", "y")
    assert "--task" in failed(capsys, 2, "demo", "--task", "parse")
    for task, file, where in (
        ("tag", "lm.txt", "lm.txt:1:1: 1 columns"),
        ("classify", "lm.txt", "lm.txt:1:29: no tab"),
    ):
        error = failed(capsys, 1, "train", "--task", task, "--train", folder / file, "-o", tmp_path / "m", "-q")
        assert where in error
    error = failed(
        capsys,
        2,
        "train",
        "--task",
        "tag",
        "--train",
        folder / "tag.txt",
        "-o",
        tmp_path / "m",
        "--column",
        "pos",
        "-q",
    )
    assert "--column: 'pos'" in error
    (tmp_path / "empty").write_text("plus\t \n")
    error = failed(capsys, 1, "train", "--task", "classify", "--train", tmp_path / "empty", "-o", tmp_path / "m", "-q")
    assert "empty:1:6: the text is empty" in error
    assert not (tmp_path / "m").exists()


def test_commands_for_other_models(capsys, folder):
    for command in (["show", folder / "lm", folder / "lm.txt"], ["gradcheck", "--model", folder / "tag"]):
        assert "must be one of class TreeClassifier" in failed(capsys, 1, *command)
    assert "a model of class LanguageModel" in failed(capsys, 1, "predict", folder / "lm", folder / "lm.txt")
    assert "must be one of class LanguageModel" in failed(capsys, 1, "generate", folder / "tag")
    assert "--format: tsv" in failed(capsys, 2, "predict", folder / "tag", folder / "tag.txt", "-f", "tsv")


def test_evaluate(capsys, folder):
    def row(task):
        status, out, err = run(capsys, "evaluate", folder / task, folder / f"{task}.txt", "--json")
        assert (status, err) == (0, "")
        return json.loads(out)

    tag, lm, classify = row("tag"), row("lm"), row("classify")
    bank = fb.read_conllu(folder / "tag.txt")
    assert tag == {
        "file": str(folder / "tag.txt"), "sentences": 20, "words": 60,
        "accuracy": fb.load(folder / "tag").score(bank, "upos"),
    }  # fmt: skip
    assert lm["characters"] == len(TEXT)
    assert lm["nats"] == fb.load(folder / "lm").log_loss(TEXT)
    assert lm["perplexity"] == pytest.approx(2 ** lm["bits"])
    assert (classify["texts"], classify["accuracy"]) == (40, 1.0)
    _, out, _ = run(capsys, "evaluate", folder / "lm", folder / "lm.txt", folder / "lm.txt")
    assert out.count(f"{lm['perplexity']:.4f}") == 2


def test_predict_tags(capsys, folder, tmp_path, monkeypatch):
    status, out, err = run(capsys, "predict", folder / "tag", folder / "tag.txt")
    assert (status, err) == (0, "")
    assert out == CONLLU
    span = "1-2\tdel\t_\t_\t_\t_\t_\t_\t_\t_\n"
    (tmp_path / "span").write_text(span + CONLLU[len("# a comment\n") :])
    assert span in run(capsys, "predict", folder / "tag", tmp_path / "span")[1]
    (tmp_path / "plain").write_text("the old dog\na cat\n")
    _, out, _ = run(capsys, "predict", folder / "tag", tmp_path / "plain", "--plain")
    assert fb.read_conllu(io.BytesIO(out.encode())).column("upos") == [["DET", "ADJ", "NOUN"], ["DET", "NOUN"]]
    _, out, _ = run(capsys, "predict", folder / "tag", tmp_path / "plain", "--plain", "--format", "jsonl")
    assert json.loads(out.splitlines()[1]) == {"words": ["a", "cat"], "tags": ["DET", "NOUN"]}
    _, out, _ = run(capsys, "predict", folder / "tag", tmp_path / "plain", "--plain", "--column", "xpos")
    assert out.splitlines()[0] == "1\tthe\t_\t_\tDET\t_\t_\t_\t_\t_"
    assert "--column: 'pos'" in failed(capsys, 2, "predict", folder / "tag", folder / "tag.txt", "--column", "pos")


def test_a_tagger_knows_its_column(capsys, folder, tmp_path):
    data, model = tmp_path / "data", tmp_path / "m"
    data.write_text(re.sub(r"\t_\t([A-Z]+)\t_", r"\t_\tX\t\1", CONLLU))
    options = ["--train", data, "-o", model, "--column", "xpos", "-n", 20]
    assert run(capsys, "train", "--task", "tag", *options, *FAST)[0] == 0
    notice = "fastbpts: the column is that of training: --column xpos\n"
    status, out, err = run(capsys, "evaluate", model, data, data, "--json")
    assert (status, err) == (0, notice)
    assert json.loads(out.splitlines()[0])["accuracy"] == 1.0
    assert run(capsys, "predict", model, data) == (0, data.read_text(), notice)
    status, out, err = run(capsys, "evaluate", model, data, "--column", "upos", "--json")
    assert (status, err, json.loads(out)["accuracy"]) == (0, "", 0.0)
    loaded = fb.load(model)
    assert loaded.reading_ == {"column": "xpos"}
    bank = fb.read_conllu(data)
    assert not hasattr(loaded.fit(bank, "upos"), "reading_")
    loaded.reading_ = {"column": "evil"}
    loaded.save(model)
    assert "files are to be read with" in failed(capsys, 1, "evaluate", model, data)
    loaded.reading_ = {}  # as files of older versions
    loaded.save(model)
    assert not hasattr(fb.load(model), "reading_")


def test_predict_classes(capsys, folder, tmp_path):
    (tmp_path / "texts").write_text("not bad\nbad film\n")
    _, out, _ = run(capsys, "predict", folder / "classify", tmp_path / "texts")
    assert out == "plus\tnot bad\nminus\tbad film\n"
    _, out, _ = run(capsys, "predict", folder / "classify", tmp_path / "texts", "-f", "jsonl", "-o", tmp_path / "out")
    records = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert [record["label"] for record in records] == ["plus", "minus"]
    proba = fb.load(folder / "classify").predict_proba(["not bad", "bad film"])
    np.testing.assert_allclose([list(record["probabilities"].values()) for record in records], proba, atol=1e-5)
    (tmp_path / "texts").write_text("not bad\n\n")
    assert "texts:2:1: the line is empty" in failed(capsys, 1, "predict", folder / "classify", tmp_path / "texts")


def test_generate(capsys, folder, tmp_path):
    status, out, err = run(capsys, "generate", folder / "lm", "--prompt", "the old", "-n", 6, "-T", 0)
    assert (status, err) == (0, "")
    assert out == "the old" + fb.load(folder / "lm").generate("the old", 6, temperature=0) + "\n"
    first = run(capsys, "generate", folder / "lm", "-n", 40)[1]
    run(capsys, "generate", folder / "lm", "-n", 40, "-o", tmp_path / "t")
    assert (tmp_path / "t").read_text() == first
    assert run(capsys, "generate", folder / "lm", "-n", 40, "--seed", 1)[1] != first


@pytest.mark.slow
def test_demo(capsys, tmp_path):
    status, out, err = run(capsys, "demo", "--task", "lm", "--size", 500, "-t", 1, "-o", tmp_path / "m")
    assert status == 0, err
    for line in ("unigram", "bigram", "trigram", "gru", "what it writes"):
        assert line in out
    assert fb.load(tmp_path / "m").log_loss(fb.demo_text(50, random_state=9)) < 2


def test_every_parameter_is_an_option_of_train(capsys):
    _, shown, _ = run(capsys, "train", "--help")
    options = {"max_iter": "epochs", "random_state": "seed", "n_threads": "threads", "verbose": "quiet"}
    for task in TASKS.values():
        for name in getattr(fb, task.estimator)().get_params():
            if name not in ("ignore", "validation_fraction"):
                assert f"--{options.get(name, name).replace('_', '-')[:20]}" in shown.replace("\n", ""), name


def test_what_is_read_is_not_overwritten(capsys, folder):
    before = {path: path.read_bytes() for path in folder.iterdir()}
    text, model = folder / "lm.txt", folder / "lm"
    train = ["train", "--task", "lm", "--train", text, *FAST]
    for args in (
        [*train, "-o", text],
        [*train, "-o", folder / "new", "--checkpoint", text],
        [*train, "-o", folder / "tag.txt", "--dev", folder / "tag.txt"],
        ["generate", model, "-o", model],
        ["predict", folder / "tag", folder / "tag.txt", "-o", folder / "tag"],
    ):
        assert "is the file to read, must be another one" in failed(capsys, 1, *args)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
