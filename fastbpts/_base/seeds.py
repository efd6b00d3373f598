"""The one rule for random numbers: which generator follows from which seed.

Every generator is NumPy's PCG64. An integer `random_state` gives the same numbers in every run, None gives others each
time. A Generator is used as it is: what takes it draws from it. A RandomState is drawn from once, for a seed.

Numbers of one model that must not depend on each other come from separate streams, which follow from the model's seed
and a number: of an epoch, of a step.
"""

from typing import Any

import numpy as np

from fastbpts._base import checks

RandomState = int | np.integer[Any] | np.random.Generator | np.random.RandomState | None
_STEP = 0x632BE59BD9B4E019  # odd: seeds of 2^64 steps differ


def generator(random_state: Any) -> np.random.Generator:
    """The generator that a `random_state` means.

    Parameters
    ----------
    random_state : int, numpy Generator, RandomState or None

    Raises
    ------
    ValueError
        It is none of these, or a negative integer.
    """
    if isinstance(random_state, np.random.Generator):
        return random_state
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(int(random_state.randint(2**31)))
    if random_state is not None:
        checks.integer("random_state", random_state, 0)
    return np.random.default_rng(random_state)


def own_generator(random_state: Any) -> np.random.Generator:
    """A generator that nothing else draws from; a Generator is drawn from once, for its seed.

    Estimators use it, as the state of their generator is stored with the model.
    """
    if isinstance(random_state, np.random.Generator):
        return np.random.default_rng(int(random_state.integers(2**63)))
    return generator(random_state)


def network_seed(rng: np.random.Generator) -> int:
    """The seed of an estimator's network: the first number of the estimator's generator that training uses."""
    return int(rng.integers(2**31))


def mask_seed(rng: np.random.Generator) -> int:
    """The seed of a network's or a layer's dropout masks, drawn after the initial parameters."""
    return int(rng.integers(2**63))


def step_seed(seed: int, n_steps: int) -> int:
    """The seed of the dropout masks of the step after `n_steps` steps."""
    return (seed + _STEP * n_steps) % 2**64


def stream(seed: int, *numbers: int) -> np.random.Generator:
    """The generator of one part of a model's training, such as an epoch: it follows from a seed and numbers."""
    return np.random.default_rng([seed, *numbers])


def stream_seed(seed: int, *numbers: int) -> int:
    """The same as a seed for the kernels."""
    return int(np.random.SeedSequence([seed, *numbers]).generate_state(1, np.uint64)[0])
