"""Evaluation of word vectors: analogy questions, and correlation with human judgements of similarity."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastbpts._files.streams import DAMAGED, FilePath, LookAhead, display_name, open_bytes
from fastbpts.words._table import WordTable

Array = NDArray[Any]
Question = tuple[str, str, str, str]
_BATCH = 256  # questions answered by one product of matrices
_EPS = 1e-6  # of 3CosMul
_SIMLEX = ("word1", "word2", "simlex999")  # in the heading of SimLex-999, whose third column is a part of speech


@dataclass(frozen=True)
class Section:
    """The outcome of one section of analogy questions; `n_unknown` of them have a word without vector."""

    name: str
    n_correct: int
    n_answered: int
    n_unknown: int

    @property
    def accuracy(self) -> float:
        """Correct answers among the questions answered (0 without any)."""
        return self.n_correct / self.n_answered if self.n_answered else 0.0


class Analogies(NamedTuple):
    """Accuracy over all questions answered, and the outcome of each section; the last one is their total."""

    accuracy: float
    sections: list[Section]


class Correlation(NamedTuple):
    """Correlation of cosines with judgements over `n_pairs`; `n_unknown` more have a word without vector."""

    pearson: float
    spearman: float
    n_pairs: int
    n_unknown: int


def _lines(path: FilePath) -> Iterator[tuple[str, str]]:
    """The lines of a text file, with file and line number."""
    name = display_name(path)
    with open_bytes(path) as stream:
        try:
            for number, line in enumerate(LookAhead(stream).lines(), 1):
                where = f"{name}:{number}"
                try:
                    yield where, line.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    raise ValueError(f"{where}: not valid UTF-8 ({error.reason})") from error
        except DAMAGED as error:
            raise ValueError(f"{name}: the compressed file is damaged or cut short ({error})") from error


def read_analogies(path: FilePath) -> list[tuple[str, list[Question]]]:
    """Read sections ``: name`` of lines ``a b c d`` ("a is to b as c is to d"), as in questions-words.txt.

    Parameters
    ----------
    path : path or binary stream
        Plain, gzip or xz.

    Returns
    -------
    list of (str, list of (str, str, str, str))
        Name and questions of each section.

    Raises
    ------
    ValueError
        A line has not four words, there is no question at all, or the file is damaged. The message has file and line.
    """
    sections: list[tuple[str, list[Question]]] = []
    for where, line in _lines(path):
        words = line.split()
        if line.startswith(":"):
            sections.append((line[1:].strip(), []))
        elif len(words) == 4:
            if not sections:
                sections.append(("", []))
            sections[-1][1].append((words[0], words[1], words[2], words[3]))
        elif words:
            raise ValueError(f"{where}: four words or ': section' are needed, not {len(words)} words")
    if not any(questions for _, questions in sections):
        raise ValueError(f"{display_name(path)}: there is no analogy question in it")
    return sections


def _known(vectors: WordTable, restrict_vocab: int | None, case_insensitive: bool) -> tuple[dict[str, int], Array]:
    """Word -> row among the first words, and for each of these rows that of its first spelling."""
    words = vectors.index_to_key[: vectors._limit(restrict_vocab)]
    rows: dict[str, int] = {}
    same = np.empty(len(words), np.int64)
    for row, word in enumerate(words):
        same[row] = rows.setdefault(word.upper() if case_insensitive else word, row)
    return rows, same


def _answers(unit: Array, questions: Array, same: Array, method: str) -> Array:
    """The best row for each question, rows a, b, c (Q, 3); the words asked with are no answers, however spelled."""
    a, b, c = (unit[questions[:, k]] for k in range(3))
    if method == "add":
        scores = (b - a + c) @ unit.T
    else:
        x, y, z = ((1 + rows @ unit.T) / 2 for rows in (a, b, c))
        scores = y * z / (x + np.float32(_EPS))
    scores[np.arange(len(questions))[:, None], questions] = -np.inf
    respelled = np.flatnonzero(same != np.arange(len(same)))
    if len(respelled):
        asked = (same[respelled][None, :, None] == questions[:, None, :]).any(axis=2)
        scores[:, respelled] = np.where(asked, -np.inf, scores[:, respelled])
    best: Array = same[scores.argmax(axis=1)]
    return best


def word_analogies(
    vectors: WordTable,
    analogies: FilePath | Sequence[tuple[str, Sequence[Question]]],
    restrict_vocab: int | None = 30_000,
    case_insensitive: bool = True,
    method: str = "add",
    dummy4unknown: bool = False,
) -> Analogies:
    """Answer analogy questions: the word nearest to b - a + c, among the most frequent ones.

    Parameters
    ----------
    vectors : KeyedVectors
        The most frequent words first.
    analogies : path, stream, or list of (section, questions)
        See :func:`read_analogies`.
    restrict_vocab : int or None, default=30000
        Questions and answers may have the first words only, this many: 30,000 as in word2vec's evaluation script
        (gensim's default is 300,000). None: all words.
    case_insensitive : bool, default=True
        Words that differ in case are one word, with the vector of the first.
    method : {"add", "mul"}, default="add"
        3CosAdd or 3CosMul.
    dummy4unknown : bool, default=False
        Count questions with unknown words as answered wrong. Otherwise they are left out.

    Returns
    -------
    Analogies
        ``accuracy`` and ``sections``, whose last one is the total.

    Raises
    ------
    ValueError
        `method` is neither, a question has not four words, or as :func:`read_analogies`.
    """
    if method not in ("add", "mul"):
        raise ValueError(f"method must be 'add' or 'mul', got {method!r}")
    sections = list(analogies) if isinstance(analogies, Sequence) and not isinstance(analogies, str) else None
    if sections is None:
        sections = list(read_analogies(analogies))  # type: ignore[arg-type]
    rows, same = _known(vectors, restrict_vocab, case_insensitive)
    asked, unknown = [], []
    for name, questions in sections:
        if bad := [q for q in questions if len(q) != 4]:
            raise ValueError(f"analogies: section {name!r}: {bad[0]!r:.60}: four words are needed")
        found = [[rows.get(w.upper() if case_insensitive else w, -1) for w in q] for q in questions]
        table = np.array(found, np.int64).reshape(-1, 4)
        known = (table >= 0).all(axis=1)
        asked.append(table[known])
        unknown.append(int((~known).sum()))
    table = np.concatenate([np.empty((0, 4), np.int64), *asked])
    unit, right = vectors.normed(slice(0, len(same))), np.zeros(len(table), bool)
    for start in range(0, len(table), _BATCH):
        part = table[start : start + _BATCH]
        right[start : start + _BATCH] = _answers(unit, part[:, :3], same, method) == part[:, 3]
    outcome, at = [], 0
    for (name, _), part, missing in zip(sections, asked, unknown, strict=True):
        correct = int(right[at : at + len(part)].sum())
        outcome.append(Section(name, correct, len(part) + (missing if dummy4unknown else 0), missing))
        at += len(part)
    total = Section(
        "total",
        sum(section.n_correct for section in outcome),
        sum(section.n_answered for section in outcome),
        sum(section.n_unknown for section in outcome),
    )
    return Analogies(total.accuracy, [*outcome, total])


def read_pairs(path: FilePath) -> list[tuple[str, str, float]]:
    """Read lines ``word word score``, with tabs, semicolons, commas or blanks between.

    A line that begins with ``#`` is a comment. A first line whose score is no number is a heading. If the heading names
    columns word1, word2 and SimLex999, as SimLex-999.txt does, these columns are read, else the first three. Other
    columns are left out.

    Parameters
    ----------
    path : path or binary stream
        Plain, gzip or xz.

    Returns
    -------
    list of (str, str, float)
        Two words and their score.

    Raises
    ------
    ValueError
        A line has not two words and a number, there is no pair at all, or the file is damaged. The message has file and
        line.
    """
    pairs: list[tuple[str, str, float]] = []
    is_first, columns = True, [0, 1, 2]
    for where, line in _lines(path):
        if not line.strip() or line.startswith("#"):
            continue
        mark = next((c for c in "\t;," if c in line), None)
        parts = [part.strip() for part in line.split(mark)]
        names = [part.lower() for part in parts]
        if is_first and set(_SIMLEX) <= set(names):
            columns = [names.index(name) for name in _SIMLEX]
        first, second, last = columns
        try:
            score = float(parts[last]) if len(parts) > max(columns) else np.nan
        except ValueError:
            score = np.nan
        if np.isfinite(score):
            pairs.append((parts[first], parts[second], score))
        elif not is_first:
            needed = (
                "two words and a number are needed in the first three columns (or word1, word2, SimLex999 in a heading)"
            )
            raise ValueError(f"{where}: {needed}, not {line.strip()!r:.60}")
        is_first = False
    if not pairs:
        raise ValueError(f"{display_name(path)}: there is no pair of words with a score in it")
    return pairs


def _ranks(values: Array) -> Array:
    """Ranks from 1 on; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Array = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return ranks


def _pearson(x: Array, y: Array) -> float:
    x, y = x - x.mean(), y - y.mean()
    length = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / length if length > 0 else float("nan")


def word_pairs(
    vectors: WordTable,
    pairs: FilePath | Sequence[tuple[str, str, float]],
    restrict_vocab: int | None = None,
    case_insensitive: bool = True,
    dummy4unknown: bool = False,
) -> Correlation:
    """Correlate cosines with judgements of similarity (WordSim-353, SimLex-999 and the like).

    Parameters
    ----------
    vectors : KeyedVectors
        The vectors to score.
    pairs : path, stream, or list of (word, word, score)
        See :func:`read_pairs`.
    restrict_vocab, case_insensitive
        As for :func:`word_analogies`.
    dummy4unknown : bool, default=False
        Count pairs with unknown words, with cosine 0. Otherwise they are left out.

    Returns
    -------
    Correlation
        ``pearson``, ``spearman`` (equal values share their mean rank; NaN where one side does not vary), ``n_pairs``
        and ``n_unknown``.

    Raises
    ------
    ValueError
        All pairs have a word without vector, or as :func:`read_pairs`.
    """
    listed = list(pairs) if isinstance(pairs, Sequence) and not isinstance(pairs, str) else None
    if listed is None:
        listed = read_pairs(pairs)  # type: ignore[arg-type]
    rows, _ = _known(vectors, restrict_vocab, case_insensitive)
    gold, cosines, n_unknown = [], [], 0
    for pair in listed:
        if len(pair) != 3 or not np.isfinite(pair[2]):
            raise ValueError(f"pairs: {pair!r:.60}: two words and a finite number are needed")
        first, second, score = pair
        a, b = (rows.get(word.upper() if case_insensitive else word) for word in (first, second))
        if a is None or b is None:
            n_unknown += 1
            if not dummy4unknown:
                continue
        gold.append(float(score))
        cosines.append(0.0 if a is None or b is None else float(np.dot(*vectors.normed([a, b]).astype(np.float64))))
    if not gold:
        raise ValueError(f"pairs: each of the {n_unknown} pairs has a word without vector")
    x, y = np.array(gold), np.array(cosines)
    return Correlation(_pearson(x, y), _pearson(_ranks(x), _ranks(y)), len(gold), n_unknown)
