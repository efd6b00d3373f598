"""The reference of the cells that only tests reach (src_c/cells/test-inl.h has their equations), row by row."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbpts import _core
from fastbpts._cells.cell import Cell
from fastbpts._cells.spec import CellSpec
from fastbpts.reference._cell import Cell as Plain
from fastbpts.reference._cell import Gradients, Run, Spec

Array = NDArray[Any]
ROWS = {name: CellSpec(**row) for name, row in _core.test_cells().items()}


class Equations:
    """One row's: what a module of fastbpts/reference has."""

    def __init__(self, row: CellSpec) -> None:
        self.row = row
        self.SPEC = Spec(row.shapes, row.arity, row.states, not row.initial)
        self.own = row.gate_of_slot[-1] if row.gate_per_child else None

    def weight(self, q: int) -> float:
        return 0.0 if q == self.own else 1 / (1 + q)

    def parts(self, run: Run, i: int) -> SimpleNamespace:
        """Everything of one node."""
        row, p, kids, H = self.row, run.params, run.below(i), run.y.shape[1]
        leaf = bool(row.n_leaf_gates) and not len(run.s.child[run.s.child_ptr[i] : run.s.child_ptr[i + 1]])
        if leaf:
            z = p["W_leaf"] @ run.x_at[i] + p["b_leaf"]
            return SimpleNamespace(leaf=True, kids=[], z=np.tanh(z).reshape(-1, H))
        h = run.all_h[kids]
        z = p["W"] @ run.x_at[i] + p["b"]
        side = h.reshape(-1) if row.matrices_per_child else h.sum(axis=0)
        if row.matrices_per_child and not kids:
            side = np.zeros(row.arity * H)
        factor = 0.5 if row.has_second_bias else 1.0
        f = None
        if self.own is not None:
            rows = slice(self.own * H, (self.own + 1) * H)
            f = np.tanh(z[rows] + h @ p["U"][rows].T)  # (K, H)
        if row.has_recurrence:
            z = z + factor * (p["U"] @ side + p.get("b_rec", 0))
        return SimpleNamespace(leaf=False, kids=kids, h=h, side=side, factor=factor, f=f, z=np.tanh(z).reshape(-1, H))

    def shares(self, v: SimpleNamespace) -> list[float]:
        """The part of each child's second state that c takes."""
        return [1 / (2 + k) if self.row.matrices_per_child else 0.5 for k in range(len(v.kids))]

    def forward(self, run: Run) -> None:
        for i in range(run.s.n_nodes):
            v = self.parts(run, i)
            y = sum(self.weight(q) * z for q, z in enumerate(v.z))
            if not v.leaf and self.row.direct:
                y = y + v.h.sum(axis=0) / 2
            if run.all_c is not None:
                if not v.leaf and v.f is not None:
                    y = y + (v.f * run.all_c[v.kids]).sum(axis=0)
                elif not v.leaf:
                    y = y + sum(s * run.all_c[k] for s, k in zip(self.shares(v), v.kids, strict=True))
                run.all_c[i] = y
                y = y if v.leaf else np.tanh(y)
            run.y[i] = y
            run.all_h[i] = run.mask[i] * run.y[i]

    def backward(self, run: Run, d: Gradients) -> None:
        row, p, H = self.row, run.params, run.y.shape[1]
        for i in reversed(range(run.s.n_nodes)):
            v = self.parts(run, i)
            e = run.mask[i] * d.all_h[i]
            if d.all_c is not None and run.all_c is not None:
                e = d.all_c[i] + e * (1 if v.leaf else 1 - np.tanh(run.all_c[i]) ** 2)
            dz = np.stack([self.weight(q) * e * (1 - z**2) for q, z in enumerate(v.z)]).reshape(-1)
            W, b = ("W_leaf", "b_leaf") if v.leaf else ("W", "b")
            dside = np.zeros(0) if v.leaf else v.factor * (p["U"].T @ dz) if row.has_recurrence else np.zeros(H)
            if not v.leaf and row.has_recurrence:
                d.params["U"] += v.factor * np.outer(dz, v.side)
                if row.has_second_bias:
                    d.params["b_rec"] += v.factor * dz
            if not v.leaf and row.direct:
                dside = dside + e / 2
            for k, kid in enumerate(v.kids):
                d.all_h[kid] += dside[k * H : (k + 1) * H] if row.matrices_per_child else dside
                if v.f is not None:
                    rows = slice(self.own * H, (self.own + 1) * H)
                    df = e * run.all_c[kid] * (1 - v.f[k] ** 2)
                    d.all_c[kid] += e * v.f[k]
                    d.params["U"][rows] += np.outer(df, v.h[k])
                    d.all_h[kid] += p["U"][rows].T @ df
                    dz[rows] += df
                elif d.all_c is not None:
                    d.all_c[kid] += e * self.shares(v)[k]
            d.params[W] += np.outer(dz, run.x_at[i])
            d.params[b] += dz
            d.x_at[i] = p[W].T @ dz


def plain(name: str, n_in: int, n_state: int) -> Plain:
    """The reference's cell."""
    return Plain(name, Equations(ROWS[name]), n_in, n_state, np.float64)


def compiled(name: str, n_in: int, n_state: int, dtype: str = "float64") -> Cell:
    """The kernels' cell."""
    return Cell(name, n_in, n_state, dtype, "identity", None, ROWS[name])
