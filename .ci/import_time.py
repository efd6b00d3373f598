"""``import fastbpts`` must not take more than 0.1 s longer than ``import numpy``."""

import statistics
import subprocess
import sys

LIMIT = 0.1
CODE = """
from time import perf_counter as now
t0 = now()
import numpy
t1 = now()
import {module}
t2 = now()
print(t1 - t0, t2 - t1)
"""


def measure(module: str) -> tuple[float, float]:
    """Least seconds of nine fresh processes: NumPy's import, and the module's after it."""
    runs = []
    for _ in range(9):
        done = subprocess.run([sys.executable, "-c", CODE.format(module=module)], check=True, capture_output=True)
        runs.append([float(t) for t in done.stdout.split()])
    numpy, ours = zip(*runs, strict=True)
    print(f"import {module}: {min(ours):.4f} s (median {statistics.median(ours):.4f}) over numpy's {min(numpy):.4f} s")
    return min(numpy), min(ours)


if __name__ == "__main__":
    measure("fastbpts._core")
    measure("fastbpts.networks.tree_network")
    if measure("fastbpts")[1] > LIMIT:
        sys.exit(f"import fastbpts takes more than {LIMIT} s")
