"""Evaluation of word vectors: analogy questions by section, correlation with judgements, gensim's figures."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data import data_dir, needs_data

import fastbpts as fb
from fastbpts.words import evaluation

QUESTIONS = b""": capitals
paris france rome italy
Rome Italy PARIS France
rome italy oslo norway
: plurals
dog dogs cat cats
cat cats dog dogs
"""


def plane() -> fb.KeyedVectors:
    """Pairs of words with the same difference, but for one."""
    points = {
        "france": (4, 1), "paris": (4, 3), "italy": (1, 4), "rome": (1, 6), "Paris": (9, 9),
        "dog": (-3, 1), "dogs": (-3, 4), "cat": (-5, -3), "cats": (3, -5), "the": (0.1, -9),
    }  # fmt: skip
    return fb.KeyedVectors(points, np.array([*points.values()], np.float64))


def random_vectors(n: int = 300, d: int = 12, dtype: Any = np.float32) -> fb.KeyedVectors:
    rng = np.random.default_rng(5)
    words = [w for k in range(n // 2) for w in (f"word{k}", f"Word{k}" if k % 3 else f"other{k}")]
    order = rng.permutation(n)
    return fb.KeyedVectors([words[k] for k in order], rng.standard_normal((n, d)).astype(dtype))


def questions(vectors: fb.KeyedVectors, n: int = 200, method: str = "add") -> list[Any]:
    rng = np.random.default_rng(6)
    names = [*vectors.index_to_key, "unknown"]
    drawn = [tuple(names[k] for k in rng.integers(len(names), size=4)) for _ in range(n)]
    best = [(a, b, c, vectors.analogy(a, b, c, 1, method)[0][0]) for a, b, c, _ in drawn if "unknown" not in (a, b, c)]
    return [("drawn", drawn), ("best", best)]


def one_by_one(
    vectors: fb.KeyedVectors, questions: Any, restrict: int, fold: bool, method: str
) -> list[tuple[int, int]]:
    """(correct, answered) of each section by the definition, one question at a time."""
    key = str.upper if fold else str
    first: dict[str, str] = {}
    for word in vectors.index_to_key[:restrict]:
        first.setdefault(key(word), word)
    outcome = []
    for _, section in questions:
        correct = answered = 0
        for question in section:
            if not all(key(word) in first for word in question):
                continue
            a, b, c, d = (first[key(word)] for word in question)
            found = vectors.analogy(a, b, c, len(vectors), method, restrict)
            answer = next((w for w, _ in found if key(w) not in {key(a), key(b), key(c)}), "")
            correct, answered = correct + (key(answer) == key(d)), answered + 1
        outcome.append((correct, answered))
    return outcome


@pytest.mark.parametrize("fold", [True, False])
@pytest.mark.parametrize("method", ["add", "mul"])
def test_analogies_are_answered_as_one_by_one(fold: bool, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "_BATCH", 7)
    vectors = random_vectors(120)
    asked = questions(vectors, 60, method)
    accuracy, sections = vectors.evaluate_word_analogies(asked, restrict_vocab=90, case_insensitive=fold, method=method)
    outcome = one_by_one(vectors, asked, 90, fold, method)
    assert [(section.n_correct, section.n_answered) for section in sections[:-1]] == outcome
    assert sum(correct for correct, _ in outcome) > 5
    assert sections[-1].n_answered + sections[-1].n_unknown == sum(len(section) for _, section in asked)
    assert accuracy == sections[-1].accuracy


def test_sections_and_case() -> None:
    accuracy, (capitals, plurals, total) = plane().evaluate_word_analogies(io.BytesIO(QUESTIONS))
    assert (capitals.name, capitals.n_answered, capitals.n_unknown) == ("capitals", 2, 1)  # norway is unknown
    assert (plurals.name, plurals.n_correct, plurals.n_answered) == ("plurals", 0, 2)
    assert (total.name, total.n_answered, total.n_unknown, accuracy) == ("total", 4, 1, total.n_correct / 4)
    exact = plane().evaluate_word_analogies(io.BytesIO(QUESTIONS), case_insensitive=False)
    assert (exact.sections[0].n_answered, exact.sections[0].n_unknown) == (1, 2)
    counted = plane().evaluate_word_analogies(io.BytesIO(QUESTIONS), dummy4unknown=True)
    assert counted.sections[-1].n_answered == 5
    few = plane().evaluate_word_analogies(io.BytesIO(QUESTIONS), restrict_vocab=2)
    assert few.accuracy == few.sections[-1].n_answered == 0


def test_a_word_asked_with_is_no_answer_in_another_spelling() -> None:
    points = {"a": (0, 1), "b": (0.01, 1), "c": (1, 0), "C": (1, 0.001), "d": (1, 0.3), "e": (-1, 0)}
    vectors = fb.KeyedVectors(points, np.array([*points.values()]))
    for fold, correct in ((True, 1), (False, 0)):
        found = vectors.evaluate_word_analogies([("", [("a", "b", "c", "d")])], case_insensitive=fold)
        assert found.sections[0].n_correct == correct


@pytest.mark.unseeded
@pytest.mark.filterwarnings("ignore:Call to deprecated")
@pytest.mark.parametrize("fold", [True, False])
def test_figures_are_gensims(tmp_path: Path, fold: bool) -> None:
    pytest.importorskip("gensim", reason="gensim is not installed: its figures are not compared")
    vectors = random_vectors()
    theirs, path = vectors.to_gensim(), tmp_path / "questions"
    lines = [f": {name}\n" + "".join(" ".join(q) + "\n" for q in section) for name, section in questions(vectors)]
    path.write_text("".join(lines))
    for options in ({"restrict_vocab": 200}, {"restrict_vocab": 1000, "dummy4unknown": True}):
        score, sections = theirs.evaluate_word_analogies(str(path), case_insensitive=fold, **options)
        accuracy, ours = vectors.evaluate_word_analogies(path, case_insensitive=fold, **options)
        assert accuracy == score > 0.1
        for mine, other in zip(ours, sections, strict=True):
            assert (mine.n_correct, mine.n_answered) == (
                len(other["correct"]),
                len(other["correct"]) + len(other["incorrect"]),
            )
    rng = np.random.default_rng(7)
    names = [*vectors.index_to_key, "unknown"]
    pairs = [(names[i], names[j], k % 11) for k, (i, j) in enumerate(rng.integers(len(names), size=(90, 2)))]
    pairs = [pair for pair in pairs if pair[0].upper() != pair[1].upper()]  # cosines of 1 but for rounding
    path.write_text("# comment\n" + "".join(f"{a}\t{b}\t{score}\n" for a, b, score in pairs))
    for dummy in (False, True):
        pearson, spearman, oov = theirs.evaluate_word_pairs(
            str(path), case_insensitive=fold, restrict_vocab=250, dummy4unknown=dummy
        )
        found = vectors.evaluate_word_pairs(path, case_insensitive=fold, restrict_vocab=250, dummy4unknown=dummy)
        assert found.pearson == pytest.approx(pearson[0], abs=1e-6)
        assert found.spearman == pytest.approx(spearman[0], abs=1e-6)
        assert found.n_unknown == round(oov / 100 * len(pairs))
        assert found.n_pairs == len(pairs) - (0 if dummy else found.n_unknown)


def test_pairs() -> None:
    for text in (
        "paris\trome\t9\ndog\tcat\t5\nParis\tdog\t1\nparis\toslo\t3\n",
        "Word 1,Word 2,Human (mean)\nparis,rome,9.0\ndog,cat,5\n\nparis,dog,1\nparis,oslo,3\n",
        "# made up\n# by hand\n\nfirst,second,score\nparis,rome,9\ndog,cat,5\nparis,dog,1\nparis,oslo,3\n",
        "paris rome 9\n# next\ndog cat 5\nparis dog 1\nparis oslo 3",
    ):
        found = plane().evaluate_word_pairs(io.BytesIO(text.encode()))
        assert (found.n_pairs, found.n_unknown) == (3, 1)
        assert found.spearman == pytest.approx(1)
        assert 0.8 < found.pearson < 1
    same = plane().evaluate_word_pairs([("paris", "rome", 1), ("dog", "cat", 1)])
    assert np.isnan(same.spearman)


SIMLEX = """word1	word2	POS	SimLex999	conc(w1)	conc(w2)	concQ	Assoc(USF)	SimAssoc333	SD(SimLex)
old	new	A	1.58	2.72	2.81	2	7.25	1	0.41
smart	intelligent	A	9.2	1.75	2.46	1	7.11	1	0.67
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_columns_of_simlex(tmp_path: Path, end: str) -> None:
    path = tmp_path / "SimLex-999.txt"
    path.write_bytes(SIMLEX.replace("\n", end).encode())
    assert evaluation.read_pairs(path) == [("old", "new", 1.58), ("smart", "intelligent", 9.2)]
    path.write_text("SimLex999,word2,word1\n3,a,b\n")
    assert evaluation.read_pairs(path) == [("b", "a", 3.0)]
    path.write_text(SIMLEX + "short\tline\tA\n")
    with pytest.raises(ValueError, match=":4: two words and a number"):
        evaluation.read_pairs(path)
    path.write_text(SIMLEX[SIMLEX.index("\n") + 1 :])  # no heading says which column is the score
    with pytest.raises(ValueError, match=":2: .*first three columns .or word1, word2, SimLex999 in a heading"):
        evaluation.read_pairs(path)


