"""The arrays of a ``GloVe`` in files and checkpoints."""

from typing import Any, Protocol

from fastbpts import _core
from fastbpts._base.arguments import Array
from fastbpts._files.tensors import Tensors
from fastbpts.words._counting import I64


class GloVeArrays(Protocol):
    """What is stored of a :class:`fastbpts.GloVe`: words, counts, weights with the optimiser's sums, history."""

    dtype: str
    history_: list[dict[str, Any]]
    _words: list[str]
    _counts: I64
    _rows: Array
    _bias: Array

    @property
    def _padded_size(self) -> int: ...


def arrays(model: GloVeArrays) -> tuple[Tensors, dict[str, Any]]:
    """Weights with the optimiser's sums beside them, and how far training is."""
    return {"rows": model._rows, "bias": model._bias}, {"history": model.history_}


def _aligned(array: Array) -> Array:
    copy: Array = _core.aligned(array.shape, array.dtype)
    copy[...] = array
    return copy


def set_arrays(model: GloVeArrays, words: list[str], counts: I64, tensors: Tensors, progress: dict[str, Any]) -> None:
    """Set the arrays that `arrays` gave."""
    model._words, model._counts = words, counts
    n, ld = 2 * len(counts), model._padded_size
    for name, shape in (("rows", (n, 2 * ld)), ("bias", (n, 2))):
        given = tensors[name]
        if given.shape != shape or given.dtype != model.dtype or not len(counts) == len(words) == len(set(words)):
            raise ValueError(f"{name} of shape {given.shape} and {given.dtype} do not fit the words and the parameters")
    model._rows, model._bias = (_aligned(tensors[name]) for name in ("rows", "bias"))
    model.history_ = list(progress["history"])
