"""Run the measurements of this folder, all or some of them, and write bench/results.md.

python bench/run.py --all            everything, about half an hour on a quiet machine
python bench/run.py latency memory   some of them, printed only
python bench/run.py --all --quick    smoke run for CI, printed only
python bench/run.py mlp --record     adds what it printed to bench/history/COMMIT.json, which is committed
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import time
from pathlib import Path

import common
import record

from fastbpts.benchmark import report

SECTIONS = {
    "peers": "Side by side with NumPy and PyTorch",
    "sgemm_share": "Share of the sgemm rate, one thread",
    "threads": "Two threads",
    "latency": "One tree of 20 words",
    "memory": "Memory",
    "linearity": "Growth of the cost",
    "imports": "Import",
    "sequences": "Recurrent layers: training steps",
    "sequence_threads": "Recurrent layers: two threads",
    "sequence_inference": "Recurrent layers: inference",
    "sequence_memory": "Recurrent layers: memory",
    "mlp": "Multilayer perceptrons",
    "words": "Word vectors: skip-gram and CBOW",
    "glove": "Word vectors: GloVe",
}


def main() -> None:
    """Parse the arguments, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--all", action="store_true", help="every section; writes the results file")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes; figures mean nothing")
    parser.add_argument("--record", action="store_true", help="add the tables to bench/history, under this commit")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("results.md"))
    args = parser.parse_args()
    if not args.all and not args.sections:
        parser.error("name some sections or say --all")
    if args.record and args.quick:
        parser.error("--quick: its figures mean nothing, they are not recorded")
    today = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    text = f"# Results\n\n{today}, {report.machine(common.MORE_PEERS)}.\n"
    text += "Written by `python bench/run.py --all`; median (smallest to largest).\n"
    print(text)
    for name in list(SECTIONS) if args.all else args.sections:
        start = time.perf_counter()
        part = f"\n## {SECTIONS[name]}\n\n{importlib.import_module(name).measure(args.quick)}"
        print(part, f"({name}: {time.perf_counter() - start:.0f} s)", flush=True)
        text += part
        if args.record:
            record.add(name, part)
    if args.all and not args.quick:
        args.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
