"""How much longer does `import fastbpts` take than `import numpy`? Fresh processes in turns.

Public names load on first use, so the plain import does not even load NumPy; in use means the compiled core, the
network and the treebank reader, NumPy included.
"""

from __future__ import annotations

import subprocess
import sys

import common

CASES = {
    "import numpy": "import numpy",
    "import fastbpts": "import fastbpts",
    "in use": "import fastbpts; fastbpts.Network; fastbpts.read_ptb",
}
CODE = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"


def milliseconds(statement: str) -> float:
    """Time of a statement in a fresh process."""
    command = [sys.executable, "-c", CODE.format(statement)]
    return 1000 * float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measure(quick: bool) -> str:
    """A table in markdown."""
    for statement in CASES.values():  # files into the page cache
        milliseconds(statement)
    rounds = [[milliseconds(statement) for statement in CASES.values()] for _ in range(2 if quick else 21)]
    out = ["| | ms | ms more than numpy |", "| --- | ---: | ---: |"]
    for k, name in enumerate(CASES):
        more = common.spread([r[k] - r[0] for r in rounds], ".0f") if k else ""
        out.append(f"| {name} | {common.spread([r[k] for r in rounds], '.0f')} | {more} |")
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    common.main(measure, __doc__)
