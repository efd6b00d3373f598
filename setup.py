"""Build of the one extension, ``fastbpts._core``, and its switches; everything else is in pyproject.toml.

Environment switches (set to 1): ``FASTBPTS_DEBUG`` compiles the C asserts and Cython's bounds checks in,
``FASTBPTS_SANITIZE`` builds with address and undefined-behaviour sanitizers, ``FASTBPTS_COVERAGE`` with gcov counters.
"""

import hashlib
import os
import sys
import sysconfig
from pathlib import Path

import numpy
from Cython import __version__ as cython_version
from Cython.Build import cythonize
from setuptools import Extension, setup

DEBUG, SANITIZE, COVERAGE = (
    os.environ.get(f"FASTBPTS_{switch}", "0") not in ("", "0") for switch in ("DEBUG", "SANITIZE", "COVERAGE")
)
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
ABI3 = not FREE_THREADED  # one wheel for every CPython >= 3.11 with a GIL

# No -ffast-math (on the link line it switches the whole process to flush-to-zero), no -march=native: the instruction
# set is chosen at run time. Without errno and traps the compiler may vectorise; contraction makes a*b + c one FMA.
cflags = ["-std=gnu11", "-O3", "-g0", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math"]
cflags += ["-fvisibility=hidden", "-pthread"]
ldflags = ["-pthread"]
macros: list[tuple[str, str | None]] = [("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")]
if os.name == "nt":
    cflags, ldflags = ["/O2", "/std:c11"], []
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

# Objects depend on every flag, so the folder they are built in is named by all of them.
key_parts = [cflags, ldflags, macros, directives, cython_version, numpy.__version__, sys.version, os.environ.get("CC")]
KEY = hashlib.sha256(repr(key_parts).encode()).hexdigest()[:12]

root = Path(__file__).resolve().parent
os.chdir(root)
# Files below src_c/*/ are bodies which the files of the top level include once per instruction set and real type.
headers = [*Path("src_c").rglob("*.h"), *Path("src_c").rglob("*.def"), *Path("src_c").glob("*/**/*.c")]
extension = Extension(
    "fastbpts._core",
    ["fastbpts/_core.pyx", *sorted(str(p) for p in Path("src_c").glob("*.c"))],
    include_dirs=["src_c", numpy.get_include()],
    depends=sorted(str(p) for p in [*headers, *Path("fastbpts").glob("*.px[di]"), Path("fastbpts/_core.pyx")]),
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
    options=options,
)
if "build_ext" in sys.argv or "editable_wheel" in sys.argv:
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(KEY)
