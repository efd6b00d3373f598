"""Word vectors on the command line: training, neighbours, analogies, scores, maps; failures in one line; the demo."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import failed, run

import fastbpts as fb
from fastbpts.cli.demo_words import demo_words
from fastbpts.cli.word_queries import read_vectors
from fastbpts.demo.analogies import analogy_corpus, analogy_questions
from fastbpts.draw.word_map import principal_plane

COMMANDS = ("word2vec", "glove", "neighbors", "analogy", "evaluate-vectors")


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus, vectors trained on it, questions."""
    path = tmp_path_factory.mktemp("words")
    sentences = analogy_corpus(3000)
    (path / "corpus.txt").write_text("".join(" ".join(s) + "\n" for s in sentences))
    model = fb.Word2Vec(vector_size=20, window=8, epochs=10, sample=0, alpha=0.05, workers=1).fit(sentences)
    model.wv.save_word2vec_format(path / "v.txt")
    model.wv.save_word2vec_format(path / "v.bin", binary=True)
    model.wv.save(path / "v.safetensors")
    model.save(path / "model.safetensors")
    lines = [f": {name}\n" + "".join(" ".join(q) + "\n" for q in section[:20]) for name, section in analogy_questions()]
    (path / "questions").write_text("".join(lines))
    (path / "pairs").write_text("brenia\tbrenburg\t9\nbrenia\tgaltstew\t1\ngaltia\tbrenia\t7\nx\ty\t3\n")
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    status, out, err = run(capsys, command, "--help")
    assert (status, err) == (0, "")
    assert "--help" in out


@pytest.mark.parametrize("command", ["word2vec", "glove"])
@pytest.mark.parametrize("name", ["v.txt", "v.bin", "v.safetensors"])
def test_training(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path, command: str, name: str) -> None:
    out_file, model = tmp_path / name, tmp_path / "model"
    options = ["-d", 6, "-n", 2, "-t", 1, "--min-count", 3, "--seed", 4]
    status, out, err = run(capsys, command, folder / "corpus.txt", "-o", out_file, *options, "--model", model)
    assert status == 0, err
    assert out.replace("\n", " ").startswith(f"{out_file}: 222 words of ")
    assert [line.split()[1] for line in err.splitlines()] == ["1/2", "2/2"]
    vectors, whole = read_vectors(out_file), fb.load(model)
    assert vectors.index_to_key[:] == whole.wv.index_to_key
    np.testing.assert_allclose(vectors.vectors, whole.wv.vectors)
    kind = fb.Word2Vec if command == "word2vec" else fb.GloVe
    same = kind(vector_size=6, epochs=2, workers=1, min_count=3, seed=4).fit(folder / "corpus.txt")
    np.testing.assert_array_equal(whole.wv.vectors, same.wv.vectors)


