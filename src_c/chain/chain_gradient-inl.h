/* Gated cells over sequences, backward: gradients of weights. */
#ifndef FB_CHAIN_CHAIN_GRADIENT_INL_H
#define FB_CHAIN_CHAIN_GRADIENT_INL_H
#include "chain/chain_back-inl.h"
#include "chain/chain_pieces-inl.h"
#include "chain/chain_steps-inl.h"
#include "gated/gated_pack-inl.h"
#include "gated/gated_step-inl.h"
#include "gemm/matmul-inl.h"
#include "gemm/matmul_tn-inl.h"
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

/* Sequences low .. high, and what they add to. */
typedef struct {
    int64_t low, high;
    real *dW, *dU, *db, *db_rec;
} FB(slab);

static FB(slab) FB(chain_slab)(const fb_chain *c, int slab) {
    const int64_t H = c->run.dims.n_state, D = c->run.dims.n_in, G = c->run.dims.n_gate, B = c->run.dims.n_below;
    const int64_t half = (c->batch + 1) / 2;
    if (slab == 0) return (FB(slab)){0, c->slab ? half : c->batch, c->dW, c->dU, c->db, c->db_rec};
    real *dW = c->slab, *dU = dW + G * H * D, *db = dU + G * H * B, *db_rec = db + G * H;
    return (FB(slab)){half, c->batch, dW, dU, db, db_rec};
}

/* Elements of the second slab's gradients; 0: the batch is one slab. Two are for work that is worth a second thread,
   with sequences enough that a slab's rows are packed in long pieces and of lengths so equal that the shorter half has
   as many rows nearly, and for weights so few that a second sum of their gradients stays in the second-level cache. */
static size_t FB(chain_slab_size)(const fb_chain *c) {
    const int64_t wide = c->run.dims.n_in + c->run.dims.n_below + 2,
                  n = c->run.dims.n_gate * c->run.dims.n_state * wide;
    const int64_t rows = c->row_ptr[c->n_steps], half = (c->batch + 1) / 2;
    if (c->batch < 4 * FB_ROWS || n * (int64_t)sizeof(real) > 1 << 18 || rows * n < c->worth) return 0;
    int64_t first = 0;
    for (int64_t t = 0; t < c->n_steps; t++) first += fb_min(half, c->row_ptr[t + 1] - c->row_ptr[t]);
    return 5 * (rows - first) >= 4 * first ? (size_t)n : 0;
}

/* The next rows of a slab, at most FB_KC in FB(STRETCHES): their errors, inputs and the states below. Inputs lie side
   by side where errors do. */
enum { FB(STRETCHES) = 64 };
typedef struct {
    int64_t time, r; /* whose row comes next */
    int n_errors, n_x, n_below;
    FB(stretch) errors[FB(STRETCHES)], x[FB(STRETCHES)], below[FB(STRETCHES)];
} FB(walk);

/* Appends n rows, to the last stretch where they continue it. */
static FB_INLINE void FB(extend)(FB(stretch) * list, int *n_list, const real *at, ptrdiff_t ld, int64_t n) {
    FB(stretch) *last = list + *n_list - 1;
    if (*n_list && last->at && last->ld == ld && at == last->at + last->n * ld) last->n += n;
    else list[(*n_list)++] = (FB(stretch)){at, ld, n};
}

/* How many rows they are; 0: the block has no more. */
static int64_t FB(walk_on)(const fb_chain *c, const FB(slab) * slab, FB(walk) * w) {
    const fb_run *run = &c->run;
    const int64_t end = FB(block_end)(c), ld = run->dims.n_slot * (int64_t)run->dims.ld_state;
    int64_t kc = 0;
    w->n_errors = w->n_x = w->n_below = 0;
    while (w->time < end && kc < FB_KC && w->n_errors < FB(STRETCHES) && w->n_below < FB(STRETCHES)) {
        const FB(moment) m = FB(moment_of)(c, c->reverse ? c->n_steps - 1 - w->time : w->time);
        const int64_t last = fb_min(slab->high, m.rows);
        if (w->r < last) {
            const int64_t n = fb_min(FB(chain_stop)(&m, w->r, last) - w->r, FB_KC - kc), row = m.row + w->r;
            int64_t ld_below;
            const real *below = FB(chain_below)(&m, w->r, run->h, c->ld_h, run->h0, run->dims.ld_state, &ld_below);
            FB(extend)(w->errors, &w->n_errors, (const real *)run->saved + row * ld, ld, n);
            FB(extend)(w->x, &w->n_x, (const real *)run->x + row * run->ld_x, run->ld_x, n);
            FB(extend)(w->below, &w->n_below, below, ld_below, n);
            w->r += n, kc += n;
        }
        if (w->r >= last) w->time++, w->r = slab->low;
    }
    return kc;
}

