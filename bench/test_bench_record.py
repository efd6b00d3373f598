"""Results by commit: what is recorded is what was printed, and each committed file can be read."""

import json

import pytest
import record

PRINTED = """## A section

| size | time |
| --- | ---: |
| 8 | 1.5 |
| 16 | 3 |

Words between.

| peer |
| --- |
| numpy |
"""


def test_tables_of_a_text():
    assert record.tables(PRINTED) == [[{"size": "8", "time": "1.5"}, {"size": "16", "time": "3"}], [{"peer": "numpy"}]]


def test_sections_are_added(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "FOLDER", tmp_path / "history")
    monkeypatch.setattr(record, "commit", lambda: "0123456789")
    record.add("mlp", PRINTED)
    path = record.add("words", PRINTED)
    assert list(json.loads(path.read_text())["sections"]) == ["mlp", "words"]


@pytest.mark.parametrize("path", sorted(record.FOLDER.glob("*.json")), ids=lambda p: p.stem)
def test_history_can_be_read(path):
    for section in json.loads(path.read_text())["sections"].values():
        assert section["machine"]
        assert section["isa"]
        assert section["tables"]
