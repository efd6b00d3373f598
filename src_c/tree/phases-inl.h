/* Phases 1 and 2 of a training step (tree/step-inl.h): runs over forests, and the gradients of weights. */
#ifndef FB_TREE_PHASES_INL_H
#define FB_TREE_PHASES_INL_H
#include "gated/gated_back-inl.h"
#include "gated/gated_graph-inl.h"
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"
#include "tree/head-inl.h"
#include "tree/level-inl.h"
#include "tree/weights-inl.h"

static FB(work) FB(own_work)(const fb_net *net, int part) {
    return FB(work_of)(&net->run.dims, net->scratch + (net->n_threads > 1 ? part : 0) * net->scratch_size);
}

/* The network as one slab sees it. */
static fb_net FB(slab_of)(const fb_net *net, int slab) {
    fb_net own = *net;
    fb_run *r = &own.run;
    if (slab == 0) return own;
    r->h = (real *)r->h + net->slab_rows * r->dims.ld_state;
    r->dh = r->dx = (real *)r->dh + net->slab_rows * r->dims.ld_state;
    r->gathered = (real *)r->gathered + net->slab_inner * fb_ld_gathered(&r->dims, net->cell);
    r->errors = (real *)r->errors + net->slab_inner * r->dims.ld_state;
    own.loss.dz = (real *)own.loss.dz + net->slab_rows * own.loss.ld_class;
    r->dtheta = net->cell_slab, own.head_block.g = net->head_slab;
    return own;
}

/* The nodes of level v in graphs first .. last: a .. b. */
static void FB(level_range)(const fb_graph *s, int64_t v, int64_t first, int64_t last, int64_t *a, int64_t *b) {
    *a = s->level_ptr[v], *b = s->level_ptr[v + 1];
    if (first > 0) *a = fb_lower_bound(s->graph, *a, *b, first);
    if (last < s->n_graphs) *b = fb_lower_bound(s->graph, *a, *b, last);
}

/* The nodes of level v in forest `part`: a .. b. *row: the first of them among the inner nodes of its slab, whose level
   begins at row `begin`. Returns how many nodes the slab has on this level. */
static int64_t FB(forest_range)(const fb_net *net, int64_t v, int part, int64_t begin, int64_t *a, int64_t *b,
                                int64_t *row) {
    const int slab = part / net->n_shares * net->n_shares;
    int64_t from, to;
    FB(level_range)(net->run.graph, v, net->split[part], net->split[part + 1], a, b);
    *row = begin;
    if (net->n_shares == 1) return *b - *a;
    FB(level_range)(net->run.graph, v, net->split[slab], net->split[slab + net->n_shares], &from, &to);
    *row += *a - from;
    return to - from;
}

static void FB(forward_part)(void *ctx, int part, int n_parts) {
    const fb_net *whole = ctx, slab = FB(slab_of)(whole, part / whole->n_shares), *net = &slab;
    const FB(work) w = FB(own_work)(net, part);
    int64_t a, b, row, begin = 0;
    (void)n_parts;
    for (int64_t v = 0; v < net->run.graph->n_levels; v++) {
        const int64_t n = FB(forest_range)(net, v, part, begin, &a, &b, &row);
        if (fb_is_gated(net->cell)) FB(graph_forward)(&net->run, net->cell, a, b, w.c);
        else if (v == 0)
            for (int64_t i = a; i < b; i++) {
                if (net->run.x_row && i + 8 < b) /* rows of E are far apart */
                    for (int j = 0; j < net->run.dims.ld_state; j += 64 / (int)sizeof(real))
                        __builtin_prefetch((const real *)net->run.x + net->run.x_row[i + 8] * net->run.ld_x + j);
                FB(input_forward)(&net->run, i);
            }
        else FB(level_forward)(&net->run, net->cell, a, b, row, &w);
        begin += v ? n : 0;
    }
}

static void FB(loss_part)(const fb_net *net, int part) {
    const fb_graph *s = net->run.graph;
    const int64_t ld = net->run.dims.ld_state, first = net->split[part], last = net->split[part + 1];
    int64_t a, b;
    for (int64_t v = 0; v < s->n_levels; v++) {
        FB(level_range)(s, v, first, last, &a, &b);
        if (net->run.dc) memset((real *)net->run.dc + a * ld, 0, (size_t)((b - a) * ld) * sizeof(real));
        if (net->loss.roots_only && b > a && !net->run.fresh)
            memset((real *)net->run.dh + a * ld, 0, (size_t)((b - a) * ld) * sizeof(real));
        for (int64_t i = net->loss.roots_only ? b : a; i < b; i += VL) FB(loss_tile)(net, i, (int)fb_min(VL, b - i));
    }
    for (int64_t g = net->loss.roots_only ? first : last; g < last; g++) FB(loss_tile)(net, s->root[g], 1);
}

static void FB(backward_part)(void *ctx, int part, int n_parts) {
    const fb_net *whole = ctx, slab = FB(slab_of)(whole, part / whole->n_shares), *net = &slab;
    const FB(work) w = FB(own_work)(net, part);
    int64_t a, b, row, begin = 0, above = net->n_inner[part / net->n_shares];
    (void)n_parts;
    for (int64_t v = net->run.graph->n_levels - 1; v >= 0; v--) {
        const int64_t n = FB(forest_range)(net, v, part, begin, &a, &b, &row);
        above -= n;
        if (fb_is_gated(net->cell)) FB(graph_backward)(&net->run, net->cell, a, b, w.c);
        else if (v == 0)
            for (int64_t i = a; i < b; i++) FB(input_backward)(&net->run, i);
        else FB(level_backward)(&net->run, net->cell, a, b, row + above, &w);
    }
}

static void FB(forest_part)(void *ctx, int part, int n_parts) {
    const fb_net *net = ctx, slab = FB(slab_of)(net, part / net->n_shares);
    FB(forward_part)(ctx, part, n_parts);
    FB(loss_part)(&slab, part);
    FB(backward_part)(ctx, part, n_parts);
}

/* d[Ws | bs] of one slab: the sum over its loss nodes, level after level. */
static void FB(head_gradient)(const fb_net *net, int slab) {
    const fb_graph *s = net->run.graph;
    const int64_t first = net->split[slab * net->n_shares], last = net->split[(slab + 1) * net->n_shares];
    int64_t a, b;
    memset(net->head_block.g, 0, (size_t)(net->head_block.n_rows * net->head_block.ld) * sizeof(real));
    for (int64_t g = net->loss.roots_only ? first : last; g < last; g++) FB(head_panel)(net, s->root[g], 1);
    for (int64_t v = 0; v < s->n_levels && !net->loss.roots_only; v++) {
        FB(level_range)(s, v, first, last, &a, &b);
        for (; a < b; a += 128) FB(head_panel)(net, a, fb_min(128, b - a));
    }
}

static void FB(gradient_part)(void *ctx, int part, int n_parts) {
    const fb_net *whole = ctx;
    const int n = n_parts / whole->n_slabs, own = part / n;
    const fb_net slab = FB(slab_of)(whole, own), *net = &slab;
    const FB(work) w = FB(own_work)(net, part);
    if (fb_is_gated(net->cell)) FB(graph_weights)(&net->run, &net->cell->row->gates, part, n_parts, w.c);
    else FB(weights_part)(&net->run, net->cell, net->n_inner[own], part % n, n, &w);
    if (net->loss.head && part % n == 0) FB(head_gradient)(net, own);
}

static void FB(slab_part)(void *ctx, int part, int n_parts) {
    FB(forest_part)(ctx, part, n_parts);
    FB(gradient_part)(ctx, part, n_parts);
}
#endif