/* dW += errors . x and dU += errors . h~ of units u0 .. u1, of all slots together FB_TM at most; the errors are packed
   once for both, unless they are few. */
static void FB(chain_outer)(const fb_chain *c, const FB(slab) * slab, const FB(walk) * walk, int64_t kc, int64_t u0,
                            int64_t u1, real *panel) {
    const fb_dims *d = &c->run.dims;
    const fb_gates *g = &c->cell->row->gates;
    const int64_t H = d->n_state, D = d->n_in, B = d->n_below, ld = g->n_slot * (int64_t)d->ld_state;
    const int64_t units = (u1 - u0 + FB_ROWS - 1) / FB_ROWS * FB_ROWS;
    const int64_t near = 48 * 1024 / sizeof(real); /* elements that the first two caches read as fast as packed ones */
    const int G = g->n_gate, first = g->n_slot - G, few = walk->n_errors == 1 && kc * ld <= near;
    FB(pieces) w = {G, u1 - u0, few ? ld : FB_ROWS, few ? FB_ROWS : FB_ROWS * kc, near, {0}, {0}}, u = w;
    for (int s = 0; s < g->n_slot; s++) {
        const int64_t at = s * d->ld_state + u0;
        real *to = panel + FB_KC * 6 * VL + s * units * kc;
        const real *block = few ? walk->errors->at + at : to;
        for (int i = 0; i < walk->n_errors && !few; to += walk->errors[i++].n * FB_ROWS)
            FB(pack_columns)(u1 - u0, walk->errors[i].n, walk->errors[i].at + at, ld, kc, to);
        if (s < G) w.a[s] = block, w.c[s] = slab->dW + (g->gate[s] * H + u0) * D;
        if (s >= first) u.a[s - first] = block, u.c[s - first] = slab->dU + (g->gate[s] * H + u0) * B;
    }
    FB(pieces_add)(&w, D, kc, walk->x, D, 1, panel); /* a = W x */
    const FB(stretch) *below = walk->below;
    if (!g->has_recurrence) return;
    for (; kc && !below->at; kc -= below++->n)
        for (int s = 0; s < G; s++) u.a[s] += below->n * u.ak;
    if (kc) FB(pieces_add)(&u, B, kc, below, B, 1, panel); /* u = U h~ */
}

/* sum += n rows of `count` vectors. */
static FB_INLINE void FB(sum_rows)(const int count, const FB(stretch) * rows, int64_t at, real *sum) {
    const real *e = rows->at + at;
    vec acc[4];
#pragma GCC unroll 4
    for (int k = 0; k < count; k++) acc[k] = FB(load)(sum + k * VL);
    for (int64_t i = 0; i < rows->n; i++, e += rows->ld)
#pragma GCC unroll 4
        for (int k = 0; k < count; k++) acc[k] += FB(load)(e + k * VL);
#pragma GCC unroll 4
    for (int k = 0; k < count; k++) FB(store)(sum + k * VL, acc[k]);
}

