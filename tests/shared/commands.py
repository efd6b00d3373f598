"""Commands run in this process."""

from typing import Any

import pytest

from fastbpts.cli import main


def run(capsys: pytest.CaptureFixture[str], *args: Any) -> tuple[int, str, str]:
    """(status, stdout, stderr) of a command."""
    status = main([str(arg) for arg in args])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def failed(capsys: pytest.CaptureFixture[str], status: int, *args: Any) -> str:
    """The one line that a failing command prints."""
    given, out, err = run(capsys, *args)
    assert given == status, err
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "error: " in err
    return err
