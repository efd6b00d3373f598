"""Build of the one extension, ``fastbpts._core``, and its switches; everything else is in pyproject.toml.

Environment switches (set to 1): ``FASTBPTS_DEBUG`` compiles the C asserts and Cython's bounds checks in,
``FASTBPTS_SANITIZE`` builds with address and undefined-behaviour sanitizers, ``FASTBPTS_COVERAGE`` with gcov counters.
"""

import ast
import hashlib
import os
import platform
import sys
import sysconfig
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy
from Cython import __version__ as cython_version
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.modified import newer_group

DEBUG, SANITIZE, COVERAGE = (
    os.environ.get(f"FASTBPTS_{switch}", "0") not in ("", "0") for switch in ("DEBUG", "SANITIZE", "COVERAGE")
)
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
ABI3 = not FREE_THREADED  # one wheel for every CPython >= 3.11 with a GIL

# No -ffast-math (on the link line it switches the whole process to flush-to-zero), no -march=native: the instruction
# set is chosen at run time. Without errno and traps the compiler may vectorise; contraction makes a*b + c one FMA.
cflags = [
    "-std=gnu11",
    "-O3",
    "-g0",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-Wno-unused-function",
]
cflags += ["-fvisibility=hidden", "-pthread", "-MMD"]
ldflags = ["-pthread"]
macros: list[tuple[str, str | None]] = [("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")]
if ABI3:
    macros.append(("Py_LIMITED_API", "0x030B0000"))
if DEBUG:
    cflags += ["-UNDEBUG"]
    macros.append(("FASTBPTS_DEBUG", "1"))
if SANITIZE:
    sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
    cflags += [*sanitizers, "-fno-omit-frame-pointer", "-g", "-O1"]
    ldflags += sanitizers
if COVERAGE:
    cflags += ["--coverage", "-O1"]
    ldflags += ["--coverage"]

directives = {
    "language_level": 3,
    "binding": True,
    "freethreading_compatible": True,
    "auto_pickle": False,  # objects that hold pointers
    "boundscheck": DEBUG,
    "wraparound": False,
    "initializedcheck": DEBUG,
    "cdivision": not DEBUG,
}

root = Path(__file__).resolve().parent
os.chdir(root)


class InstructionSet(NamedTuple):
    """A row of src_c/dispatch/isa.def."""

    architecture: str
    name: str
    vector_bytes: int
    tile_rows: int
    accumulators: int
    probe: str
    flags: str


def instruction_sets() -> list[InstructionSet]:
    """Those of this machine's architecture; FASTBPTS_PLAIN=1 asks for what any processor has."""
    lines = Path("src_c/dispatch/isa.def").read_text(encoding="utf-8").splitlines()
    calls = [ast.parse(line, mode="eval").body for line in lines if line.startswith("FB_SET(")]
    rows = [
        InstructionSet(*(a.id if isinstance(a, ast.Name) else ast.literal_eval(a) for a in call.args)) for call in calls
    ]
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if os.environ.get("FASTBPTS_PLAIN", "0") not in ("", "0") or machine not in {row.architecture for row in rows}:
        machine = "other"
    return [row for row in rows if row.architecture == machine]


ISAS = instruction_sets()
macros.append((f"FB_SETS_{ISAS[0].architecture}", "1"))

# Objects depend on every flag, so the folder they are built in is named by all of them.
key_parts = [
    cflags,
    ldflags,
    macros,
    ISAS,
    directives,
    cython_version,
    numpy.__version__,
    sys.version,
    os.environ.get("CC"),
]
KEY = hashlib.sha256(repr(key_parts).encode()).hexdigest()[:12]

# A domain's file is compiled once for each instruction set and real type (src_c/simd/target.h).
DOMAINS = (
    "tree/tree",
    "chain/chain",
    "mlp/mlp",
    "cells/cells",
    "words/words",
    "gemm/gemm",
    "optimizer/update",
    "sequence/sequence",
)
PLAIN = sorted({p.as_posix() for p in Path("src_c").rglob("*.c")} - {f"src_c/{name}.c" for name in DOMAINS})


