# Cells: the tables of src_c/cells, and the cell of a name.

cdef tuple WIDTHS = ("n_in", "n_state")
cdef tuple BEGINNINGS = ("zero", "mean", "small", "uniform")
cdef tuple KINDS = ("linear", "products", "gated")


cdef dict cell_row(const fb_cell_row *row):
    """A row as Python has it: fastbpts._cells.spec.CellSpec describes the keys."""
    cdef int k = 0, j
    params, activations = {}, []
    while row.params[k].name != NULL:
        axes = [(row.params[k].axis[j].times, WIDTHS[<int>row.params[k].axis[j].of])
                for j in range(FB_MAX_AXES) if row.params[k].axis[j].times]
        params[row.params[k].name.decode()] = (BEGINNINGS[<int>row.params[k].begins], tuple(axes))
        k += 1
    k = 0
    while row.activations[k] != NULL:
        activations.append(row.activations[k].decode())
        k += 1
    return {
        "kind": KINDS[<int>row.kind],
        "layer": None if row.layer == NULL else row.layer.decode(),
        "arity": row.arity or None,
        "params": params,
        "activations": tuple(activations),
        "n_gates": row.gates.n_gate,
        "gate_of_slot": tuple(row.gates.gate[k] for k in range(row.gates.n_slot)),
        "has_recurrence": bool(row.gates.has_recurrence),
        "has_second_bias": bool(row.gates.has_second_bias),
        "has_second_state": bool(row.gates.has_second_state),
        "gate_per_child": bool(row.gates.gate_per_child),
        "matrices_per_child": bool(row.gates.matrices_per_child),
        "direct": bool(row.gates.direct),
        "n_leaf_gates": row.gates.n_leaf,
    }


def cells() -> dict:
    """Name of each cell -> its row, in the order of cells.def."""
    return {fb_cell_rows[i].name.decode(): cell_row(&fb_cell_rows[i]) for i in range(FB_N_CELLS)}


def test_cells() -> dict:
    """The same of the cells that only tests reach, src_c/cells/test_cells.def."""
    return {fb_test_cell_rows[i].name.decode(): cell_row(&fb_test_cell_rows[i]) for i in range(FB_N_TEST_CELLS)}


def cell_refused(str name, dict changes) -> str | None:
    """Why the drivers cannot take the row of a cell with some of its numbers changed; None: they can.

    changes: names of fields -> numbers; "gate": (slot, gate)."""
    cdef fb_cell_row row
    cdef const fb_cell_row *found = find_row(name)
    cdef const char *why
    memcpy(&row, found, sizeof(row))
    for field, value in changes.items():
        if field == "arity":
            row.arity = value
        elif field == "n_gate":
            row.gates.n_gate = value
        elif field == "n_slot":
            row.gates.n_slot = value
        elif field == "gate":
            row.gates.gate[<int>value[0]] = value[1]
        elif field == "has_recurrence":
            row.gates.has_recurrence = value
        elif field == "has_second_bias":
            row.gates.has_second_bias = value
        elif field == "has_second_state":
            row.gates.has_second_state = value
        elif field == "gate_per_child":
            row.gates.gate_per_child = value
        elif field == "matrices_per_child":
            row.gates.matrices_per_child = value
        elif field == "direct":
            row.gates.direct = value
        elif field == "n_leaf":
            row.gates.n_leaf = value
        else:
            raise ValueError(f"changes: a row has no number {field!r}")
    why = fb_cell_refused(&row)
    return None if why == NULL else why.decode()


cdef const fb_cell_row *find_row(str name) except NULL:
    for i in range(FB_N_CELLS):
        if fb_cell_rows[i].name == name.encode():
            return &fb_cell_rows[i]
    for i in range(FB_N_TEST_CELLS):
        if fb_test_cell_rows[i].name == name.encode():
            return &fb_test_cell_rows[i]
    raise ValueError(f"cell: no cell has the name {name!r}")


cdef int check_cell(const fb_cell *cell) except -1:
    cdef const char *why = fb_cell_refused(cell.row)
    if why == NULL:
        why = fb_functions_refused(cell)
    if why != NULL:
        raise SystemError(f"cells.def: {cell.row.name.decode()}: {why.decode()}")
    return 0


cdef int check_cells() except -1:
    """Refuse rows that the drivers do not support, in every table of kernels that this processor runs."""
    cdef const fb_kernels *k
    for size in (4, 8):
        k = fb_kernels_for(size)
        for i in range(FB_N_CELLS):
            check_cell(&k.cells.cells[i])
        for i in range(FB_N_TEST_CELLS):
            check_cell(&k.cells.test_cells[i])
    return 0


check_cells()


cdef const fb_cell *cell_of(const fb_kernels *k, str name, fb_dims *d, int n_in, int n_state) except NULL:
    """The cell of this name, and its widths."""
    cdef const fb_cell_row *row = find_row(name)
    cdef const fb_cell *cell = NULL
    for i in range(FB_N_CELLS):
        if k.cells.cells[i].row == row:
            cell = &k.cells.cells[i]
    for i in range(FB_N_TEST_CELLS):
        if k.cells.test_cells[i].row == row:
            cell = &k.cells.test_cells[i]
    fb_cell_dims(row, n_in, n_state, d)
    cell.shape(d)
    d.ld_feature = padded(d.n_feature)
    return cell


cdef int padded(int n):
    return (n + FB_PAD - 1) // FB_PAD * FB_PAD
