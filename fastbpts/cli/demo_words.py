"""``fastbpts demo --task words``."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastbpts.cli.common import console, status_after

if TYPE_CHECKING:
    from fastbpts.demo.analogies import Question
    from fastbpts.words.vectors import KeyedVectors

_WORD2VEC: dict[str, Any] = {"vector_size": 25, "window": 8, "min_count": 1, "epochs": 20, "sample": 0, "alpha": 0.05}
_GLOVE: dict[str, Any] = {"vector_size": 25, "window": 8, "min_count": 1, "epochs": 40, "x_max": 10.0}


def _nearest(vectors: "KeyedVectors", sections: "list[tuple[str, list[Question]]]") -> float:
    """Share of questions whose answer is the word nearest to the third word: the score without directions."""
    questions = [question for _, section in sections for question in section]
    nearest = {c: vectors.most_similar(c, topn=1)[0][0] for c in {question[2] for question in questions}}
    n_right = sum(nearest[c] == d for _, _, c, d in questions)
    return float(n_right / len(questions))


def demo_words(n_sentences: int, seed: int, threads: int | None, output: Path | None) -> int:
    """Generate a text about a made-up world, learn vectors from it, ask for its analogies."""
    import fastbpts as fb
    from fastbpts.demo.analogies import analogy_corpus, analogy_questions

    out = console()
    sentences, sections = analogy_corpus(n_sentences, seed), analogy_questions()
    n_words = sum(map(len, sentences))
    out.print("a made-up world: every land has a capital, a language, a coin and a dish", soft_wrap=True)
    out.print(f"{len(sentences):,} sentences, {n_words:,} words; no letter of a word is looked at\n", soft_wrap=True)
    rows, first = [], None
    models = (
        fb.Word2Vec(**_WORD2VEC, workers=threads or 1, seed=seed + 1),
        fb.GloVe(**_GLOVE, workers=threads or 1, seed=seed + 1),
    )
    for model in models:
        started = time.perf_counter()
        vectors = model.fit(sentences).wv
        seconds = time.perf_counter() - started
        if first is None:
            first = vectors
            rows.append(("a word by chance", 1 / len(vectors), ""))
            rows.append(("the word nearest to the third word", _nearest(vectors, sections), ""))
        name = "skip-gram, noise of 5 words" if isinstance(model, fb.Word2Vec) else "GloVe"
        accuracy = vectors.evaluate_word_analogies(sections).accuracy
        rows.append((f"{name}, {model.vector_size} dimensions", accuracy, f"{seconds:.1f} s"))
    assert first is not None
    _show(rows, first)
    if output is not None:
        first.save_word2vec_format(output)
    return status_after(*models)


def _show(rows: list[tuple[str, float, str]], vectors: "KeyedVectors") -> None:
    from rich.table import Table

    table = Table(title="analogies answered right")
    table.add_column("model")
    table.add_column("accuracy", justify="right")
    table.add_column("training", justify="right")
    for name, accuracy, seconds in rows:
        table.add_row(name, f"{accuracy:.3f}", seconds, style="bold" if seconds else "")
    out = console()
    out.print(table)
    for a, b, c in (("brenia", "brenburg", "galtia"), ("dorburg", "dorstew", "veskburg")):
        (answer, cosine), *_ = vectors.analogy(a, b, c)
        out.print(f"{a} is to {b} as {c} is to {answer} ({cosine:.2f})", soft_wrap=True)
