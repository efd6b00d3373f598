/* Gated cells over sequences: what the binding calls. */
#ifndef FB_CHAIN_CHAIN_RUN_INL_H
#define FB_CHAIN_CHAIN_RUN_INL_H
#include "chain/chain_back-inl.h"
#include "chain/chain_forward-inl.h"
#include "chain/chain_gradient-inl.h"
#include "chain/chain_pieces-inl.h"
#include "chain/chain_steps-inl.h"
#include "chain/chain_units-inl.h"
#include "gated/gated_pack-inl.h"
#include "gated/gated_rows-inl.h"
#include "simd/common.h"
#include "simd/target.h"

/* The rows of `states` after each sequence's last step. */
static void FB(last_rows)(const fb_chain *c, const real *states, int64_t ld, real *out) {
    const int64_t H = c->run.dims.n_state;
    for (int64_t t = c->reverse ? 0 : c->n_steps - 1, r = 0; out && r < c->batch; t--)
        for (int64_t end = c->row_ptr[t + 1] - c->row_ptr[t]; r < end; r++)
            memcpy(out + r * H, states + (c->row_ptr[t] + r) * ld, (size_t)H * sizeof(real));
}

static void FB(pack_forward_part)(void *ctx, int part, int n_parts) {
    const fb_chain *c = ctx;
    FB(pack_forward)(&c->run.dims, &c->cell->row->gates, &c->run.weights, part, n_parts);
}
static void FB(pack_backward_part)(void *ctx, int part, int n_parts) {
    const fb_chain *c = ctx;
    FB(pack_backward)(&c->run.dims, &c->cell->row->gates, &c->run.weights, part, n_parts);
}

/* Packs `rows` rows of n_gate states of W and U, by several threads if there are many weights: packing a weight takes
   as long as 16 products. */
static void FB(chain_packing)(fb_chain *c, fb_task part, int64_t rows) {
    const int64_t units = (int64_t)c->run.dims.n_gate * c->run.dims.ld_state;
    const int most = fb_threads_for(c->n_steps * c->batch * rows * units, c->worth, c->n_threads),
              n = fb_threads_for(16 * rows * units, c->worth, most);
    fb_parallel(part, c, n, n);
}
static void FB(chain_pack)(fb_chain *c) {
    FB(chain_packing)(c, FB(pack_forward_part), c->run.dims.ld_in + c->run.dims.ld_state);
}

/* Threads, `most` or fewer, for a block's work with `inner` products for each of its gates. */
static int FB(chain_threads)(const fb_chain *c, int64_t inner, int64_t most) {
    const fb_dims *d = &c->run.dims;
    const int64_t rows = c->row_ptr[FB(block_end)(c)] - c->row_ptr[FB(block_begin)(c)];
    return fb_threads_for(rows * inner * d->n_gate * d->ld_state, c->worth, fb_min(c->n_threads, most));
}

static void FB(chain_forward)(fb_chain *c) {
    const fb_run *r = &c->run;
    const int by_units = FB(unit_threads)(c);
    const int64_t H = r->dims.n_state, ld = r->dims.ld_state;
    if (c->h0) FB(copy_rows)(c->batch, H, c->h0, H, (real *)r->h0, ld, 1);
    if (c->c0) FB(copy_rows)(c->batch, H, c->c0, H, (real *)r->c0, ld, 1);
    const int64_t least = FB(block_rows)(&r->dims);
    for (c->from = 0; c->from < c->n_steps; c->from = c->to) {
        c->to = c->from;
        do c->to++;
        while (c->to < c->n_steps && c->row_ptr[FB(block_end)(c)] - c->row_ptr[FB(block_begin)(c)] < least);
        c->saved_from = c->save ? 0 : c->row_ptr[FB(block_begin)(c)];
        const int n_project = FB(chain_threads)(c, r->dims.ld_in, c->n_threads), n = FB(chain_threads)(c, ld, c->batch);
        FB(cut_block)(c, n > n_project ? n : n_project, c->reverse);
        if (by_units > 1 || n < n_project) fb_parallel(FB(chain_project_part), c, n_project, n_project);
        if (by_units == 1) fb_parallel(FB(chain_forward_part), c, n, n);
        for (c->step = c->from; by_units > 1 && c->step < c->to; c->step++)
            fb_parallel_brief(FB(unit_forward_part), c, by_units, by_units);
    }
    if (c->out) FB(copy_rows)(c->row_ptr[c->n_steps], H, r->h, c->ld_h, c->out, c->ld_out, 0);
    FB(last_rows)(c, r->h, c->ld_h, c->h_n);
    FB(last_rows)(c, r->c, ld, c->c_n);
}

static void FB(chain_backward)(fb_chain *c) {
    const fb_dims *d = &c->run.dims;
    const int64_t H = d->n_state, ld = d->ld_state;
    fb_weights *w = &c->run.weights;
    w->u_is_row = d->n_below > 0 && c->batch == 1 && FB(whole_rows)(w->U, w->ld_u, d->n_state);
    w->w_rows = !c->dx || (c->row_ptr[c->n_steps] <= FB(FEW_ROWS) && d->n_in % FB_PAD == 0);
    FB(chain_packing)(c, FB(pack_backward_part), (w->w_rows ? 0 : d->ld_in) + (w->u_is_row ? 0 : ld));
    FB(copy_rows)(c->batch, H, c->dh_n, H, c->carry, ld, 1);
    if (c->carry_c) FB(copy_rows)(c->batch, H, c->dc_n, H, c->carry_c, ld, 1);
    const int by_units = w->u_is_row ? FB(unit_threads)(c) : 1;
    const int64_t least = FB(block_rows)(d);
    for (c->to = c->n_steps; c->to > 0; c->to = c->from) {
        c->from = c->to;
        do c->from--;
        while (c->from > 0 && c->row_ptr[FB(block_end)(c)] - c->row_ptr[FB(block_begin)(c)] < least);
        const int n_gradient = FB(chain_threads)(c, d->ld_in + ld, c->n_threads),
                  n = FB(chain_threads)(c, ld, c->batch);
        FB(cut_block)(c, n_gradient, !c->reverse);
        for (int p = 0; p < n; p++) *FB(reached)(c, p) = c->to;
        if (by_units == 1) fb_parallel(FB(chain_backward_part), c, n, n);
        for (c->step = c->to - 1; by_units > 1 && c->step >= c->from; c->step--)
            fb_parallel_brief(FB(unit_backward_part), c, by_units, by_units);
        fb_parallel(FB(chain_gradient_part), c, n_gradient, n_gradient);
    }
    FB(add_slab)(c);
    if (by_units > 1) fb_parallel_brief(FB(unit_backward_part), c, by_units, by_units);
    if (c->dh0) FB(copy_rows)(c->batch, H, c->carry, ld, c->dh0, H, 0);
    if (c->dc0) FB(copy_rows)(c->batch, H, c->carry_c, ld, c->dc0, H, 0);
}
#endif
