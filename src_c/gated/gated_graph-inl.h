/* Gated cells over structures. Tiles of nodes of one level; a tile whose nodes have one child at most (a sequence;
   level 0, with the initial state as its child) takes all gates from one product, else the gate that every child has of
   its own is made edge by edge. Both ways give the same bits. */
#ifndef FB_GATED_GATED_GRAPH_INL_H
#define FB_GATED_GATED_GRAPH_INL_H
#include "gated/gated_pack-inl.h"
#include "gated/gated_step-inl.h"
#include "gemm/matmul-inl.h"
#include "gemm/matmul_tn-inl.h"
#include "simd/common.h"
#include "simd/dropout-inl.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

/* Pieces of one thread's scratch memory. */
typedef struct {
    real *below, *send;       /* (FB_ROWS, the wider of ld_state and ld_below) */
    real *c_below, *dc_below; /* (FB_ROWS, n_second ld_state), n_second the states side by side */
    real *fc, *u;             /* (FB_ROWS, ld_state) */
    real *panel;              /* (panel_rows, the widest of ld_in, ld_state and ld_below) */
    real *matmul, *end;
} FB(gated_work);
enum { FB(PANEL_ROWS) = 128 };

/* States of children that lie side by side in what a cell reads. */
static FB_INLINE int FB(side_by_side)(const fb_dims *d) {
    return d->gates->matrices_per_child ? d->n_below / d->n_state : 1;
}

static FB(gated_work) FB(gated_work_of)(const fb_dims *d, void *scratch) {
    const int64_t row = FB_ROWS * (int64_t)d->ld_state, second = row * FB(side_by_side)(d);
    const int64_t wide = d->ld_below > d->ld_state ? d->ld_below : d->ld_state;
    FB(gated_work) w;
    w.below = scratch;
    w.c_below = w.below + FB_ROWS * wide;
    w.fc = w.c_below + second;
    w.send = w.fc + row;
    w.dc_below = w.send + FB_ROWS * wide;
    w.u = w.dc_below + second;
    w.panel = w.u + row;
    w.matmul = w.panel + FB(PANEL_ROWS) * (d->ld_in > wide ? d->ld_in : wide);
    w.end = w.matmul + FB(matmul_scratch)();
    return w;
}

static size_t FB(gated_scratch)(const fb_dims *d) {
    return FB_PADDED((size_t)(FB(gated_work_of)(d, NULL).end - (real *)NULL)) * sizeof(real);
}

/* The run of consecutive input nodes that begins with the k-th, PANEL_ROWS at most, ending before node b. */
static int64_t FB(input_run)(const fb_graph *s, int64_t k, int64_t b) {
    int64_t n = 0;
    while (n < FB(PANEL_ROWS) && k + n < s->n_inputs && s->inputs[k + n] == s->inputs[k] + n && s->inputs[k + n] < b)
        n++;
    return n;
}

/* Rows of x of n inputs from the k-th on, where they lie or gathered. */
static const real *FB(input_rows)(const fb_run *r, int64_t k, int64_t n, real *panel, int64_t *ld) {
    const int D = r->dims.n_in;
    *ld = r->ld_x;
    if (!r->x_row && r->input_dropout == 0) return (const real *)r->x + k * r->ld_x;
    for (int64_t i = 0; i < n; i++) {
        const int64_t node = r->graph->inputs[k + i], row = r->x_row ? r->x_row[node] : k + i;
        memcpy(panel + i * r->dims.ld_in, (const real *)r->x + row * r->ld_x, (size_t)D * sizeof(real));
        if (r->input_dropout > 0) FB(drop_row)(~r->seed, r->input_dropout, node, D, panel + i * r->dims.ld_in);
    }
    *ld = r->dims.ld_in;
    return panel;
}

/* Whether node i has the leaf module. */
static FB_INLINE int FB(is_leaf)(const fb_run *r, int64_t i) {
    return r->dims.gates->n_leaf && i < r->graph->level_ptr[1];
}

