"""The table of instruction sets and the choice of one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fastbpts._core as _core

ROOT = Path(__file__).resolve().parents[2]
COMPILER = shutil.which("cc") or shutil.which("gcc")
NAMES = list(_core.isas())
LISTED = {  # what /proc/cpuinfo lists of a processor that has the set
    "base": set(),
    "avx2": {"avx2", "fma", "bmi2"},
    "avx512": {"avx2", "fma", "bmi2", "avx512f", "avx512bw", "avx512dq", "avx512vl"},
}


def chosen(isa: str | None) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "FASTBPTS_ISA"}
    if isa is not None:
        environment["FASTBPTS_ISA"] = isa
    code = "import fastbpts._core as c; print(c.isa())"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.skipif(not Path("/proc/cpuinfo").is_file(), reason="needs /proc/cpuinfo")
def test_probes_agree_with_the_system() -> None:
    flags = {
        flag
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("flags")
        for flag in line.split()
    }
    has = {name: row[-1] for name, row in _core.isas().items()}
    assert has == {name: LISTED[name] <= flags for name in NAMES}
    assert chosen(None) == [name for name in NAMES if has[name]][-1]


@pytest.mark.slow
@pytest.mark.parametrize("level", range(len(NAMES)))
def test_the_environment_only_lowers(level: int) -> None:
    best = NAMES.index(chosen(None))
    assert chosen(NAMES[level]) == NAMES[min(level, best)]
    assert chosen("") == NAMES[best]


@pytest.mark.slow
def test_an_unknown_name_is_an_error() -> None:
    environment = os.environ | {"FASTBPTS_ISA": "AVX2"}
    message = f"environment variable FASTBPTS_ISA must be one of {', '.join(NAMES)}, got 'AVX2'"
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


@pytest.mark.skipif(COMPILER is None or not (ROOT / "src_c").is_dir(), reason="needs a compiler and src_c/")
@pytest.mark.parametrize("row", [(16, 6, 12, True), (16, 8, 12, True), (128, 4, 12, True), (16, 4, 12, False)], ids=str)
def test_rows_that_the_kernels_do_not_support_do_not_compile(row: tuple[int, int, int, bool]) -> None:
    size, rows, accumulators, refused = row
    tile = [f"-DFB_VBYTES={size}", f"-DFB_ROWS={rows}", f"-DFB_ACCUMULATORS={accumulators}", "-DFB_ISA=planted"]
    command = [str(COMPILER), "-std=gnu11", "-fsyntax-only", "-Isrc_c", *tile, "src_c/gemm/gemm.c"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if refused:
        assert done.returncode != 0
        assert "isa.def:" in done.stderr
    else:
        assert done.returncode == 0, done.stderr


@pytest.mark.skipif(COMPILER is None or not (ROOT / "src_c").is_dir(), reason="needs a compiler and src_c/")
def test_a_row_without_a_probe_does_not_compile(tmp_path: Path) -> None:
    folder = tmp_path / "src_c"
    shutil.copytree(ROOT / "src_c", folder)
    table = folder / "dispatch" / "isa.def"
    last = 'FB_SET(other, base, 16, 4, 12, always, "")'
    command = [str(COMPILER), "-std=gnu11", "-fsyntax-only", "-I.", "dispatch/isa.c"]
    assert subprocess.run(command, cwd=folder).returncode == 0
    table.write_text(table.read_text().replace(last, f'{last}\nFB_SET(other, planted, 16, 4, 12, has_planted, "")'))
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert "has_planted" in done.stderr
