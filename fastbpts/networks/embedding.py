"""Embedding tables: rows side by side as the input of a network, and sparse gradients of the rows that were read."""

from collections.abc import Mapping

import numpy as np
from scipy.sparse import csr_matrix

from fastbpts._base.arguments import Array
from fastbpts.networks.packing import I32, I64, Rows


def sum_by_row(ids: I32, d: Array) -> tuple[I64, Array]:
    """The distinct ids in order, and for each the sum of the rows of d (N, width) that have it, in the order of d."""
    order = np.argsort(ids, kind="stable")
    found = ids[order]
    start = np.flatnonzero(np.concatenate([[True], found[1:] != found[:-1]]))
    ones = np.ones(len(ids), d.dtype)
    sums = csr_matrix((ones, order, np.append(start, len(ids))), shape=(len(start), len(ids))) @ d
    return found[start].astype(np.int64), sums


class Embedding:
    """Tables (n_rows, width) by name; the input of a network is a row of each, then the plain values.

    Parameters
    ----------
    tables : mapping
        Name -> array; training updates it in place.
    """

    def __init__(self, tables: Mapping[str, Array]) -> None:
        self.tables = tables
        ends = np.cumsum([table.shape[1] for table in tables.values()]).tolist()
        self._parts = [slice(a, b) for a, b in zip([0, *ends], ends, strict=False)]

    def forward(self, rows: Rows) -> Array:
        """The input (N, n_in)."""
        columns = () if rows.ids is None else rows.ids.T
        parts = [table[ids] for table, ids in zip(self.tables.values(), columns, strict=rows.ids is not None)]
        if rows.values is not None:
            parts.append(rows.values)
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def backward(self, rows: Rows, dx: Array) -> tuple[dict[str, Array], dict[str, I64]]:
        """Undo x = table[ids]: per table the gradients of the rows that were read, and which they are."""
        grads, read = {}, {}
        if rows.ids is not None:
            for name, part, ids in zip(self.tables, self._parts, rows.ids.T, strict=True):
                read[name], grads[name] = sum_by_row(ids, dx[:, part])
        return grads, read
