/* Gated cells over structures, backward: errors of nodes, what they send below, and gradients of weights. */
#ifndef FB_GATED_GATED_BACK_INL_H
#define FB_GATED_GATED_BACK_INL_H
#include "gated/gated_graph-inl.h"
#include "gated/gated_pack-inl.h"
#include "gated/gated_step-inl.h"
#include "gemm/matmul-inl.h"
#include "gemm/matmul_tn-inl.h"
#include "simd/common.h"
#include "simd/dropout-inl.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

static void FB(add_row)(real *to, const real *from, int n) {
    for (int j = 0; j < n; j += VL) FB(store)(to + j, FB(load)(to + j) + FB(load)(from + j));
}

/* What nodes i .. i + m send to their children, each of which has matrices of its own. */
static void FB(send_each)(const fb_run *r, const fb_gates *g, int64_t i, int m, const FB(gated_work) * w) {
    const fb_graph *s = r->graph;
    const int64_t ld = r->dims.ld_state, H = r->dims.n_state;
    for (int64_t k = 0; k < m; k++)
        for (int64_t e = s->child_ptr[i + k], q = 0; e < s->child_ptr[i + k + 1]; e++, q++) {
            real *dh = (real *)r->dh + s->child[e] * ld;
            for (int64_t j = 0; j < H; j++)
                dh[j] += w->send[k * r->dims.ld_below + q * H + j]; /* h~ = [h_0; h_1; ..] */
            if (g->has_second_state)
                FB(add_row)((real *)r->dc + s->child[e] * ld, w->dc_below + (k * FB(side_by_side)(&r->dims) + q) * ld,
                            (int)ld);
        }
}

/* What nodes i .. i + m with one child at most send to it, or to the initial state. */
static void FB(send_one)(const fb_run *r, const fb_gates *g, int64_t i, int m, const FB(gated_work) * w) {
    const fb_graph *s = r->graph;
    const int64_t ld = r->dims.ld_state;
    for (int64_t k = 0; k < m; k++) {
        const int inner = s->child_ptr[i + k] < s->child_ptr[i + k + 1];
        const int64_t row = (inner ? s->child[s->child_ptr[i + k]] : s->graph[i + k]) * ld;
        real *dh = inner ? r->dh : r->dh0, *dc = inner ? r->dc : r->dc0;
        FB(add_row)(dh + row, w->send + k * ld, (int)ld);                              /* h~ = h_k, or h0 */
        if (g->has_second_state) FB(add_row)(dc + row, w->dc_below + k * ld, (int)ld); /* c_below = c_k, or c0 */
    }
}

/* The same where nodes have several children; `send` is complete but for the gates of the edges. */
static void FB(send_many)(const fb_run *r, const fb_cell *cell, int64_t i, const fb_tile *tile, const FB(packed) * p,
                          const FB(gated_work) * w) {
    const fb_gates *g = &cell->row->gates;
    const fb_graph *s = r->graph;
    const int ld = r->dims.ld_state;
    for (int64_t k = 0; k < tile->rows; k++) {
        if (g->gate_per_child) FB(zero)((real *)tile->f + k * tile->ld_f, ld);
        for (int64_t e = s->child_ptr[i + k]; e < s->child_ptr[i + k + 1]; e++) {
            const real *send = w->send + k * ld;
            if (g->gate_per_child) {
                const fb_tile t = FB(edge_tile)(r, tile, k, e);
                cell->gated.edge_backward(&t);
                FB(add_row)((real *)tile->f + k * tile->ld_f, t.f, ld); /* f_k = sigmoid(a_f + ..) */
                FB(add_row)((real *)r->dc + (int64_t)s->child[e] * ld, w->dc_below, ld);
                FB(copy)(w->u, send, ld);
                FB(gated_send)(&r->dims, g, p, 1, g->n_gate - 1, 1, t.f, ld, w->u, ld, 1); /* .. + U_f h_k */
                send = w->u;
            } else if (g->has_second_state) {
                FB(add_row)((real *)r->dc + (int64_t)s->child[e] * ld, w->dc_below + k * ld, ld); /* c~ = sum of c_k */
            }
            FB(add_row)((real *)r->dh + (int64_t)s->child[e] * ld, send, ld); /* h~ = sum of h_k */
        }
    }
}

