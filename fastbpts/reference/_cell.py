"""What the cells of the reference share: the description of a cell, its runs, and the object users hold.

Dimension key: N nodes, G graphs, I input rows, D input width, H state width.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]
Params = Mapping[str, Array]
Initial = Array | tuple[Array, ...] | None


class Graph(Protocol):
    """The attributes of a `Structure` that the reference reads."""

    @property
    def n_nodes(self) -> int: ...
    @property
    def n_graphs(self) -> int: ...
    @property
    def child_ptr(self) -> Array: ...
    @property
    def child(self) -> Array: ...
    @property
    def graph(self) -> Array: ...
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
    states : tuple of str
        ("h",) or ("h", "c") of the cells with gates, which read inputs at any nodes; empty for the recursive cells,
        whose childless nodes are their inputs.
    own_leaves : bool
        The childless nodes of a cell with gates have no states below them, which others call h0 and c0.
    activations : tuple of str
        What may be asked for as `activation`, the default first; empty: there is no choice.
    """

    shapes: Callable[[int, int], dict[str, tuple[int, ...]]]
    arity: int | None = None
    states: tuple[str, ...] = ()
    own_leaves: bool = False
    activations: tuple[str, ...] = ()

    @property
    def initial(self) -> tuple[str, ...]:
        """What a graph's childless nodes find below them, and a run takes as h0."""
        return () if self.own_leaves else tuple(f"{state}0" for state in self.states)


@dataclass
class Run:
    """What a forward pass leaves behind for the backward pass.

    In the recurrent cells a childless node has one virtual child, the initial state of its graph. Initial states are
    further rows behind those of the nodes, so that the equations need no special case.

    Attributes
    ----------
    x_at : array (N, D)
        Input rows at their nodes, zero at the others.
    y : array (N, H)
        States before dropout: ``h = mask * y``.
    all_h, all_c : array (N + G, H)
        States and initial states; (N, H) in the cells that have no initial states. all_c: of the cells with a second
        state.
    """

    s: Graph
    params: Params
    x: Array
    x_at: Array
    y: Array
    mask: Array
    all_h: Array
    all_c: Array | None
    input_activation: str
    activation: str | None

    @property
    def h(self) -> Array:
        """States (N, H), in the node order of the structure."""
        return self.all_h[: self.s.n_nodes]

    @property
    def c(self) -> Array | None:
        """Second states (N, H), of the cells that have them."""
        return None if self.all_c is None else self.all_c[: self.s.n_nodes]

    def below(self, i: int) -> list[int]:
        """Rows of all_h below node i: its children, or the initial state of its graph, where there is one."""
        kids = [int(k) for k in children(self.s, i)]
        return kids or [self.s.n_nodes + int(self.s.graph[i])] * (len(self.all_h) > self.s.n_nodes)


@dataclass
class Gradients:
    """What a backward pass adds to: gradients of the parameters, of x_at, all_h and all_c."""

    params: dict[str, Array]
    x_at: Array
    all_h: Array
    all_c: Array | None


def children(s: Graph, i: int) -> Array:
    """The children of node i, in order."""
    return s.child[s.child_ptr[i] : s.child_ptr[i + 1]]


def leaves_forward(run: Run) -> None:
    """Recursive cells: an input node's state before dropout is its row, or the tanh of it."""
    for i in run.s.inputs:
        run.y[i] = np.tanh(run.x_at[i]) if run.input_activation == "tanh" else run.x_at[i]


def leaves_backward(run: Run, d: Gradients) -> None:
    """Gradient of the input rows, once d.all_h is complete."""
    for i in run.s.inputs:
        dy = run.mask[i] * d.all_h[i]  # h[i] = mask[i] * y[i]
        d.x_at[i] = (1 - run.y[i] ** 2) * dy if run.input_activation == "tanh" else dy  # y[i] = tanh(x[i]) or x[i]


