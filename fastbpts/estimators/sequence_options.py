"""The parameters of ``SequenceClassifier``, ``SequenceTagger`` and ``LanguageModel``."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

from fastbpts import _core
from fastbpts._base import checks
from fastbpts._base.options import BOOLEAN, MODEL, SHARE, WIDTH, Rule, anything, choice, integer, names_in, option
from fastbpts._cells.spec import LAYERS
from fastbpts.data.numbered_text import LEVELS
from fastbpts.estimators.token_features import check_features
from fastbpts.networks.head import HEADS
from fastbpts.training.options import ClassOptions, TrainingOptions, VocabularyOptions, WordOptions, parse_alpha


def _check_features(name: str, value: Any) -> None:  # noqa: ARG001
    check_features(value)


def _check_pattern(name: str, value: Any) -> None:
    if value is not None and not isinstance(value, str):
        raise checks.wrong(name, "a regular expression (a string) or None", value)


@dataclass(eq=False, repr=False)
class SequenceOptions(VocabularyOptions, TrainingOptions):
    """What all estimators over sequences take."""

    cell: str = option("lstm", choice(*LAYERS.values()), "How a state follows from the one before it.", MODEL)
    n_state: int = option(64, WIDTH, "Width of the states, in each direction.", MODEL, flags=("--n-state", "-d"))
    n_layers: int = option(1, integer(1), "Number of layers; each reads the outputs of the one below.", MODEL)
    n_embedding: int = option(64, WIDTH, "Width of the vectors of tokens.", MODEL)
    dropout: float = option(0.0, SHARE, "Probability that a component of a layer's output is dropped in training.")
    input_dropout: float = option(
        0.0, SHARE, "Probability that a component of a vector looked up is dropped in training."
    )
    _: KW_ONLY
    head: str = option(
        "affine",
        choice(*HEADS),
        'What gives the scores of classes. "affine": softmax(Ws h + bs). "direct": softmax(h), which needs as many '
        "components as there are classes.",
        MODEL,
    )
    level: str = option("word", choice(*LEVELS), "How strings are cut: into characters, or at white space.", MODEL)
    learning_rate: float = 0.002
    max_norm: float | None = 5.0
    alpha: float | Mapping[str, float] = option(
        0.0,
        anything("float or dict"),
        'L2 penalty ``alpha * ||theta||^2``, a number or one for each of "E" (vectors looked up), "W" (input), "U" '
        '(recurrent), "Ws" (classifier). Biases have none, nor what a dict leaves out.',
        parse=parse_alpha,
        example="U=1e-4",
    )


@dataclass(eq=False, repr=False)
class LabelledOptions(ClassOptions, WordOptions, SequenceOptions):
    """What estimators take that learn labels of sequences or of steps."""

    _monitors: ClassVar[dict[str, int]] = {"score": 1, "loss": -1}

    _: KW_ONLY
    bidirectional: bool = option(False, BOOLEAN, "Also run from right to left.", MODEL)
    features: tuple[str, ...] = option(
        ("word",),
        Rule("tuple of str", str, _check_features),
        'What is looked up of each token. Names are "word", "lower" (in lower case), "shape" (upper and lower case, '
        'digits), "prefix1" to "prefix9", "suffix1" to "suffix9" (its first or last characters, in lower case).',
        MODEL,
        parse=names_in,
        example="word,suffix3,shape",
    )
    n_feature: int = option(16, WIDTH, 'Width of the vectors of features other than "word" and "lower".', MODEL)
    monitor: str = option(
        "score", choice(*_monitors), "The validation score that says which model is best: accuracy or loss."
    )


@dataclass(eq=False, repr=False)
class SequenceClassifierOptions(LabelledOptions):
    """What the constructor of ``SequenceClassifier`` takes."""

    _: KW_ONLY
    pooling: str = option(
        "last",
        choice(*(name for name, per_step in _core.pools().items() if not per_step)),
        "What the classifier reads: the state after the last step (of the reverse direction after the first), or "
        "the mean or maximum over the steps.",
        MODEL,
    )


@dataclass(eq=False, repr=False)
class SequenceTaggerOptions(LabelledOptions):
    """What the constructor of ``SequenceTagger`` takes, with its own defaults."""

    _: KW_ONLY
    bidirectional: bool = True
    features: tuple[str, ...] = ("word", "suffix1", "suffix2", "suffix3", "prefix2", "shape")
    ignore: Any = option(
        -1, anything("label"), "Steps with this label count neither in the loss nor in scores.", shown=False
    )


@dataclass(eq=False, repr=False)
class LanguageModelOptions(SequenceOptions):
    """What the constructor of ``LanguageModel`` takes, with its own defaults."""

    _monitors: ClassVar[dict[str, int]] = {"loss": -1}

    _: KW_ONLY
    level: str = "char"
    pattern: str | None = option(
        None,
        Rule("str or None", str, _check_pattern),
        "Regular expression whose matches are the words. See :func:`fastbpts.read_text`.",
        MODEL,
    )
    n_steps: int = option(64, integer(1), "Number of steps through which gradients go back.")
    batch_size: int = option(
        32, integer(1), "Number of streams that the text is cut into.", flags=("--batch-size", "-b")
    )
    monitor: str = option("loss", choice(*_monitors), "The score of the validation text that says which model is best.")
