/* A run, and a training step. Phase 1 works on forests (ranges of graphs: each thread has its own nodes of every
   level), phase 2 on slices of the weights' gradients, phase 3 on shares of the weights. If a slab has one thread,
   it goes from phase 1 to phase 2 without waiting for others. */
#ifndef FB_TREE_STEP_INL_H
#define FB_TREE_STEP_INL_H
#include "gated/gated_pack-inl.h"
#include "losses/rows-inl.h"
#include "optimizer/update-inl.h"
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"
#include "tree/head-inl.h"
#include "tree/phases-inl.h"
#include "tree/theta-inl.h"
#include "tree/weights-inl.h"

/* Adds the second slab's gradient to a share of a block, elements from .. to in vectors, and updates it. */
static void FB(dense_part)(const fb_net *net, const fb_block *b, const real *slab, int64_t from, int64_t to) {
    const int64_t width = b->ld / FB_PAD;
    for (int64_t u = from, n; u < to; u += n) {
        n = fb_min(width - u % width, to - u);
        real *g = (real *)b->g + u * FB_PAD;
        if (net->n_slabs > 1 && net->to_do & FB_TO_SUM)
            for (int64_t j = 0; j < n * FB_PAD; j++) g[j] += slab[u * FB_PAD + j];
        if (net->to_do & FB_TO_UPDATE)
            FB(update_piece)(&net->optim, b, u * FB_PAD, u * FB_PAD, u % width * FB_PAD, n * FB_PAD, net->clip);
    }
}

static void FB(update_part)(void *ctx, int part, int n_parts) {
    const fb_net *net = ctx;
    const fb_block *c = &net->cell_block, *h = &net->head_block;
    const int64_t n = c->n_rows * c->ld / FB_PAD, n_words = net->n_rows;
    FB(dense_part)(net, c, net->cell_slab, FB(share)(n, 1, part, n_parts), FB(share)(n, 1, part + 1, n_parts));
    if (part == 0) FB(dense_part)(net, h, net->head_slab, 0, h->n_rows * h->ld / FB_PAD);
    if (net->to_do & FB_TO_SUM) FB(words_part)(net, part, n_parts);
    if (net->train_words && net->to_do & FB_TO_UPDATE)
        FB(update_block)(&net->optim, &net->word_block, net->rows, FB(share)(n_words, 1, part, n_parts),
                         FB(share)(n_words, 1, part + 1, n_parts), net->clip);
}

/* Factor that brings the gradient's norm down to max_norm. */
static double FB(clip_factor)(const fb_net *net) {
    double sum = 0;
    for (int64_t k = 0; k < net->cell_block.n_rows; k++) sum += FB(row_norm)(&net->optim, &net->cell_block, NULL, k);
    for (int64_t k = 0; k < net->head_block.n_rows; k++) sum += FB(row_norm)(&net->optim, &net->head_block, NULL, k);
    for (int64_t k = 0; net->train_words && k < net->n_rows; k++)
        sum += FB(row_norm)(&net->optim, &net->word_block, net->rows, k);
    return fb_clip_factor(&net->optim, sum);
}

static void FB(turn_theta)(fb_net *net) {
    const fb_dims *d = &net->run.dims;
    if (net->run.theta_t)
        FB(transpose)(d->n_state, d->n_feature, net->run.theta, d->ld_feature, (void *)net->run.theta_t, d->ld_state);
}

/* Weights in the layouts that the forward step reads. */
static void FB(turn_weights)(fb_net *net) {
    const fb_dims *d = &net->run.dims;
    const fb_loss *l = &net->loss;
    if (fb_is_gated(net->cell)) {
        FB(pack_forward)(d, &net->cell->row->gates, &net->run.weights, 0, 1);
        FB(pack_edges)(d, &net->cell->row->gates, &net->run.weights);
    }
    FB(turn_theta)(net);
    if (!l->head) return;
    FB(transpose)(l->n_classes, d->n_state, l->head, l->ld_head, (void *)l->head_t, l->ld_class);
    for (int c = 0; c < l->n_classes; c++)
        ((real *)l->head_t)[(int64_t)d->n_state * l->ld_class + c] =
            ((const real *)l->head)[c * l->ld_head + d->ld_state];
}

