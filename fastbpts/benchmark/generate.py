"""Random binary trees of the shape of the Stanford Sentiment Treebank, for measurements without a treebank."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

N_WORDS = 18_280
LABELS = (0.03, 0.11, 0.69, 0.14, 0.03)  # shares of the five classes over all nodes
LOPSIDED = 0.55  # share of nodes that split off one word; the others split anywhere
HEAVY = 1.0  # flattens the most frequent words of Zipf's law


def sst_like(n_trees: int, seed: int = 0) -> Iterator[str]:
    """Yield trees in PTB brackets: 19 words on average, 2 to 52, labels 0 to 4 at every node, words by Zipf's law."""
    rng = np.random.default_rng(seed)
    lengths = np.clip(np.rint(rng.gamma(4.2, 4.55, n_trees)), 2, 52).astype(int)
    weight = 1 / (np.arange(N_WORDS) + HEAVY)
    for length in lengths.tolist():
        words = rng.choice(N_WORDS, size=length, p=weight / weight.sum())
        labels = iter(rng.choice(len(LABELS), size=2 * length - 1, p=LABELS).tolist())
        cuts = rng.random((length, 2))
        yield _bracket(words.tolist(), labels, cuts)


def _bracket(words: list[int], labels: Iterator[int], cuts: NDArray[np.float64]) -> str:
    """One tree over `words`; the two numbers of `cuts` for this many words say where they are split."""
    if len(words) == 1:
        return f"({next(labels)} w{words[0]})"
    lopsided, where = cuts[len(words) - 1]
    cut = (1 if where < 0.7 else len(words) - 1) if lopsided < LOPSIDED else 1 + int(where * (len(words) - 1))
    left = _bracket(words[:cut], labels, cuts)
    return f"({next(labels)} {left} {_bracket(words[cut:], labels, cuts)})"
