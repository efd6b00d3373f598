"""Docs and comments name files that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted(p.name for p in (ROOT / "src_c").glob("*") if p.is_dir())
TEXTS = [
    path
    for folder in ("docs", "src_c", "fastbpts", "tests", ".ci", ".github")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".md", ".py", ".pyx", ".pxi", ".pxd", ".c", ".h", ".def", ".sh"}
]
NAMED = re.compile(rf"(?<![\w/.<{{])(?:src_c/)?((?:{'|'.join(FOLDERS)})/[a-z0-9_]+(?:-inl)?\.(?:h|c|def))\b")


@pytest.mark.skipif(not FOLDERS, reason="needs the source folder src_c")
def test_files_of_c_that_texts_name_exist() -> None:
    gone = [
        f"{path.relative_to(ROOT)} names {name}"
        for path in TEXTS
        for name in sorted(set(NAMED.findall(path.read_text(encoding="utf-8"))))
        if not (ROOT / "src_c" / name).is_file()
    ]
    assert gone == []
