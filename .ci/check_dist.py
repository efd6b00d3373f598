"""What must be, and must not be, in the sdist and the wheel. Usage: check_dist.py FOLDER."""

import sys
import tarfile
import zipfile
from pathlib import Path


def main(folder: Path) -> None:
    """Assert it, file by file."""
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    with tarfile.open(sdist) as tar:
        packed = {name.partition("/")[2] for name in tar.getnames()}
    for name in (
        "fastbpts/_binding/_core.pyx",
        "fastbpts/_core.pyi",
        "src_c/contract/pool.h",
        "src_c/parallel/pool.c",
        "setup.py",
        "LICENSE",
    ):
        assert name in packed, f"the sdist lacks {name}"
    root = Path(__file__).resolve().parents[1]
    for path in [*root.glob("src_c/**/*"), *root.glob("fastbpts/**/*.px[id]"), *root.glob("fastbpts/**/*.py")]:
        name = str(path.relative_to(root))
        assert name in packed or path.is_dir(), f"the sdist lacks {name}"
    generated = [name for name in packed if name.endswith(("_core.c", ".so")) or name.startswith("build/")]
    assert not generated, f"the sdist has generated files: {generated}"

    with zipfile.ZipFile(wheel) as archive:
        installed = archive.namelist()
    sources = [name for name in installed if name.endswith((".c", ".h", ".pyx", ".pxi", ".def"))]
    assert not sources, f"the wheel has sources: {sources}"
    tops = {name.split("/")[0] for name in installed if ".dist-info/" not in name}
    assert tops == {"fastbpts"}, f"the wheel installs {sorted(tops)}"
    for name in ("fastbpts/py.typed", "fastbpts/_core.pyi"):
        assert name in installed, f"the wheel lacks {name}"
    print(
        f"{sdist.name}: {len(packed)} files; {wheel.name}: {len(installed)} files, {wheel.stat().st_size / 1e6:.2f} MB"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