class Unit(NamedTuple):
    """One call of the compiler."""

    source: str
    folder: str  # below the build folder
    macros: list[tuple[str, str | None]]
    flags: list[str]


def units(binding: str) -> list[Unit]:
    """The longest first, so that two cores end at about the same time."""
    found = [
        Unit(
            f"src_c/{name}.c",
            f"{isa.name}_f{8 * real}",
            [
                ("FB_ISA", isa.name),
                ("FB_VBYTES", str(isa.vector_bytes)),
                ("FB_ROWS", str(isa.tile_rows)),
                ("FB_ACCUMULATORS", str(isa.accumulators)),
                ("FB_REAL_BYTES", str(real)),
            ],
            isa.flags.split(),
        )
        for name in DOMAINS
        for isa in reversed(ISAS)
        for real in (4, 8)
    ]
    # The binding has no loops that are worth optimising.
    found.insert(1, Unit(binding, "binding", [], [] if SANITIZE or COVERAGE else ["-O1"]))
    return found + [Unit(source, "plain", [], []) for source in PLAIN]


def is_old(obj: str, others: Iterable[str]) -> bool:
    """Whether an object is older than what it was made of, as the compiler noted it (-MMD) when it made the object."""
    note = Path(obj).with_suffix(".d")
    if not Path(obj).is_file() or not note.is_file():
        return True
    needed = note.read_text(encoding="utf-8").partition(":")[2].replace("\\\n", " ").split()
    return newer_group([*needed, *others], obj, missing="newer")


class build_parallel(build_ext):  # noqa: N801 (the name that setuptools has for it)
    """Compiles the units side by side, and of an earlier build only those whose source or headers have changed."""

    def build_extension(self, ext: Extension) -> None:
        """Compile and link the extension."""
        if self.compiler.compiler_type == "msvc":
            raise SystemExit(
                "fastbpts: the kernels are written for gcc and clang, and MSVC has no vector types: "
                "use MinGW-w64, with [build_ext] compiler=mingw32 in setup.cfg"
            )
        target = self.get_ext_fullpath(ext.name)
        todo, objects = [], []
        for unit in units(ext.sources[0]):
            folder = str(Path(self.build_temp, unit.folder))
            obj = self.compiler.object_filenames([unit.source], output_dir=folder)[0]
            objects.append(obj)
            if self.force or is_old(obj, [unit.source]):
                todo.append((unit, folder))
        if not todo and not newer_group(objects, target):
            return
        common = ext.define_macros
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            jobs = [
                pool.submit(
                    self.compiler.compile,
                    [unit.source],
                    output_dir=folder,
                    macros=[*common, *unit.macros],
                    include_dirs=ext.include_dirs,
                    extra_postargs=[*ext.extra_compile_args, *unit.flags],
                )
                for unit, folder in todo
            ]
            for job in jobs:
                job.result()
        self.compiler.link_shared_object(
            objects,
            target,
            libraries=self.get_libraries(ext),
            extra_postargs=ext.extra_link_args,
            export_symbols=self.get_export_symbols(ext),
            build_temp=self.build_temp,
            target_lang="c",
        )


extension = Extension(
    "fastbpts._core",
    ["fastbpts/_binding/_core.pyx"],
    include_dirs=["src_c", numpy.get_include()],
    depends=sorted(p.as_posix() for p in [*Path("src_c/contract").glob("*.h"), *Path("fastbpts/_binding").iterdir()]),
    define_macros=macros,
    extra_compile_args=cflags,
    extra_link_args=ldflags,
    py_limited_api=ABI3,
)

stamp = Path("build/flags")  # the flags of the last build: an extension built in place with others is stale
options = {
    "build": {"build_base": f"build/{KEY}"},
    "build_ext": {"force": not stamp.is_file() or stamp.read_text() != KEY},
}
if ABI3:
    options["bdist_wheel"] = {"py_limited_api": "cp311"}

setup(
    ext_modules=cythonize(
        [extension], build_dir=f"build/{KEY}/cython", compiler_directives=directives, show_all_warnings=False
    ),
    cmdclass={"build_ext": build_parallel},
    options=options,
)
if "build_ext" in sys.argv or "editable_wheel" in sys.argv:
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(KEY)
