"""Texts as examples of a language model: the numbers of their characters or words."""

import hashlib
import os
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbpts.data.numbered_text import Text
from fastbpts.data.vocabulary import Vocabulary
from fastbpts.estimators.parts import Given
from fastbpts.networks.packing import I32
from fastbpts.readers.text import parse_text, read_text
from fastbpts.training.loop import Tensors


class TextReader:
    """Reads texts; learns the vocabulary.

    Parameters
    ----------
    level, pattern, min_count, max_vocabulary
        Parameters of LanguageModel.
    """

    vocabulary: Vocabulary

    def __init__(self, level: str, pattern: str | None, min_count: int, max_vocabulary: int | None) -> None:
        self.level, self.pattern, self._min_count, self._max_vocabulary = level, pattern, min_count, max_vocabulary

    def text(self, X: Any, name: str = "X") -> Text:
        """The text of an argument of ``fit``; `name` is its name in errors."""
        if isinstance(X, Text):
            if X.level != self.level:
                raise ValueError(f"{name} is a Text of {X.level}s, the model's level is {self.level!r}")
            return X
        if isinstance(X, str):
            return parse_text(X, self.level, self.pattern)
        if isinstance(X, os.PathLike):
            return read_text(X, self.level, pattern=self.pattern)
        if isinstance(X, bytes) or not isinstance(X, Iterable):
            raise ValueError(f"{name} must be a string, a path, a Text, or a list of strings, got {type(X).__name__}")
        return Text.of_tokens(self._symbols(X, name), self.level)

    def _symbols(self, parts: Iterable[Any], name: str) -> Iterator[str]:
        """The tokens of strings one after another, of lists of tokens, of rows of integers."""
        for k, part in enumerate(parts):
            if isinstance(part, str):
                yield from parse_text(part, self.level, self.pattern).tokens()
            elif isinstance(part, Iterable) and not isinstance(part, bytes):
                yield from (token if isinstance(token, str) else _number(f"{name}[{k}]", token) for token in part)
            else:
                raise ValueError(f"{name}[{k}] must be a string or a list of tokens, got {type(part).__name__}")

    def _long_enough(self, X: Any) -> Text:
        text = self.text(X)
        if isinstance(X, str) and "\n" not in X and os.path.isfile(X):  # noqa: PTH113 -- no string is an error to it
            warnings.warn(f"X={X!r:.80} is taken for the text itself; of a file pass pathlib.Path(X)", stacklevel=5)
        if len(text) < 2:
            raise ValueError(f"X must have two {self.level}s at least, one to predict from the other, got {len(text)}")
        return text

    def learn(self, X: Any, y: Any = None, classes: Any = None) -> I32:  # noqa: ARG002
        """See `Reader`."""
        text = self._long_enough(X)
        counts = np.bincount(text.ids, minlength=len(text.vocabulary))
        self.vocabulary = _frequent(text.vocabulary.words, counts, self._min_count, self._max_vocabulary)
        return self._numbers(text)

    def read(self, X: Any, y: Any = None, classes: Any = None) -> I32:  # noqa: ARG002
        """See `Reader`."""
        return self._numbers(self._long_enough(X))

    def _numbers(self, text: Text) -> I32:
        ids: I32 = self.vocabulary.map(text.vocabulary)[text.ids]
        return ids

    def split(self, X: Any, y: Any, fraction: float, rng: np.random.Generator) -> tuple[Given, Given]:  # noqa: ARG002
        """See `Reader`; the end of the text is held out."""
        text = self.text(X)
        n_held = int(fraction * len(text))
        if n_held < 2 or len(text) - n_held < 2:
            raise ValueError(f"early_stopping=True: a text of {len(text)} {self.level}s is too short; pass dev")
        return (text[: len(text) - n_held], None), (text[len(text) - n_held :], None)

    def fingerprint(self, data: I32) -> str:
        """See `Reader`."""
        digest = hashlib.blake2b(np.ascontiguousarray(data).data, digest_size=16)
        digest.update(self.vocabulary.to_bytes())
        return digest.hexdigest()

    def attributes(self) -> dict[str, Any]:
        """See `Reader`."""
        return {"vocabulary_": self.vocabulary}

    def to_tensors(self) -> tuple[Tensors, dict[str, Any]]:
        """See `Reader`."""
        return {"vocabulary": np.frombuffer(self.vocabulary.to_bytes(), np.uint8)}, {}

    def set_tensors(self, tensors: Tensors, meta: dict[str, Any]) -> None:  # noqa: ARG002
        """See `Reader`."""
        self.vocabulary = Vocabulary.from_bytes(tensors["vocabulary"])


def _number(where: str, token: Any) -> str:
    if isinstance(token, bool | np.bool_) or not isinstance(token, int | float | np.integer | np.floating):
        raise ValueError(f"{where} must be a string or a list of tokens, got {type(token).__name__}")
    return str(token)


def _frequent(words: list[str], counts: NDArray[np.int64], min_count: int, max_size: int | None) -> Vocabulary:
    order = np.argsort(-counts, kind="stable")
    order = order[(counts[order] >= min_count) & (counts[order] > 0)][: None if max_size is None else max_size - 1]
    left_out = int(counts.sum() - counts[order].sum())
    kept = [(words[k], int(counts[k])) for k in order.tolist() if words[k] != "<unk>"]
    return Vocabulary(["<unk>", *(word for word, _ in kept)], [left_out, *(n for _, n in kept)])
