"""Made-up prose in which a verb agrees with its subject, however many words are between them.

"the cat that the dogs near the barn see sleeps.": the verb of the main clause, sleeps, has the number of cat. Counts of
neighbouring characters or words cannot predict it.
"""

from typing import Any

import numpy as np

from fastbpts._base import seeds
from fastbpts.demo.grammar import pick

_NOUNS = ("cat", "dog", "bird", "horse", "farmer", "teacher", "child", "fox", "girl", "boy")
_PLURAL = {"child": "children", "fox": "foxes"}
_PLACES = ("barn", "river", "house", "garden", "road", "tree", "hill", "bridge")
_ADJECTIVES = ("old", "young", "small", "quiet", "brave", "hungry", "tired", "clever")
_SLEEP = ("sleep", "sing", "laugh", "wait", "run", "jump", "listen")
_SEE = ("see", "follow", "like", "fear", "help", "hear", "remember")
_WHERE = ("near", "behind", "under", "beside")


def _subject(rng: np.random.Generator, depth: int) -> tuple[str, bool]:
    """A noun phrase, and whether it is plural."""
    noun, plural = pick(rng, _NOUNS), bool(rng.integers(2))
    words = [pick(rng, ("the", "some") if plural else ("the", "a"))]
    if rng.random() < 0.3:
        words.append(pick(rng, _ADJECTIVES))
    words.append(_PLURAL.get(noun, noun + "s") if plural else noun)
    if rng.random() < 0.2:
        words += [pick(rng, _WHERE), "the", pick(rng, _PLACES)]
    if depth and rng.random() < 0.4:
        inner, inner_plural = _subject(rng, depth - 1)
        words += ["that", inner, _verb(pick(rng, _SEE), inner_plural)]
    return " ".join(words), plural


def _verb(verb: str, plural: bool) -> str:
    return verb if plural else verb + "s"


def _sentence(rng: np.random.Generator) -> str:
    subject, plural = _subject(rng, 2)
    if rng.random() < 0.5:
        return f"{subject} {_verb(pick(rng, _SLEEP), plural)}."
    return f"{subject} {_verb(pick(rng, _SEE), plural)} {_subject(rng, 1)[0]}."


def demo_text(n_sentences: int = 5000, random_state: Any = 0) -> str:
    """Generate prose whose verbs agree with subjects far away.

    Parameters
    ----------
    n_sentences : int, default=5000
        The number of sentences.
    random_state : int, numpy Generator or None, default=0
        The seed.

    Returns
    -------
    str
        A sentence per line.

    Raises
    ------
    ValueError
        `n_sentences` is less than 1.

    Examples
    --------
    >>> import fastbpts as fb
    >>> print(fb.demo_text(2), end="")  # doctest: +SKIP
    the clever farmers that a boy under the bridge fears wait.
    a dog sees some birds near the river.
    """
    if isinstance(n_sentences, bool) or not isinstance(n_sentences, int | np.integer) or n_sentences < 1:
        raise ValueError(f"n_sentences must be an integer of at least 1, got {n_sentences!r}")
    rng = seeds.generator(random_state)
    return "".join(f"{_sentence(rng)}\n" for _ in range(n_sentences))


def agreement(sentence: str) -> bool | None:
    """Whether the verbs of a sentence agree with their subjects, up to the main one; None if there is none."""
    singular = dict.fromkeys(_NOUNS, True) | {_PLURAL.get(noun, noun + "s"): False for noun in _NOUNS}
    verbs = {_verb(verb, plural): not plural for verb in (*_SLEEP, *_SEE) for plural in (False, True)}
    waiting: list[bool] = []  # subjects that have no verb yet
    for word in sentence.rstrip(".\n").split():
        if word in singular:
            waiting.append(singular[word])
        elif word in verbs and waiting:
            agrees = verbs[word] == waiting.pop()
            if not agrees or not waiting:
                return agrees
    return None
