/* The tables of cells, and what follows from a row for any real type. */
#include "contract/cell.h"

#include <string.h>

#define FB_PARAM(letter, beginning, ...)                            \
    {                                                               \
        .name = #letter, .begins = beginning, .axis = {__VA_ARGS__} \
    }
#define FB_LINEAR FB_KIND_LINEAR
#define FB_PRODUCTS FB_KIND_PRODUCTS
#define FB_GATED FB_KIND_GATED
#define FB_GATED_EDGES FB_KIND_GATED
#define FB_GATED_LEAF FB_KIND_GATED

#define FB_CELL(x, functions, ...) [FB_CELL_##x] = {.name = #x, .kind = functions, __VA_ARGS__},
const fb_cell_row fb_cell_rows[FB_N_CELLS] = {
#include "cells/cells.def"
};
#undef FB_CELL

#define FB_CELL(x, functions, ...) [FB_TEST_CELL_##x] = {.name = #x, .kind = functions, __VA_ARGS__},
const fb_cell_row fb_test_cell_rows[FB_N_TEST_CELLS] = {
#include "cells/test_cells.def"
};
#undef FB_CELL

/* Whether the k-th parameter is this one. */
static int is_param(const fb_cell_row *row, int k, const char *name, fb_axis first, fb_axis second) {
    const fb_param *p = row->params + k;
    return p->name && !strcmp(p->name, name) && p->axis[0].times == first.times && p->axis[0].of == first.of &&
           p->axis[1].times == second.times && p->axis[1].of == second.of && !p->axis[2].times;
}

/* A gated cell's parameters follow from its flags; they are W, U, b, b_rec, W_leaf, b_leaf in this order. */
static int has_params(const fb_cell_row *row) {
    const fb_gates *g = &row->gates;
    const fb_axis rows = {g->n_gate, FB_STATE}, leaf = {g->n_leaf, FB_STATE}, none = {0, FB_IN}, in = {1, FB_IN};
    const fb_axis below = {g->matrices_per_child ? row->arity : 1, FB_STATE};
    int k = 0;
    if (!is_param(row, k++, "W", rows, in)) return 0;
    if (g->has_recurrence && !is_param(row, k++, "U", rows, below)) return 0;
    if (!is_param(row, k++, "b", rows, none)) return 0;
    if (g->has_second_bias && !is_param(row, k++, "b_rec", rows, none)) return 0;
    if (g->n_leaf && !is_param(row, k++, "W_leaf", leaf, in)) return 0;
    if (g->n_leaf && !is_param(row, k++, "b_leaf", leaf, none)) return 0;
    return !row->params[k].name;
}

/* Whether the first and the last n_gate slots hold each gate once, and the others gates that exist. */
static int has_slots(const fb_gates *g) {
    unsigned first = 0, last = 0;
    for (int s = 0; s < g->n_slot; s++) {
        if (g->gate[s] < 0 || g->gate[s] >= g->n_gate) return 0;
        if (s < g->n_gate) first |= 1u << g->gate[s];
        if (s >= g->n_slot - g->n_gate) last |= 1u << g->gate[s];
    }
    return first == (1u << g->n_gate) - 1 && last == first;
}

const char *fb_cell_refused(const fb_cell_row *row) {
    const fb_gates *g = &row->gates;
    if (row->arity < 0) return "arity: must be FB_ANY or the number of children";
    if (row->kind < 0 || row->kind >= FB_N_KINDS) return "kind: there is no such kind";
    if (!row->params[0].name) return "params: a cell has one at least";
    for (int k = 0; row->params[k].name; k++)
        if (row->params[k].begins >= FB_N_BEGINNINGS || row->params[k].axis[0].times < 1)
            return "params: a beginning and a first axis are needed";
    if (row->kind != FB_KIND_GATED) {
        static const fb_gates none;
        if (row->layer) return "layer: only gated cells run over sequences";
        return memcmp(g, &none, sizeof none) ? "gates: only gated cells have any" : NULL;
    }
    if (g->n_gate < 1 || g->n_gate > FB_MAX_GATES) return "n_gate: the tiles are made for 1 to 8 gates";
    if (g->n_slot < g->n_gate || g->n_slot > FB_MAX_SLOTS) return "n_slot: must be n_gate to 16";
    if (!has_slots(g)) return "gate: the first and the last n_gate slots must name each gate once";
    if (g->has_second_bias && !g->has_recurrence) return "has_second_bias: there is no product that it is added to";
    if (!g->has_recurrence && !g->direct) return "has_recurrence: without U and without direct nothing is carried on";
    if (g->gate_per_child && !g->has_second_state) return "gate_per_child: it is a factor of second states";
    if (g->gate_per_child && !g->has_recurrence) return "gate_per_child: it is made from U h_k";
    if (g->gate_per_child && g->n_slot > g->n_gate) return "gate_per_child: errors of a and u must share their slots";
    if (g->matrices_per_child && row->arity < 1) return "matrices_per_child: needs an arity";
    if (g->matrices_per_child && (!g->has_recurrence || g->gate_per_child || g->direct))
        return "matrices_per_child: needs a U, and neither gate_per_child nor direct";
    if (g->n_leaf < 0 || g->n_leaf > g->n_gate) return "n_leaf: must be 0 to n_gate";
    if (g->n_leaf && g->gate_per_child) return "n_leaf: not with gate_per_child";
    if (row->layer && (g->matrices_per_child || g->n_leaf || row->arity != FB_ANY))
        return "layer: the steps of a sequence have one child, and no leaf module";
    return has_params(row) ? NULL : "params: must be W, U, b, b_rec, W_leaf, b_leaf as the flags say";
}

const char *fb_functions_refused(const fb_cell *cell) {
    const fb_gates *g = &cell->row->gates;
    const fb_gated_kernels *k = &cell->gated;
    if (!cell->shape || !cell->columns) return "functions: shape and columns are needed";
    if (!fb_is_gated(cell)) return cell->gather && cell->scatter ? NULL : "functions: gather and scatter are needed";
    if (!k->forward || !k->backward) return "functions: forward and backward are needed";
    if (!g->gate_per_child != !k->edge_forward || !g->gate_per_child != !k->edge_backward)
        return "functions: FB_GATED_EDGES goes with gate_per_child";
    if (!g->n_leaf != !k->leaf_forward || !g->n_leaf != !k->leaf_backward)
        return "functions: FB_GATED_LEAF goes with n_leaf";
    return NULL;
}

void fb_cell_dims(const fb_cell_row *row, int n_in, int n_state, fb_dims *d) {
    const fb_gates *g = &row->gates;
    const int gated = row->kind == FB_KIND_GATED, children = g->matrices_per_child ? row->arity : 1;
    memset(d, 0, sizeof *d);
    d->gates = g;
    d->n_in = n_in, d->ld_in = FB_PADDED(n_in);
    d->n_state = n_state, d->ld_state = FB_PADDED(n_state);
    d->n_gate = gated ? g->n_gate : 1, d->n_slot = g->n_slot;
    d->n_below = g->has_recurrence ? children * n_state : 0;
    d->ld_below = g->has_recurrence ? FB_PADDED((children - 1) * n_state + d->ld_state) : 0;
}
