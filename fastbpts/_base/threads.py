"""How many threads: the default, the check of a user's number, and the limit that threadpoolctl may set."""

import operator
import os
from typing import Any

from fastbpts import __version__, _core

try:
    import threadpoolctl
except ImportError:  # a dependency of scikit-learn, not of ours
    threadpoolctl = None

MAX_THREADS = _core.MAX_THREADS


def available_cpus() -> int:
    """Return the number of processors which this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def default_n_threads() -> int:
    """Return ``FASTBPTS_NUM_THREADS``, or else the number of processors, at most ``OMP_NUM_THREADS``.

    joblib sets ``OMP_NUM_THREADS`` in its workers, so that many processes do not start many threads each.
    """
    own = os.environ.get("FASTBPTS_NUM_THREADS")
    if own:
        return _check(own, "environment variable FASTBPTS_NUM_THREADS")
    common = os.environ.get("OMP_NUM_THREADS", "")
    limit = int(common) if common.isascii() and common.isdigit() and int(common) else MAX_THREADS
    return min(available_cpus(), limit, MAX_THREADS)


def resolve_n_threads(n_threads: int | None = None) -> int:
    """Return a number of threads from 1 to 64: the user's, or the default for None.

    Parameters
    ----------
    n_threads : int or None
        What the user asked for; more than 64 are cut to 64. The result of a computation never depends on it.

    Raises
    ------
    ValueError
        If it is no positive integer.
    """
    if n_threads is None:
        return default_n_threads()
    return _check(n_threads, "n_threads")


def _check(value: Any, name: str) -> int:
    try:
        n = int(value) if isinstance(value, str) else operator.index(value)
    except (TypeError, ValueError):
        n = 0
    if n < 1 or isinstance(value, bool):
        raise ValueError(f"{name} must be a positive integer or None for all processors, got {value!r}")
    return min(n, MAX_THREADS)


def _register() -> None:
    """Let ``threadpoolctl.threadpool_limits`` limit the pool and ``threadpool_info`` list it."""

    class FastbptsController(threadpoolctl.LibController):  # type: ignore[misc]
        user_api = "fastbpts"
        internal_api = "fastbpts"
        filename_prefixes = ("_core",)
        check_symbols = ("fastbpts_set_max_threads",)

        def get_num_threads(self) -> int:
            return min(int(self.dynlib.fastbpts_get_max_threads()), default_n_threads())

        def set_num_threads(self, num_threads: int) -> None:
            # The default is restored as "no limit": a user's larger number stays possible.
            unlimited = num_threads >= default_n_threads()
            self.dynlib.fastbpts_set_max_threads(MAX_THREADS if unlimited else num_threads)

        def get_version(self) -> str:
            return __version__

    threadpoolctl.register(FastbptsController)


if threadpoolctl is not None:
    _register()
