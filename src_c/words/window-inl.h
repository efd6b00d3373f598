/* Predictions of a window, for skip-gram and CBOW, and the outputs that each cost needs. */
#ifndef FB_WORDS_WINDOW_INL_H
#define FB_WORDS_WINDOW_INL_H
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"
#include "words/predict-inl.h"

/* The draws of a window, made a few windows ahead: first random numbers, then the words that they choose. */
typedef struct FB(draw) {
    int begin, end, n_noise; /* words of the context; K noise words, or K for each word of the context */
    uint64_t *random;
    int32_t *noise;
} FB(draw);

/* State of a thread that works on a piece. */
typedef struct FB(trainer) {
    const fb_w2v *w;
    real rate;
    uint64_t seed, drawn;
    int32_t *sentence; /* (max_sentence) */
    real *row, *drow;  /* (ld) input of CBOW; (FB_W2V_INPUTS, ld) steps */
    real *sign;        /* signs of negative sampling for 1, 2, ... inputs, sign_ld apart; then those of a path */
    int64_t sign_ld;
    FB(draw) ahead[FB_W2V_AHEAD];
    const real **fetch; /* rows that will be needed soon */
    int n_fetch;
    FB(prediction) p;
    FB(loss_sum) loss;
    int64_t n_pairs;
} FB(trainer);

static FB_INLINE uint64_t FB(next_random)(FB(trainer) * t) { return fb_random(t->seed, t->drawn++); }

static FB_INLINE real *FB(row_of)(const void *rows, int64_t k, int ld) { return (real *)rows + k * ld; }

/* Prefetches the next n rows of the list. A core can wait for a dozen cache lines at once and stalls at the next, so
   a few rows are prefetched at a time, between the parts of a prediction. */
static FB_INLINE void FB(fetch_rows)(FB(trainer) * t, int n) {
    for (; n > 0 && t->n_fetch > 0; n--) {
        const real *row = t->fetch[--t->n_fetch];
        for (int j = 0; j < t->w->ld; j += 64 / FB_REAL_BYTES) __builtin_prefetch(row + j, 1);
    }
}

/* Signs of m inputs and n outputs, tile by tile. Without a code, output 0 has target 1 and the others 0. */
static void FB(signs)(int m, int64_t n, const uint8_t *code, real *sign) {
    for (int64_t k0 = 0; k0 < n; k0 += FB_W2V_TILE) {
        const int64_t end = fb_min(n, k0 + FB_W2V_TILE);
        for (int i = 0; i < m; i++)
            for (int64_t k = k0; k < end; k++) *sign++ = (code ? code[k] : k) == 0 ? 1 : -1;
    }
    for (int j = 0; j < VL; j++) *sign++ = 1;
}

/* Errors and steps of m inputs and the outputs, which are set. The steps of the inputs are added to them directly if
   nobody needs the old values: there is neither a second tile nor a second cost. */
static void FB(learn)(FB(trainer) * t, const real *sign, int64_t word) {
    FB(prediction) *p = &t->p;
    FB(fetch_rows)(t, 2);
    FB(scores)(p);
    FB(fetch_rows)(t, 2);
    if (sign) FB(sigmoid_errors)(p, sign, t->rate, &t->loss);
    else FB(softmax_errors)(p, word, t->rate, &t->loss);
    FB(fetch_rows)(t, 2);
    FB(steps)(p);
}

static void FB(predict_word)(FB(trainer) * t, int64_t word, const int32_t *noise) {
    const fb_w2v *w = t->w;
    FB(prediction) *p = &t->p;
    t->n_pairs += p->m;
    if (w->hs) {
        const int64_t first = w->path_ptr[word];
        real *sign = t->sign + (FB_W2V_INPUTS + 1) * t->sign_ld;
        p->n = w->path_ptr[word + 1] - first;
        for (int64_t k = 0; k < p->n; k++) p->y[k] = FB(row_of)(w->nodes, w->path_node[first + k], p->ld);
        FB(signs)(p->m, p->n, w->path_code + first, sign);
        FB(learn)(t, sign, word);
    }
    if (w->negative) {
        p->n = w->negative + 1;
        p->y[0] = FB(row_of)(w->out, word, p->ld);
        for (int64_t k = 1; k < p->n; k++) p->y[k] = FB(row_of)(w->out, noise[k - 1], p->ld);
        FB(learn)(t, t->sign + p->m * t->sign_ld, word);
    }
    if (!w->hs && !w->negative) FB(learn)(t, NULL, word); /* the outputs are always all words */
}

/* Adds the steps in `drow` to their rows. */
static void FB(add_steps)(const real *from, int64_t stride, real factor, const fb_w2v *w, int m, real *const *rows) {
    for (int i = 0; i < m; i++)
        for (int j = 0; j < w->ld; j += VL)
            FB(store)(rows[i] + j, FB(load)(rows[i] + j) + factor * FB(load)(from + i * stride + j));
}

/* Skip-gram: each word of the context predicts the word in the middle. FB_W2V_INPUTS words are taken at a time, or one
   if each has its own noise, and for the full softmax. */
static void FB(skip_gram)(FB(trainer) * t, int at, const FB(draw) * q) {
    const fb_w2v *w = t->w;
    FB(prediction) *p = &t->p;
    const int direct = !w->hs && w->negative && w->negative < FB_W2V_TILE;
    const int most = (w->negative ? w->shared : w->hs) ? FB_W2V_INPUTS : 1;
    const int32_t *noise = q->noise;
    for (int j = q->begin; j < q->end;) {
        real *rows[FB_W2V_INPUTS];
        int m = 0;
        for (; j < q->end && m < most; j++)
            if (j != at) rows[m++] = FB(row_of)(w->in, t->sentence[j], w->ld);
        if (m == 0) break;
        if (!direct) FB(zero)(t->drow, m * w->ld);
        for (int i = 0; i < m; i++) p->x[i] = rows[i], p->to[i] = direct ? rows[i] : t->drow + i * w->ld;
        p->m = m;
        FB(predict_word)(t, t->sentence[at], noise);
        if (!direct) FB(add_steps)(t->drow, w->ld, 1, w, m, rows);
        if (!w->shared) noise += w->negative;
    }
}

/* CBOW: the sum or mean of the context predicts the word in the middle. */
static void FB(cbow)(FB(trainer) * t, int at, const FB(draw) * q) {
    const fb_w2v *w = t->w;
    FB(prediction) *p = &t->p;
    const int n = q->end - q->begin - 1;
    const real factor = w->mean && n ? (real)1 / (real)n : 1;
    if (n == 0) return;
    FB(zero)(t->row, w->ld);
    FB(zero)(t->drow, w->ld);
    for (int j = q->begin; j < q->end; j++) {
        real *const row[] = {t->row};
        if (j != at) FB(add_steps)(FB(row_of)(w->in, t->sentence[j], w->ld), 0, factor, w, 1, row);
    }
    p->m = 1, p->x[0] = t->row, p->to[0] = t->drow;
    FB(predict_word)(t, t->sentence[at], q->noise);
    for (int j = q->begin; j < q->end; j++) {
        real *const row[] = {FB(row_of)(w->in, t->sentence[j], w->ld)};
        if (j != at) FB(add_steps)(t->drow, 0, factor, w, 1, row); /* row += factor * in */
    }
}
#endif
