"""Share of the lines of src_c that ran, from the counters of a build with FASTBPTS_COVERAGE=1.

A body is compiled for several instruction sets and for two real types. A line counts as run if it ran in any of them.
Usage: python .ci/coverage_c.py BUILD_FOLDER, from the folder in which the extension was built.
"""

import collections
import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Run gcov over every object's counters, merge, print a table by folder."""
    counters = sorted(str(path.resolve()) for path in Path(sys.argv[1]).rglob("*.gcda"))
    here = Path.cwd()
    runs: dict[str, dict[int, bool]] = collections.defaultdict(dict)
    with tempfile.TemporaryDirectory() as folder:
        for counter in counters:
            command = ["gcov", "--json-format", counter]
            subprocess.run(command, cwd=folder, capture_output=True, check=True)
            for report in Path(folder).glob("*.gcov.json.gz"):
                for file in json.loads(gzip.decompress(report.read_bytes()))["files"]:
                    path = (here / file["file"]).resolve()
                    if path.is_relative_to(here / "src_c"):
                        lines = runs[str(path.relative_to(here / "src_c"))]
                        for line in file["lines"]:
                            lines[line["line_number"]] = lines.get(line["line_number"], False) or line["count"] > 0
                report.unlink()
    by_folder: dict[str, list[bool]] = collections.defaultdict(list)
    for name, lines in sorted(runs.items()):
        by_folder[name.rpartition("/")[0] or "."] += lines.values()
    width = max(map(len, by_folder), default=0)
    for name, ran in by_folder.items():
        print(f"src_c/{name:{width}} {100 * sum(ran) / len(ran):5.1f} % of {len(ran)} lines")
    everything = [ran for lines in by_folder.values() for ran in lines]
    if not everything:
        sys.exit(f"no counters of src_c below {sys.argv[1]}: was it built with FASTBPTS_COVERAGE=1, and run?")
    print(f"coverage of C: {100 * sum(everything) / len(everything):.1f} % of {len(everything)} lines")


if __name__ == "__main__":
    main()
