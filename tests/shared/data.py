"""Real data for tests, which is not part of the package."""

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]


def data_dir(name: str) -> Path | None:
    """The folder `name` ("sst", ...) of $FASTBPTS_DATA, if set, else of ../shared/data beside the repository."""
    given = os.environ.get("FASTBPTS_DATA")
    folder = (Path(given) if given else _ROOT.parent / "shared" / "data") / name
    return folder if folder.is_dir() else None


def needs_data(name: str) -> pytest.MarkDecorator:
    """A mark that skips a test when a folder of data is absent."""
    return pytest.mark.skipif(
        data_dir(name) is None, reason=f"no data/{name}: set FASTBPTS_DATA to the folder that has {name}/"
    )
