"""Plant known bugs, one at a time, and see that the tests notice each.

Works on a copy. Compiles the plain instruction set without optimisation (so one mutant takes seconds) and runs a few
tests per mutant. Prints a table; exit status 1 if a mutant survives, 2 if the place of any in the source is gone.
"""

import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from mutant_list import MUTANTS, Mutant
from mutant_list_glove import GLOVE_MUTANTS
from mutant_list_losses import LOSS_MUTANTS
from mutant_list_mlp import MLP_MUTANTS
from mutant_list_optimizers import OPTIMIZER_MUTANTS
from mutant_list_sequences import SEQUENCE_MUTANTS
from mutant_list_steps import STEP_MUTANTS
from mutant_list_weights import WEIGHTS_MUTANTS
from mutant_list_words import WORDS_MUTANTS

ALL = [
    *MUTANTS,
    *STEP_MUTANTS,
    *SEQUENCE_MUTANTS,
    *WEIGHTS_MUTANTS,
    *LOSS_MUTANTS,
    *MLP_MUTANTS,
    *OPTIMIZER_MUTANTS,
    *GLOVE_MUTANTS,
    *WORDS_MUTANTS,
]
ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["-std=gnu11", "-O0", "-fPIC", "-pthread", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-w"]
INCLUDES = ["-Isrc_c", f"-I{np.get_include()}", f"-I{sysconfig.get_paths()['include']}"]
DIRECTIVES = "freethreading_compatible=True,wraparound=False,cdivision=True,boundscheck=False,initializedcheck=False"
BINDING = "fastbpts/_binding/_core.pyx"
CC = os.environ.get("CC", "cc")


def run(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=300
    )


def must(command: list[str], folder: Path) -> None:
    done = run(command, folder)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def copy_sources(folder: Path) -> None:
    ignored = shutil.ignore_patterns("*.so", "__pycache__", "_core.c", "*.dat")
    for name in ("fastbpts", "src_c", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", folder)


def units_of(folder: Path) -> list[str]:
    """Every object file: the binding, files of src_c, and domains (a file for each real type)."""
    sources = sorted(path.relative_to(folder).as_posix() for path in (folder / "src_c").rglob("*.c"))
    domains = [path for path in sources if '-inl.h"' in (folder / path).read_text()]
    return ["_core", *(path for path in sources if path not in domains), *(f"{d} {n}" for d in domains for n in (4, 8))]


def included(folder: Path, source: str) -> set[str]:
    """What a file of src_c includes, directly or not."""
    done = run([CC, "-MM", *INCLUDES, source], folder)
    return set(done.stdout.replace("\\\n", " ").split()[1:])


def object_of(folder: Path, unit: str) -> Path:
    return folder / f"{re.sub(r'[^a-z0-9_]', '_', unit)}.o"


def compile_unit(folder: Path, unit: str) -> None:
    """One object file."""
    source, _, real = unit.partition(" ")
    flags = [f"-DFB_REAL_BYTES={real}"] if real else []
    if unit == "_core":
        source = "_core.c"
        must([sys.executable, "-m", "cython", "-3", "-X", DIRECTIVES, BINDING, "-o", source], folder)
    must([CC, *FLAGS, *INCLUDES, *flags, "-c", source, "-o", str(object_of(folder, unit))], folder)


def link(folder: Path, objects: list[Path]) -> None:
    target = f"fastbpts/_core{sysconfig.get_config_var('EXT_SUFFIX')}"
    must([CC, "-shared", "-pthread", *map(str, objects), "-lm", "-o", target], folder)


def touched(folder: Path, path: str) -> list[str]:
    """Object files that a source file goes into; none for Python."""
    if path.startswith("src_c/"):
        return [unit for unit in units_of(folder) if path in included(folder, unit.partition(" ")[0])]
    return ["_core"] if Path(path).suffix in (".pyx", ".pxi", ".pxd") else []


def tests_fail(folder: Path, tests: str) -> bool:
    """True if pytest finds a failure. Any other outcome than "passed" or "failed" is an error of this script."""
    files, _, chosen = tests.partition(" -k ")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    command += [str(next((folder / "tests").rglob(name))) for name in files.split()]
    done = run([*command, "-k", chosen] if chosen else command, folder / "tests", FASTBPTS_ISA="base", PYTHONPATH="..")
    if done.returncode > 1 and "Error" not in done.stdout:
        raise RuntimeError(done.stdout + done.stderr)
    return done.returncode != 0


def pattern(text: str) -> str:
    """The text, however it is broken into lines."""
    return r"\s*".join(re.escape(word) for word in text.split())


def places(folder: Path, mutant: Mutant) -> list[str]:
    """The texts that the mutant would replace; there should be one."""
    return re.findall(pattern(mutant.old), (folder / mutant.path).read_text())


def is_killed(clean: Path, mutant: Mutant) -> bool:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_sources(folder)
        path = folder / mutant.path
        path.write_text(path.read_text().replace(places(folder, mutant)[0], mutant.new))
        units = touched(folder, mutant.path)
        for unit in units:
            compile_unit(folder, unit)
        link(folder, [object_of(folder if unit in units else clean, unit) for unit in units_of(clean)])
        return tests_fail(folder, mutant.tests)


def verdict(clean: Path, mutant: Mutant) -> tuple[Mutant, str, float]:
    start = time.perf_counter()
    try:
        word = "killed" if is_killed(clean, mutant) else "SURVIVED"
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        word = f"ERROR {str(error)[-400:]}"
    return mutant, word, time.perf_counter() - start


def choose() -> list[Mutant]:
    """The mutants that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="these mutants only")
    parser.add_argument("--share", type=int, default=1, metavar="N", help="every Nth only")
    parser.add_argument("--list", action="store_true", help="print names and files, plant nothing")
    given = parser.parse_args()
    known = [mutant.name for mutant in ALL]
    for name in given.names:
        if name not in known:
            close = difflib.get_close_matches(name, known, cutoff=0.3)
            parser.error(f"no mutant {name!r}; similar: {', '.join(map(repr, close))}; --list prints all")
    if given.share < 1:
        parser.error(f"--share: a positive number is needed, got {given.share}")
    chosen = [mutant for mutant in ALL if not given.names or mutant.name in given.names]
    chosen = chosen[:: given.share]
    if given.list:
        for mutant in chosen:
            print(f"{mutant.name:38} {mutant.path}")
        parser.exit()
    return chosen


def main(chosen: list[Mutant]) -> int:
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(os.cpu_count()) as pool:
        clean = Path(name)
        copy_sources(clean)
        lost = [mutant for mutant in ALL if len(places(clean, mutant)) != 1]  # those outside the share, too
        for mutant in lost:
            print(f"the text to replace is not there once: {mutant.name} ({mutant.path})", file=sys.stderr)
        if lost:
            return 2
        units = units_of(clean)
        list(pool.map(lambda unit: compile_unit(clean, unit), units))
        link(clean, [object_of(clean, unit) for unit in units])
        suites = sorted({mutant.tests for mutant in chosen})
        for suite, fails in zip(suites, pool.map(lambda suite: tests_fail(clean, suite), suites), strict=True):
            if fails:
                print(f"without a mutant, these tests fail already: {suite}", file=sys.stderr)
                return 2
        results = pool.map(lambda mutant: verdict(clean, mutant), chosen)
        alive = 0
        for mutant, word, seconds in results:
            alive += word != "killed"
            print(f"{word:9} {seconds:5.1f} s  {mutant.name:34} {mutant.path}", flush=True)
        print(f"{len(chosen) - alive} of {len(chosen)} mutants killed")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main(choose()))