/* dx of the inputs among nodes a .. b of one level. */
static void FB(graph_inputs_back)(const fb_run *r, int64_t a, int64_t b, const FB(packed) * p) {
    const fb_graph *s = r->graph;
    const fb_dims *d = &r->dims;
    const int leaf = FB(is_leaf)(r, a);
    const int64_t K = (int64_t)(leaf ? d->gates->n_leaf : d->n_gate) * d->ld_state;
    const int64_t ld_saved = d->n_slot * (int64_t)d->ld_state;
    for (int64_t k = fb_lower_bound(s->inputs, 0, s->n_inputs, a), n; k < s->n_inputs && s->inputs[k] < b; k += n) {
        const int64_t i = s->inputs[k];
        real *dx = (real *)r->dx + i * d->ld_in;
        n = FB(input_run)(s, k, b);
        for (int64_t q = 0; q < n; q++) FB(zero)(dx + q * d->ld_in, d->ld_in);
        FB(matmul)(n, d->n_in, K, (real *)r->saved + i * ld_saved, ld_saved, leaf ? p->leaf_back : p->w_back, dx,
                   d->ld_in, 0); /* a = W x */
        for (int64_t q = 0; q < n && r->input_dropout > 0; q++)
            FB(drop_row)(~r->seed, r->input_dropout, i + q, d->n_in, dx + q * d->ld_in); /* x = mask * given */
    }
}

/* Nodes a .. b of one level. */
static void FB(graph_backward)(const fb_run *r, const fb_cell *cell, int64_t a, int64_t b, void *scratch) {
    const fb_gates *g = &cell->row->gates;
    const FB(gated_work) w = FB(gated_work_of)(&r->dims, scratch);
    const FB(packed) p = FB(packed_of)(&r->dims, &r->weights);
    const int ld = r->dims.ld_state, G = g->n_gate, first = g->n_slot - G;
    for (int64_t i = a, m; i < b; i += m) {
        m = FB(gated_rows)(G, b - i);
        fb_tile t = FB(graph_tile)(r, i, (int)m, &p, &w);
        const int one = !g->gate_per_child || FB(one_below)(r->graph, i, m), leaf = i < r->graph->level_ptr[1];
        for (int64_t k = 0; k < m && r->dropout > 0; k++)
            FB(drop_row)(r->seed, r->dropout, i + k, r->dims.n_state, (real *)t.e + k * ld); /* h = mask * y */
        if (FB(is_leaf)(r, i)) {
            cell->gated.leaf_backward(&t);
            continue;
        }
        if (g->direct) FB(states_below)(r, i, m, w.below);
        if (g->has_second_state && one) FB(second_below)(r, i, m, w.c_below);
        cell->gated.backward(&t);
        if (g->gate_per_child && one) cell->gated.edge_backward(&t);
        if (leaf && !r->dh0) continue;
        const real *errors = (real *)t.saved + first * ld;
        FB(gated_send)(&r->dims, g, &p, (int)m, 0, one ? G : G - 1, errors, t.ld_saved, w.send,
                       g->matrices_per_child ? r->dims.ld_below : ld, g->direct); /* u = U h~ */
        if (g->matrices_per_child) FB(send_each)(r, g, i, (int)m, &w);
        else if (leaf || FB(one_below)(r->graph, i, m)) FB(send_one)(r, g, i, (int)m, &w);
        else FB(send_many)(r, cell, i, &t, &p, &w);
    }
    FB(graph_inputs_back)(r, a, b, &p);
}

/* dtheta of units u0 .. u1 += sum over rows of errors o features: rows of the slots' gates, columns from at on. */
static void FB(graph_outer)(const fb_run *r, FB(slots) slots, int u0, int u1, int64_t rows, const real *errors,
                            int64_t ld_errors, const real *features, int64_t ld_features, int at, int cols,
                            const FB(gated_work) * w) {
    const fb_dims *d = &r->dims;
    for (int s = 0; s < slots.n; s++) {
        real *to = (real *)r->dtheta + (int64_t)(slots.gate[s] * d->n_state + u0) * d->ld_feature + at;
        FB(matmul_tn)(u1 - u0, cols, rows, errors + s * d->ld_state + u0, ld_errors, features, ld_features, to,
                      d->ld_feature, 1, w->matmul);
    }
}

