"""Cells: how a node's state follows from its children's states and its own input, as functions over structures."""

import re
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from . import _core
from ._arguments import Array, as_array, check_rate, check_width
from ._threads import resolve_n_threads

Params = dict[str, Array]
Activation = Literal["identity", "tanh"]


def cells() -> list[str]:
    """Names of the cells, in the order of src_c/cells.def."""
    return list(_core.cells())


def parse_spec(spec: str, n_in: int, n_state: int) -> dict[str, tuple[int, ...]]:
    """Shapes of parameters from a line such as ``"V:H,2H,2H W:H,2H b:H"``; D is n_in, H is n_state."""
    shapes = {}
    for item in spec.split():
        name, axes = item.split(":")
        sizes = (re.fullmatch(r"(\d*)([DH])", axis) for axis in axes.split(","))
        shapes[name] = tuple(int(m[1] or 1) * (n_in if m[2] == "D" else n_state) for m in sizes if m)
    return shapes


@dataclass
class Run:
    """What a forward step leaves for its backward step.

    Attributes
    ----------
    s : Structure
    params : dict
        As they were given.
    h : array (n_nodes, n_state)
        States in the structure's node order.
    """

    s: _core.Graph
    params: Params
    h: Array
    padded: Array = field(repr=False)
    theta: Array = field(repr=False)
    noise: tuple[float, float, int] = field(repr=False)
    n_threads: int = field(repr=False)


