/* One prediction (see word2vec.h), its loss, and the step down its gradient. The error of output k for input i is
   e_ik = rate (right_ik - sigma(x_i . y_k)); then x_i += sum_k e_ik y_k and y_k += sum_i e_ik x_i, both from the rows
   before the step. If two rows are the same, both steps are added.

   Scores and errors are stored tile by tile: in a tile of n outputs that begins at k0, e_ik is at k0 M + i n + (k -
   k0). */
#ifndef FB_WORDS_PREDICT_INL_H
#define FB_WORDS_PREDICT_INL_H
#include "simd/common.h"
#include "simd/math-inl.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

typedef struct FB(prediction) {
    int ld, m;
    int64_t n;
    const real *x[FB_W2V_INPUTS]; /* inputs */
    real *to[FB_W2V_INPUTS];      /* where their steps are added: the inputs themselves if all outputs fit one tile */
    real **y;
    real *score, *dots; /* (m n, and one vector more); (FB_W2V_INPUTS * FB_W2V_TILE vectors) */
} FB(prediction);

/* The loss of a piece: sum of log(1 + exp(-u)) = sum of max(-u, 0) + log of the product of (1 + exp(-|u|)). */
typedef struct FB(loss_sum) {
    vec product, linear;
    int n_factors;
    double total;
} FB(loss_sum);

static void FB(loss_flush)(FB(loss_sum) * l) {
    for (int j = 0; j < VL; j++) l->total += log((double)l->product[j]) + (double)l->linear[j];
    l->product = FB(splat)(1), l->linear = (vec){0}, l->n_factors = 0;
}

/* Dot products of NX inputs and NY outputs, before the lanes are added. */
static FB_INLINE void FB(dots_tile)(const int NX, const int NY, int ld, const real *const *x, real *const *y,
                                    real *out) {
    vec sum[2 * FB_W2V_TILE] = {{0}};
    for (int j = 0; j < ld; j += VL) {
        const vec a = FB(load)(x[0] + j), b = FB(load)(x[NX - 1] + j);
#pragma GCC unroll 6
        for (int k = 0; k < NY; k++) {
            const vec v = FB(load)(y[k] + j);
            sum[k] += a * v;
            if (NX == 2) sum[NY + k] += b * v;
        }
    }
#pragma GCC unroll 12
    for (int k = 0; k < NX * NY; k++) FB(store)(out + k * VL, sum[k]);
}

static FB_INLINE void FB(score_tile)(const int NY, const FB(prediction) * p, real *const *y, real *score) {
    int i = 0;
    for (; i + 2 <= p->m; i += 2) FB(dots_tile)(2, NY, p->ld, p->x + i, y, p->dots + i * NY * VL);
    if (i < p->m) FB(dots_tile)(1, NY, p->ld, p->x + i, y, p->dots + i * NY * VL);
    for (int at = 0; at < p->m * NY; at += VL) FB(store)(score + at, FB(lane_sums)(p->dots + at * VL));
}

/* Vectors of a row that a tile updates at once, so that the errors are loaded once for all of them. */
#define FB_ABREAST (FB_ROWS == 8 ? 2 : 1)

/* Adds the steps of NV vectors of each row, from component j on. */
static FB_INLINE void FB(step_part)(const int NV, const int NY, const int INPUTS, const int OUTPUTS,
                                    const FB(prediction) * p, real *const *y, const real *e, int j) {
    vec v[FB_ABREAST * FB_W2V_TILE], dy[FB_ABREAST * FB_W2V_TILE] = {{0}};
#pragma GCC unroll 12
    for (int k = 0; k < NY * NV; k++) v[k] = FB(load)(y[k / NV] + j + k % NV * VL);
    for (int i = 0; OUTPUTS && i < p->m; i++)
#pragma GCC unroll 12
        for (int k = 0; k < NY * NV; k++) /* score = x . y */
            dy[k] += e[i * NY + k / NV] * FB(load)(p->x[i] + j + k % NV * VL);
    for (int k = 0; OUTPUTS && k < NY * NV; k++) {
        real *at = y[k / NV] + j + k % NV * VL;
        FB(store)(at, FB(load)(at) + dy[k]);
    }
    for (int i = 0; INPUTS && i < p->m; i++) {
        vec to[FB_ABREAST];
        for (int c = 0; c < NV; c++) to[c] = FB(load)(p->to[i] + j + c * VL);
#pragma GCC unroll 12
        for (int k = 0; k < NY * NV; k++) to[k % NV] += e[i * NY + k / NV] * v[k]; /* score = x . y */
        for (int c = 0; c < NV; c++) FB(store)(p->to[i] + j + c * VL, to[c]);
    }
}

