"""The choice of the instruction set."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import fastbpts._core as _core

NAMES = ["base", "avx2", "avx512"]


def chosen(isa: str | None) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "FASTBPTS_ISA"}
    if isa is not None:
        environment["FASTBPTS_ISA"] = isa
    code = "import fastbpts._core as c; print(c.isa())"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.skipif(not Path("/proc/cpuinfo").is_file(), reason="needs /proc/cpuinfo")
def test_probe_agrees_with_the_system() -> None:
    flags = {
        flag
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("flags")
        for flag in line.split()
    }
    expected = 0
    if {"avx2", "fma"} <= flags:
        expected = 1 + ({"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= flags)
    assert chosen(None) == NAMES[expected]


@pytest.mark.slow
@pytest.mark.parametrize("level", range(3))
def test_the_environment_only_lowers(level: int) -> None:
    best = NAMES.index(chosen(None))
    assert chosen(NAMES[level]) == NAMES[min(level, best)]
    assert chosen("") == NAMES[best]


@pytest.mark.slow
def test_an_unknown_name_is_an_error() -> None:
    environment = os.environ | {"FASTBPTS_ISA": "AVX2"}
    message = "environment variable FASTBPTS_ISA must be one of base, avx2, avx512, got 'AVX2'"
    code = f"""
for _ in range(2):
    try:
        from fastbpts import Network
    except ValueError as error:
        assert str(error) == {message!r}, error
    else:
        raise SystemExit("not noticed")
"""
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    command = [sys.executable, "-m", "fastbpts", "gradcheck", "--cell", "sum"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"fastbpts: error: {message}\n")


def test_read_once() -> None:
    before = _core.isa()
    os.environ["FASTBPTS_ISA"] = "base"
    try:
        assert _core.isa() == before
    finally:
        del os.environ["FASTBPTS_ISA"]