def test_errors(tmp_path: Path) -> None:
    for content, message in (
        (b"", "no analogy question"),
        (b": only a section\n", "no analogy question"),
        (b": a\na b c\n", ":2: four words"),
        (b": a\na b c d\n\xff\xfe b c d\n", ":3: not valid UTF-8"),
    ):
        (tmp_path / "questions").write_bytes(content)
        with pytest.raises(ValueError, match=f"questions.*{message}"):
            plane().evaluate_word_analogies(tmp_path / "questions")
    for content, message in (
        (b"", "no pair of words"),
        (b"a\tb\n", "no pair of words"),
        (b"a\tb\t1\na\tb\tx\n", ":2: two words and a number"),
        (b"# c\na\tb\tscore\na\tb\tscore\n", ":3: two words and a number"),
        (b"a\tb\t1\na\tb\tnan\n", ":2: two words and a number"),
        (b"a\tb\t1\n", "each of the 1 pairs has a word without vector"),
    ):
        (tmp_path / "pairs").write_bytes(content)
        with pytest.raises(ValueError, match=f"pairs.*{message}"):
            plane().evaluate_word_pairs(tmp_path / "pairs")
    for section in ("questions", [("a", "b", "c")]):
        with pytest.raises(ValueError, match="section 's': .*four words are needed"):
            plane().evaluate_word_analogies([("s", section)])
    for pair in (("paris", "rome"), ("paris", "rome", float("nan"))):
        with pytest.raises(ValueError, match="two words and a finite number are needed"):
            plane().evaluate_word_pairs([pair])
    with pytest.raises(ValueError, match="method must .*got 'x'"):
        plane().evaluate_word_analogies(io.BytesIO(QUESTIONS), method="x")


@needs_data("embeddings")
def test_the_shared_test_sets() -> None:
    folder = data_dir("embeddings")
    assert folder is not None
    sections = evaluation.read_analogies(folder / "questions-words.txt")
    assert (len(sections), sum(len(section) for _, section in sections)) == (14, 19544)
    assert len(evaluation.read_pairs(folder / "wordsim353.tsv")) == 353
    assert len(evaluation.read_pairs(folder / "simlex999.tsv")) == 999
