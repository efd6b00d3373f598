"""``LanguageModel``: the probability of a text, symbol by symbol."""

import hashlib
import math
import os
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from fastbpts._base import checks, seeds
from fastbpts.data.numbered_text import Text
from fastbpts.data.vocabulary import Vocabulary
from fastbpts.estimators.sequence_estimator import SequenceEstimator
from fastbpts.estimators.sequence_options import LanguageModelOptions
from fastbpts.networks.generation import generate
from fastbpts.networks.packing import I32, Rows, streams
from fastbpts.networks.sequence_network import State
from fastbpts.networks.shape import Shape
from fastbpts.readers.text import parse_text, read_text
from fastbpts.training.loop import Scores, Tensors
from fastbpts.training.options import with_parameters

Ids = NDArray[np.integer[Any]]
_PIECE = 4096  # tokens at least of each piece of a text that is scored
_PIECES = 32
_WINDOW = 256  # steps per call when scoring, fewer for many words:
_SCORES = 1 << 22  # at most so many scores at once


@with_parameters
class LanguageModel(LanguageModelOptions, SequenceEstimator):
    """Recurrent network that predicts each character or word of a text from all that came before it.

    The text is cut into `batch_size` streams that are read side by side, `n_steps` at a time: gradients go back
    through so many steps, states are carried on from window to window (truncated back-propagation through time).

    A text is a string, a file as `pathlib.Path`, a :class:`Text`, or a list of strings or of lists of tokens.

    Attributes
    ----------
    vocabulary_ : Vocabulary
        The characters or words by falling frequency; row 0 is the unknown one.
    net_, n_iter_, history_, best_iter_, best_score_
        As for :class:`SequenceClassifier`; losses are in nats per character or word.

    Examples
    --------
    >>> import fastbpts as fb
    >>> text = "the cat sat on the mat. " * 60
    >>> lm = fb.LanguageModel(n_state=24, n_steps=16, batch_size=4, learning_rate=0.02, max_iter=15).fit(text)
    >>> lm.perplexity(text) < 1.5
    True
    >>> lm.generate("the c", 18, temperature=0)
    'at sat on the mat.'
    """

    __module__ = "fastbpts"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        return tags

    # -- examples ----------------------------------------------------------------------------------------------------

    def _text(self, X: Any, name: str = "X") -> Text:
        """The text in what ``fit`` takes; `name` is what errors call it."""
        if isinstance(X, Text):
            if X.level != self.level:
                raise ValueError(f"{name} is a Text of {X.level}s, the model's level is {self.level!r}")
            return X
        if isinstance(X, str):
            return parse_text(X, self.level, self.pattern)
        if isinstance(X, os.PathLike):
            return read_text(X, self.level, pattern=self.pattern)
        if isinstance(X, bytes) or not isinstance(X, Iterable):
            raise ValueError(f"{name} is a {type(X).__name__}: must be a string, a path, a Text, or a list of strings")
        return Text.of_tokens(self._symbols(X, name), self.level)

    def _symbols(self, parts: Iterable[Any], name: str) -> Iterator[str]:
        """The tokens of strings one after another, of lists of tokens, of rows of integers."""
        for k, part in enumerate(parts):
            if isinstance(part, str):
                yield from parse_text(part, self.level, self.pattern).tokens()
            elif isinstance(part, Iterable) and not isinstance(part, bytes):
                yield from (token if isinstance(token, str) else _number(f"{name}[{k}]", token) for token in part)
            else:
                raise ValueError(f"{name}[{k}] is a {type(part).__name__}: must be a string or a list of tokens")

    def _read(self, X: Any, y: Any = None, *, learn: bool = False, classes: Any = None) -> I32:  # noqa: ARG002
        text = self._text(X)
        if isinstance(X, str) and "\n" not in X and os.path.isfile(X):  # noqa: PTH113 -- no string is an error to it
            warnings.warn(f"X={X!r:.80} is taken for the text itself; of a file pass pathlib.Path(X)", stacklevel=4)
        if len(text) < 2:
            raise ValueError(f"X has {len(text)} {self.level}s: must have two at least, one to predict from the other")
        if learn:
            counts = np.bincount(text.ids, minlength=len(text.vocabulary))
            self.vocabulary_ = _frequent(text.vocabulary.words, counts, self.min_count, self.max_vocabulary)
        ids: I32 = self.vocabulary_.map(text.vocabulary)[text.ids]
        return ids

    def _split(self, X: Any, y: Any, rng: np.random.Generator) -> tuple[tuple[Any, Any], tuple[Any, Any]]:  # noqa: ARG002
        text = self._text(X)
        n_held = int(self.validation_fraction * len(text))
        if n_held < 2 or len(text) - n_held < 2:
            raise ValueError(f"early_stopping=True: a text of {len(text)} {self.level}s is too short; pass dev")
        return (text[: len(text) - n_held], None), (text[len(text) - n_held :], None)

    def _shape(self) -> Shape:
        n_words = len(self.vocabulary_)
        return self._shape_of({self.level: (n_words, int(self.n_embedding))}, 0, n_words, "steps")

    # -- training ----------------------------------------------------------------------------------------------------

    def _n_streams(self, data: I32) -> int:
        return min(int(self.batch_size), len(data) - 1)

    def _n_batches(self, data: I32) -> int:
        return -(-((len(data) - 1) // self._n_streams(data)) // int(self.n_steps))

    def _steps(self, data: I32, rng: np.random.Generator) -> Iterator[tuple[float, float]]:
        spare = (len(data) - 1) % self._n_streams(data)  # begin anywhere: other windows in each epoch
        start = int(rng.integers(spare + 1))
        places = start + streams(len(data) - 1 - spare, self._n_streams(data))
        end: State | None = None
        for first in range(0, len(places), int(self.n_steps)):
            window = places[first : first + int(self.n_steps)]
            rows = _rows(data, window)
            loss, end = self.net_.step(rows, data[window + 1].ravel(), None, end)
            yield loss, float(window.size)
        if not np.isfinite(self.net_.logits(rows)[0]).all():  # the last update has no later loss
            raise FloatingPointError("after the last update the scores are not finite")

    def _evaluate(self, data: I32) -> Scores:
        loss = self._log_loss(data)
        return {"loss": loss}

    def _log_loss(self, data: I32) -> float:
        """Nats per symbol, of all but the first."""
        n_streams = min(_PIECES, max(1, (len(data) - 1) // _PIECE))
        places = streams(len(data) - 1, n_streams)
        rest = np.arange(places[-1, -1] + 1, len(data) - 1)[:, None]  # what the pieces leave over
        total, n_steps = 0.0, min(_WINDOW, max(1, _SCORES // (n_streams * len(self.vocabulary_))))
        for part in (places, rest):
            end: State | None = None
            for first in range(0, len(part), n_steps):
                window = part[first : first + n_steps]
                z, end = self.net_.logits(_rows(data, window), end)
                z -= z.max(axis=1, keepdims=True)
                true = z[np.arange(len(z)), data[window + 1].ravel()]
                total += float((np.log(np.exp(z).sum(axis=1)) - true).sum(dtype=np.float64))
        return total / (len(data) - 1)

    # -- what the model says -----------------------------------------------------------------------------------------

    def log_loss(self, X: Any) -> float:
        """Mean negative log probability of the text's characters or words (but the first), in nats.

        Unknown ones count with the probability of the unknown one. A long text is scored in up to 32 pieces, each from
        an empty state, so the figure is slightly too high.

        Parameters
        ----------
        X : str (the text itself), pathlib.Path, Text, or list of strings
        """
        check_is_fitted(self, "net_")
        return self._log_loss(self._read(X))

    def score(self, X: Any, y: Any = None) -> float:  # noqa: ARG002
        """Mean log probability of the text's characters or words in nats: the greater, the better."""
        return -self.log_loss(X)

    def bits(self, X: Any) -> float:
        """Bits per character or word."""
        return self.log_loss(X) / math.log(2)

    def perplexity(self, X: Any) -> float:
        """Exp of the loss per character or word: between how many the model wavers."""
        return math.exp(min(self.log_loss(X), 700.0))

    def generate(
        self, prompt: Any = "", n: int = 200, temperature: float = 1.0, random_state: Any = 0, *, top: int | None = None
    ) -> str:
        """Write on.

        Parameters
        ----------
        prompt : str or list of str
            What the model reads first. Without one it begins after a line end, or what is most frequent.
        n : int
            Characters or words to write.
        temperature : float
            Log probabilities are divided by it: below 1 the likely gets likelier; 0 always takes the likeliest.
        random_state : int, numpy Generator or None
        top : int, optional
            Choose among so many of the likeliest only.

        Returns
        -------
        str
            What was written, without the prompt; words are separated by spaces.
        """
        check_is_fitted(self, "net_")
        checks.integer("n", n, 0)
        checks.number("temperature", temperature, 0)
        checks.integer("top", top, 1, none=True)
        text = self._text(prompt, "prompt")
        ids = self.vocabulary_.map(text.vocabulary)[text.ids]
        if not len(ids):
            ids = np.array([self.vocabulary_["\n"] or min(1, len(self.vocabulary_) - 1)], np.int32)
        rng = seeds.own_generator(random_state)
        words = [self.vocabulary_.words[k] for k in generate(self.net_, ids, n, temperature, top, rng)]
        return "".join(words) if self.level == "char" else _joined(words)

    # -- files -------------------------------------------------------------------------------------------------------

    def _fingerprint(self, data: I32) -> str:
        digest = hashlib.blake2b(np.ascontiguousarray(data).data, digest_size=16)
        digest.update(self.vocabulary_.to_bytes())
        return digest.hexdigest()

    def _learnt(self) -> tuple[Tensors, dict[str, Any]]:
        return {"vocabulary": np.frombuffer(self.vocabulary_.to_bytes(), np.uint8)}, {}

    def _set_learnt(self, tensors: Tensors, meta: dict[str, Any]) -> None:  # noqa: ARG002
        self.vocabulary_ = Vocabulary.from_bytes(tensors["vocabulary"])


def _rows(data: I32, places: Ids) -> Rows:
    """The symbols at places (T, B)."""
    return Rows(np.full(len(places), places.shape[1], np.int64), data[places].reshape(-1, 1))


def _number(where: str, token: Any) -> str:
    if isinstance(token, bool | np.bool_) or not isinstance(token, int | float | np.integer | np.floating):
        raise ValueError(f"{where} has a {type(token).__name__}: must be a string or a list of tokens")
    return str(token)


def _frequent(words: list[str], counts: NDArray[np.int64], min_count: int, max_size: int | None) -> Vocabulary:
    order = np.argsort(-counts, kind="stable")
    order = order[(counts[order] >= min_count) & (counts[order] > 0)][: None if max_size is None else max_size - 1]
    left_out = int(counts.sum() - counts[order].sum())
    kept = [(words[k], int(counts[k])) for k in order.tolist() if words[k] != "<unk>"]
    return Vocabulary(["<unk>", *(word for word, _ in kept)], [left_out, *(n for _, n in kept)])


def _joined(words: list[str]) -> str:
    """Words with spaces between them, but none beside a line end."""
    return " ".join(words).replace(" \n ", "\n").replace(" \n", "\n").replace("\n ", "\n")
