"""Features of a token: rows of embedding tables for the token itself and for parts of it."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastbpts.data.vocabulary import Vocabulary
from fastbpts.networks.packing import I32

_SPEC = re.compile(r"word|lower|shape|(prefix|suffix)[1-9]")
ACCEPTED = '"word", "lower", "shape", "prefix1" to "prefix9", "suffix1" to "suffix9"'
_RARE = 2  # parts of words seen less often are unknown, so that the unknown one is learnt


def check_features(features: Any) -> tuple[str, ...]:
    """The names of features, none of them twice."""
    names = features if isinstance(features, Sequence) and not isinstance(features, str) else ()
    good = [name for name in names if isinstance(name, str) and _SPEC.fullmatch(name)]
    if not good or len(good) != len(names) or len(set(good)) != len(good):
        raise ValueError(f"features must be a tuple of different names among {ACCEPTED}, got {features!r}")
    return tuple(good)


def _shape(token: str) -> str:
    """``Mc-Donald's 24`` is ``Xx-Xxx'x dd``: the kinds of its characters, no more than two of one kind in a row."""
    kinds = re.sub(r"\d", "d", "".join("X" if c.isupper() else "x" if c.islower() else c for c in token))
    return re.sub(r"(.)\1{2,}", r"\1\1", kinds)


def feature(name: str, token: str) -> str:
    """The feature of this name."""
    if name == "word":
        return token
    if name == "lower":
        return token.lower()
    if name == "shape":
        return _shape(token)
    n = int(name[-1])
    return token[:n].lower() if name.startswith("prefix") else token[-n:].lower()


def learn(name: str, tokens: Sequence[str], counts: Any, min_count: int, max_vocabulary: int | None) -> Vocabulary:
    """The vocabulary of a feature over distinct tokens and how often each occurs; row 0 is the unknown one."""
    total: dict[str, int] = {}
    for token, n in zip(tokens, np.asarray(counts).tolist(), strict=True):
        key = feature(name, token)
        total[key] = total.get(key, 0) + n
    is_word = name in ("word", "lower")
    least = min_count if is_word else max(_RARE, min_count)
    kept = sorted(((key, n) for key, n in total.items() if n >= least and key != "<unk>"), key=lambda item: -item[1])
    if is_word and max_vocabulary is not None:
        kept = kept[: max_vocabulary - 1]
    left_out = sum(total.values()) - sum(n for _, n in kept)
    return Vocabulary(["<unk>", *(key for key, _ in kept)], [left_out, *(n for _, n in kept)])


def rows(vocabularies: dict[str, Vocabulary], tokens: Sequence[str]) -> I32:
    """The rows of each distinct token in the tables: (n_tokens, n_features)."""
    columns = [vocabulary.map([feature(name, t) for t in tokens]) for name, vocabulary in vocabularies.items()]
    return np.stack(columns, axis=1)
