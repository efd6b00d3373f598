"""Limits and codes are C's: the binding has every one, Python has no copy."""

import re
from pathlib import Path

import pytest

from fastbpts import _core
from fastbpts._base.threads import MAX_THREADS
from fastbpts.data.parse import brackets
from fastbpts.layers.mlp import ACTIVATIONS

ROOT = Path(__file__).resolve().parents[2]


def test_every_code_of_the_parser_has_a_name_and_every_error_a_text() -> None:
    assert sorted(_core.PTB_CODES.values()) == list(range(_core.PTB_N_CODES))
    errors = set(_core.PTB_CODES.values()) - {_core.PTB_CODES["ok"], _core.PTB_CODES["full"]}
    assert set(brackets._MESSAGES) == errors


def test_choices_have_values_of_their_own() -> None:
    for choices in (_core.ACTIVATIONS, _core.PTB_LABELS, _core.PTB_BINARIZE):
        assert len(set(choices.values())) == len(choices)
    assert tuple(_core.ACTIVATIONS) == ACTIVATIONS
    assert _core.MAX_THREADS == MAX_THREADS


@pytest.mark.skipif(not (ROOT / "src_c").is_dir(), reason="needs the source folder src_c")
def test_no_python_module_names_a_constant_of_c() -> None:
    copies = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in (ROOT / "fastbpts").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"\bFB_[A-Z_]+\b", line)
    ]
    assert copies == []
