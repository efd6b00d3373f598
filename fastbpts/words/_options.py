"""The parameters of ``Word2Vec``, ``GloVe`` and ``Phrases``; their names are gensim's."""

import os
import re
from dataclasses import dataclass
from typing import Any

from fastbpts._base import checks
from fastbpts._base.options import (
    BOOLEAN,
    DTYPE,
    FILES,
    MODEL,
    PATH,
    VERBOSE,
    WIDTH,
    WORDS,
    Rule,
    integer,
    number,
    option,
)


def _check_switch(name: str, value: Any) -> None:
    if value not in (0, 1):
        raise checks.wrong(name, "0 or 1", value)


def _check_delimiter(name: str, value: Any) -> None:
    if not isinstance(value, str) or not value or re.search(r"\s|[\0\1]", value):
        raise checks.wrong(name, "a string without white space", value)


SWITCH = Rule("{0, 1}", bool, _check_switch)


@dataclass(eq=False, repr=False, kw_only=True)
class VectorOptions:
    """What ``Word2Vec`` and ``GloVe`` take."""

    vector_size: int = option(100, WIDTH, "Width of the vectors.", MODEL, flags=("--vector-size", "-d"))
    window: int = option(5, integer(1, 10000), "Words beside a word that count as its context, on each side.", MODEL,
                         flags=("--window", "-w"))  # fmt: skip
    min_count: int = option(5, integer(0), "Words that occur less often are left out of the text.", WORDS)
    epochs: int = option(5, integer(1), "Passes over the text.", flags=("--epochs", "-n"))
    max_vocab_size: int | None = option(
        None,
        integer(2, none=True),
        "While counting, forget rare words whenever there are more distinct ones than this; None: never. "
        "A number makes the counting use one thread.",
        WORDS,
    )
    max_final_vocab: int | None = option(
        None, integer(2, none=True), "Raise `min_count` until there are no more words than this; None: do not.", WORDS
    )
    workers: int | None = option(
        None,
        integer(1, none=True),
        "Number of threads; None takes what the machine has. With 1 the same seed gives the same vectors, to the bit. "
        "Several update the vectors without locks (Hogwild, Recht et al. 2011): results differ from run to run.",
        flags=("--threads", "-t"),
    )
    seed: int = option(1, integer(0), "Seed of all random numbers.")
    dtype: Any = option("float32", DTYPE, "Type of the vectors.", MODEL, shown=False)
    memory_limit: int = option(1 << 30, integer(0), "Bytes that training may use besides the vectors.")
    checkpoint: str | os.PathLike[str] | None = option(
        None,
        PATH,
        "File to which the state of training is written. ``fit(..., resume=True)`` continues from it.",
        FILES,
    )
    checkpoint_every: int = option(1, integer(1), "Epochs between checkpoints.", FILES)
    verbose: int = option(
        0,
        VERBOSE,
        "1 shows a progress bar with speed and loss where there is a terminal, and a line per epoch; 2 only the lines.",
        shown=False,
    )