def check_graph(s: Graph, cell: str, spec: Spec, h0: Initial) -> None:
    """Inputs of recursive cells are exactly the childless nodes; every other node has as many children as it must."""
    n_children = np.diff(s.child_ptr)
    if not spec.states and not np.array_equal(s.inputs, np.flatnonzero(n_children == 0)):
        raise ValueError(f"s.inputs: cell '{cell}' reads an input at exactly the nodes without children")
    if spec.arity is not None:
        wrong = np.flatnonzero((n_children != 0) & (n_children != spec.arity))
        if len(wrong):
            i = int(wrong[0])
            raise ValueError(f"s: node {i} has {n_children[i]} children; cell '{cell}' needs exactly {spec.arity}")
    if not spec.initial and h0 is not None:
        raise ValueError(f"h0: cell '{cell}' has no initial state; h0 must be None")


def initial_states(h0: Initial, names: tuple[str, ...], shape: tuple[int, int]) -> list[Array]:
    """The initial states (G, H) of a recurrent cell, zero where h0 is None."""
    if h0 is None:
        return [np.zeros(shape)] * len(names)
    given = h0 if isinstance(h0, tuple) else (h0,)
    if len(given) != len(names):
        raise ValueError(f"h0: got {len(given)} array(s), must be {' and '.join(names)}")
    for name, array in zip(names, given, strict=True):
        if array.shape != shape:
            raise ValueError(f"{name}: got shape {array.shape}, must be {shape}")
    return list(given)


