"""A made-up world whose analogies are known: every land has a capital, a language, a coin and a dish.

A word has a land and a kind, and both show in the words around it: words of the land (its river, hill, wood and hero)
and words of the kind (a capital has streets, a coin is paid). Its letters say nothing.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastbpts._base import seeds
from fastbpts.demo.grammar import pick

_STEMS = (
    "bren", "galt", "dor", "vesk", "lum", "tarn", "oster", "quil", "halm", "mir", "zand", "fenn", "karo", "wex", "jul",
    "sorn", "pell", "ryk", "abel", "crom",
)  # fmt: skip
_KINDS = {
    "ia": ("land", "border", "republic", "army", "flag", "map"),
    "burg": ("city", "streets", "mayor", "tower", "station", "square"),
    "ish": ("speak", "grammar", "verbs", "poem", "accent", "letters"),
    "mark": ("pay", "price", "coin", "bank", "debt", "cheap"),
    "stew": ("eat", "spoon", "recipe", "salt", "hot", "plate"),
}
_OF_A_LAND = ("water", "hill", "wood", "hero")
_ANYWHERE = ("the", "of", "and", "a", "in", "was", "is", "with", "old", "new", "they", "it")

_STRAY = 0.15  # share of the words around that belong to another land or kind

Question = tuple[str, str, str, str]


def _strayed(rng: np.random.Generator, own: str, others: Sequence[str]) -> str:
    return pick(rng, others) if rng.random() < _STRAY else own


def analogy_corpus(n_sentences: int, random_state: Any = 0) -> list[list[str]]:
    """Sentences of five to nine words about a word of the world.

    Parameters
    ----------
    n_sentences : int
    random_state : int or numpy Generator
    """
    rng = seeds.generator(random_state)
    sentences = []
    kinds = tuple(_KINDS)
    for _ in range(n_sentences):
        stem, kind = pick(rng, _STEMS), pick(rng, kinds)
        company = [_strayed(rng, stem, _STEMS) + pick(rng, _OF_A_LAND) for _ in range(rng.integers(1, 3))]
        company += [pick(rng, _KINDS[_strayed(rng, kind, kinds)]) for _ in range(rng.integers(1, 3))]
        company += [pick(rng, _ANYWHERE) for _ in range(rng.integers(2, 5))]
        sentence = [company[k] for k in rng.permutation(len(company)).tolist()]
        sentence.insert(int(rng.integers(len(sentence) + 1)), stem + kind)
        sentences.append(sentence)
    return sentences


def analogy_questions() -> list[tuple[str, list[Question]]]:
    """For each two kinds all questions ``brenia is to brenburg as galtia is to galtburg``."""
    names = {"ia": "land", "burg": "capital", "ish": "language", "mark": "coin", "stew": "dish"}
    kinds = tuple(_KINDS)
    return [
        (f"{names[x]} : {names[y]}", [(a + x, a + y, b + x, b + y) for a in _STEMS for b in _STEMS if a != b])
        for k, x in enumerate(kinds)
        for y in kinds[k + 1 :]
    ]
