/* Gradients of weights, once over all nodes after the levels: dtheta = sum over the inner nodes of a slab, level after
   level, of error o features. Parts split the columns (cells whose features are made) or the rows of dtheta, never the
   nodes. */
#ifndef FB_TREE_WEIGHTS_INL_H
#define FB_TREE_WEIGHTS_INL_H
#include "gemm/tiles-inl.h"
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"
#include "tree/level-inl.h"

static void FB(weights_slice)(const fb_run *r, const fb_cell *cell, int64_t n_nodes, int row0, int row1, int col0,
                              int col1, const FB(work) * w) {
    const fb_dims *d = &r->dims;
    const int64_t ldq = FB_LD_Q(d), first = n_nodes ? r->graph->level_ptr[1] : 0;
    const int64_t panels = (n_nodes + w->panel_rows - 1) / w->panel_rows;
    const real *errors = r->errors ? (const real *)r->errors : (const real *)r->dh + first * d->ld_state;
    real *g = (real *)r->dtheta;
    const int few = cell->features ? 0 : FB(last_few)(d->n_feature), end = few ? d->n_feature - few : col1;
    if (n_nodes == 0)
        for (int k = row0; k < row1; k++)
            memset(g + (int64_t)k * d->ld_feature + col0, 0, (size_t)(col1 - col0) * sizeof(real));
    for (int64_t i = 0, n; i < n_nodes; i += n) {
        n = fb_min((n_nodes + panels - 1) / panels, n_nodes - i);
        const real *panel = w->panel;
        if (!cell->features && r->gathered) panel = FB(gathered)(r, cell, 0, i, NULL);
        else
            for (int64_t k = 0; k < n; k++) {
                const real *c = FB(gathered)(r, cell, first + i + k, i + k, cell->features ? w->c : w->panel + k * ldq);
                if (cell->features) cell->features(d, col0, col1, c, w->panel + k * ldq);
            }
        if (few) /* their transpose */
            FB(outer)(few, d->ld_state, (int)n, panel + end, 1, ldq, errors + i * d->ld_state, d->ld_state, w->part,
                      d->ld_state, i > 0);
        for (int c = col0, wide = 6 * FB_PAD; c < end; c += wide)
            for (int k = row0, m; k < row1; k += m) {
                m = FB(tile)(row1 - k);
                FB(outer)(m, fb_min(wide, end - c), (int)n, errors + i * d->ld_state + k, 1, d->ld_state,
                          panel + (cell->features ? c - col0 : c), ldq, g + (int64_t)k * d->ld_feature + c,
                          d->ld_feature, i > 0);
            }
    }
    for (int k = row0; k < row1 && few && n_nodes; k++)
        for (int j = end; j < col1; j++)
            g[(int64_t)k * d->ld_feature + j] = j < end + few ? w->part[(j - end) * d->ld_state + k] : 0;
}

static void FB(weights_part)(const fb_run *r, const fb_cell *cell, int64_t n_nodes, int part, int n_parts,
                             const FB(work) * w) {
    const fb_dims *d = &r->dims;
    const int H = d->n_state, K = d->ld_feature;
    if (cell->features)
        FB(weights_slice)(r, cell, n_nodes, 0, H, (int)FB(share)(K, FB_PAD, part, n_parts),
                          (int)FB(share)(K, FB_PAD, part + 1, n_parts), w);
    else
        FB(weights_slice)(r, cell, n_nodes, (int)FB(share)(H, 1, part, n_parts),
                          (int)FB(share)(H, 1, part + 1, n_parts), 0, K, w);
}

/* Gradients of word vectors: sums over the inputs of each word, in their order. */
static void FB(words_part)(const fb_net *net, int part, int n_parts) {
    const int64_t ld = net->run.dims.ld_in;
    const int64_t second = net->n_slabs > 1 ? net->split[net->n_shares] : net->run.graph->n_graphs;
    real *g = net->word_block.g;
    for (int64_t u = FB(share)(net->n_rows, 1, part, n_parts); u < FB(share)(net->n_rows, 1, part + 1, n_parts); u++) {
        real *g_u = g + u * ld;
        for (int64_t i = net->first[u]; i >= 0; i = net->next[i]) {
            const int64_t slab = net->run.graph->graph[i] >= second;
            const real *dx = (const real *)net->run.dx + (i + slab * net->slab_rows) * ld;
            if (i == net->first[u]) FB(copy)(g_u, dx, (int)ld); /* x_i = E[word_i] */
            else
                for (int64_t j = 0; j < ld; j += VL) FB(store)(g_u + j, FB(load)(g_u + j) + FB(load)(dx + j));
        }
    }
}
#endif
