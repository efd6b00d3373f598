"""The table of docs/growing.md is true: each row's commit touched the files that the row counts.

A row has the commit in the column `commit` and the number of files, tests and docs included, in the column `files`.
Without git's history there is nothing to check. Usage: python .ci/files_touched.py [--list]; --list prints the files.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def git(*arguments: str) -> list[str] | None:
    """Lines that git prints in this repository; None if git, the repository or a commit is missing."""
    try:
        done = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.splitlines() if done.returncode == 0 else None


def rows() -> list[dict[str, str]]:
    """The first table of the page, a dict per row."""
    lines = [line for line in (ROOT / "docs/growing.md").read_text().splitlines() if line.startswith("|")]
    cells = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def main() -> int:
    """Compare the counts; print what differs."""
    if git("rev-parse", "HEAD") is None:
        print("files touched: no history here, not checked")
        return 0
    wrong = 0
    for row in rows():
        files = git("show", "--format=", "--name-only", row["commit"])
        if files is None:
            print(f"{row['change']}: no commit {row['commit']}")
            wrong += 1
            continue
        if "--list" in sys.argv:
            print(f"{row['change']} ({row['commit']}):", *files, sep="\n    ")
        if len(files) != int(row["files"]):
            print(f"{row['change']}: the table says {row['files']} files, the commit touched {len(files)}")
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
