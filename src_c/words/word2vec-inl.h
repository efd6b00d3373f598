/* Training on pieces of text, one thread per piece: reads ids, drops frequent words, draws ahead, moves the window. */
#ifndef FB_WORDS_WORD2VEC_INL_H
#define FB_WORDS_WORD2VEC_INL_H
#include "simd/common.h"
#include "simd/target.h"
#include "simd/vec-inl.h"
#include "words/predict-inl.h"
#include "words/window-inl.h"

/* Bytes of n things of a type, up to a whole cache line and one more. */
#define FB_ROOM(n, type) (((size_t)(n) * sizeof(type) + 127) / 64 * 64)

/* The largest number of outputs of a prediction. */
static int64_t FB(most_outputs)(const fb_w2v *w) {
    int64_t n = w->negative + 1;
    if (w->hs && w->max_path > n) n = w->max_path;
    return !w->hs && !w->negative ? w->n_words : n;
}

static int64_t FB(most_noise)(const fb_w2v *w) {
    return (int64_t)w->negative * (w->shared || !w->skip_gram ? 1 : 2 * w->window);
}

static int64_t FB(sign_room)(const fb_w2v *w) {
    return w->hs || w->negative ? FB_W2V_INPUTS * FB(most_outputs)(w) + FB_PAD : 0;
}

static int64_t FB(most_scores)(const fb_w2v *w) {
    return (w->hs || w->negative ? FB_W2V_INPUTS : 1) * FB(most_outputs)(w) + FB_W2V_INPUTS * FB_W2V_TILE;
}

/* Divides a thread's scratch into arrays and returns its size in bytes. If `at` is NULL, it only counts. */
static size_t FB(lay_out)(FB(trainer) * t, const fb_w2v *w, char *at) {
    const int64_t n = FB(most_outputs)(w), noise = FB_W2V_AHEAD * FB(most_noise)(w);
    size_t used = 0;
#define TAKE(p, type, n) p = at ? (type *)(at + used) : NULL, used += FB_ROOM(n, type)
    TAKE(t->row, real, w->ld);
    TAKE(t->drow, real, FB_W2V_INPUTS * w->ld);
    TAKE(t->p.dots, real, FB_W2V_INPUTS * FB_W2V_TILE * FB_PAD + FB_PAD * FB_PAD);
    TAKE(t->p.score, real, FB(most_scores)(w));
    TAKE(t->sign, real, (FB_W2V_INPUTS + 2) * FB(sign_room)(w));
    TAKE(t->p.y, real *, n);
    TAKE(t->sentence, int32_t, w->max_sentence + 1);
    TAKE(t->ahead[0].random, uint64_t, noise);
    TAKE(t->ahead[0].noise, int32_t, noise);
    TAKE(t->fetch, const real *, 3 * (FB(most_noise)(w) + 2));
#undef TAKE
    return used;
}

static size_t FB(w2v_scratch)(const fb_w2v *w) {
    FB(trainer) t;
    return FB(lay_out)(&t, w, NULL);
}

static void FB(begin)(FB(trainer) * t, const fb_w2v *w) {
    t->w = w, t->p.ld = w->ld, t->p.n = FB(most_outputs)(w), t->n_fetch = 0;
    t->loss = (FB(loss_sum)){.product = FB(splat)(1)};
    t->sign_ld = FB(sign_room)(w);
    for (int k = 1; k < FB_W2V_AHEAD; k++) {
        t->ahead[k].random = t->ahead[0].random + k * FB(most_noise)(w);
        t->ahead[k].noise = t->ahead[0].noise + k * FB(most_noise)(w);
    }
    if (!w->hs && !w->negative)
        for (int64_t k = 0; k < w->n_words; k++) t->p.y[k] = FB(row_of)(w->out, k, w->ld);
    if (w->negative)
        for (int m = 1; m <= FB_W2V_INPUTS; m++) FB(signs)(m, w->negative + 1, NULL, t->sign + m * t->sign_ld);
}

/* Draws the window of word i in a sentence of n words: its width and the random numbers of its noise. */
static void FB(draw_window)(FB(trainer) * t, int i, int n) {
    const fb_w2v *w = t->w;
    FB(draw) *q = &t->ahead[i % FB_W2V_AHEAD];
    const int reach = w->shrink ? 1 + (int)((FB(next_random)(t) >> 32) * (uint64_t)w->window >> 32) : w->window;
    q->begin = i > reach ? i - reach : 0;
    q->end = n - i > reach ? i + reach + 1 : n;
    q->n_noise = (w->shared || !w->skip_gram ? 1 : q->end - q->begin - 1) * w->negative;
    for (int k = 0; k < q->n_noise; k++) {
        q->random[k] = FB(next_random)(t);
        __builtin_prefetch(&w->noise[(q->random[k] >> 32) * (uint64_t)w->n_words >> 32]);
    }
}

