"""Any cell over any structure as a PyTorch module."""

from __future__ import annotations  # the documentation is also made without PyTorch

from typing import Any

import numpy as np
import torch
from torch import Tensor

from fastbpts import _core
from fastbpts._base import seeds
from fastbpts._base.arguments import check_rate
from fastbpts._base.threads import MAX_THREADS
from fastbpts._cells.cell import Cell
from fastbpts._cells.cell import cell as make_cell
from fastbpts.torch._views import DTYPES, as_grads, check_dtype, check_tensor, view


class Run(torch.autograd.Function):
    """A cell over a structure as one node of autograd's graph."""

    @staticmethod
    def forward(
        ctx: Any, cell: Cell, s: _core.Graph, options: dict[str, Any], *tensors: Tensor | None
    ) -> tuple[Tensor, ...]:
        """States h and, where the cell has them, c (n_nodes, n_state)."""
        x, h0, c0, *weights = (view(t) for t in tensors)
        assert x is not None
        initial: Any = h0 if c0 is None else (h0, c0)
        params: Any = dict(zip(cell.shapes, weights, strict=True))
        run = cell.forward(s, params, x, initial, **options)
        found = tuple(torch.from_numpy(array) for array in (run.h, run.c) if array is not None)
        ctx.cell, ctx.run, ctx.n_states = cell, run, len(found)
        ctx.save_for_backward(*tensors, *found)  # autograd notices if one of them is changed in place
        ctx.set_materialize_grads(False)
        return found

    @staticmethod
    def backward(ctx: Any, dh: Tensor | None, dc: Tensor | None = None) -> Any:
        """Gradients by all tensors."""
        tensors, h, n = ctx.saved_tensors[: -ctx.n_states], ctx.saved_tensors[-ctx.n_states], ctx.n_states
        upstream = [np.zeros(h.shape, ctx.cell.dtype) if dh is None else view(dh), view(dc)]
        dparams, dx, dh0 = ctx.cell.backward(ctx.run, *upstream[:n])
        initial = dh0 if isinstance(dh0, tuple) else (dh0, None)
        grads = dx, *initial, *(dparams[name] for name in ctx.cell.shapes)
        return None, None, None, *as_grads(grads, ctx.needs_input_grad[3:], (*tensors, dh, dc))


class TreeNet(torch.nn.Module):
    """A cell over trees, sequences or other directed acyclic graphs: one state per node.

    Parameters
    ----------
    cell : str
        One of :func:`fastbpts.cells`: "sum", "concat", "rntn", "elman", "gru", "lstm" (child-sum Tree-LSTM).
    n_in : int, optional
        Width of the inputs; cells whose leaves are their inputs need n_in == n_state, the default.
    n_state : int
        Width of the states.
    dropout : float
        Chance of a component of a state to be zeroed in training, where parents and outputs see it.
    dtype : torch.dtype, optional
        torch.float32 or torch.float64; None: PyTorch's default.
    **options
        Further arguments of :func:`fastbpts.cell`, as ``activation="relu"``.

    Attributes
    ----------
    W, U, V, b, c : Parameter
        Those that the cell has, as in its ``shapes``.

    Notes
    -----
    The gradient can be taken once, not twice. Tensors are on the CPU. As many threads are used as
    :func:`torch.get_num_threads` says, and the result does not depend on them.
    """

    def __init__(
        self,
        cell: str,
        n_in: int | None = None,
        n_state: int = 25,
        dropout: float = 0.0,
        dtype: torch.dtype | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        dtype = check_dtype(torch.empty(0, dtype=dtype), "dtype")
        made = make_cell(cell, n_in, n_state, DTYPES[dtype], **options)
        self.cell, self.n_in, self.n_state = cell, made.n_in, made.n_state
        self.dropout, self.options, self._names = check_rate(dropout, "dropout"), options, list(made.shapes)
        for name, value in made.init_params(seeds.generator(int(torch.randint(2**63 - 1, ())))).items():
            self.register_parameter(name, torch.nn.Parameter(torch.from_numpy(value)))

    def extra_repr(self) -> str:
        """The text between the brackets of repr."""
        return f"{self.cell!r}, n_in={self.n_in}, n_state={self.n_state}, dropout={self.dropout}"

    def forward(self, s: _core.Graph, x: Tensor, h0: Any = None) -> Any:
        """States of all nodes.

        Parameters
        ----------
        s : Structure
        x : Tensor (len(s.inputs), n_in)
            One row per node of ``s.inputs``.
        h0 : Tensor (s.n_graphs, n_state), optional
            State below the childless nodes of each graph, for cells that have one; "lstm": a pair (h0, c0).

        Returns
        -------
        h : Tensor (s.n_nodes, n_state)
            In the structure's node order: ``h[s.root]`` are the roots' states. "lstm": a pair (h, c).

        Raises
        ------
        ValueError
            Naming the argument that does not fit.
        """
        weights = [getattr(self, name) for name in self._names]
        dtype = check_dtype(weights[0], self._names[0])
        cell = make_cell(self.cell, self.n_in, self.n_state, DTYPES[dtype], **self.options)
        cell.check_structure(s)
        for name, weight in zip(self._names, weights, strict=True):
            check_tensor(weight, cell.shapes[name], dtype, name)
        check_tensor(x, (len(s.inputs), self.n_in), dtype, "x")
        states = h0 if isinstance(h0, tuple | list) and len(h0) == 2 else (h0, None)
        for name, state in zip(("h0", "c0"), states, strict=True):
            if state is not None:
                check_tensor(state, (s.n_graphs, self.n_state), dtype, name)
        dropout = self.dropout if self.training else 0.0
        seed = int(torch.randint(2**63 - 1, ())) if dropout else 0
        options = {"dropout": dropout, "seed": seed, "n_threads": min(torch.get_num_threads(), MAX_THREADS)}
        found = Run.apply(cell, s, options, x, *states, *weights)  # type: ignore[no-untyped-call]
        return found if len(found) == 2 else found[0]
