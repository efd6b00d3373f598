"""The size limits: a file or a function that outgrows its limit wants to be split. Usage: check_sizes.py ROOT."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

FILE_LIMITS = {".c": 200, ".h": 200, ".py": 300, ".pyx": 350, ".pxi": 350, ".sh": 300}
C_FUNCTION_LIMIT = 60
FOLDERS = ("src_c", "fastbpts", "tests", "bench", "examples", "docs", ".ci")


def long_functions(lines: list[str]) -> Iterator[tuple[int, int]]:
    """First line and length of every C function that is too long; a function ends with a brace in column 0."""
    start = None
    for number, line in enumerate(lines, 1):
        if re.match(r"\w.*\)\s*\{?\s*$", line) and not line.endswith(";"):
            start = number
        elif line.startswith("}") and start is not None:
            if number - start + 1 > C_FUNCTION_LIMIT:
                yield start, number - start + 1
            start = None


def main(root: Path) -> int:
    """Print what is too long and return the exit status."""
    complaints = []
    files = [root / "setup.py", *(path for folder in FOLDERS for path in sorted((root / folder).rglob("*")))]
    for path in files:
        if path.suffix not in FILE_LIMITS or "build" in path.relative_to(root).parts:
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        name = path.relative_to(root)
        if len(lines) > FILE_LIMITS[path.suffix]:
            complaints.append(f"{name}: {len(lines)} lines, the limit is {FILE_LIMITS[path.suffix]}")
        if path.suffix in (".c", ".h"):
            for start, length in long_functions(lines):
                complaints.append(f"{name}:{start}: function of {length} lines, the limit is {C_FUNCTION_LIMIT}")
    print("\n".join(complaints) if complaints else "all files and functions are within their limits")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
