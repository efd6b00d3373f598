"""The parameters of ``GloVe``: their defaults and their checks."""

import os

from fastbpts._base.threads import resolve_n_threads
from fastbpts._files.checkpoints import check_checkpoint
from fastbpts.words._parameters import Parameters, check_number

_INTEGERS: dict[str, tuple[int, int | None, bool]] = {  # least value, most, whether None is accepted
    "vector_size": (1, 16384, False),
    "window": (1, 10000, False),
    "min_count": (0, None, False),
    "max_vocab_size": (2, None, True),
    "max_final_vocab": (2, None, True),
    "epochs": (1, None, False),
    "workers": (1, None, True),
    "seed": (0, None, False),
    "memory_limit": (0, None, False),
    "checkpoint_every": (1, None, False),
    "verbose": (0, None, False),
}


class GloVeParameters(Parameters):
    """What the constructor takes; :class:`GloVe` documents it."""

    def __init__(
        self,
        *,
        vector_size: int = 100,
        window: int = 15,
        min_count: int = 5,
        symmetric: bool = True,
        distance_weighting: bool = True,
        x_max: float = 100.0,
        alpha: float = 0.75,
        eta: float = 0.05,
        epochs: int = 25,
        max_vocab_size: int | None = None,
        max_final_vocab: int | None = None,
        workers: int | None = None,
        seed: int = 1,
        dtype: str = "float32",
        memory_limit: int = 1 << 32,
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: int = 1,
        verbose: int = 0,
    ) -> None:
        self.vector_size, self.window, self.min_count = vector_size, window, min_count
        self.symmetric, self.distance_weighting = symmetric, distance_weighting
        self.x_max, self.alpha, self.eta, self.epochs = x_max, alpha, eta, epochs
        self.max_vocab_size, self.max_final_vocab = max_vocab_size, max_final_vocab
        self.workers, self.seed, self.dtype, self.memory_limit = workers, seed, dtype, memory_limit
        self.checkpoint, self.checkpoint_every, self.verbose = checkpoint, checkpoint_every, verbose

    def _check(self) -> None:
        """Raise ValueError for a parameter that is wrong."""
        self._check_integers(_INTEGERS)
        check_checkpoint(self.checkpoint)
        for name in ("x_max", "alpha", "eta"):
            check_number(name, getattr(self, name), 0.0)
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}={getattr(self, name)!r}: must be above 0")
        for name in ("symmetric", "distance_weighting"):
            if getattr(self, name) not in (0, 1):
                raise ValueError(f"{name}={getattr(self, name)!r}: must be True or False")
        if self.dtype not in ("float32", "float64"):
            raise ValueError(f"dtype={self.dtype!r}: must be 'float32' or 'float64'")

    @property
    def _threads(self) -> int:
        return resolve_n_threads(self.workers)
