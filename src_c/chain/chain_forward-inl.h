/* Gated cells over sequences, forward. */
#ifndef FB_CHAIN_CHAIN_FORWARD_INL_H
#define FB_CHAIN_CHAIN_FORWARD_INL_H
#include "chain/chain_pieces-inl.h"
#include "chain/chain_steps-inl.h"
#include "gated/gated_pack-inl.h"
#include "gated/gated_step-inl.h"
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

static void FB(chain_project_part)(void *ctx, int part, int n_parts) {
    fb_chain *c = ctx;
    const FB(packed) p = FB(packed_of)(&c->run.dims, &c->run.weights);
    (void)part, (void)n_parts;
    while (FB(project_piece)(c, &p)) continue;
}

static void FB(chain_forward_part)(void *ctx, int part, int n_parts) {
    fb_chain *c = ctx;
    const fb_dims *d = &c->run.dims;
    const FB(packed) p = FB(packed_of)(d, &c->run.weights);
    real *zeros = FB(chain_work)(c, part);
    const int64_t first = FB(chain_split)(c, part, n_parts), last = FB(chain_split)(c, part + 1, n_parts);
    FB(zero)(zeros, d->ld_state);
    for (int64_t s = c->from; s < c->to; s++) {
        const FB(moment) m = FB(moment_of)(c, s);
        if (first < m.rows) FB(await_rows)(c, &p, m.row + first, m.row + fb_min(last, m.rows));
        for (int64_t r = first, end = fb_min(last, m.rows), n; r < end; r += n) {
            fb_tile t;
            n = FB(chain_stop)(&m, r, end) - r;
            const int K = FB(chain_tile)(c, &m, r, (int)n, &p, zeros, &t);
            if (n > FB(few_rows)(d->n_gate)) FB(gated_many)(d, c->cell, &p, &t, K, s & 1, zeros + d->ld_state);
            else FB(gated_forward)(d, c->cell, &p, &t, K, s & 1);
            for (int64_t k = 0; k < n && d->n_state < d->ld_state; k++)
                for (int j = d->n_state; j < d->ld_state; j++) ((real *)t.h)[k * t.ld_h + j] = 0;
        }
    }
}
#endif
