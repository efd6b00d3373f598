"""A fresh process with one peer: reads commands from standard input, answers in JSON, one line each.

``python bench/sequence_worker.py MODULE`` understands ``task JSON``, ``check FILE``, ``time SECONDS`` and
``memory CALLS``.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import re
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from recurrent.task import Task

SAMPLE = 5e-4  # seconds: shorter calls are timed in groups


class Worker:
    """Answers the commands of one peer's process."""

    def __init__(self, module: str) -> None:
        if module == "jax_scan" and os.environ["FASTBPTS_NUM_THREADS"] == "1":
            # XLA starts as many threads as there are processors that it may use.
            os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        self.module = importlib.import_module(f"recurrent.{module}")
        self.peer: Any = None
        self.kind = ""

    def task(self, text: str) -> dict[str, Any]:
        """Set up; the answer tells the peer's name."""
        task = Task(**json.loads(text))
        self.peer, self.kind = None, task.kind  # frees the arrays of the last task before those of the next are made
        self.peer = self.module.Peer(task)
        return {"name": self.module.NAME}

    def check(self, path: str) -> dict[str, Any]:
        """Results of the second call, which must not depend on what the first one left in memory."""
        call = getattr(self.peer, self.kind)
        call()
        call()
        np.savez(path, **self.peer.results())
        return {}

    def time(self, seconds: str) -> dict[str, Any]:
        """Over at least one sample and `seconds` seconds: the median of the seconds per call, and calls per second.

        The median leaves out the moments in which the processor does something else; calls per second do not.
        """
        if hasattr(self.peer, "seconds"):
            return {"seconds": self.peer.seconds()}
        call, clock, wanted = getattr(self.peer, self.kind), time.perf_counter, float(seconds)
        start = clock()
        call()
        first = clock() - start
        samples, group = [first] if first > wanted else [], max(1, int(SAMPLE / first))
        gc.disable()
        start = clock()
        while not samples or clock() - start < wanted - first:
            before = clock()
            for _ in range(group):
                call()
            samples.append((clock() - before) / group)
        gc.enable()
        return {"seconds": statistics.median(samples), "rate": len(samples) / sum(samples)}

    def memory(self, calls: str) -> dict[str, Any]:
        """Bytes resident before and after some calls, and the most meanwhile."""
        Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts again
        before = resident("VmRSS")
        for _ in range(int(calls)):
            getattr(self.peer, self.kind)()
        return {"before": before, "after": resident("VmRSS"), "peak": resident("VmHWM")}


def resident(field: str) -> int:
    """Bytes of this process in memory: VmRSS now, VmHWM at most."""
    match = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert match is not None
    return 1024 * int(match[1])


def main() -> None:
    """Serve the commands on standard input."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # so that prints of libraries do not mix with the answers
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        command, argument = line.rstrip("\n").split(" ", 1)
        print(json.dumps(getattr(worker, command)(argument)), file=answers, flush=True)


if __name__ == "__main__":
    main()
