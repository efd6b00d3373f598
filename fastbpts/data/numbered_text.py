"""A long text as one flat array of token numbers."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbpts.data.vocabulary import Vocabulary

LEVELS = ("char", "word")


class Text:
    """A text of any length: the number of each token, and the distinct tokens.

    Attributes
    ----------
    ids : array of unsigned integers (n_tokens,)
        The row of each token in `vocabulary`; one byte per token while there are at most 256 of them.
    vocabulary : Vocabulary
        The distinct tokens in order of first appearance; no unknown word.
    level : {"char", "word"}
        What the tokens are.
    """

    __module__ = "fastbpts"

    def __init__(self, ids: NDArray[np.unsignedinteger[Any]], vocabulary: Vocabulary, level: str) -> None:
        self.ids, self.vocabulary, self.level = ids, vocabulary, level

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"<Text of {len(self)} tokens ({self.level}), {len(self.vocabulary)} distinct>"

    def __getitem__(self, part: slice) -> "Text":
        if not isinstance(part, slice):
            raise TypeError(f"indices must be slices, not {type(part).__name__}; .tokens() has single tokens")
        return Text(self.ids[part], self.vocabulary, self.level)

    def tokens(self) -> list[str]:
        """The tokens as strings."""
        words = self.vocabulary.words
        return [words[k] for k in self.ids.tolist()]

    def split(self, fraction: float) -> "tuple[Text, Text]":
        """Divide into the text without its last part, and that part: ``train, dev = text.split(0.1)``.

        Parameters
        ----------
        fraction : float
            Share of the tokens that the last part has, between 0 and 1.

        Returns
        -------
        tuple of Text
            The first part, the last part; both have this vocabulary.

        Raises
        ------
        ValueError
            `fraction` is not between 0 and 1.
        """
        if isinstance(fraction, bool) or not isinstance(fraction, int | float) or not 0 < fraction < 1:
            raise ValueError(f"fraction must be a number in [0, 1], got {fraction!r}")
        cut = len(self) - int(fraction * len(self))
        return self[:cut], self[cut:]

    @classmethod
    def of_tokens(cls, tokens: Iterable[str], level: str = "word") -> "Text":
        """The text of these tokens.

        Parameters
        ----------
        tokens : iterable of str
            The tokens in order.
        level : {"char", "word"}, default="word"
            What they are.

        Returns
        -------
        Text
            Its vocabulary has the tokens in order of first appearance.

        Raises
        ------
        ValueError
            A token is not a string.
        """
        index: dict[str, int] = {}
        ids = np.array([index.setdefault(token, len(index)) for token in tokens], np.int64)
        for token in index:
            if not isinstance(token, str):
                raise ValueError(f"tokens must be strings, got {token!r:.40}")
        return cls(ids.astype(smallest_type(len(index))), Vocabulary._of_distinct(list(index)), level)


def smallest_type(n: int) -> type[np.unsignedinteger[Any]]:
    """The smallest unsigned type that can number n things."""
    return np.uint8 if n <= 1 << 8 else np.uint16 if n <= 1 << 16 else np.uint32