/* dU of units u0 .. u1, over nodes and, where nodes have several children, over the edges' own gates. */
static void FB(graph_recurrent)(const fb_run *r, const fb_gates *g, int u0, int u1, const FB(gated_work) * w) {
    const fb_graph *s = r->graph;
    const fb_dims *d = &r->dims;
    const int64_t ld = d->ld_state, ld_saved = d->n_slot * ld, N = s->n_nodes;
    const int64_t ld_below = g->matrices_per_child ? d->ld_below : ld;
    const int G = g->n_gate, H = d->n_state, first = g->n_slot - G, alone = g->gate_per_child && s->max_arity > 1;
    const FB(slots) shared = {G - alone, g->gate + first}, own = {1, g->gate + g->n_slot - 1};
    if (!g->has_recurrence) return;
    for (int64_t i = r->h0 ? 0 : s->level_ptr[1], n; i < N; i += n) {
        n = fb_min(FB(PANEL_ROWS), N - i);
        const real *errors = (real *)r->saved + i * ld_saved + first * ld;
        FB(states_below)(r, i, n, w->panel);
        FB(graph_outer)(r, shared, u0, u1, n, errors, ld_saved, w->panel, ld_below, d->ld_in, d->n_below, w);
        if (!alone) continue;
        for (int64_t k = 0; k < n; k++)
            if (s->child_ptr[i + k + 1] - s->child_ptr[i + k] > 1) FB(zero)(w->panel + k * ld, (int)ld);
        FB(graph_outer)(r, own, u0, u1, n, errors + (G - 1) * ld, ld_saved, w->panel, ld, d->ld_in, H, w);
    }
    for (int64_t i = s->level_ptr[1]; i < N && alone; i++)
        for (int64_t e = s->child_ptr[i], end = s->child_ptr[i + 1]; e < end && end - s->child_ptr[i] > 1; e++)
            FB(graph_outer)(r, own, u0, u1, 1, (real *)r->edge + e * ld, ld, (const real *)r->h + s->child[e] * ld, ld,
                            d->ld_in, H, w);
}

/* The column of theta at `at` += the errors of a node's slots. */
static void FB(bias_row)(const fb_run *r, FB(slots) slots, int u0, int u1, const real *errors, int at) {
    const fb_dims *d = &r->dims;
    for (int s = 0; s < slots.n; s++, errors += d->ld_state) {
        real *to = (real *)r->dtheta + (int64_t)slots.gate[s] * d->n_state * d->ld_feature + at;
        for (int j = u0; j < u1; j++) to[(int64_t)j * d->ld_feature] += errors[j];
    }
}

/* Gradients of weights; parts divide the units of the state. */
static void FB(graph_weights)(const fb_run *r, const fb_gates *g, int part, int n_parts, void *scratch) {
    const FB(gated_work) w = FB(gated_work_of)(&r->dims, scratch);
    const fb_graph *s = r->graph;
    const fb_dims *d = &r->dims;
    const int H = d->n_state, G = g->n_gate;
    const int64_t leaves = g->n_leaf && s->n_nodes ? s->level_ptr[1] : 0;
    const int u0 = (int)FB(share)(H, 1, part, n_parts), u1 = (int)FB(share)(H, 1, part + 1, n_parts);
    const int64_t ld_saved = d->n_slot * (int64_t)d->ld_state;
    real *g_theta = r->dtheta;
    for (int q = 0; q < G; q++)
        memset(g_theta + (int64_t)(q * H + u0) * d->ld_feature, 0, (size_t)((u1 - u0) * d->ld_feature) * sizeof(real));
    if (!s->n_nodes) return;
    for (int64_t k = 0, n, ld; k < s->n_inputs; k += n) {
        const int leaf = s->inputs[k] < leaves;
        n = FB(input_run)(s, k, leaf ? leaves : s->n_nodes);
        const real *x = FB(input_rows)(r, k, n, w.panel, &ld);
        FB(graph_outer)(r, leaf ? FB(slots_of_leaf)(g) : FB(slots_of_a)(g), u0, u1, n,
                        (real *)r->saved + s->inputs[k] * ld_saved, ld_saved, x, ld, leaf ? d->at_leaf : 0, d->n_in,
                        &w);
    }
    FB(graph_recurrent)(r, g, u0, u1, &w);
    for (int64_t i = 0; i < leaves; i++)
        FB(bias_row)(r, FB(slots_of_leaf)(g), u0, u1, (real *)r->saved + i * ld_saved, d->at_leaf + d->ld_in);
    for (int64_t i = leaves; i < s->n_nodes; i++) {
        const real *errors = (real *)r->saved + i * ld_saved;
        FB(bias_row)(r, FB(slots_of_a)(g), u0, u1, errors, d->at_b); /* a = .. + b */
        if (g->has_second_bias)
            FB(bias_row)(r, FB(slots_of_u)(g), u0, u1, errors + (g->n_slot - G) * d->ld_state,
                         d->at_b + 1); /* u = .. + b_rec */
    }
}
#endif