def test_options_are_those_of_the_classes(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "v"
    common = ["-o", out, "-q", "-n", 1, "-d", 3, "-t", 1]
    given = "--cbow --hs --negative 3 --sample 0 --no-shared-negatives --no-cbow-mean --alpha 0.01 --min-alpha 0.001"
    words = "--max-final-vocab 50 --max-vocab-size 1000 --memory-limit 1000 -f glove"
    args = ["word2vec", folder / "corpus.txt", *common, *given.split(), *words.split(), "--model", tmp_path / "m"]
    assert run(capsys, *args)[::2] == (0, "")
    model = fb.load(tmp_path / "m")
    changed = {"sg": 0, "hs": 1, "negative": 3, "sample": 0.0, "shared_negatives": False, "cbow_mean": 0, "alpha": 0.01}
    assert {name: model.get_params()[name] for name in changed} == changed
    assert len(model.wv) <= 50
    assert out.read_text().split()[0] == model.wv.index_to_key[0]  # no header
    given = "--no-symmetric --no-distance-weighting --x-max 7 --alpha 0.5 --eta 0.02 --window 3"
    args = ["glove", folder / "corpus.txt", *common, *given.split(), "--model", tmp_path / "m"]
    assert run(capsys, *args)[::2] == (0, "")
    params = fb.load(tmp_path / "m").get_params()
    changed = {"symmetric": False, "distance_weighting": False, "x_max": 7.0, "alpha": 0.5, "eta": 0.02, "window": 3}
    assert {name: params[name] for name in changed} == changed


@pytest.mark.filterwarnings("always")
@pytest.mark.parametrize(
    ("command", "epoch"), [("word2vec", "_training._epoch"), ("glove", "glove.GloVe._epoch")], ids=["word2vec", "glove"]
)
def test_interruption_in_the_first_epoch(
    capsys: pytest.CaptureFixture[str],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    epoch: str,
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"fastbpts.words.{epoch}", interrupted)
    status, out, err = run(capsys, command, folder / "corpus.txt", "-o", tmp_path / "v", "-q", "-d", 3)
    assert status == 130
    assert "interrupted in epoch 1" in err
    assert "no whole epoch" in out
    assert len(read_vectors(tmp_path / "v")) == 222


@pytest.mark.slow
def test_resume(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path) -> None:
    args = ["glove", folder / "corpus.txt", "-q", "-d", 3, "-t", 1, "--resume"]
    assert run(capsys, *args, "-o", tmp_path / "v", "-n", 1)[0] == 0
    assert (tmp_path / "v.ckpt").exists()
    assert run(capsys, *args, "-o", tmp_path / "v", "-n", 2)[0] == 0
    assert run(capsys, *args, "-o", tmp_path / "w", "-n", 2)[0] == 0
    assert (tmp_path / "v").read_bytes() == (tmp_path / "w").read_bytes()


@pytest.mark.parametrize("name", ["v.txt", "v.bin", "v.safetensors", "model.safetensors"])
def test_queries(capsys: pytest.CaptureFixture[str], folder: Path, name: str) -> None:
    file, vectors = folder / name, fb.KeyedVectors.load(folder / "v.safetensors")
    status, out, _ = run(capsys, "neighbors", file, "brenia", "-n", 3)
    assert status == 0
    assert out == "".join(f"{score:.4f}\t{word}\n" for word, score in vectors.most_similar("brenia", topn=3))
    status, out, _ = run(capsys, "analogy", file, "brenia", "brenburg", "galtia", "-n", 1, "--method", "mul")
    assert status == 0
    assert out.split()[1] == vectors.analogy("brenia", "brenburg", "galtia", 1, "mul")[0][0]


def test_several_words_and_a_map(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path) -> None:
    for suffix in (".svg", ".png"):
        picture = tmp_path / f"map{suffix}"
        status, out, _ = run(capsys, "neighbors", folder / "v.txt", "brenia", "galtstew", "-n", 4, "--map", picture)
        assert status == 0
        assert len(out.splitlines()) == 2 * 5 + 1
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    texts = [e.text for e in ElementTree.parse(tmp_path / "map.svg").iter("{http://www.w3.org/2000/svg}text")]
    assert texts[:2] == ["brenia", "galtstew"]
    assert len(texts) == len(set(texts)) >= 6


def test_the_plane_is_the_principal_components() -> None:
    X = np.random.default_rng(0).standard_normal((30, 6)) * [1, 5, 1, 3, 1, 0.1]
    plane, centred = principal_plane(X), X - X.mean(axis=0)
    values = np.linalg.eigvalsh(centred.T @ centred)[::-1]
    np.testing.assert_allclose((plane**2).sum(axis=0), values[:2])
    np.testing.assert_allclose(plane.T @ plane, np.diag(values[:2]), atol=1e-9)
    assert principal_plane(X[:1]).tolist() == [[0, 0]]
    vectors = fb.KeyedVectors(["a"], np.ones((1, 2)))
    with pytest.raises(ValueError, match=r"must end in .svg or .png"):
        fb.draw.word_map(vectors, ["a"], "map.gif")
    with pytest.raises(ValueError, match="words must .*got 'a'"):
        fb.draw.word_map(vectors, "a", "map.svg")


def test_evaluation(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    vectors = fb.KeyedVectors.load(folder / "v.safetensors")
    args = ["evaluate-vectors", folder / "v.txt", "-a", folder / "questions", "-p", folder / "pairs"]
    status, out, _ = run(capsys, *args)
    accuracy, sections = vectors.evaluate_word_analogies(folder / "questions")
    assert status == 0
    assert f"{100 * accuracy:.1f} %" in out
    assert f"Spearman {vectors.evaluate_word_pairs(folder / 'pairs').spearman:.3f}" in out
    status, out, _ = run(capsys, *args, "--json", "-r", 100, "--method", "mul")
    first, second = map(json.loads, out.splitlines())
    assert first["sections"][-1]["unknown"] > sections[-1].n_unknown
    assert (second["n_pairs"], second["n_unknown"]) == (3, 1)
    (folder / "strange").write_text(": strange\nzyx wvu tsr qpo\n")
    status, out, _ = run(capsys, "evaluate-vectors", folder / "v.txt", "-a", folder / "strange")
    assert status == 0
    assert out.count("none") == 2
    assert "%" not in out


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["word2vec", "corpus.txt"], "--output"),
        (["word2vec", "corpus.txt", "-o", "x", "-f", "xml"], "--format"),
        (["neighbors", "v.txt"], "WORDS"),
        (["neighbors", "v.txt", "a", "--map", "x.gif"], "--map"),
        (["analogy", "v.txt", "a", "b", "c", "--method", "x"], "--method"),
        (["evaluate-vectors", "v.txt"], "--analogies"),
    ],
)
def test_wrong_usage_is_status_2(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], word: str
) -> None:
    monkeypatch.chdir(folder)
    assert word.lower() in failed(capsys, 2, *args).lower()


