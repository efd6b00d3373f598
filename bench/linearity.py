"""Does the cost grow linearly? Reading and one training epoch from 10^3 to 10^6 trees, in fresh processes.

The trees are the treebank's, repeated. Prints nanoseconds of processor time per node (one thread) and peak memory, and
draws bench/linearity.png.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import common

CODE = """
import json, re, sys, time
import numpy as np
import fastbpts as fb
read, build = fb.read_ptb, fb.Network  # loaded before the clock starts
start = time.process_time()
bank = read(sys.argv[1])
loaded = time.process_time()
net = build(cell="rntn", n_state=25, n_classes=5, n_words=len(bank.vocabulary), loss_nodes="all", alpha=1e-4,
            optimizer=fb.Optimizer("adagrad", learning_rate=0.01), n_threads=1)
order = np.random.default_rng(0).permutation(len(bank))
begin = time.process_time()
for i in range(0, len(order), 25):
    net.step(bank.batch(order[i : i + 25]))
end = time.process_time()
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
print(json.dumps({"nodes": int(bank.node_ptr[-1]), "load": loaded - start, "train": end - begin, "peak": peak / 1024}))
"""


def run(n_trees: int, folder: str) -> dict[str, Any]:
    """Read and train on a number of trees."""
    file = common.temporary_file(common.lines(n_trees), folder)
    done = subprocess.run([sys.executable, "-c", CODE, str(file)], capture_output=True, text=True, check=True)
    file.unlink()
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def draw(sizes: list[int], results: list[dict[str, Any]], path: Path) -> None:
    """Time per node against the number of trees: a flat line is linear cost."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axis = figure.subplots()
    for kind, name, marker in (("train", "train one epoch", "o"), ("load", "read the file", "s")):
        axis.plot(sizes, [1e9 * r[kind] / r["nodes"] for r in results], marker=marker, label=name)
    axis.set(xscale="log", xlabel="trees", ylabel="nanoseconds per node", title="RNTN, d = 25, one thread")
    axis.set_ylim(bottom=0)
    axis.legend()
    figure.savefig(path, dpi=150)


def measure(quick: bool) -> str:
    """A table in markdown."""
    sizes = [100, 1000] if quick else [1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000]
    with tempfile.TemporaryDirectory() as folder:
        results = [run(n, folder) for n in sizes]
        draw(sizes, results, Path(folder, "linearity.png") if quick else Path(__file__).with_name("linearity.png"))
    out = [
        "| trees | nodes | read, ns per node | train, ns per node | peak, MiB |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for n, r in zip(sizes, results, strict=True):
        times = [f"{1e9 * r[kind] / r['nodes']:,.0f}" for kind in ("load", "train")]
        out.append(f"| {n:,} | {r['nodes']:,} | {times[0]} | {times[1]} | {r['peak']:,.0f} |")
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    common.main(measure, __doc__)
