"""The thread pool: its C harness, the number of threads, and threadpoolctl."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fastbpts._base import threads as _threads

ROOT = Path(__file__).resolve().parents[2]
COMPILER = shutil.which("cc") or shutil.which("gcc")


@pytest.mark.slow
@pytest.mark.skipif(
    COMPILER is None or not (ROOT / "src_c/parallel/pool.c").is_file(), reason="needs a compiler and src_c/"
)
def test_c_harness(tmp_path: Path) -> None:
    program = tmp_path / "pool_harness"
    sources = ["tests/c/pool_harness.c", "src_c/parallel/pool.c"]
    flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-Isrc_c", "-o", str(program)]
    subprocess.run([str(COMPILER), *flags, *sources], cwd=ROOT, check=True)
    done = subprocess.run([str(program)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "pool: all tests passed\n"


def test_default_follows_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FASTBPTS_NUM_THREADS", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
    assert _threads.resolve_n_threads() == 6
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(500)), raising=False)
    assert _threads.resolve_n_threads() == 64


def test_default_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
    monkeypatch.delenv("FASTBPTS_NUM_THREADS", raising=False)
    for text, expected in {"2": 2, "9": 6, "0": 6, "2,1": 6, "": 6}.items():
        monkeypatch.setenv("OMP_NUM_THREADS", text)
        assert _threads.resolve_n_threads() == expected
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setenv("FASTBPTS_NUM_THREADS", "9")
    assert _threads.resolve_n_threads() == 9
    assert _threads.resolve_n_threads(3) == 3


@pytest.mark.parametrize("bad", [0, -1, 1.5, "2x", True, np.float64(2), [1]])
def test_bad_n_threads(bad: object) -> None:
    with pytest.raises(ValueError, match="n_threads must be a positive integer or None.*got"):
        _threads.resolve_n_threads(bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", ["0", "-2", "many"])
def test_bad_environment(bad: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTBPTS_NUM_THREADS", bad)
    with pytest.raises(ValueError, match=f"FASTBPTS_NUM_THREADS must be a positive integer.*got '{bad}'"):
        _threads.resolve_n_threads()


def test_numpy_integers_are_integers() -> None:
    n = _threads.resolve_n_threads(np.int32(3))  # type: ignore[arg-type]
    assert n == 3
    assert type(n) is int


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_trains_to_the_same_bits() -> None:
    """Threads do not survive a fork: the child must start its own instead of waiting for its parent's."""
    code = """
import os, signal
import fastbpts as fb
batch = fb.Structure.from_ptb("(1 (0 (1 a) (0 b)) (1 c))" * 400)
net = fb.Network(cell="concat", n_state=16, n_classes=2, n_words=batch.word.max() + 1, n_threads=4)
net.step(batch)
reader, writer = os.pipe()
child = os.fork()
if child == 0:
    signal.alarm(60)
losses = repr([net.step(batch) for _ in range(3)]).encode()
if child == 0:
    os.write(writer, losses)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert os.read(reader, 1000) == losses
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_threadpoolctl_governs_the_pool() -> None:
    """In a process of its own, because the limit belongs to the process."""
    code = """
import threadpoolctl
import fastbpts._core, fastbpts._base.threads
def ours():
    return [i["num_threads"] for i in threadpoolctl.threadpool_info() if i["user_api"] == "fastbpts"]
assert ours() == [6], ours()
with threadpoolctl.threadpool_limits(1):
    assert ours() == [1], ours()
with threadpoolctl.threadpool_limits({"fastbpts": 2}):
    assert ours() == [2], ours()
controller = threadpoolctl.ThreadpoolController().select(user_api="fastbpts").lib_controllers[0]
assert controller.dynlib.fastbpts_get_max_threads() == 64
assert controller.version == fastbpts.__version__
"""
    pytest.importorskip("threadpoolctl", minversion="3.2")
    environment = {**os.environ, "FASTBPTS_NUM_THREADS": "6"}
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env=environment)


WOKEN = {
    "layer": ("fb.Elman(n, n, n_threads=2).forward(np.ones((20, n, n), np.float32))", 4, 160),
    "weights": ("fb.LSTM(n, n, n_threads=2).forward(np.ones((1, 1, n), np.float32))", 128, 512),
    "mlp": ("fb.MLP((n, n, 2), n_threads=2).forward(np.ones((n, n), np.float32))", 64, 160),
    "network": ("net.predict_proba(fb.Structure.from_ptb('(1 (0 (1 a) (0 b)) (1 c))' * n))", 20, 200),
}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads in /proc")
@pytest.mark.parametrize("name", WOKEN)
def test_threads_are_woken_for_work_that_is_worth_it(name: str) -> None:
    """A small problem runs alone, however many threads it may have; a large one does not."""
    call, small, large = WOKEN[name]
    code = f"""
import os
import numpy as np
import fastbpts as fb
net = fb.Network(cell="sum", n_state=8, n_classes=2, n_words=3, n_threads=2)
def started(n):
    before = len(os.listdir("/proc/self/task"))
    {call}
    return len(os.listdir("/proc/self/task")) - before
assert (started({small}), started({large})) == (0, 1)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