def test_failures_are_status_1_and_one_line(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path) -> None:
    corpus, v = folder / "corpus.txt", folder / "v.txt"
    assert "the word 'bush' is not among" in failed(capsys, 1, "neighbors", v, "bush")
    assert "No such file" in failed(capsys, 1, "neighbors", folder / "none", "a")
    assert "No such file" in failed(capsys, 1, "word2vec", folder / "none", "-o", tmp_path / "v")
    assert "window must be" in failed(capsys, 2, "glove", corpus, "-o", tmp_path / "v", "--window", 0, "-q")
    assert "is the file to read" in failed(capsys, 1, "glove", corpus, "-o", corpus)
    assert "does not exist" in failed(capsys, 1, "glove", corpus, "-o", tmp_path / "no" / "v")
    assert "standard output" in failed(capsys, 2, "glove", corpus, "-o", "-")
    assert "min_count=10000" in failed(capsys, 1, "glove", corpus, "-o", tmp_path / "v", "--min-count", 10000)
    (tmp_path / "bad").write_bytes(v.read_bytes()[:-20])
    assert "bad:" in failed(capsys, 1, "neighbors", tmp_path / "bad", "brenia")
    (tmp_path / "bad").write_bytes((folder / "v.safetensors").read_bytes()[:-20])
    assert "bad: not a safetensors file" in failed(capsys, 1, "neighbors", tmp_path / "bad", "brenia")
    assert not (tmp_path / "v").exists()


@pytest.mark.slow
def test_demo(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    demo_words(5000, 0, 1, tmp_path / "v.txt")
    rows = [line.split("│")[1:3] for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    chance, nearest, skip_gram, glove = (float(row[1]) for row in rows)
    assert chance < 0.01
    assert nearest < 0.4
    assert skip_gram > 0.9
    assert glove > 0.6
    assert fb.KeyedVectors.load_word2vec_format(tmp_path / "v.txt").analogy("brenia", "brenburg", "galtia")