/* a of the nodes i .. b of one level. */
static void FB(graph_project)(const fb_run *r, int64_t i, int64_t b, const FB(packed) * p, const FB(gated_work) * w) {
    const fb_graph *s = r->graph;
    const int64_t ld_saved = r->dims.n_slot * r->dims.ld_state;
    for (int64_t k = fb_lower_bound(s->inputs, 0, s->n_inputs, i), n, ld; i < b; i += n) {
        const int reads = k < s->n_inputs && s->inputs[k] == i;
        n = reads ? FB(input_run)(s, k, b) : (k < s->n_inputs ? fb_min(s->inputs[k], b) : b) - i;
        const real *x = reads ? FB(input_rows)(r, k, n, w->panel, &ld) : NULL;
        FB(project)(&r->dims, p, FB(is_leaf)(r, i), n, x, x ? ld : 0, (real *)r->saved + i * ld_saved);
        k += reads ? n : 0;
    }
}

/* Sums of rows of `from` (ld_state) over the children of nodes i .. i + m; of initial states where level 0 is. */
static const real *FB(sum_below)(const fb_run *r, int64_t i, int64_t m, const real *from, const real *initial,
                                 real *out) {
    const fb_graph *s = r->graph;
    const int ld = r->dims.ld_state;
    for (int64_t k = 0; k < m; k++) {
        real *to = out + k * ld;
        const int64_t first = s->child_ptr[i + k], end = s->child_ptr[i + k + 1];
        if (first < end) FB(copy)(to, from + (int64_t)s->child[first] * ld, ld);
        else if (initial) FB(copy)(to, initial + (int64_t)s->graph[i + k] * ld, ld);
        else FB(zero)(to, ld);
        for (int64_t e = first + 1; e < end; e++)
            for (int j = 0; j < ld; j += VL)
                FB(store)(to + j, FB(load)(to + j) + FB(load)(from + (int64_t)s->child[e] * ld + j));
    }
    return out;
}

/* out (m, ld): rows of `from` (ld_state) of all children of nodes i .. i + m side by side, `apart` elements from each
   other; zeros of childless nodes. */
static void FB(children_below)(const fb_run *r, int64_t i, int64_t m, const real *from, int apart, real *out, int ld) {
    const fb_graph *s = r->graph;
    for (int64_t k = 0; k < m; k++, out += ld) {
        const int64_t first = s->child_ptr[i + k], end = s->child_ptr[i + k + 1];
        if (first == end) FB(zero)(out, ld);
        for (int64_t e = first; e < end; e++) /* a row's padding is overwritten by the next one */
            FB(copy)(out + (e - first) * apart, from + (int64_t)s->child[e] * r->dims.ld_state, r->dims.ld_state);
    }
}

/* h~ of nodes i .. i + m: the sum of the children's states, or all of them. */
static void FB(states_below)(const fb_run *r, int64_t i, int64_t m, real *out) {
    if (!r->dims.gates->matrices_per_child) FB(sum_below)(r, i, m, r->h, r->h0, out);
    else FB(children_below)(r, i, m, r->h, r->dims.n_state, out, r->dims.ld_below);
}

/* The second states below, alike; of cells with a gate per child where nodes have one child at most. */
static void FB(second_below)(const fb_run *r, int64_t i, int64_t m, real *out) {
    const int ld = r->dims.ld_state;
    if (!r->dims.gates->matrices_per_child) FB(sum_below)(r, i, m, r->c, r->c0, out);
    else FB(children_below)(r, i, m, r->c, ld, out, FB(side_by_side)(&r->dims) * ld);
}

static fb_tile FB(graph_tile)(const fb_run *r, int64_t i, int m, const FB(packed) * p, const FB(gated_work) * w) {
    const int64_t ld = r->dims.ld_state, ld_saved = r->dims.n_slot * ld;
    real *saved = (real *)r->saved + i * ld_saved;
    fb_tile t = {
        .gates = r->dims.gates, .rows = m, .cols = (int)ld, .activation = r->activation, .keep = 1 - r->dropout};
    t.bias = p->bias_u, t.slot = ld, t.saved = saved, t.ld_saved = ld_saved;
    t.below = w->below, t.ld_below = r->dims.gates->matrices_per_child ? r->dims.ld_below : ld;
    t.ld_h = t.ld_c = t.ld_fc = t.ld_e = t.ld_dc = t.ld_direct = ld;
    t.ld_c_below = t.ld_dc_below = FB(side_by_side)(&r->dims) * ld;
    t.h = (real *)r->h + i * ld, t.e = (real *)r->dh + i * ld, t.direct = w->send;
    if (!r->c) return t;
    t.c = (real *)r->c + i * ld, t.dc = (real *)r->dc + i * ld;
    t.c_below = w->c_below, t.dc_below = w->dc_below;
    t.f = saved + (r->dims.n_gate - 1) * ld, t.ld_f = ld_saved;
    return t;
}