/* Adds the steps of the inputs, of the outputs, or of both at once; in the last case `to` may be the inputs. */
static FB_INLINE void FB(step_tile)(const int NY, const int INPUTS, const int OUTPUTS, const FB(prediction) * p,
                                    real *const *y, const real *e) {
    int j = 0;
    for (; j + FB_ABREAST * VL <= p->ld; j += FB_ABREAST * VL)
        FB(step_part)(FB_ABREAST, NY, INPUTS, OUTPUTS, p, y, e, j);
    if (j < p->ld) FB(step_part)(1, NY, INPUTS, OUTPUTS, p, y, e, j);
}
#undef FB_ABREAST

/* Calls F(NY, ...) with a constant NY for the n outputs of a tile. */
#define FB_TILE_OF(n, F, ...)            \
    switch (n) {                         \
        case 1:                          \
            F(1, __VA_ARGS__);           \
            break;                       \
        case 2:                          \
            F(2, __VA_ARGS__);           \
            break;                       \
        case 3:                          \
            F(3, __VA_ARGS__);           \
            break;                       \
        case 4:                          \
            F(4, __VA_ARGS__);           \
            break;                       \
        case 5:                          \
            F(5, __VA_ARGS__);           \
            break;                       \
        default:                         \
            F(FB_W2V_TILE, __VA_ARGS__); \
    }

static void FB(scores)(const FB(prediction) * p) {
    for (int64_t k = 0; k < p->n; k += FB_W2V_TILE)
        FB_TILE_OF(p->n - k, FB(score_tile), p, p->y + k, p->score + k * p->m)
}

static void FB(steps)(const FB(prediction) * p) {
    if (p->n <= FB_W2V_TILE) {
        FB_TILE_OF(p->n, FB(step_tile), 1, 1, p, p->y, p->score)
        return;
    }
    for (int64_t k = 0; k < p->n; k += FB_W2V_TILE)
        FB_TILE_OF(p->n - k, FB(step_tile), 1, 0, p, p->y + k, p->score + k * p->m)
    for (int64_t k = 0; k < p->n; k += FB_W2V_TILE)
        FB_TILE_OF(p->n - k, FB(step_tile), 0, 1, p, p->y + k, p->score + k * p->m)
}
#undef FB_TILE_OF

/* Scores -> errors, for outputs whose target is 1 (sign 1) or 0 (sign -1): u = sign score, loss = log(1 + exp(-u)),
   error = rate sign sigma(-u). Lanes behind the last score are set to a certain right answer: no loss, no error. */
static void FB(sigmoid_errors)(const FB(prediction) * p, const real *sign, real rate, FB(loss_sum) * l) {
    const int64_t n = p->m * p->n;
    for (int64_t j = n; j % VL; j++) p->score[j] = sign[j] * (real)1e4;
    for (int64_t j = 0; j < n; j += VL) {
        const vec s = FB(load)(sign + j), u = s * FB(load)(p->score + j);
        const ivec wrong = u < (vec){0};
        const vec t = FB(vexp)(FB(choose)(wrong, u, -u));
        const vec q = (real)1 / (1 + t); /* sigma(|u|); sigma(-|u|) = t q */
        FB(store)(p->score + j, rate * s * FB(choose)(wrong, q, t * q));
        l->product *= 1 + t;
        l->linear -= FB(choose)(wrong, u, (vec){0});
        if (++l->n_factors == 100) FB(loss_flush)(l); /* products below 2^100 */
    }
}

/* Scores -> errors for one input and all words as outputs: loss = -log softmax(score)_word, error = rate (y - p). */
static void FB(softmax_errors)(const FB(prediction) * p, int64_t word, real rate, FB(loss_sum) * l) {
    real *s = p->score, max = s[0], sum = 0;
    for (int64_t k = 1; k < p->n; k++) max = s[k] > max ? s[k] : max;
    l->total += (double)max - (double)s[word];
    for (int64_t k = 0; k < p->n; k += VL) FB(store)(s + k, FB(vexp)(FB(load)(s + k) - max));
    for (int64_t k = 0; k < p->n; k++) sum += s[k];
    l->total += log((double)sum);
    const real factor = -rate / sum;
    for (int64_t k = 0; k < p->n; k++) s[k] *= factor;
    s[word] += rate;
}
#endif