class Cell:
    """A cell in plain NumPy, with the methods and attributes of `fastbpts.cell`.

    Parameters
    ----------
    name : str
        Its name in messages.
    module : object
        A module with SPEC, forward and backward.
    n_in, n_state : int
        Widths of the input and of the state.
    dtype : dtype
        Any real or complex floating type; states are at least as wide as parameters and inputs.
    input_activation : {"identity", "tanh"}, default="identity"
        What is applied to the input rows of the recursive cells.
    activation : str, optional
        The non-linearity, if the cell has a choice.

    Raises
    ------
    ValueError
        An argument has a wrong value.
    """

    def __init__(
        self,
        name: str,
        module: Any,
        n_in: int | None,
        n_state: int,
        dtype: DTypeLike,
        input_activation: str = "identity",
        activation: str | None = None,
    ) -> None:
        spec: Spec = module.SPEC
        n_in = n_state if n_in is None else n_in
        if n_state < 1:
            raise ValueError(f"n_state: got {n_state}, must be at least 1")
        if n_in < 1:
            raise ValueError(f"n_in: got {n_in}, must be at least 1")
        if not spec.states and n_in != n_state:
            raise ValueError(f"n_in: got {n_in}; cell '{name}' needs n_in == n_state == {n_state}")
        if input_activation not in (("identity",) if spec.states else ("identity", "tanh")):
            raise ValueError(f"input_activation: got {input_activation!r}; 'tanh' is for the leaves of recursive cells")
        if activation is not None and activation not in spec.activations:
            raise ValueError(f"activation: got {activation!r}, cell '{name}' accepts {spec.activations or None}")
        if np.dtype(dtype).kind not in "fc":
            raise ValueError(f"dtype: got {np.dtype(dtype)}, must be a floating type")
        self.name, self.n_in, self.n_state = name, n_in, n_state
        self.dtype, self.input_activation = np.dtype(dtype), input_activation
        self.activations, self.activation = spec.activations, activation or (*spec.activations, None)[0]
        self.arity, self.initial, self.shapes = spec.arity, spec.initial, spec.shapes(n_in, n_state)
        self.states, self._spec, self._module = spec.states, spec, module

    def init_params(self, random_state: int | np.random.Generator | None = 0) -> dict[str, Array]:
        """Random parameters: normal, divided by the square root of the fan-in; biases zero.

        Parameters
        ----------
        random_state : int, Generator or None, default=0
            The seed.

        Returns
        -------
        dict of arrays
            One array per entry of `shapes`.
        """
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
        h0: Initial = None,
        n_threads: int = 1,  # noqa: ARG002
        *,
        mask: Array | None = None,
    ) -> Run:
        """States of every node.

        Parameters
        ----------
        s : Structure
            The graphs.
        params : dict of arrays
            Shaped like `shapes`.
        x : array (I, D)
            One row per node of ``s.inputs``.
        h0 : array (G, H), tuple of such arrays, or None
            The state, or states, below the childless nodes of each graph: what `initial` names. None: zero.
        n_threads : int
            Without effect: the compiled cell has the same signature.
        mask : array (N, H), optional
            Dropout factors of the states: 0 or 1 / (1 - p). The state of a recursive cell's input node is its activated
            input.

        Returns
        -------
        Run
            States, and what `backward` needs.

        Raises
        ------
        ValueError
            A shape is wrong, or the cell cannot run over such graphs.
        """
        if set(params) != set(self.shapes):
            raise ValueError(f"params: got {sorted(params)}, cell '{self.name}' has {sorted(self.shapes)}")
        for key, shape in self.shapes.items():
            if params[key].shape != shape:
                raise ValueError(f"params[{key!r}]: got shape {params[key].shape}, must be {shape}")
        if x.shape != (len(s.inputs), self.n_in):
            raise ValueError(f"x: got shape {x.shape}, must be {(len(s.inputs), self.n_in)}")
        check_graph(s, self.name, self._spec, h0)
        below = initial_states(h0, self.initial, (s.n_graphs, self.n_state)) if self.initial else []
        if mask is None:
            mask = np.ones((s.n_nodes, self.n_state), dtype=self.dtype)
        given = () if h0 is None else tuple(below)
        dtype = np.result_type(self.dtype, x, *params.values(), *given)
        unknown = np.full((s.n_nodes, self.n_state), np.nan, dtype=dtype)
        none = [np.empty((0, self.n_state))] * max(1, len(self.states))
        states = [np.concatenate([unknown, rows.astype(dtype)]) for rows in below or none]
        all_c = states[1] if len(states) > 1 else None
        x_at = np.zeros((s.n_nodes, self.n_in), dtype=dtype)
        x_at[s.inputs] = x
        run = Run(s, params, x, x_at, unknown, mask, states[0], all_c, self.input_activation, self.activation)
        if not self.states:
            leaves_forward(run)
        self._module.forward(run)
        return run

    def backward(self, run: Run, dh: Array, dc: Array | None = None) -> tuple[dict[str, Array], Array, Initial]:
        """Gradients of ``sum(dh * run.h) + sum(dc * run.c)``.

        Parameters
        ----------
        run : Run
            What `forward` returned.
        dh : array (N, H)
            Upstream gradient of the states.
        dc : array (N, H), optional
            Upstream gradient of the second states.

        Returns
        -------
        params : dict of arrays
            Gradients of the parameters.
        dx : array (I, D)
            Gradient of the input rows.
        dh0 : like h0
            Gradient of the initial states; None for a recursive cell.

        Raises
        ------
        ValueError
            A shape is wrong, or `dc` is given and the cell has no second state.
        """
        for name, given in (("dh", dh), ("dc", dc)):
            if given is not None and given.shape != run.h.shape:
                raise ValueError(f"{name}: got shape {given.shape}, must be {run.h.shape}")
        if dc is not None and run.all_c is None:
            raise ValueError(f"dc: cell '{self.name}' has no second state; dc must be None")
        d = Gradients(
            params={key: np.zeros(shape, dtype=run.h.dtype) for key, shape in self.shapes.items()},
            x_at=np.zeros_like(run.x_at),
            all_h=np.zeros_like(run.all_h),
            all_c=None if run.all_c is None else np.zeros_like(run.all_c),
        )
        N = run.s.n_nodes
        d.all_h[:N] = dh
        if d.all_c is not None and dc is not None:
            d.all_c[:N] = dc
        self._module.backward(run, d)
        if not self.states:
            leaves_backward(run, d)
        dh0 = tuple(g[N:] for g in (d.all_h, d.all_c) if g is not None)
        return d.params, d.x_at[run.s.inputs], None if not self.initial else dh0[0] if len(dh0) == 1 else dh0
