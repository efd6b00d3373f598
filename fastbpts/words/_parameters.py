"""The parameters of ``Word2Vec``: their defaults, their checks, and scikit-learn's ways to read and set them."""

import inspect
import os
from typing import Any, Self

import numpy as np

from fastbpts._base.threads import resolve_n_threads
from fastbpts._files.checkpoints import check_checkpoint

_INTEGERS: dict[str, tuple[int, int | None, bool]] = {  # least value, most, whether None is accepted
    "vector_size": (1, 16384, False),
    "window": (1, 10000, False),
    "min_count": (0, None, False),
    "negative": (0, 1000, False),
    "epochs": (1, None, False),
    "max_vocab_size": (2, None, True),
    "max_final_vocab": (2, None, True),
    "max_sentence_length": (1, 1 << 20, False),
    "workers": (1, None, True),
    "seed": (0, None, False),
    "memory_limit": (0, None, False),
    "checkpoint_every": (1, None, False),
    "verbose": (0, None, False),
}
_NUMBERS = {"min_alpha": 0.0, "sample": 0.0, "ns_exponent": -10.0}
_SWITCHES = ("sg", "hs", "cbow_mean", "shared_negatives", "shrink_windows", "compute_loss")


class Parameters:
    """scikit-learn's ways to read and set the parameters that a constructor takes by name."""

    @classmethod
    def _names(cls) -> list[str]:
        return list(inspect.signature(cls).parameters)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            Without effect: no parameter has parameters of its own. scikit-learn passes it.

        Returns
        -------
        dict
            The value of each parameter of the constructor.
        """
        del deep  # there are no nested ones
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name.

        Parameters
        ----------
        **params : object
            New values; they are checked when `fit` is called.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            There is no parameter of a name.
        """
        names = self._names()
        for name, value in params.items():
            if name not in names:
                raise ValueError(f"{name}: no such parameter, there are {', '.join(names)}")
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags  # scikit-learn calls this, so it is installed

        target, given = TargetTags(required=False), InputTags(two_d_array=False)
        return Tags(estimator_type=None, target_tags=target, input_tags=given)

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self)).parameters
        changed = {k: v for k, v in self.get_params().items() if v != defaults[k].default}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in changed.items())})"

    def _check_integers(self, accepted: dict[str, tuple[int, int | None, bool]]) -> None:
        """Raise ValueError for a parameter outside (least, most, whether None is accepted)."""
        for name, (least, most, none) in accepted.items():
            value = getattr(self, name)
            if value is not None or not none:
                check_integer(name, value, least, most, " or None" if none else "")


class Word2VecParameters(Parameters):
    """What the constructor takes; :class:`Word2Vec` documents it."""

    def __init__(
        self,
        *,
        vector_size: int = 100,
        window: int = 5,
        min_count: int = 5,
        sg: int = 1,
        hs: int = 0,
        negative: int = 5,
        ns_exponent: float = 0.75,
        shared_negatives: bool = True,
        cbow_mean: int = 1,
        alpha: float | None = None,
        min_alpha: float = 0.0001,
        sample: float = 1e-3,
        shrink_windows: bool = True,
        epochs: int = 5,
        max_vocab_size: int | None = None,
        max_final_vocab: int | None = None,
        max_sentence_length: int = 10000,
        workers: int | None = None,
        seed: int = 1,
        dtype: str = "float32",
        memory_limit: int = 1 << 30,
        compute_loss: bool = True,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: int = 1,
        verbose: int = 0,
    ) -> None:
        self.vector_size, self.window, self.min_count = vector_size, window, min_count
        self.sg, self.hs, self.negative, self.ns_exponent = sg, hs, negative, ns_exponent
        self.shared_negatives, self.cbow_mean = shared_negatives, cbow_mean
        self.alpha, self.min_alpha, self.sample, self.shrink_windows = alpha, min_alpha, sample, shrink_windows
        self.epochs, self.max_vocab_size, self.max_final_vocab = epochs, max_vocab_size, max_final_vocab
        self.max_sentence_length, self.workers, self.seed, self.dtype = max_sentence_length, workers, seed, dtype
        self.memory_limit, self.compute_loss = memory_limit, compute_loss
        self.checkpoint, self.checkpoint_every, self.verbose = checkpoint, checkpoint_every, verbose

    def _check(self) -> None:
        """Raise ValueError for a parameter that is wrong."""
        self._check_integers(_INTEGERS)
        for name, low in _NUMBERS.items():
            check_number(name, getattr(self, name), low)
        if self.alpha is not None:
            check_number("alpha", self.alpha, 0.0)
        check_checkpoint(self.checkpoint)
        for name in _SWITCHES:
            if getattr(self, name) not in (0, 1):
                raise ValueError(f"{name}={getattr(self, name)!r}: must be 0 or 1")
        if self.dtype not in ("float32", "float64"):
            raise ValueError(f"dtype={self.dtype!r}: must be 'float32' or 'float64'")
        if self.min_alpha > self._alpha:
            raise ValueError(f"min_alpha={self.min_alpha!r}: must be at most alpha={self._alpha!r}")

    @property
    def _alpha(self) -> float:
        """The learning rate at the beginning."""
        if self.alpha is not None:
            return float(self.alpha)
        return 0.075 if not self.sg and self.cbow_mean else 0.025

    @property
    def _threads(self) -> int:
        return resolve_n_threads(self.workers)


def check_integer(name: str, value: Any, least: int, most: int | None = None, other: str = "") -> None:
    """Raise ValueError unless a value is an integer in a range; `other` says what else is accepted."""
    whole = isinstance(value, int | np.integer) and not (isinstance(value, bool) and name != "verbose")
    if not whole or value < least or (most is not None and value > most):
        wanted = f"an integer of at least {least}" if most is None else f"an integer from {least} to {most}"
        raise ValueError(f"{name}={value!r}: must be {wanted}{other}")


def check_number(name: str, value: Any, low: float) -> None:
    real = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not real or not low <= float(value) < float("inf"):
        raise ValueError(f"{name}={value!r}: must be a finite number of at least {low:g}")