/* Chooses the noise words and lists the rows that no earlier window needs. */
static void FB(draw_noise)(FB(trainer) * t, int i, int n) {
    const fb_w2v *w = t->w;
    FB(draw) *q = &t->ahead[i % FB_W2V_AHEAD];
    for (int k = 0; k < q->n_noise; k++) {
        const uint64_t r = q->random[k], slot = (r >> 32) * (uint64_t)w->n_words >> 32, entry = w->noise[slot];
        const uint64_t moves = (uint32_t)r >= (uint32_t)entry; /* without a branch, which could not be predicted */
        q->noise[k] = (int32_t)(slot ^ ((slot ^ entry >> 32) & -moves));
        t->fetch[t->n_fetch++] = FB(row_of)(w->out, q->noise[k], w->ld);
    }
    if (w->negative) t->fetch[t->n_fetch++] = FB(row_of)(w->out, t->sentence[i], w->ld);
    if (i + w->window < n) t->fetch[t->n_fetch++] = FB(row_of)(w->in, t->sentence[i + w->window], w->ld);
}

static void FB(train_sentence)(FB(trainer) * t, int n) {
    const int ahead = FB_W2V_AHEAD - 1;
    for (int i = 0; i < n && i < ahead; i++) FB(draw_window)(t, i, n);
    for (int i = 0; i < n && i < ahead - 1; i++) FB(draw_noise)(t, i, n);
    FB(fetch_rows)(t, t->n_fetch);
    for (int i = 0; i < n; i++) {
        if (i + ahead - 1 < n) FB(draw_noise)(t, i + ahead - 1, n);
        if (i + ahead < n) FB(draw_window)(t, i + ahead, n);
        if (t->w->skip_gram) FB(skip_gram)(t, i, &t->ahead[i % FB_W2V_AHEAD]);
        else FB(cbow)(t, i, &t->ahead[i % FB_W2V_AHEAD]);
        FB(fetch_rows)(t, t->n_fetch);
    }
}

static void FB(train_piece)(FB(trainer) * t, int64_t piece) {
    const fb_w2v *w = t->w;
    const uint16_t *at = w->text + w->piece_ptr[piece], *end = w->text + w->piece_ptr[piece + 1];
    int64_t before = w->piece_words[piece], seen = 0;
    int n = 0;
    t->seed = fb_random(w->seed, (uint64_t)(w->first_piece + piece)), t->drawn = 0;
    t->loss.total = 0, t->n_pairs = 0;
    while (at < end) {
        int64_t number = *at++;
        if (number & 0x8000) number = (number & 0x7fff) << 16 | *at++;
        if (number > 0) {
            const int64_t word = number - 1;
            seen++;
            t->sentence[n] = (int32_t)word; /* stored without a branch, which could not be predicted */
            n += (uint32_t)(FB(next_random)(t) >> 32) <= w->keep[word];
        }
        if (number == 0 || at == end) {
            const double rate = w->alpha - w->alpha_step * (double)before;
            t->rate = (real)(rate > w->min_alpha ? rate : w->min_alpha);
            FB(train_sentence)(t, n);
            before += seen;
            n = 0, seen = 0;
        }
    }
    FB(loss_flush)(&t->loss);
    w->loss[piece] = t->loss.total;
    w->n_pairs[piece] = t->n_pairs;
}

static void FB(train_part)(void *ctx, int part, int n_parts) {
    fb_w2v *w = ctx;
    FB(trainer) t;
    (void)n_parts;
    FB(lay_out)(&t, w, w->scratch + (size_t)part * w->scratch_size);
    FB(begin)(&t, w);
    for (;;) {
        const int64_t piece = __atomic_fetch_add(&w->next, 1, __ATOMIC_RELAXED);
        if (piece >= w->n_pieces) return;
        FB(train_piece)(&t, piece);
    }
}

static void FB(w2v_train)(fb_w2v *w) {
    w->next = 0;
    fb_parallel(FB(train_part), w, w->n_threads, w->n_threads);
}
#undef FB_ROOM
#endif
