"""Cells: how a node's state follows from its children's states and its own input, as functions over structures."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastbpts import _core
from fastbpts._base import seeds
from fastbpts._base.arguments import Array, as_array, check_rate, check_seed, check_width
from fastbpts._base.threads import resolve_n_threads
from fastbpts._cells.run import Gradient, Initial, Params, Run, initial_rows, padded_rows, saved_memory
from fastbpts._cells.spec import SPECS, CellSpec

Activation = Literal["identity", "tanh"]


def cells() -> list[str]:
    """Names of the cells, in the order of src_c/cells/cells.def."""
    return list(SPECS)


class Cell:
    """A cell of fixed widths; made by :func:`cell`.

    Attributes
    ----------
    name : str
        One of :func:`cells`.
    n_in, n_state : int
        Widths of the input and of the state.
    dtype : numpy.dtype
        float32 or float64.
    input_activation : str
        What a recursive cell's leaf does with its input row.
    arity : int or None
        Children of every inner node; None: any number.
    initial : tuple of str
        The states below childless nodes: () of recursive cells and of cells whose childless nodes have parameters of
        their own, ("h0",) or ("h0", "c0") of recurrent ones.
    activation, activations : str or None, tuple of str
        The non-linearity, and those accepted; None and () if there is no choice.
    shapes : dict
        Parameter name -> shape, in the order of the cell's definition.
    spec : CellSpec
        The cell's row in the table; given for cells that are in no table.
    """

    def __init__(
        self,
        name: str,
        n_in: int,
        n_state: int,
        dtype: DTypeLike,
        input_activation: Activation,
        activation: str | None = None,
        spec: CellSpec | None = None,
    ) -> None:
        self._spec = spec or SPECS[name]
        self.name, self.n_in, self.n_state, self.dtype = name, n_in, n_state, np.dtype(dtype)
        self.input_activation: Activation = input_activation
        self.arity, self.initial, self.activations = self._spec.arity, self._spec.initial, self._spec.activations
        self.activation = activation or (self.activations[0] if self.activations else None)
        self.shapes = self._spec.shapes(n_in, n_state)

    def __repr__(self) -> str:
        return f"<cell {self.name}: n_in={self.n_in}, n_state={self.n_state}, {self.dtype}>"

    def bind(self) -> _core.Net:
        """A new binding of the kernels to these widths."""
        chosen = self.activations.index(self.activation) if self.activation else 0
        return _core.Net(self.name, self.n_in, self.n_state, self.dtype, self.input_activation == "tanh", chosen)

    def check_structure(self, s: _core.Graph) -> None:
        """Check that the cell can run over some graphs.

        Parameters
        ----------
        s : Structure
            The graphs.

        Raises
        ------
        ValueError
            A node has a wrong number of children, or inputs are at the wrong nodes.
        """
        if not isinstance(s, _core.Graph):
            raise ValueError(f"s must be a fastbpts.Structure, got {type(s).__name__}")
        facts = s.facts
        if not self._spec.is_gated and not facts["leaf_inputs"]:
            raise ValueError(
                f"s: cell {self.name!r} reads inputs at the childless nodes and nowhere else (inputs='leaves')"
            )
        if self.arity and s.n_levels > 1 and not facts["min_arity"] == facts["max_arity"] == self.arity:
            low, high = facts["min_arity"], facts["max_arity"]
            got = str(high) if low == high else f"{low} to {high}"
            raise ValueError(
                f"s: cell {self.name!r} needs exactly {self.arity} children at every inner node, got {got}; "
                "binarize the trees, or collapse unary chains, when reading them"
            )

    def check_params(self, params: Params) -> tuple[Array, ...]:
        """The parameters in order, with the cell's dtype and shapes.

        Parameters
        ----------
        params : dict of arrays
            All parameters by name.

        Returns
        -------
        tuple of arrays
            In the order of ``shapes``.

        Raises
        ------
        ValueError
            A name is missing or unknown, or a shape is wrong.
        """
        if set(params) != set(self.shapes):
            raise ValueError(f"params must have the keys {sorted(self.shapes)}, got {sorted(params)}")
        return tuple(as_array(params[k], shape, self.dtype, f"params[{k!r}]") for k, shape in self.shapes.items())

    def init_params(self, random_state: int | np.random.Generator | None = 0) -> Params:
        """Random parameters.

        Parameters
        ----------
        random_state : int, numpy Generator or None, default=0
            The seed.

        Returns
        -------
        dict of arrays
            One array per entry of ``shapes``.

        Notes
        -----
        Recursive cells begin as in Socher et al. (2013): W near the mean of the children's states (0.5 I for each
        child) with uniform noise of 1 / (2 sqrt(d)), V symmetric noise of 1 / (4 d), b zero. Recurrent cells begin as
        in torch.nn: all uniform in +-1 / sqrt(n_state).
        """
        values = self._spec.begin(seeds.generator(random_state), self.n_in, self.n_state)
        return {name: value.astype(self.dtype) for name, value in values.items()}

    def forward(
        self,
        s: _core.Graph,
        params: Params,
        x: ArrayLike,
        h0: Initial = None,
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
        h0 : array (n_graphs, n_state), pair of such arrays, or None
            The states below the childless nodes of each graph that ``initial`` names; None: zeros. Recursive cells,
            whose childless nodes are inputs, take None only.
        n_threads : int, optional
            None: all processors. Results do not depend on it.
        dropout, input_dropout : float
            Chance of a component of a node's state h, of an input to be zeroed; survivors are scaled by 1 / (1 - p).
            (Recursive cells: of an inner node's, of a leaf's state.)
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
        noise = check_rate(dropout, "dropout"), check_rate(input_dropout, "input_dropout"), check_seed(seed) or 0
        values, rows = self.check_params(params), as_array(x, (len(s.inputs), self.n_in), self.dtype, "x")
        net = self.bind()
        theta = _core.aligned((net.n_rows, net.ld_feature), self.dtype)
        net.pack(values, theta)
        padded = _core.aligned((s.n_nodes, net.ld_state), self.dtype)
        saved = saved_memory(net, s, initial_rows(net, s, h0, self.name, self.initial), self._spec)
        run = Run(s, params, padded, None, rows, padded, theta, saved, noise, resolve_n_threads(n_threads))
        self._prepare(net, run)
        if _core.POISON:
            for array in (padded, *saved[:3]):
                if array is not None:
                    array.fill(np.nan)
        net.forward(s, rows, padded, saved)
        run.h = padded[:, : self.n_state]
        if saved and saved[2] is not None:
            run.c = saved[2][:, : self.n_state]
        return run

    def backward(self, run: Run, dh: ArrayLike, dc: ArrayLike | None = None) -> tuple[Params, Array, Gradient]:
        """Gradients of parameters, inputs and initial states from the gradient of the states.

        Parameters
        ----------
        run : Run
            Of :meth:`forward`.
        dh : array (n_nodes, n_state)
            Upstream gradient of every node's state; it is not changed.
        dc : array (n_nodes, n_state), optional
            The same for the second state, of cells that have it.

        Returns
        -------
        dparams : dict
            Like params.
        dx : array (len(s.inputs), n_in)
            Gradient of the input rows.
        dh0 : array (n_graphs, n_state), pair of such arrays, or None
            Gradients of the states that ``initial`` names, also if h0 was None.

        Raises
        ------
        ValueError
            `run` is not a Run, a shape is wrong, or `dc` is given and the cell has no second state.
        """
        if not isinstance(run, Run):
            raise ValueError(f"run must come from forward, got {type(run).__name__}")
        if dc is not None and run.c is None:
            raise ValueError(f"dc must be None: cell {self.name!r} has no second state, got {type(dc).__name__}")
        s, net = run.s, self.bind()
        errors = padded_rows(net, dh, s.n_nodes, "dh")
        dtheta = self._prepare(net, run)
        if not self._spec.is_gated:
            net.backward(s, run.x, run.padded, errors)
            return self._dparams(net, dtheta), errors[s.inputs, : self.n_in], None
        dx = _core.aligned((s.n_nodes, net.ld_in), self.dtype)
        dc_rows = None if run.c is None else padded_rows(net, dc, s.n_nodes, "dc")
        dh0, dc0 = (padded_rows(net, None, s.n_graphs, name) if self.initial else None for name in ("h0", "c0"))
        saved, edge, *rest = run.saved
        assert saved is not None
        assert edge is not None
        net.backward(s, run.x, run.padded, errors, (saved.copy(), edge.copy(), *rest), (dx, dc_rows, dh0, dc0))
        below = tuple(rows[:, : self.n_state] for rows in (dh0, dc0)[: len(self.initial)] if rows is not None)
        dinitial = None if not below else below[0] if len(below) == 1 else (below[0], below[1])
        return self._dparams(net, dtheta), dx[s.inputs, : self.n_in], dinitial

    def _dparams(self, net: _core.Net, dtheta: Array) -> Params:
        dparams = {name: np.zeros(shape, self.dtype) for name, shape in self.shapes.items()}
        net.unpack(dtheta, tuple(dparams.values()), True)
        return dparams

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
    activation: str | None = None,
) -> Cell:
    """A cell by name.

    Parameters
    ----------
    name : str
        One of :func:`cells`.
    n_in : int, optional
        Width of the inputs; default n_state, which cells without gates need.
    n_state : int, default=25
        Width d of the states.
    dtype : {"float32", "float64"}, default="float32"
        Type of all arrays.
    input_activation : {"identity", "tanh"}, default="identity"
        What a childless node of a cell without gates does with its input row.
    activation : str, optional
        One of the cell's ``activations``, the first by default; None for a cell without a choice.

    Returns
    -------
    Cell
        The cell.

    Raises
    ------
    ValueError
        An argument is not accepted; the message names it.
    """
    if name not in SPECS:
        raise ValueError(f"name must be one of {cells()}, got {name!r}")
    n_state = check_width(n_state, "n_state")
    n_in = n_state if n_in is None else check_width(n_in, "n_in")
    spec = SPECS[name]
    if not spec.is_gated and n_in != n_state:
        raise ValueError(f"n_in must equal n_state ({n_state}) for cell {name!r}, got {n_in!r}")
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise ValueError(f"dtype must be 'float32' or 'float64', got {dtype!r}")
    if input_activation not in ("identity", "tanh"):
        raise ValueError(f"input_activation must be 'identity' or 'tanh', got {input_activation!r}")
    if spec.is_gated and input_activation != "identity":
        raise ValueError(f"input_activation must be 'identity' for cell {name!r}, got {input_activation!r}")
    if activation is not None and activation not in spec.activations:
        accepted = f"one of {spec.activations}" if spec.activations else "None"
        raise ValueError(f"activation must be {accepted} for cell {name!r}, got {activation!r}")
    return Cell(name, n_in, n_state, dtype, input_activation, activation)
