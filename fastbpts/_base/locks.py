"""Locks of networks and layers across a fork: the child has no other thread that could ever release them.

A fork waits until no thread computes, so that the child gets whole steps and free locks. It does not wait for ever: a
thread that holds a lock may be waiting for the thread that forks. Then the child gets new locks, and the work of that
thread is half done in the child.
"""

import itertools
import os
import threading
import time
import weakref
from typing import Any

patience = 10.0
"""Seconds that a fork waits for all locks together."""

_number = itertools.count()
_owners: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
_taken = threading.local()


def lock_of(owner: Any) -> threading.RLock:
    """Return a new lock, which the owner keeps as its attribute `_lock`; an object made before its parts owns first."""
    _owners[next(_number)] = owner
    return threading.RLock()


def _living() -> list[Any]:
    """All owners, as they were made. A computation takes the lock of an owner before those of its parts."""
    return [owner for owner in (ref() for ref in _owners.valuerefs()) if hasattr(owner, "_lock")]


def _before() -> None:
    deadline = time.monotonic() + patience
    _taken.locks = []  # filled one by one: a signal may end the wait by an exception
    for owner in _living():
        lock = owner._lock
        if lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            _taken.locks.append(lock)


def _after_in_parent() -> None:
    while _taken.locks:
        _taken.locks.pop().release()


def _after_in_child() -> None:
    for owner in _living():
        owner._lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
