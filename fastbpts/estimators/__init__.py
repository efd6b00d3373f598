"""Estimators in the style of scikit-learn, a class per file."""

from typing import Any

from fastbpts._moved import moved_name


def __getattr__(name: str) -> Any:
    return moved_name(__name__, name)
