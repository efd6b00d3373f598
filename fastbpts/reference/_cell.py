"""What the cells of the reference share: the description of a cell, the leaves, and the object users hold.

Dimension key: N nodes, I input rows, D input width, H state width.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]
Params = Mapping[str, Array]


class Graph(Protocol):
    """The attributes of a `Structure` that the reference reads."""

    @property
    def n_nodes(self) -> int: ...
    @property
    def child_ptr(self) -> Array: ...
    @property
    def child(self) -> Array: ...
    @property
    def inputs(self) -> Array: ...


@dataclass(frozen=True)
class Spec:
    """A cell in one record; every cell module has one, named SPEC.

    Attributes
    ----------
    shapes : callable
        ``shapes(n_in, n_state)`` gives the parameters' names and shapes.
    arity : int or None
        The number of children that a node with children must have; None: any.
    """

    shapes: Callable[[int, int], dict[str, tuple[int, ...]]]
    arity: int | None


@dataclass
class Run:
    """What a forward pass leaves behind for the backward pass.

    Attributes
    ----------
    h : array (N, H)
        States, in the node order of the structure.
    y : array (N, H)
        States before dropout: ``h = mask * y``.
    """

    s: Graph
    params: Params
    x: Array
    h: Array
    y: Array
    mask: Array
    input_activation: str


def children(s: Graph, i: int) -> Array:
    """The children of node i, in order."""
    return s.child[s.child_ptr[i] : s.child_ptr[i + 1]]


def leaves_forward(s: Graph, x: Array, n_state: int, input_activation: str, dtype: DTypeLike) -> Array:
    """States before dropout with the input nodes filled in (N, H); the other rows are still to be computed."""
    y = np.full((s.n_nodes, n_state), np.nan, dtype=dtype)
    for row, i in enumerate(s.inputs):
        y[i] = np.tanh(x[row]) if input_activation == "tanh" else x[row]
    return y


def leaves_backward(run: Run, dh: Array) -> Array:
    """Gradient with respect to the input rows (I, D), once dh (N, H) is complete."""
    dx = np.empty(run.x.shape, dtype=dh.dtype)
    for row, i in enumerate(run.s.inputs):
        dy = run.mask[i] * dh[i]  # h[i] = mask[i] * y[i]
        dx[row] = (1 - run.y[i] ** 2) * dy if run.input_activation == "tanh" else dy  # y[i] = tanh(x[row]) or x[row]
    return dx


def check_recursive(s: Graph, cell: str, arity: int | None, h0: Array | None) -> None:
    """Recursive cells: inputs are exactly the childless nodes, every other node has `arity` children."""
    n_children = np.diff(s.child_ptr)
    if not np.array_equal(s.inputs, np.flatnonzero(n_children == 0)):
        raise ValueError(f"s.inputs: cell '{cell}' reads an input at exactly the nodes without children")
    if arity is not None:
        wrong = np.flatnonzero((n_children != 0) & (n_children != arity))
        if len(wrong):
            i = int(wrong[0])
            raise ValueError(f"s: node {i} has {n_children[i]} children; cell '{cell}' needs exactly {arity}")
    if h0 is not None:
        raise ValueError(f"h0: cell '{cell}' has no initial state; h0 must be None")


class Cell:
    """A cell in plain NumPy, with the methods and attributes of `fastbpts.cell`.

    Parameters
    ----------
    name : str
    module : object
        A module with SPEC, forward and backward.
    n_in, n_state : int
    dtype : dtype
        Any real or complex floating type; states are at least as wide as parameters and inputs.
    input_activation : {"identity", "tanh"}
    """

    def __init__(
        self, name: str, module: Any, n_in: int | None, n_state: int, dtype: DTypeLike, input_activation: str
    ) -> None:
        if n_state < 1:
            raise ValueError(f"n_state: got {n_state}, must be at least 1")
        if n_in is not None and n_in != n_state:
            raise ValueError(f"n_in: got {n_in}; cell '{name}' needs n_in == n_state == {n_state}")
        if input_activation not in ("identity", "tanh"):
            raise ValueError(f"input_activation: got {input_activation!r}, accepted are 'identity' and 'tanh'")
        if np.dtype(dtype).kind not in "fc":
            raise ValueError(f"dtype: got {np.dtype(dtype)}, must be a floating type")
        spec: Spec = module.SPEC
        self.name, self.n_in, self.n_state = name, n_state, n_state
        self.dtype, self.input_activation = np.dtype(dtype), input_activation
        self.arity, self.shapes = spec.arity, spec.shapes(self.n_in, n_state)
        self._module = module

    def init_params(self, random_state: int | np.random.Generator | None = 0) -> dict[str, Array]:
        """Random parameters: normal, scaled by the square root of the fan-in; biases zero."""
        rng = np.random.default_rng(random_state)
        params: dict[str, Array] = {}
        for name, shape in self.shapes.items():
            fan_in = float(np.prod(shape[1:])) if len(shape) > 1 else np.inf
            params[name] = (rng.standard_normal(shape) / np.sqrt(fan_in)).astype(self.dtype)
        return params

    def forward(
        self,
        s: Graph,
        params: Params,
        x: Array,
        h0: Array | None = None,
        n_threads: int = 1,  # noqa: ARG002
        *,
        mask: Array | None = None,
    ) -> Run:
        """States of every node.

        Parameters
        ----------
        s : Structure
        params : dict of arrays, shaped like `shapes`
        x : array (I, D), one row per node of ``s.inputs``
        h0 : None
        n_threads : int, ignored: here for the same signature as the compiled cell
        mask : array (N, H), optional
            Dropout factors of the states: 0 or 1 / (1 - p). An input node's state is its activated input.
        """
        check_recursive(s, self.name, self.arity, h0)
        if set(params) != set(self.shapes):
            raise ValueError(f"params: got {sorted(params)}, cell '{self.name}' has {sorted(self.shapes)}")
        for key, shape in self.shapes.items():
            if params[key].shape != shape:
                raise ValueError(f"params[{key!r}]: got shape {params[key].shape}, must be {shape}")
        if x.shape != (len(s.inputs), self.n_in):
            raise ValueError(f"x: got shape {x.shape}, must be {(len(s.inputs), self.n_in)}")
        if mask is None:
            mask = np.ones((s.n_nodes, self.n_state), dtype=self.dtype)
        dtype = np.result_type(self.dtype, x, *params.values())
        y = leaves_forward(s, x, self.n_state, self.input_activation, dtype)
        run = Run(s, params, x, np.empty_like(y), y, mask, self.input_activation)
        self._module.forward(run)
        return run

    def backward(self, run: Run, dh: Array) -> tuple[dict[str, Array], Array, Array | None]:
        """Gradients of ``sum(dh * run.h)``: parameters, input rows, initial state (None)."""
        if dh.shape != run.h.shape:
            raise ValueError(f"dh: got shape {dh.shape}, must be {run.h.shape}")
        dh = dh.astype(run.h.dtype)  # a copy: parents add to it
        dparams = {key: np.zeros(shape, dtype=dh.dtype) for key, shape in self.shapes.items()}
        self._module.backward(run, dh, dparams)
        return dparams, leaves_backward(run, dh), None
