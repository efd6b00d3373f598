"""How much longer does `import fastbpts` take than `import numpy`? Fresh processes in turns."""

from __future__ import annotations

import subprocess
import sys

import common

CODE = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"


def seconds(module: str) -> float:
    """Time of one import in a fresh process."""
    command = [sys.executable, "-c", CODE.format(module)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measure(quick: bool) -> str:
    """One line of markdown."""
    rounds = 2 if quick else 21
    for module in ("numpy", "fastbpts"):  # files into the page cache
        seconds(module)
    pairs = [(seconds("numpy"), seconds("fastbpts")) for _ in range(rounds)]
    alone, both = ([1000 * pair[i] for pair in pairs] for i in (0, 1))
    more = [b - a for a, b in zip(alone, both, strict=True)]
    return (
        f"import numpy {common.spread(alone, '.0f')} ms; import fastbpts {common.spread(both, '.0f')} ms; "
        f"difference {common.spread(more, '.0f')} ms.\n"
    )


if __name__ == "__main__":
    common.main(measure, __doc__)