/* Edge e of the tile's row k. */
static fb_tile FB(edge_tile)(const fb_run *r, const fb_tile *tile, int64_t k, int64_t e) {
    const int64_t ld = r->dims.ld_state;
    fb_tile t = *tile;
    t.rows = 1;
    t.f = (real *)r->edge + e * ld;
    t.c_below = (const real *)r->c + r->graph->child[e] * ld;
    t.dc = (real *)tile->dc + k * ld;
    t.fc = (real *)tile->fc + k * ld;
    t.next = VL;
    return t;
}

/* fc of nodes i .. i + m: a gate for every child. */
static void FB(edges_forward)(const fb_run *r, const fb_cell *cell, int64_t i, const fb_tile *tile,
                              const FB(packed) * p, const FB(gated_work) * w) {
    const fb_graph *s = r->graph;
    const int H = r->dims.n_state, ld = r->dims.ld_state;
    FB(zero)(tile->fc, tile->rows * ld);
    FB(zero)(w->u, FB_ROWS * ld);
    for (int64_t e = s->child_ptr[i], k = 0, end = s->child_ptr[i + tile->rows], n; e < end; e += n) {
        n = fb_min(FB_ROWS, end - e);
        for (int64_t q = 0; q < n; q++)
            FB(copy)(w->send + q * ld, (const real *)r->h + (int64_t)s->child[e + q] * ld, ld);
        FB(matmul)(n, H, H, w->send, ld, p->u_edge, w->u, ld, 0);
        for (int64_t q = 0; q < n; q++) {
            while (s->child_ptr[i + k + 1] <= e + q) k++;
            fb_tile t = FB(edge_tile)(r, tile, k, e + q);
            t.u = w->u + q * ld;
            FB(copy)(t.f, (real *)tile->f + k * tile->ld_f, ld);
            cell->gated.edge_forward(&t);
        }
    }
}

static int FB(one_below)(const fb_graph *s, int64_t i, int64_t m) {
    return s->child_ptr[i + m] - s->child_ptr[i] == (i < s->level_ptr[1] ? 0 : m);
}

/* Nodes a .. b of one level. */
static void FB(graph_forward)(const fb_run *r, const fb_cell *cell, int64_t a, int64_t b, void *scratch) {
    const fb_gates *g = &cell->row->gates;
    const FB(gated_work) w = FB(gated_work_of)(&r->dims, scratch);
    const FB(packed) p = FB(packed_of)(&r->dims, &r->weights);
    const int H = r->dims.n_state, ld = r->dims.ld_state;
    FB(graph_project)(r, a, b, &p, &w);
    for (int64_t i = a, m; i < b; i += m) {
        m = FB(gated_rows)(g->n_gate, b - i);
        fb_tile t = FB(graph_tile)(r, i, (int)m, &p, &w);
        const int zero = a < r->graph->level_ptr[1] && !r->h0;
        if (FB(is_leaf)(r, i)) {
            cell->gated.leaf_forward(&t);
        } else {
            FB(states_below)(r, i, m, w.below);
            if (g->gate_per_child && !FB(one_below)(r->graph, i, m)) {
                t.fc = w.fc;
                FB(edges_forward)(r, cell, i, &t, &p, &w);
            } else if (g->has_second_state) {
                FB(second_below)(r, i, m, w.c_below);
            }
            FB(gated_forward)(&r->dims, cell, &p, &t, zero ? 0 : r->dims.n_below, 0);
        }
        for (int64_t k = 0; k < m; k++) {
            real *h = (real *)t.h + k * ld;
            for (int j = H; j < ld; j++) h[j] = 0;
            if (r->dropout > 0) FB(drop_row)(r->seed, r->dropout, i + k, H, h);
        }
    }
}
#endif
