"""Runs of cells: what a forward step leaves for its backward step, and the memory of it."""

from dataclasses import dataclass, field

from numpy.typing import ArrayLike

from fastbpts import _core
from fastbpts._base.arguments import Array, as_array
from fastbpts._cells.spec import CellSpec

Params = dict[str, Array]
Initial = ArrayLike | tuple[ArrayLike, ...] | None
Gradient = Array | tuple[Array, Array] | None
Saved = tuple[Array | None, ...]


@dataclass
class Run:
    """A step forward, which :meth:`Cell.backward` goes back from.

    Attributes
    ----------
    s : Structure
        The graphs.
    params : dict of arrays
        As they were given.
    h : array (n_nodes, n_state)
        States in the structure's node order.
    c : array (n_nodes, n_state) or None
        Second states, of cells that have them.
    x, padded, theta, saved, noise, n_threads : object
        What the step backward needs, in the kernels' layout.
    """

    s: _core.Graph
    params: Params
    h: Array
    c: Array | None
    x: Array = field(repr=False)
    padded: Array = field(repr=False)
    theta: Array = field(repr=False)
    saved: Saved = field(repr=False)
    noise: tuple[float, float, int] = field(repr=False)
    n_threads: int = field(repr=False)


def padded_rows(net: _core.Net, value: ArrayLike | None, n: int, name: str) -> Array:
    """A copy of rows of states with zeros behind each; None: zeros."""
    rows = _core.aligned((n, net.ld_state), net.dtype, True)
    if value is not None:
        rows[:, : net.n_state] = as_array(value, (n, net.n_state), net.dtype, name)
    return rows


def initial_rows(
    net: _core.Net, s: _core.Graph, h0: Initial, cell: str, names: tuple[str, ...]
) -> tuple[Array | None, ...]:
    """Padded rows of the initial states h0 and c0, None for zeros."""
    if h0 is None:
        return None, None
    if not names:
        raise ValueError(f"h0 must be None: the leaves of cell {cell!r} are its inputs, got {type(h0).__name__}")
    given = h0 if isinstance(h0, tuple) else (h0,)
    if len(given) != len(names):
        raise ValueError(f"h0 must be {' and '.join(names)} for cell {cell!r}, got {len(given)} arrays")
    rows = [padded_rows(net, value, s.n_graphs, name) for name, value in zip(names, given, strict=True)]
    return rows[0], rows[1] if len(rows) == 2 else None


def saved_memory(net: _core.Net, s: _core.Graph, initial: tuple[Array | None, ...], spec: CellSpec) -> Saved:
    """Memory for what a gated cell keeps of every node and edge; () for a recursive cell."""
    if not spec.is_gated:
        return ()
    saved = _core.aligned((s.n_nodes, net.n_slot * net.ld_state), net.dtype)
    edge = _core.aligned((len(s.child) if spec.gate_per_child else 0, net.ld_state), net.dtype)
    c = _core.aligned((s.n_nodes, net.ld_state), net.dtype) if spec.has_second_state else None
    return saved, edge, c, *initial
