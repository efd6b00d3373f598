/* Steps of one sequence whose weights are large: its threads divide the units of the state, and meet at every step. */
#ifndef FB_CHAIN_CHAIN_UNITS_INL_H
#define FB_CHAIN_CHAIN_UNITS_INL_H
#include "chain/chain_back-inl.h"
#include "chain/chain_pieces-inl.h"
#include "chain/chain_steps-inl.h"
#include "gated/gated_pack-inl.h"
#include "gated/gated_rows-inl.h"
#include "gated/gated_step-inl.h"
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

/* Panels of units, the last of which may be smaller, and the first unit of a part, which has whole ones. */
static FB_INLINE int64_t FB(unit_panels)(const fb_dims *d) {
    const int width = FB(panel_units)(d->n_gate) * VL;
    return (d->ld_state + width - 1) / width;
}
static FB_INLINE int FB(unit_share)(const fb_dims *d, int part, int n_parts) {
    const int width = FB(panel_units)(d->n_gate) * VL;
    return (int)fb_min(d->ld_state, FB(share)(FB(unit_panels)(d) * width, width, part, n_parts));
}

/* Threads that are worth it. They are awake, all but at the first step: from 32 steps on, it does not count. */
static int FB(unit_threads)(const fb_chain *c) {
    const fb_dims *d = &c->run.dims;
    const int64_t most = fb_min(c->n_threads, FB(unit_panels)(d));
    if (c->batch > 1 || d->n_state < d->ld_state || !d->n_below) return 1;
    return fb_threads_for(fb_min(32, c->n_steps) * d->n_gate * d->ld_state * d->ld_state, c->worth, most);
}

/* The part's units of the tile at c->step; how many elements of what is below count. */
static int FB(unit_tile)(const fb_chain *c, const FB(moment) * m, int part, int n_parts, const FB(packed) * p,
                         fb_tile *t) {
    real *zeros = FB(chain_work)(c, part);
    FB(zero)(zeros, c->run.dims.ld_state);
    const int K = FB(chain_tile)(c, m, 0, 1, p, zeros, t);
    t->at = FB(unit_share)(&c->run.dims, part, n_parts);
    t->cols = FB(unit_share)(&c->run.dims, part + 1, n_parts) - t->at;
    return K;
}

static void FB(unit_forward_part)(void *ctx, int part, int n_parts) {
    const fb_chain *c = ctx;
    const FB(packed) p = FB(packed_of)(&c->run.dims, &c->run.weights);
    const FB(moment) m = FB(moment_of)(c, c->step);
    fb_tile t;
    const int K = FB(unit_tile)(c, &m, part, n_parts, &p, &t);
    FB(gated_forward)(&c->run.dims, c->cell, &p, &t, K, c->step & 1);
}

/* What the step after this one sends to the part's units, which needs the errors of all, then their errors at this
   step; no step: only the former. */
static void FB(unit_backward_part)(void *ctx, int part, int n_parts) {
    const fb_chain *c = ctx;
    const fb_dims *d = &c->run.dims;
    const fb_gates *g = &c->cell->row->gates;
    const FB(packed) p = FB(packed_of)(d, &c->run.weights);
    const int u0 = FB(unit_share)(d, part, n_parts), u1 = FB(unit_share)(d, part + 1, n_parts);
    if (c->step + 1 < c->n_steps) {
        const int64_t row = FB(moment_of)(c, c->step + 1).row, slots = g->n_slot - g->n_gate;
        const real *errors = (const real *)c->run.saved + (row * g->n_slot + slots) * d->ld_state;
        FB(send_row)(d, g, &c->run.weights, u0, u1, errors, c->carry, g->direct);
        FB(flush)((real *)c->carry + u0, u1 - u0);
    }
    if (c->step < 0) return;
    const FB(moment) m = FB(moment_of)(c, c->step);
    fb_tile t;
    FB(unit_tile)(c, &m, part, n_parts, &p, &t);
    FB(chain_errors)(c, &m, 0, &t);
}
#endif