class Cell:
    """A cell of fixed widths; made by :func:`cell`.

    Attributes
    ----------
    name : str
    n_in, n_state : int
    dtype : numpy.dtype
    arity : int or None
        Children of every inner node; None: any number.
    shapes : dict
        Parameter name -> shape, in the order of the cell's definition.
    """

    def __init__(self, name: str, n_in: int, n_state: int, dtype: DTypeLike, input_activation: Activation) -> None:
        arity, spec = _core.cells()[name]
        self.name, self.n_in, self.n_state, self.dtype = name, n_in, n_state, np.dtype(dtype)
        self.input_activation: Activation = input_activation
        self.arity: int | None = arity or None
        self.shapes = parse_spec(spec, n_in, n_state)

    def __repr__(self) -> str:
        return f"<cell {self.name}: n_in={self.n_in}, n_state={self.n_state}, {self.dtype}>"

    def bind(self) -> _core.Net:
        """A new binding of the kernels to these widths."""
        return _core.Net(self.name, self.n_in, self.n_state, self.dtype, self.input_activation == "tanh")

    def check_structure(self, s: _core.Graph) -> None:
        """Raise ValueError unless the cell can run over s."""
        if not isinstance(s, _core.Graph):
            raise ValueError(f"s must be a fastbpts.Structure, got {type(s).__name__}")
        facts = s.facts
        if not facts["leaf_inputs"]:
            raise ValueError(
                f"s: cell {self.name!r} reads inputs at the childless nodes and nowhere else (inputs='leaves')"
            )
        if self.arity and s.n_levels > 1 and not facts["min_arity"] == facts["max_arity"] == self.arity:
            got = f"{facts['min_arity']} to {facts['max_arity']}"
            raise ValueError(
                f"s: cell {self.name!r} needs exactly {self.arity} children at every inner node, got {got}; "
                "binarize the trees, or collapse unary chains, when reading them"
            )

    def check_params(self, params: Params) -> tuple[Array, ...]:
        """The parameters in order, with dtype and shape made sure."""
        if set(params) != set(self.shapes):
            raise ValueError(f"params must have the keys {sorted(self.shapes)}, got {sorted(params)}")
        return tuple(as_array(params[k], shape, self.dtype, f"params[{k!r}]") for k, shape in self.shapes.items())

    def init_params(self, random_state: int | np.random.Generator | None = 0) -> Params:
        """Random parameters: W near the mean of the children's states (0.5 I for each child), V small, b zero.

        Parameters
        ----------
        random_state : int or numpy Generator

        Notes
        -----
        The scheme of Socher et al. (2013): uniform noise of 1 / (2 sqrt(d)) on W, of 1 / (4 d) on V (symmetric here).
        """
        rng, d = np.random.default_rng(random_state), self.n_state
        params = {}
        for name, shape in self.shapes.items():
            if name == "V":
                v = rng.uniform(-1, 1, shape) / (4 * d)
                value = (v + v.transpose(0, 2, 1)) / 2
            elif name == "W":
                value = rng.uniform(-1, 1, shape) / (2 * np.sqrt(d)) + np.tile(np.eye(d) / 2, shape[1] // d)
            else:
                value = np.zeros(shape)
            params[name] = value.astype(self.dtype)
        return params

    def forward(
        self,
        s: _core.Graph,
        params: Params,
        x: ArrayLike,
        h0: None = None,
        *,
        n_threads: int | None = 1,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        seed: int = 0,
    ) -> Run:
        """States of all nodes.

        Parameters
        ----------
        s : Structure
        params : dict
            Name -> array of shape ``shapes[name]``.
        x : array (len(s.inputs), n_in)
            One row per node of ``s.inputs``.
        h0 : None
            Cells whose leaves are inputs have no state below them.
        n_threads : int, optional
            None: all processors. Results do not depend on it.
        dropout, input_dropout : float
            Chance of a component of an inner node's, of a leaf's state to be zeroed; survivors are scaled by 1 / (1 -
            p).
        seed : int
            Of the dropout masks (:func:`fastbpts._core.dropout_mask`; inputs use the bitwise complement of it).

        Returns
        -------
        Run

        Raises
        ------
        ValueError
            Naming the argument that does not fit.
        """
        self.check_structure(s)
        if h0 is not None:
            raise ValueError(
                f"h0 must be None: the leaves of cell {self.name!r} are its inputs, got {type(h0).__name__}"
            )
        noise = check_rate(dropout, "dropout"), check_rate(input_dropout, "input_dropout"), int(seed) % 2**64
        values, rows = self.check_params(params), as_array(x, (len(s.inputs), self.n_in), self.dtype, "x")
        net = self.bind()
        theta = _core.aligned((self.n_state, net.ld_feature), self.dtype)
        net.pack(values, theta)
        run = Run(
            s,
            params,
            theta,
            _core.aligned((s.n_nodes, net.ld_state), self.dtype),
            theta,
            noise,
            resolve_n_threads(n_threads),
        )
        self._prepare(net, run)
        if _core.POISON:
            run.padded.fill(np.nan)
        net.forward(s, rows, run.padded)
        run.h = run.padded[:, : self.n_state]
        return run

    def backward(self, run: Run, dh: ArrayLike) -> tuple[Params, Array, None]:
        """Gradients of parameters and inputs from the gradient by the states.

        Parameters
        ----------
        run : Run
            Of :meth:`forward`.
        dh : array (n_nodes, n_state)
            Upstream gradient of every node's state; it is not changed.

        Returns
        -------
        dparams : dict
            Like params.
        dx : array (len(s.inputs), n_in)
        dh0 : None
        """
        if not isinstance(run, Run):
            raise ValueError(f"run must come from forward, got {type(run).__name__}")
        upstream = as_array(dh, (run.s.n_nodes, self.n_state), self.dtype, "dh")
        net = self.bind()
        errors = _core.aligned((run.s.n_nodes, net.ld_state), self.dtype, True)
        errors[:, : self.n_state] = upstream
        dtheta = self._prepare(net, run)
        net.backward(run.s, run.padded, errors)
        dparams = {name: np.zeros(shape, self.dtype) for name, shape in self.shapes.items()}
        net.unpack(dtheta, tuple(dparams.values()), True)
        return dparams, errors[run.s.inputs, : self.n_in], None

    def _prepare(self, net: _core.Net, run: Run) -> Array:
        """Give the binding its weights and its scratch arrays; return dtheta."""
        theta_t = _core.aligned((net.n_forward, net.ld_state), self.dtype, True) if net.n_forward else None
        dtheta = _core.aligned(run.theta.shape, self.dtype, True)
        if _core.POISON:
            dtheta.fill(np.nan)
        net.set_threads(run.n_threads)
        net.bind_cell(run.theta, theta_t, dtheta, None, None, None, None)
        net.set_dropout(*run.noise)
        return dtheta


def cell(
    name: str,
    n_in: int | None = None,
    n_state: int = 25,
    dtype: DTypeLike = "float32",
    input_activation: Activation = "identity",
) -> Cell:
    """A cell by name.

    Parameters
    ----------
    name : str
        One of :func:`cells`: "sum" (Rosenberg 2016), "concat" (Socher et al. 2011), "rntn" (Socher et al. 2013).
    n_in : int, optional
        Width of the inputs; recursive cells need n_in == n_state, the default.
    n_state : int
        Width d of the states.
    dtype : "float32" or "float64"
    input_activation : "identity" or "tanh"
        What a leaf does with its input row.

    Raises
    ------
    ValueError
        Naming the argument that is not accepted.
    """
    if name not in _core.cells():
        raise ValueError(f"name must be one of {cells()}, got {name!r}")
    n_state = check_width(n_state, "n_state")
    if n_in is not None and n_in != n_state:
        raise ValueError(f"n_in must equal n_state ({n_state}) for cell {name!r}, got {n_in!r}")
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise ValueError(f"dtype must be 'float32' or 'float64', got {dtype!r}")
    if input_activation not in ("identity", "tanh"):
        raise ValueError(f"input_activation must be 'identity' or 'tanh', got {input_activation!r}")
    return Cell(name, n_state, n_state, dtype, input_activation)
