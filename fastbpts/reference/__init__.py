"""The mathematics of fastbpts in plain NumPy: loops over nodes, the equations and nothing else.

A module of this package that has SPEC (with forward and backward) is a cell, and its file name is the cell's name: a
new cell is a new file here. No module imports the compiled core, so this is an independent witness for it.
"""

import functools
import importlib
import pkgutil
from types import ModuleType

from numpy.typing import DTypeLike

from fastbpts.reference._cell import Cell, Run, Spec
from fastbpts.reference.softmax import softmax_cross_entropy

__all__ = ["Cell", "Run", "Spec", "cell", "cells", "softmax_cross_entropy"]


@functools.cache
def _registry() -> dict[str, ModuleType]:
    names = sorted(info.name for info in pkgutil.iter_modules(__path__))
    modules = {name: importlib.import_module(f"{__name__}.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "SPEC")}


def cells() -> list[str]:
    """Names of the cells, in alphabetic order."""
    return list(_registry())


def cell(
    name: str,
    n_in: int | None = None,
    n_state: int = 25,
    dtype: DTypeLike = "float64",
    input_activation: str = "identity",
    activation: str | None = None,
) -> Cell:
    """A cell in plain NumPy, with the methods of `fastbpts.cell`.

    Parameters
    ----------
    name : str
        One of `cells()`.
    n_in : int, optional
        Width of the input rows, `n_state` by default. The recursive cells need ``n_in == n_state``.
    n_state : int, default=25
        Width of the states.
    dtype : dtype, default="float64"
        Any real or complex floating type; complex128 gives complex-step derivatives.
    input_activation : {"identity", "tanh"}, default="identity"
        What is applied to the input rows of the recursive cells.
    activation : str, optional
        The non-linearity, if the cell has a choice: one of `Spec.activations`, the first by default.

    Returns
    -------
    Cell
        The cell.

    Raises
    ------
    ValueError
        An argument has a wrong value.
    """
    if name not in _registry():
        raise ValueError(f"name: got {name!r}, accepted are {cells()}")
    return Cell(name, _registry()[name], n_in, n_state, dtype, input_activation, activation)
