/* Gated cells over sequences: no gathers, every thread has its own sequences. */
#ifndef FB_CHAIN_CHAIN_STEPS_INL_H
#define FB_CHAIN_CHAIN_STEPS_INL_H
#include "gated/gated_pack-inl.h"
#include "simd/common.h"
#include "simd/target.h"

/* n rows of cols elements; zeros in front of the next row where rows of `to` are padded; of zeros where from is NULL.
 */
static void FB(copy_rows)(int64_t n, int64_t cols, const real *from, int64_t ld_from, real *to, int64_t ld_to,
                          int pad) {
    if (ld_from == cols && ld_to == cols) cols *= n, n = n > 0; /* one piece */
    for (int64_t i = 0; i < n; i++) {
        if (from) memcpy(to + i * ld_to, from + i * ld_from, (size_t)cols * sizeof(real));
        else memset(to + i * ld_to, 0, (size_t)cols * sizeof(real));
        for (int64_t j = cols; j < ld_to && pad; j++) to[i * ld_to + j] = 0;
    }
}

/* First sequence of part p: parts have about equal numbers of rows. */
static int64_t FB(chain_split)(const fb_chain *c, int p, int n_parts) {
    const int64_t N = c->row_ptr[c->n_steps];
    int64_t low = 0, high = c->batch;
    if (p == 0 || p == n_parts) return p ? c->batch : 0;
    while (low < high) { /* sequences before `mid` have less than p / n_parts of the rows */
        const int64_t mid = (low + high) / 2;
        int64_t rows = 0;
        for (int64_t t = 0; t < c->n_steps; t++) rows += fb_min(c->row_ptr[t + 1] - c->row_ptr[t], mid);
        if (rows * n_parts < N * p) low = mid + 1;
        else high = mid;
    }
    return low;
}

/* Time t: its first row, the first row of the time before (in the order of the run), and how many have one. */
typedef struct {
    int64_t row, rows, before, carried;
} FB(moment);

static FB_INLINE FB(moment) FB(moment_of)(const fb_chain *c, int64_t step) {
    const int64_t t = c->reverse ? c->n_steps - 1 - step : step, *ptr = c->row_ptr;
    FB(moment) m = {ptr[t], ptr[t + 1] - ptr[t], 0, 0};
    if (c->reverse && t + 1 < c->n_steps) m.before = ptr[t + 1], m.carried = ptr[t + 2] - ptr[t + 1];
    if (!c->reverse && t > 0) m.before = ptr[t - 1], m.carried = m.rows;
    return m;
}

/* Rows of the states below rows r .. of the moment; NULL: zeros. */
static FB_INLINE const real *FB(chain_below)(const FB(moment) * m, int64_t r, const void *states, int64_t ld,
                                             const void *initial, int64_t ld_initial, int64_t *ld_below) {
    if (r < m->carried) {
        *ld_below = ld;
        return (const real *)states + (m->before + r) * ld;
    }
    *ld_below = ld_initial;
    return initial ? (const real *)initial + r * ld_initial : NULL;
}

/* *t = the tile of rows r .. r + rows of a moment, in place: a copy would wait for each of its stores. How many
   elements of what is below count. */
static int FB(chain_tile)(const fb_chain *c, const FB(moment) * m, int64_t r, int rows, const FB(packed) * p,
                          const real *zeros, fb_tile *t) {
    const fb_run *run = &c->run;
    const int64_t ld = run->dims.ld_state, i = m->row + r;
    *t = (fb_tile){.gates = run->dims.gates, .rows = rows, .cols = (int)ld, .activation = run->activation, .keep = 1};
    t->bias = p->bias_u, t->slot = ld;
    t->ld_saved = run->dims.n_slot * ld, t->saved = (real *)run->saved + (i - c->saved_from) * t->ld_saved;
    t->h = (real *)run->h + i * c->ld_h, t->ld_h = c->ld_h;
    t->below = FB(chain_below)(m, r, run->h, c->ld_h, run->h0, ld, &t->ld_below);
    const int K = t->below ? run->dims.n_below : 0;
    if (!t->below) t->below = zeros, t->ld_below = 0;
    if (!run->c) return K;
    t->c = (real *)run->c + i * ld, t->ld_c = ld;
    t->c_below = FB(chain_below)(m, r, run->c, ld, run->c0, ld, &t->ld_c_below);
    if (!t->c_below) t->c_below = zeros, t->ld_c_below = 0;
    t->f = (real *)t->saved + (run->dims.n_gate - 1) * ld, t->ld_f = t->ld_saved;
    return K;
}

/* Ends of the rows that a part's tiles must not cross: its own, and where sequences enter. */
static FB_INLINE int64_t FB(chain_stop)(const FB(moment) * m, int64_t r, int64_t end) {
    return r < m->carried ? fb_min(m->carried, end) : end;
}

/* Steps are taken in blocks, so that their gates are still in the cache when the next product reads them: at least 1
   MiB of gates, and rows enough for each weight to be used as often as it has columns. */
static int64_t FB(block_rows)(const fb_dims *d) {
    const int64_t rows = (1 << 20) / (d->n_slot * d->ld_state * (int64_t)sizeof(real)), wide = d->n_in + d->n_state;
    return rows < wide ? wide : rows;
}

/* First time of the block and the one after its last. */
static FB_INLINE int64_t FB(block_begin)(const fb_chain *c) { return c->reverse ? c->n_steps - c->to : c->from; }
static FB_INLINE int64_t FB(block_end)(const fb_chain *c) { return c->reverse ? c->n_steps - c->from : c->to; }
#endif
