/* Multilayer perceptrons (C15 part 1, G18): a1 = x; z = W a + b; a' = act(z). Three phases: weights are packed; each
   thread takes rows of the batch through the forward step, the loss and the backward step; each thread takes rows of
   W^T, sums their gradients over the batch in its order, and updates them while they are in its cache. */
#ifndef FB_MLP_LAYERS_INL_H
#define FB_MLP_LAYERS_INL_H
#include "gemm/matmul-inl.h"
#include "gemm/matmul_tn-inl.h"
#include "gemm/tiles-inl.h"
#include "optimizer/update-inl.h"
#include "simd/common.h"
#include "simd/dropout-inl.h"
#include "simd/math-inl.h"
#include "simd/target.h"
#include "simd/vec-inl.h"
#include "losses/rows-inl.h"
#include "tree/level-inl.h"

enum { FB(slice) = 256 }; /* largest number of rows of W^T at a time */

static void FB(activate)(int kind, real *h, int64_t n) {
    switch (kind) {
        case FB_SIGMOID:
            for (int64_t j = 0; j < n; j += VL) FB(store)(h + j, FB(vsigmoid)(FB(load)(h + j)));
            return;
        case FB_TANH:
            for (int64_t j = 0; j < n; j += VL) FB(store)(h + j, FB(vtanh)(FB(load)(h + j)));
            return;
        case FB_RELU: /* NaN stays NaN */
            for (int64_t j = 0; j < n; j += VL) {
                const vec z = FB(load)(h + j);
                FB(store)(h + j, FB(choose)(z < (vec){0}, (vec){0}, z));
            }
            return;
        default:
            return;
    }
}

/* dh *= act'(z), by the output t = keep h of act. */
static void FB(activate_backward)(int kind, real *dh, const real *h, int64_t n, real keep) {
    switch (kind) {
        case FB_SIGMOID:
            for (int64_t j = 0; j < n; j++) dh[j] *= keep * h[j] * (1 - keep * h[j]); /* t = sigmoid(z) */
            return;
        case FB_TANH:
            for (int64_t j = 0; j < n; j++) dh[j] *= 1 - (keep * h[j]) * (keep * h[j]); /* t = tanh(z) */
            return;
        case FB_RELU:
            for (int64_t j = 0; j < n; j++) dh[j] = h[j] > 0 ? dh[j] : 0 * h[j]; /* t = max(z, 0) */
            return;
        default:
            return;
    }
}

/* Seed of the masks of layer k, different for every layer. */
static uint64_t FB(mask_seed)(const fb_mlp *m, int k) { return fb_random(m->seed, (uint64_t)k); }

/* The input of layer k: (B, *ld). */
static const real *FB(layer_input)(const fb_mlp *m, int k, int64_t *ld) {
    *ld = k ? m->layer[k - 1].ld : m->layer[0].n_in;
    return k ? m->layer[k - 1].h : m->x;
}

static void FB(pack_part)(void *ctx, int part, int n_parts) {
    const fb_mlp *m = ctx;
    for (int k = part; k < m->n_layers; k += n_parts) {
        const fb_dense *d = &m->layer[k];
        if (m->task & FB_FORWARD && fb_uses_panels(m, d, sizeof(real)))
            FB(pack_b)(d->n_in, d->ld, m->block[2 * k].w, d->ld, 1, d->panels);
        if (m->task & FB_BACKWARD && (k || m->dx))
            FB(pack_b)(d->n_out, d->n_in, m->block[2 * k].w, 1, d->ld, d->panels_t);
    }
}

/* Rows i .. end of layer k. */
static void FB(dense_forward)(const fb_mlp *m, int k, int64_t i, int64_t end) {
    const fb_dense *d = &m->layer[k];
    int64_t lda;
    const real *a = FB(layer_input)(m, k, &lda);
    real *h = d->h;
    for (int64_t r = i; r < end; r++) memcpy(h + r * d->ld, m->block[2 * k + 1].w, (size_t)d->ld * sizeof(real));
    if (fb_uses_panels(m, d, sizeof(real)))
        FB(matmul)(end - i, d->ld, d->n_in, a + i * lda, lda, d->panels, h + i * d->ld, d->ld, 1);
    else
        for (int64_t r = i, n; r < end; r += n) {
            n = FB(tile)(end - r);
            FB(outer)((int)n, d->ld, d->n_in, a + r * lda, lda, 1, m->block[2 * k].w, d->ld, h + r * d->ld, d->ld, 1);
        }
    FB(activate)(d->activation, h + i * d->ld, (end - i) * d->ld);
    if (m->dropout > 0 && k < m->n_layers - 1)
        for (int64_t r = i; r < end; r++) FB(drop_row)(FB(mask_seed)(m, k), m->dropout, r, d->n_out, h + r * d->ld);
}

