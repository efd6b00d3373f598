"""``LanguageModel``: the probability of a text, symbol by symbol."""

import math
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fastbpts._base import checks, seeds
from fastbpts._base.options import with_parameters
from fastbpts.data.vocabulary import Vocabulary
from fastbpts.estimators.base import NetworkEstimator
from fastbpts.estimators.sequence_options import LanguageModelOptions
from fastbpts.estimators.sequence_parts import check_stored, make_network
from fastbpts.estimators.store import Trained
from fastbpts.estimators.text_examples import TextReader
from fastbpts.estimators.text_task import TextTask, log_loss
from fastbpts.networks.generation import generate
from fastbpts.networks.sequence_network import SequenceNetwork
from fastbpts.networks.shape import GROUPS, Shape
from fastbpts.training.loop import Tensors


@with_parameters
class LanguageModel(LanguageModelOptions, NetworkEstimator):
    """Recurrent network that predicts each character or word of a text from all that came before it.

    The text is cut into `batch_size` streams that are read side by side, `n_steps` at a time: gradients go back
    through `n_steps` steps, states are carried from window to window (truncated back-propagation through time).

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

    net_: SequenceNetwork
    _trained: Trained[TextReader]
    vocabulary_: Vocabulary

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.target_tags.required = False
        return tags

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _make_reader(self) -> TextReader:
        return TextReader(self.level, self.pattern, self.min_count, self.max_vocabulary)

    def _make_task(self, reader: TextReader) -> TextTask:
        return TextTask(len(reader.vocabulary), int(self.batch_size), int(self.n_steps))

    def _shape(self, reader: TextReader) -> Shape:
        n_words = len(reader.vocabulary)
        tables = {self.level: (n_words, int(self.n_embedding))}
        return Shape(self.cell, int(self.n_state), int(self.n_layers), 1, tables, 0, n_words, "steps", self.head)

    def _make_network(self, reader: TextReader, seed: int) -> SequenceNetwork:
        return make_network(self, self._shape(reader), True, seed)

    def _groups(self) -> list[str]:
        return list(GROUPS)

    def _check_stored(self, reader: TextReader, params: Tensors) -> None:
        check_stored(self._shape(reader), params)

    # -- probabilities, text -------------------------------------------------------------------------------------------

    def log_loss(self, X: Any) -> float:
        """Mean negative log probability of the text's characters or words (but the first), in nats.

        An unknown one counts with the probability of the unknown token. A long text is scored in up to 32 pieces, each
        from an empty state, so the figure is slightly too high.

        Parameters
        ----------
        X : str, pathlib.Path, Text, or list of str
            The text itself, a file, or pieces of text.

        Returns
        -------
        float
            Nats per character or word.
        """
        check_is_fitted(self, "net_")
        return log_loss(self.net_, self._trained.reader.read(X), len(self.vocabulary_))

    def score(self, X: Any, y: Any = None) -> float:  # noqa: ARG002
        """Mean log probability of the text's characters or words in nats: the greater, the better.

        Parameters
        ----------
        X : str, pathlib.Path, Text, or list of str
            The text itself, a file, or pieces of text.
        y : None
            Without effect: the text has its own targets.

        Returns
        -------
        float
            Minus :meth:`log_loss`.
        """
        return -self.log_loss(X)

    def bits(self, X: Any) -> float:
        """Bits per character or word.

        Parameters
        ----------
        X : str, pathlib.Path, Text, or list of str
            The text itself, a file, or pieces of text.

        Returns
        -------
        float
            :meth:`log_loss` in bits.
        """
        return self.log_loss(X) / math.log(2)

    def perplexity(self, X: Any) -> float:
        """Perplexity per character or word: the exponential of :meth:`log_loss`.

        Parameters
        ----------
        X : str, pathlib.Path, Text, or list of str
            The text itself, a file, or pieces of text.

        Returns
        -------
        float
            At least 1.
        """
        return math.exp(min(self.log_loss(X), 700.0))

    def generate(
        self, prompt: Any = "", n: int = 200, temperature: float = 1.0, random_state: Any = 0, *, top: int | None = None
    ) -> str:
        """Continue a text.

        Parameters
        ----------
        prompt : str or list of str
            The text that the model reads first. Default: a line end, or the most frequent symbol.
        n : int
            Characters or words to write.
        temperature : float
            Log probabilities are divided by it: below 1 the likely gets likelier; 0 always takes the likeliest.
        random_state : int, numpy Generator or None
        top : int, optional
            Choose among the likeliest only, this many.

        Returns
        -------
        str
            What was written, without the prompt; words are separated by spaces.
        """
        check_is_fitted(self, "net_")
        checks.integer("n", n, 0)
        checks.number("temperature", temperature, 0)
        checks.integer("top", top, 1, none=True)
        text = self._trained.reader.text(prompt, "prompt")
        ids = self.vocabulary_.map(text.vocabulary)[text.ids]
        if not len(ids):
            ids = np.array([self.vocabulary_["\n"] or min(1, len(self.vocabulary_) - 1)], np.int32)
        rng = seeds.own_generator(random_state)
        words = [self.vocabulary_.words[k] for k in generate(self.net_, ids, n, temperature, top, rng)]
        return "".join(words) if self._trained.reader.level == "char" else _joined(words)


def _joined(words: list[str]) -> str:
    """Words with spaces between them, but none beside a line end."""
    return " ".join(words).replace(" \n ", "\n").replace(" \n", "\n").replace("\n ", "\n")
