"""Peak memory of a whole training run on the treebank: read, fit two epochs, score; in a fresh process."""

from __future__ import annotations

import subprocess
import sys
import tempfile

import common

CODE = """
import re, sys
import fastbpts as fb
bank = fb.read_ptb(sys.argv[1])
clf = fb.TreeClassifier(cell="rntn", n_state=25, max_iter=2, batch_size=25, random_state=0)
clf.fit(bank)
clf.score_nodes(bank)
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


def measure(quick: bool) -> str:
    """One line of markdown. VmHWM is the peak of this process; getrusage would give the parent's if that is larger."""
    with tempfile.TemporaryDirectory() as folder:
        path = None if quick else common.treebank()
        file = path or common.temporary_file(common.lines(500 if quick else 8544), folder)
        done = subprocess.run([sys.executable, "-c", CODE, str(file)], capture_output=True, text=True, check=True)
    peak = int(done.stdout.split()[-1]) / 1024
    data = "generated trees" if path is None else "SST"
    return f"Peak memory, reading and training an RNTN with {data}: {peak:.0f} MiB.\n"


if __name__ == "__main__":
    common.main(measure, __doc__)