/* dh of layer k (rows i .. end) -> dh of layer k - 1, or dx. */
static void FB(dense_backward)(const fb_mlp *m, int k, int64_t i, int64_t end) {
    const fb_dense *d = &m->layer[k], *below = &m->layer[k ? k - 1 : 0];
    const real *dh = (const real *)d->dh + i * d->ld;
    if (k == 0) {
        if (m->dx) /* z = W x + b */
            FB(matmul)(end - i, d->n_in, d->n_out, dh, d->ld, d->panels_t, (real *)m->dx + i * d->n_in, d->n_in, 0);
        return;
    }
    real *da = (real *)below->dh + i * below->ld;
    const real *a = (const real *)below->h + i * below->ld;
    FB(matmul)(end - i, (d->n_in + VL - 1) / VL * VL, d->n_out, dh, d->ld, d->panels_t, da, below->ld,
               0);                                      /* z = W a + b */
    for (int64_t r = i; r < end && m->dropout > 0; r++) /* a = mask * act(z) */
        FB(drop_row)(FB(mask_seed)(m, k - 1), m->dropout, r, d->n_in, da + (r - i) * below->ld);
    for (int64_t r = 0; r < end - i; r++)
        for (int64_t j = d->n_in; j < below->ld; j++) da[r * below->ld + j] = 0;
    FB(activate_backward)(below->activation, da, a, (end - i) * below->ld, (real)(1 - m->dropout));
}

/* dh of the last layer: from the loss, or given by the caller. */
static void FB(mlp_upstream)(const fb_mlp *m, int64_t i) {
    const fb_dense *d = &m->layer[m->n_layers - 1];
    real *dh = (real *)d->dh + i * d->ld;
    if (m->task & FB_LOSS) {
        memcpy(dh, (const real *)d->h + i * d->ld, (size_t)d->ld * sizeof(real));
        FB(loss_rows)(&m->loss, i, 1, dh, d->ld);
    } else memcpy(dh, (const real *)m->dout + i * d->n_out, (size_t)d->n_out * sizeof(real));
    for (int64_t j = d->n_out; j < d->ld; j++) dh[j] = 0;
}

static void FB(mlp_output)(const fb_mlp *m, int64_t i) {
    const fb_dense *d = &m->layer[m->n_layers - 1];
    real *z = (real *)d->h + i * d->ld;
    if (m->task & FB_PROBA) FB(link_rows)(&m->loss, 1, z, d->ld);
    memcpy((real *)m->out + i * d->n_out, z, (size_t)d->n_out * sizeof(real));
}

static void FB(mlp_rows)(void *ctx, int part, int n_parts) {
    const fb_mlp *m = ctx;
    const int64_t strips = (m->n_rows + FB_ROWS - 1) / FB_ROWS, i = strips * part / n_parts * FB_ROWS,
                  end = fb_min(m->n_rows, strips * (part + 1) / n_parts * FB_ROWS);
    for (int k = 0; k < m->n_layers && m->task & FB_FORWARD; k++) FB(dense_forward)(m, k, i, end);
    for (int64_t r = i; r < end && m->out; r++) FB(mlp_output)(m, r);
    if (!(m->task & FB_BACKWARD)) return;
    for (int64_t r = i; r < end; r++) FB(mlp_upstream)(m, r);
    for (int k = m->n_layers - 1; k >= 0; k--) FB(dense_backward)(m, k, i, end);
}

/* 1 if the update of a weight needs no gradient of others: no clipping. */
static int FB(updates_at_once)(const fb_mlp *m) { return m->task & FB_UPDATE && m->optim.max_norm == 0; }