/* db (and db_rec, where the second bias is) of units u0 .. u1; u0 is a multiple of FB_PAD. */
static void FB(chain_bias)(const fb_chain *c, const FB(slab) * slab, const FB(walk) * walk, int64_t u0, int64_t u1) {
    const fb_gates *g = &c->cell->row->gates;
    const int64_t H = c->run.dims.n_state;
    for (int s = 0; s < g->n_slot; s++) {
        real *db = slab->db && s < g->n_gate ? slab->db + g->gate[s] * H : NULL;
        real *db_rec = slab->db_rec && s >= g->n_slot - g->n_gate ? slab->db_rec + g->gate[s] * H : NULL;
        for (int64_t j = u0, n; j < u1; j += n) {
            real sum[4 * VL] = {0};
            n = j + 4 * VL <= u1 ? 4 * VL : fb_min(VL, u1 - j);
            for (int i = 0; i < walk->n_errors; i++)
                if (n == 4 * VL) FB(sum_rows)(4, walk->errors + i, s * c->run.dims.ld_state + j, sum);
                else FB(sum_rows)(1, walk->errors + i, s * c->run.dims.ld_state + j, sum);
            for (int64_t k = 0; k < n && db; k++) db[j + k] += sum[k];         /* a = .. + b */
            for (int64_t k = 0; k < n && db_rec; k++) db_rec[j + k] += sum[k]; /* u = .. + b_rec */
        }
    }
}

/* The second slab's sums of units u0 .. u1 begin with zeros, written by the core that adds to them. */
static void FB(slab_begin)(const fb_chain *c, const FB(slab) * slab, int64_t u0, int64_t u1) {
    const int64_t H = c->run.dims.n_state, D = c->run.dims.n_in, B = c->run.dims.n_below;
    const size_t units = (size_t)(u1 - u0) * sizeof(real);
    for (int s = 0; s < c->run.dims.n_gate; s++) {
        memset(slab->dW + (s * H + u0) * D, 0, units * (size_t)D);
        memset(slab->dU + (s * H + u0) * B, 0, units * (size_t)B);
        memset(slab->db + s * H + u0, 0, units);
        memset(slab->db_rec + s * H + u0, 0, units);
    }
}

/* Parts divide the units of the slabs, and take pieces of dx. */
static void FB(chain_gradient_part)(void *ctx, int part, int n_parts) {
    fb_chain *c = ctx;
    const fb_dims *d = &c->run.dims;
    const FB(packed) p = FB(packed_of)(d, &c->run.weights);
    const int64_t ld = d->ld_state, most = FB_TM / d->n_slot / FB_PAD * FB_PAD, all = c->slab ? FB_SLABS * ld : ld;
    const int64_t from = FB(share)(all, FB_PAD, part, n_parts), to = FB(share)(all, FB_PAD, part + 1, n_parts);
    for (int i = 0; i * ld < all; i++) {
        const FB(slab) slab = FB(chain_slab)(c, i);
        const int64_t begin = from > i * ld ? from - i * ld : 0, end = fb_min(d->n_state, to - i * ld);
        if (i && c->to == c->n_steps && begin < end) FB(slab_begin)(c, &slab, begin, end);
        for (int64_t u0 = begin, u1; u0 < end; u0 = u1) {
            FB(walk) walk;
            walk.time = FB(block_begin)(c), walk.r = slab.low;
            u1 = fb_min(u0 + most, end);
            for (int64_t kc; (kc = FB(walk_on)(c, &slab, &walk));) {
                FB(chain_outer)(c, &slab, &walk, kc, u0, u1, FB(chain_work)(c, part));
                FB(chain_bias)(c, &slab, &walk, u0, u1);
            }
        }
    }
    while (FB(dx_piece)(c, &p, 0, c->row_ptr[c->n_steps])) continue;
}

/* The gradients are the slabs' together. */
static void FB(add_slab)(const fb_chain *c) {
    if (!c->slab) return;
    const int64_t D = c->run.dims.n_in, B = c->run.dims.n_below, GH = c->run.dims.n_gate * c->run.dims.n_state;
    const FB(slab) slab = FB(chain_slab)(c, 1);
    FB(add_rows)(1, GH * D, slab.dW, 0, c->dW, 0);
    FB(add_rows)(1, GH * B, slab.dU, 0, c->dU, 0);
    if (c->db) FB(add_rows)(1, GH, slab.db, 0, c->db, 0);
    if (c->db_rec) FB(add_rows)(1, GH, slab.db_rec, 0, c->db_rec, 0);
}

static size_t FB(chain_scratch)(const fb_dims *d) {
    const size_t forward = (size_t)d->ld_state + FB(many_scratch)(d), backward = FB(matmul_scratch)();
    return FB_PADDED(forward > backward ? forward : backward) * sizeof(real) + FB_LINE;
}
#endif