@dataclass(eq=False, repr=False, kw_only=True)
class Word2VecOptions(VectorOptions):
    """What the constructor of ``Word2Vec`` takes."""

    sg: int = option(
        1,
        SWITCH,
        "1: skip-gram, each word of the context predicts the word in the middle. 0: CBOW, their mean does (gensim's "
        "default).",
        MODEL,
        shown=False,
    )
    hs: int = option(0, SWITCH, "1: also the cost of hierarchical softmax.", MODEL, flags=("--hs",), parse=int)
    negative: int = option(
        5,
        integer(0, 1000),
        "Noise words of negative sampling; 0: no such cost. With ``hs=0, negative=0`` the cost is the exact full "
        "softmax, whose time grows with the vocabulary.",
        MODEL,
    )
    ns_exponent: float = option(
        0.75,
        number(-10),
        "Noise is proportional to count ** ns_exponent. A noise word may be the word that is predicted.",
        MODEL,
    )
    shared_negatives: bool = option(
        True,
        SWITCH,
        "All words of one context share their noise words: several times faster, of equal quality. False: each pair of "
        "words has its own noise, as in gensim. No difference for CBOW, which makes one prediction per word.",
        MODEL,
    )
    cbow_mean: int = option(
        1,
        SWITCH,
        "CBOW takes the mean of the context, or with 0 its sum. The gradient follows (gensim does not divide that of "
        "the mean).",
        MODEL,
        parse=int,
    )
    alpha: float | None = option(
        None,
        number(0, none=True),
        "Learning rate at the beginning; None: 0.025 for skip-gram and for the sum, 0.075 for CBOW's mean.",
    )
    min_alpha: float = option(0.0001, number(0), "Learning rate at the end; it falls evenly by words.")
    sample: float = option(
        1e-3,
        number(0),
        "A word with share f of the text is seen with chance sqrt(sample / f) + sample / f (at most 1); 0: always.",
        WORDS,
    )
    shrink_windows: bool = option(
        True, SWITCH, "The width of each window is drawn from 1 .. window.", MODEL, shown=False
    )
    max_sentence_length: int = option(
        10000, integer(1, 1 << 20), "Longer lines are split (also every 65,536 bytes).", WORDS, shown=False
    )
    memory_limit: int = option(
        1 << 30,
        integer(0),
        "Bytes that the text may take as numbers of words (about two per word). A longer one is read anew in each "
        "epoch.",
    )
    compute_loss: bool = option(
        True,
        SWITCH,
        "Without effect; gensim has it. `history_` and the progress always have the loss, the mean over all "
        "predictions of an epoch.",
        shown=False,
    )


@dataclass(eq=False, repr=False, kw_only=True)
class GloVeOptions(VectorOptions):
    """What the constructor of ``GloVe`` takes."""

    window: int = option(
        15,
        integer(1, 10000),
        "Words before (and after) a word that are its context. Lines end a context (also every 65,536 bytes).",
        MODEL,
        flags=("--window", "-w"),
    )
    symmetric: bool = option(True, BOOLEAN, "Whether the words after a word are its context too.", MODEL)
    distance_weighting: bool = option(True, BOOLEAN, "A neighbour at distance k counts 1/k; False: 1.", MODEL)
    x_max: float = option(
        100.0,
        number(0, above=True),
        "Pairs with this count or a greater one weigh 1. The weight of a pair with count x is "
        "min((x / x_max) ** alpha, 1). For small texts take x_max=10.",
        MODEL,
    )
    alpha: float = option(0.75, number(0, above=True), "Exponent of the weight of a pair.", MODEL)
    eta: float = option(0.05, number(0, above=True), "AdaGrad's rate.")
    epochs: int = 25
    memory_limit: int = option(
        1 << 32,
        integer(0),
        "Bytes for the text while it is counted (8 per word) and for the pairs (12 each), each half of it. What is "
        "more goes to temporary files; the result does not depend on it.",
    )


@dataclass(eq=False, repr=False, kw_only=True)
class PhrasesOptions:
    """What the constructor of ``Phrases`` takes."""

    min_count: int = option(5, integer(1), "Pairs that occur less often are no phrases.")
    threshold: float = option(
        100.0,
        number(0),
        "As in the authors' program. A lower one finds more phrases. gensim's scores are smaller: they use the size "
        "of the vocabulary in place of the number of words.",
    )
    discount: float | None = option(None, number(0, none=True), "Taken from the count of a pair; None: `min_count`.")
    delimiter: str = option("_", Rule("str", str, _check_delimiter), "Put between the words of a phrase.")
    workers: int | None = option(None, integer(1, none=True), "Threads that count; None takes what the machine has.")
    memory_limit: int = option(1 << 32, integer(0), "Bytes for counting, beyond which temporary files are used.")