/* Updates rows row .. row + n of a block; their gradient is at g. */
static void FB(update_slice)(const fb_mlp *m, const fb_block *b, int64_t row, int64_t n, const real *g) {
    const int64_t at = row * b->ld;
    fb_block s = {n, b->n_cols, b->ld, (real *)b->w + at, (void *)g, NULL, NULL, b->mult, b->l2};
    if (b->s1) s.s1 = (real *)b->s1 + at;
    if (b->s2) s.s2 = (real *)b->s2 + at;
    FB(update_block)(&m->optim, &s, NULL, 0, n, 1);
}

/* Gradients of rows row .. row + n of W^T and, with the first rows, of b. */
static void FB(dense_gradient)(const fb_mlp *m, int k, int64_t row, int64_t n, char *scratch) {
    const fb_dense *d = &m->layer[k];
    const int at_once = FB(updates_at_once)(m);
    int64_t lda;
    const real *a = FB(layer_input)(m, k, &lda), *dh = d->dh;
    real *g = at_once ? (real *)scratch + FB(matmul_scratch)() : (real *)m->block[2 * k].g + row * d->ld;
    FB(matmul_tn)(n, d->ld, m->n_rows, a + row, lda, dh, d->ld, g, d->ld, m->add, scratch); /* z = W a + b */
    if (at_once) FB(update_slice)(m, &m->block[2 * k], row, n, g);
    if (row) return;
    g = m->block[2 * k + 1].g;
    if (!m->add) memset(g, 0, (size_t)d->ld * sizeof(real));
    for (int64_t i = 0; i < m->n_rows; i++)
        for (int64_t j = 0; j < d->ld; j++) g[j] += dh[i * d->ld + j]; /* z = W a + b */
    if (at_once) FB(update_slice)(m, &m->block[2 * k + 1], 0, 1, g);
}

/* Every layer in slices of equal size, the same number for each thread. */
static void FB(mlp_gradients)(void *ctx, int part, int n_parts) {
    const fb_mlp *m = ctx;
    for (int k = 0; k < m->n_layers; k++) {
        const int64_t n_in = m->layer[k].n_in, strips = (n_in + FB_ROWS - 1) / FB_ROWS,
                      n = (n_in + FB(slice) * n_parts - 1) / (FB(slice) * n_parts) * n_parts;
        for (int64_t p = part; p < n; p += n_parts) {
            const int64_t row = strips * p / n * FB_ROWS, end = fb_min(strips * (p + 1) / n * FB_ROWS, n_in);
            if (row < end) FB(dense_gradient)(m, k, row, end - row, m->scratch + (size_t)part * m->scratch_size);
        }
    }
}

static size_t FB(mlp_scratch)(const fb_mlp *m) {
    int64_t ld = 0;
    for (int k = 0; k < m->n_layers; k++) ld = m->layer[k].ld > ld ? m->layer[k].ld : ld;
    return (FB(matmul_scratch)() + (size_t)(FB(slice) * ld)) * sizeof(real);
}

/* Does what m->task says. If the loss is not finite, nothing is updated. */
static void FB(mlp)(fb_mlp *m) {
    const int n = fb_mlp_threads(m);
    m->total_loss = 0;
    if (m->task & FB_LOSS) {
        m->loss.total_weight = FB(loss_weight)(&m->loss, 0, m->n_rows);
        FB(loss_scale)(&m->loss);
    }
    fb_parallel(FB(pack_part), m, n, n);
    fb_parallel(FB(mlp_rows), m, n, n);
    for (int64_t i = 0; i < m->n_rows && m->task & FB_LOSS; i++) m->total_loss += m->loss.node_loss[i];
    if (!(m->task & FB_BACKWARD) || (m->task & FB_UPDATE && !isfinite(m->total_loss))) return;
    if (FB(updates_at_once)(m)) fb_optim_tick(&m->optim);
    fb_parallel(FB(mlp_gradients), m, n, n);
    if (m->task & FB_UPDATE && !FB(updates_at_once)(m)) FB(update_blocks)(&m->optim, m->block, NULL, 2 * m->n_layers);
}
#endif
