"""A fork while another thread computes: the child must neither hang nor see half a step."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

MAKE = {
    "network": """
batch = fb.Structure.from_ptb("(1 (0 (1 a) (0 b)) (1 c))" * 40)
owner = fb.Network(cell="sum", n_state=8, n_classes=2, n_words=3, n_threads=2)
call = lambda: owner.predict_proba(batch)
""",
    "layer": """
owner = fb.GRU(64, 64, n_threads=2)
call = lambda: owner.forward(np.ones((30, 8, 64), np.float32))[0]
""",
    "mlp": """
owner = fb.MLP((4, 8, 3), n_threads=2)
call = lambda: owner.predict_proba(np.ones((64, 4), np.float32))
""",
    "sequences": """
x, y = [["a", "b"], ["b"], ["a"], ["b", "b"]] * 9, ["p", "n", "p", "n"] * 9
model = fb.SequenceClassifier(n_state=160, max_iter=1, n_threads=2).fit(x, y)
owner, call = model.net_, lambda: model.predict_proba(x)
""",
}

START = """
import os, signal, threading
import numpy as np
import fastbpts as fb
from fastbpts._base import locks

def in_child():
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        os._exit(0 if np.array_equal(call(), expected) else 1)
    return os.waitpid(child, 0)[1]
"""

HELD = """
expected, has_lock, forked, released = call(), threading.Event(), threading.Event(), threading.Event()

def hold():
    with owner._lock:
        has_lock.set()
        forked.wait({seconds})
        released.set()

holder = threading.Thread(target=hold)
holder.start()
has_lock.wait()
locks.patience = {patience}
assert in_child() == 0
assert released.is_set() == {is_released}
forked.set()
holder.join()
assert np.array_equal(call(), expected)
"""

COMPUTING = """
expected, is_over = call(), threading.Event()

def compute():
    while not is_over.is_set():
        assert np.array_equal(call(), expected)

threads = [threading.Thread(target=compute) for _ in range(2)]
for thread in threads:
    thread.start()
try:
    assert [in_child() for _ in range(10)] == [0] * 10
finally:
    is_over.set()
"""


def run(code: str) -> None:
    """In a process of its own, since newer Pythons warn of any fork beside threads."""
    subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", code], check=True, timeout=120)


@pytest.mark.slow
@pytest.mark.parametrize("kind", MAKE)
def test_a_fork_waits_for_the_step(kind: str) -> None:
    run(START + MAKE[kind] + HELD.format(seconds=0.3, patience=30, is_released=True))


@pytest.mark.slow
@pytest.mark.parametrize("kind", MAKE)
def test_a_fork_does_not_wait_for_ever(kind: str) -> None:
    run(START + MAKE[kind] + HELD.format(seconds=60, patience=0.2, is_released=False))


@pytest.mark.slow
@pytest.mark.parametrize("kind", MAKE)
def test_a_fork_among_computing_threads(kind: str) -> None:
    run(START + MAKE[kind] + COMPUTING)


def test_a_fork_by_who_holds_a_lock() -> None:
    code = "expected = call()\nwith owner._lock:\n    assert in_child() == 0\nassert np.array_equal(call(), expected)"
    run(START + MAKE["mlp"] + code)


INTERRUPTED = """
first, second = fb.Network("sum", 3, 2, 5), fb.Network("sum", 3, 2, 5)
has_lock, is_over, free = threading.Event(), threading.Event(), []

def hold():
    with second._lock:
        has_lock.set()
        is_over.wait(60)

def alarm(*_):
    raise InterruptedError

def probe():
    free.append(first._lock.acquire(timeout=20))

holder, prober = threading.Thread(target=hold), threading.Thread(target=probe)
holder.start()
has_lock.wait()
signal.signal(signal.SIGALRM, alarm)
signal.setitimer(signal.ITIMER_REAL, 0.2)
pid = os.fork()
if pid == 0:
    os._exit(0)
os.waitpid(pid, 0)
is_over.set()
prober.start()
prober.join()
assert free == [True]
"""


@pytest.mark.slow
def test_a_signal_ends_the_wait() -> None:
    """The locks that were taken until then are given back."""
    run(START + MAKE["mlp"] + INTERRUPTED)
