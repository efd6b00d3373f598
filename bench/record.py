"""Results by commit: bench/history/COMMIT.json has each section's tables, the machine and the instruction set."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
from pathlib import Path

import common

from fastbpts import _core
from fastbpts.benchmark import report

FOLDER = Path(__file__).with_name("history")


def commit() -> str:
    """The commit that is checked out, ten digits; with ``-changed`` behind it if files differ from it."""
    command = ["git", "-C", str(common.ROOT), "describe", "--always", "--abbrev=10", "--dirty=-changed", "--exclude=*"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def tables(text: str) -> list[list[dict[str, str]]]:
    """The tables of a text in Markdown: each a list of rows, each row a dict from heading to cell."""
    found: list[list[list[str]]] = []
    inside = False
    for line in text.splitlines():
        is_row = line.startswith("|")
        if is_row and not inside:
            found.append([])
        if is_row:
            found[-1].append([cell.strip() for cell in line.strip("| ").split("|")])
        inside = is_row
    return [[dict(zip(head, row, strict=False)) for row in rows] for head, _, *rows in found]


def add(section: str, text: str) -> Path:
    """Write a section's tables into the file of this commit, beside the sections that are there.

    Parameters
    ----------
    section : str
        Name of the section, as on the command line of bench/run.py.
    text : str
        What the section printed, in Markdown.

    Returns
    -------
    Path
        The file.
    """
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{commit()}.json"
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"sections": {}}
    content["sections"][section] = {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "machine": report.machine(common.MORE_PEERS),
        "isa": _core.isa(),
        "processors": len(os.sched_getaffinity(0)),
        "tables": tables(text),
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
