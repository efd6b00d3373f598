/* From the outputs of the last layer to what the head reads: a row per step, or one per sequence. Sequences are divided
   among threads; each sum runs over the times in their order. */
#ifndef FB_SEQUENCE_POOL_INL_H
#define FB_SEQUENCE_POOL_INL_H
#include "contract/sequence.h"
#include "simd/common.h"
#include "simd/target.h"

/* Sequences first .. end of the parts of a region. */
#define FB_OWN_SEQUENCES(s)                                                       \
    const int64_t W = (int64_t)s->n_directions * s->n_state, *row = s->batch_row; \
    const int64_t first = s->n_sequences * part / n_parts, end = s->n_sequences * (part + 1) / n_parts

/* How many of the own sequences have a row at time t. */
static FB_INLINE int64_t FB(own_end)(const int64_t *row, int64_t t, int64_t end) {
    return fb_min(end, row[t + 1] - row[t]);
}

/* steps: y = out, in place. */
static void FB(pool_steps_forward)(void *ctx, int part, int n_parts) { (void)ctx, (void)part, (void)n_parts; }
static void FB(pool_steps_backward)(void *ctx, int part, int n_parts) { (void)ctx, (void)part, (void)n_parts; }

/* last: y = the final states of each direction: at the last step left to right, at the first one right to left. */
static void FB(pool_last_forward)(void *ctx, int part, int n_parts) {
    const fb_sequence *s = ctx;
    const int64_t H = s->n_state, B = s->n_sequences, R = s->n_directions;
    FB_OWN_SEQUENCES(s);
    const real *h = (const real *)s->h_n + (s->n_layers - 1) * R * B * H;
    (void)row;
    for (int64_t r = 0; r < R; r++)
        for (int64_t b = first; b < end; b++)
            memcpy((real *)s->y + b * W + r * H, h + (r * B + b) * H, (size_t)H * sizeof(real));
}
static void FB(pool_last_backward)(void *ctx, int part, int n_parts) {
    const fb_sequence *s = ctx;
    const int64_t H = s->n_state, B = s->n_sequences, R = s->n_directions;
    FB_OWN_SEQUENCES(s);
    (void)row;
    for (int64_t r = 0; r < R; r++)
        for (int64_t b = first; b < end; b++) /* y = h_n */
            memcpy((real *)s->dlast + (r * B + b) * H, (const real *)s->dy + b * W + r * H, (size_t)H * sizeof(real));
}

/* mean: y = sum over the steps / length. */
static real FB(length_of)(const fb_sequence *s, int64_t b) {
    int64_t low = 0, high = s->n_steps; /* the first time at which sequence b has no row */
    while (low < high) {
        const int64_t t = (low + high) / 2;
        if (s->batch_row[t + 1] - s->batch_row[t] > b) low = t + 1;
        else high = t;
    }
    return (real)low;
}
static void FB(pool_mean_forward)(void *ctx, int part, int n_parts) {
    const fb_sequence *s = ctx;
    FB_OWN_SEQUENCES(s);
    const real *out = s->out[s->n_layers - 1];
    real *y = s->y;
    memset(y + first * W, 0, (size_t)((end - first) * W) * sizeof(real));
    for (int64_t t = 0; t < s->n_steps; t++)
        for (int64_t b = first; b < FB(own_end)(row, t, end); b++)
            for (int64_t j = 0; j < W; j++) y[b * W + j] += out[(row[t] + b) * W + j];
    for (int64_t b = first; b < end; b++) {
        const real length = FB(length_of)(s, b);
        for (int64_t j = 0; j < W; j++) y[b * W + j] /= length;
    }
}
static void FB(pool_mean_backward)(void *ctx, int part, int n_parts) {
    const fb_sequence *s = ctx;
    FB_OWN_SEQUENCES(s);
    real *dy = s->dy, *dout = s->dout;
    for (int64_t b = first; b < end; b++) {
        const real length = FB(length_of)(s, b);
        for (int64_t j = 0; j < W; j++) dy[b * W + j] /= length; /* y /= length */
    }
    for (int64_t t = 0; t < s->n_steps; t++)
        for (int64_t b = first; b < FB(own_end)(row, t, end); b++) /* y += out */
            memcpy(dout + (row[t] + b) * W, dy + b * W, (size_t)W * sizeof(real));
}

/* max: y = the greatest value of each component over the steps; its gradient goes to the first step that has it. */
static void FB(pool_max_forward)(void *ctx, int part, int n_parts) {
    const fb_sequence *s = ctx;
    FB_OWN_SEQUENCES(s);
    const real *out = s->out[s->n_layers - 1];
    real *y = s->y;
    for (int64_t b = first; b < end; b++) /* every sequence has a row at time 0 */
        for (int64_t j = 0; j < W; j++) y[b * W + j] = out[b * W + j], s->max_row[b * W + j] = (int32_t)b;
    for (int64_t t = 1; t < s->n_steps; t++)
        for (int64_t b = first; b < FB(own_end)(row, t, end); b++)
            for (int64_t j = 0; j < W; j++) {
                const real here = out[(row[t] + b) * W + j];
                if (!(here > y[b * W + j])) continue;
                y[b * W + j] = here, s->max_row[b * W + j] = (int32_t)(row[t] + b);
            }
}
static void FB(pool_max_backward)(void *ctx, int part, int n_parts) {
    const fb_sequence *s = ctx;
    FB_OWN_SEQUENCES(s);
    const real *dy = s->dy;
    real *dout = s->dout;
    for (int64_t t = 0; t < s->n_steps; t++) {
        const int64_t n = FB(own_end)(row, t, end) - first;
        if (n > 0) memset(dout + (row[t] + first) * W, 0, (size_t)(n * W) * sizeof(real));
    }
    for (int64_t b = first; b < end; b++)
        for (int64_t j = 0; j < W; j++) dout[s->max_row[b * W + j] * W + j] = dy[b * W + j]; /* y = out[max_row] */
}

typedef struct {
    fb_task forward, backward;
} FB(pool);
#define FB_POOL(name, ...) [FB_POOL_##name] = {FB(pool_##name##_forward), FB(pool_##name##_backward)},
static const FB(pool) FB(pools)[FB_N_POOLS] = {
#include "sequence/pools.def"
};
#undef FB_POOL
#endif
