"""Headers compile alone: none needs another one before it."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMPILER = shutil.which("cc") or shutil.which("gcc")
HEADERS = sorted(p.relative_to(ROOT).as_posix() for p in ROOT.glob("src_c/*/*.h"))


@pytest.mark.skipif(COMPILER is None, reason="needs a compiler")
@pytest.mark.skipif(not HEADERS, reason="needs the source folder src_c")
def test_every_header_compiles_alone() -> None:
    flags = [
        "-std=gnu11",
        "-D_GNU_SOURCE",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Wno-unused-function",
        "-fsyntax-only",
        "-Isrc_c",
    ]
    for header in HEADERS:
        done = subprocess.run(
            [str(COMPILER), *flags, "-x", "c", "-include", header, "/dev/null"],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{header}: {done.stderr}"
