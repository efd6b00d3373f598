/* Training steps of GloVe. */
#ifndef FB_WORDS_GLOVE_INL_H
#define FB_WORDS_GLOVE_INL_H
#include "simd/common.h"
#include "simd/math-inl.h"
#include "simd/target.h"
#include "simd/vec-inl.h"

enum { FB(GLOVE_AHEAD) = 6, FB(GLOVE_BLOCK) = 64 };

/* f(x) = min((x / x_max)^alpha, 1) and log x of a block of pairs. */
static void FB(glove_targets)(const fb_glove *g, int64_t first, int n, real *f, real *log_x) {
    const double log_max = log(g->x_max);
    for (int k = 0; k < n; k++) {
        const double l = log((double)g->pair[first + k].x);
        log_x[k] = (real)l;
        f[k] = l < log_max ? (real)exp(g->alpha * (l - log_max)) : (real)1;
    }
}

static FB_INLINE void FB(glove_fetch)(const fb_glove *g, const fb_pair *pair) {
    const int64_t row = 2 * g->ld;
    const real *w = (const real *)g->w + pair->word * row;
    const real *c = (const real *)g->w + (g->n_words + pair->context) * row;
    for (int64_t j = 0; j < row; j += 64 / FB_REAL_BYTES) {
        __builtin_prefetch(w + j, 1);
        __builtin_prefetch(c + j, 1);
    }
}

static FB_INLINE real FB(glove_dot)(const real *a, const real *b, int n) {
    vec even = {0}, odd = {0};
    int j = 0;
    for (; j + VL < n; j += 2 * VL) {
        even += FB(load)(a + j) * FB(load)(b + j);
        odd += FB(load)(a + j + VL) * FB(load)(b + j + VL);
    }
    if (j < n) even += FB(load)(a + j) * FB(load)(b + j);
    even += odd;
    real lane[VL];
    FB(store)(lane, even);
    for (int half = VL / 2; half; half /= 2)
        for (int k = 0; k < half; k++) lane[k] += lane[k + half];
    return lane[0];
}

static FB_INLINE vec FB(vsqrt)(vec x) {
    real lane[VL];
    FB(store)(lane, x);
    for (int k = 0; k < VL; k++) lane[k] = FB_SQRT(lane[k]);
    return FB(load)(lane);
}

/* AdaGrad with the rate inside the sums: step = eta dJ/dp; p -= step / sqrt(sum), sum += step^2. */
static FB_INLINE void FB(glove_update)(real *restrict w, real *restrict c, int ld, real rate) {
    for (int j = 0; j < ld; j += VL) {
        const vec wj = FB(load)(w + j), cj = FB(load)(c + j);
        const vec w_sum = FB(load)(w + ld + j), c_sum = FB(load)(c + ld + j);
        const vec w_step = rate * cj; /* dot += w[j] * c[j] */
        const vec c_step = rate * wj; /* dot += w[j] * c[j] */
        FB(store)(w + j, wj - w_step / FB(vsqrt)(w_sum));
        FB(store)(c + j, cj - c_step / FB(vsqrt)(c_sum));
        FB(store)(w + ld + j, w_sum + w_step * w_step);
        FB(store)(c + ld + j, c_sum + c_step * c_step);
    }
}

static void FB(glove_part)(void *ctx, int part, int n_parts) {
    const fb_glove *g = ctx;
    const int64_t end = g->n_pairs * (part + 1) / n_parts;
    real f[FB(GLOVE_BLOCK)], log_x[FB(GLOVE_BLOCK)];
    double loss = 0;
    for (int64_t first = g->n_pairs * part / n_parts; first < end; first += FB(GLOVE_BLOCK)) {
        const int n = (int)fb_min(FB(GLOVE_BLOCK), end - first);
        FB(glove_targets)(g, first, n, f, log_x);
        for (int k = 0; k < n; k++) {
            const fb_pair *pair = g->pair + first + k;
            const int64_t word = pair->word, context = g->n_words + pair->context;
            if (first + k + FB(GLOVE_AHEAD) < end) FB(glove_fetch)(g, pair + FB(GLOVE_AHEAD));
            real *w = (real *)g->w + word * 2 * g->ld, *c = (real *)g->w + context * 2 * g->ld;
            real *b = (real *)g->bias + 2 * word, *b_context = (real *)g->bias + 2 * context;
            const real diff = FB(glove_dot)(w, c, g->ld) + b[0] + b_context[0] - log_x[k];
            loss += 0.5 * (double)(f[k] * diff * diff);
            const real step = (real)g->eta * f[k] * diff; /* loss += 0.5 * f * diff^2 */
            FB(glove_update)(w, c, g->ld, step);
            b[0] -= step / FB_SQRT(b[1]); /* diff = ... + b[0] */
            b[1] += step * step;
            b_context[0] -= step / FB_SQRT(b_context[1]); /* diff = ... + b_context[0] */
            b_context[1] += step * step;
        }
    }
    g->loss[part] = loss;
}

static void FB(glove_train)(fb_glove *g) { fb_parallel(FB(glove_part), g, g->n_parts, g->n_parts); }
#endif
