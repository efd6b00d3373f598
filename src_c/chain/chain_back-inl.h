/* Gated cells over sequences, backward. */
#ifndef FB_CHAIN_CHAIN_BACK_INL_H
#define FB_CHAIN_CHAIN_BACK_INL_H
#include "chain/chain_pieces-inl.h"
#include "chain/chain_steps-inl.h"
#include "gated/gated_pack-inl.h"
#include "gated/gated_rows-inl.h"
#include "gated/gated_step-inl.h"
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

/* to += from, n rows of cols elements. */
static void FB(add_rows)(int64_t n, int64_t cols, const real *restrict from, int64_t ld_from, real *restrict to,
                         int64_t ld_to) {
    if (ld_from == cols && ld_to == cols) cols *= n, n = n > 0; /* one piece */
    for (; n > 0; n--, from += ld_from, to += ld_to)
        for (int64_t j = 0; j < cols; j++) to[j] += from[j];
}

/* The errors of a tile's slots, from what has come to the carry and from outside. */
static void FB(chain_errors)(const fb_chain *c, const FB(moment) * m, int64_t r, fb_tile *t) {
    const fb_gates *g = &c->cell->row->gates;
    const int64_t ld = c->run.dims.ld_state, at = t->at, cols = fb_min(t->cols, c->run.dims.n_state - at);
    real *carry = (real *)c->carry + r * ld;
    t->e = t->direct = carry, t->ld_e = t->ld_direct = ld;
    if (c->dh)
        FB(add_rows)(t->rows, cols, (const real *)c->dh + (m->row + r) * c->ld_dh + at, c->ld_dh, carry + at, ld);
    if (g->has_second_state) t->dc = t->dc_below = (real *)c->carry_c + r * ld, t->ld_dc = t->ld_dc_below = ld;
    c->cell->gated.backward(t);
    if (g->gate_per_child) c->cell->gated.edge_backward(t);
    if (!g->has_second_state) return;
    for (int k = 0; k < t->rows; k++) FB(flush)((real *)t->dc_below + k * ld + at, t->cols);
}

static void FB(chain_backward_part)(void *ctx, int part, int n_parts) {
    fb_chain *c = ctx;
    const fb_dims *d = &c->run.dims;
    const fb_gates *g = &c->cell->row->gates;
    const FB(packed) p = FB(packed_of)(d, &c->run.weights);
    const int64_t ld = d->ld_state, slots = g->n_slot - g->n_gate;
    real *zeros = FB(chain_work)(c, part);
    const int64_t first = FB(chain_split)(c, part, n_parts), last = FB(chain_split)(c, part + 1, n_parts);
    FB(zero)(zeros, d->ld_state);
    for (int64_t s = c->to - 1; s >= c->from; s--) {
        const FB(moment) m = FB(moment_of)(c, s);
        for (int64_t r = first, end = fb_min(last, m.rows), n; r < end; r += n) {
            fb_tile t;
            n = FB(chain_stop)(&m, r, end) - r;
            FB(chain_tile)(c, &m, r, (int)n, &p, zeros, &t);
            FB(chain_errors)(c, &m, r, &t);
            real *carry = (real *)c->carry + r * ld;
            const real *errors = (const real *)t.saved + slots * ld;
            if (c->run.weights.u_is_row) FB(send_row)(d, g, &c->run.weights, 0, d->n_state, errors, carry, g->direct);
            else FB(gated_send)(d, g, &p, n, 0, g->n_gate, errors, t.ld_saved, carry, ld, g->direct);
            FB(flush)(carry, n * ld); /* errors fade as they go back through a long sequence */
        }
        atomic_store_explicit(FB(reached)(c, part), s, memory_order_release);
    }
    FB(fill_wait)(c, &p, n_parts);
}
#endif