/* Weights in the layouts that only the backward step reads. */
static void FB(turn_back)(fb_net *net) {
    if (fb_is_gated(net->cell)) FB(pack_backward)(&net->run.dims, &net->cell->row->gates, &net->run.weights, 0, 1);
}

static void FB(run_forward)(fb_net *net) {
    const int n = fb_split(net, 1);
    FB(turn_weights)(net);
    fb_parallel(FB(forward_part), net, n, n);
}

static void FB(run_backward)(fb_net *net) {
    const int n = fb_split(net, 1);
    net->run.fresh = 0;
    FB(turn_theta)(net);
    FB(turn_back)(net);
    fb_parallel(FB(backward_part), net, n, n);
    fb_parallel(FB(gradient_part), net, net->n_threads, net->n_threads);
}

/* The weight of the batch's targets, and the scale of their losses. */
static void FB(weigh)(fb_net *net) {
    fb_loss *l = &net->loss;
    const fb_graph *s = net->run.graph;
    l->total_weight = l->roots_only ? 0 : FB(loss_weight)(l, 0, s->n_nodes);
    for (int64_t g = 0; g < s->n_graphs && l->roots_only; g++)
        l->total_weight += FB(loss_weight)(l, s->root[g], s->root[g] + 1);
    FB(loss_scale)(l);
}

/* Gradients of one batch and, unless net->update is 0, the update. If the loss is not finite, nothing is updated. */
static void FB(step)(fb_net *net) {
    const int n = fb_split(net, fb_is_gated(net->cell) ? 1 : FB_SLABS), T = net->n_threads;
    net->run.fresh = !fb_is_gated(net->cell) && net->loss.roots_only && net->run.graph->forest;
    if (net->n_slabs == 1) net->run.errors = NULL; /* dh has them in this order */
    FB(weigh)(net);
    fb_word_rows(net);
    FB(turn_weights)(net);
    FB(turn_back)(net);
    if (T <= net->n_slabs) {
        fb_parallel(FB(slab_part), net, n, T);
    } else {
        fb_parallel(FB(forest_part), net, n, T);
        fb_parallel(FB(gradient_part), net, (T + net->n_slabs - 1) / net->n_slabs * net->n_slabs, T);
    }
    fb_sum_loss(net);
    net->clip = 1;
    const int update = net->update && isfinite(net->total_loss);
    if (update) fb_optim_tick(&net->optim);
    net->to_do = FB_TO_SUM | (update && net->optim.max_norm <= 0 ? FB_TO_UPDATE : 0);
    fb_parallel(FB(update_part), net, T, T);
    if (!update || net->to_do & FB_TO_UPDATE) return;
    net->clip = FB(clip_factor)(net), net->to_do = FB_TO_UPDATE;
    fb_parallel(FB(update_part), net, T, T);
}

/* Predictions (n, n_classes) and, where wanted, states (n, n_state) of the roots or of all nodes. */
static void FB(predict)(fb_net *net, int roots_only, void *p_, void *states_) {
    const fb_graph *s = net->run.graph;
    const int C = net->loss.n_classes, H = net->run.dims.n_state;
    real *p = p_, *states = states_, *z = net->loss.dz;
    FB(run_forward)(net);
    for (int64_t k = 0, m, n = roots_only ? s->n_graphs : s->n_nodes; k < n; k += m) {
        m = roots_only ? 1 : fb_min(VL, n - k);
        const int64_t i = roots_only ? s->root[k] : k;
        if (p) FB(logits)(net, i, (int)m, z);
        if (p) FB(link_rows)(&net->loss, (int)m, z, net->loss.ld_class);
        for (int64_t j = 0; j < m; j++) {
            if (p) memcpy(p + (k + j) * C, z + j * net->loss.ld_class, (size_t)C * sizeof(real));
            if (states)
                memcpy(states + (k + j) * H, (real *)net->run.h + (i + j) * net->run.dims.ld_state,
                       (size_t)H * sizeof(real));
        }
    }
}
#endif
