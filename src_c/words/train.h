/* Pieces of text through the windows: reading ids, subsampling, drawing ahead, one thread per piece. */

/* Whole vectors, for the scratch below. */
#define FB_ROOM(n) (((size_t)(n) * FB_REAL_BYTES + 127) / 64 * 64)

/* Outputs of a prediction at most. */
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

static size_t FB(w2v_scratch)(const fb_w2v *w) {
    const int64_t n = FB(most_outputs)(w);
    const size_t noise = FB_ROOM(FB_W2V_AHEAD * FB(most_noise)(w)), ids = FB_ROOM(w->max_sentence);
    const size_t scores = FB_ROOM((w->hs || w->negative ? FB_W2V_INPUTS : 1) * n + FB_W2V_INPUTS * FB_W2V_TILE);
    const size_t dots = FB_ROOM(FB_W2V_INPUTS * FB_W2V_TILE * FB_PAD + FB_PAD * FB_PAD);
    const size_t rows = FB_ROOM(w->ld) + FB_ROOM(FB_W2V_INPUTS * w->ld);
    return noise + ids + scores + dots + rows + FB_ROOM((FB_W2V_INPUTS + 2) * FB(sign_room)(w)) +
           ((size_t)n * sizeof(void *) + 127) / 64 * 64;
}

static void FB(lay_out)(FB(trainer) * t, const fb_w2v *w, char *at) {
    const int64_t n = FB(most_outputs)(w);
    t->w = w, t->p.ld = w->ld;
    t->loss = (FB(loss_sum)){.product = FB(splat)(1)};
    t->sign_ld = FB(sign_room)(w);
#define TAKE(p, type, room) p = (type *)at, at += room
    TAKE(t->row, real, FB_ROOM(w->ld));
    TAKE(t->drow, real, FB_ROOM(FB_W2V_INPUTS * w->ld));
    TAKE(t->p.dots, real, FB_ROOM(FB_W2V_INPUTS * FB_W2V_TILE * FB_PAD + FB_PAD * FB_PAD));
    TAKE(t->p.score, real, FB_ROOM((w->hs || w->negative ? FB_W2V_INPUTS : 1) * n + FB_W2V_INPUTS * FB_W2V_TILE));
    TAKE(t->sign, real, FB_ROOM((FB_W2V_INPUTS + 2) * t->sign_ld));
    TAKE(t->p.y, real *, ((size_t)n * sizeof(void *) + 127) / 64 * 64);
    TAKE(t->sentence, int32_t, FB_ROOM(w->max_sentence));
    for (int k = 0; k < FB_W2V_AHEAD; k++) t->ahead[k].noise = (int32_t *)at + k * FB(most_noise)(w);
#undef TAKE
    t->p.n = n;
    if (!w->hs && !w->negative)
        for (int64_t k = 0; k < n; k++) t->p.y[k] = FB(row_of)(w->out, k, w->ld);
    if (w->negative)
        for (int m = 1; m <= FB_W2V_INPUTS; m++) FB(signs)(m, w->negative + 1, NULL, t->sign + m * t->sign_ld);
}

/* The window of the i-th word of a sentence of n: how wide, and its noise. */
static void FB(draw_window)(FB(trainer) * t, int i, int n) {
    const fb_w2v *w = t->w;
    FB(draw) *q = &t->ahead[i % FB_W2V_AHEAD];
    const int reach = w->shrink ? 1 + (int)((FB(next_random)(t) >> 32) * (uint64_t)w->window >> 32) : w->window;
    q->begin = i > reach ? i - reach : 0;
    q->end = n - i > reach ? i + reach + 1 : n;
    const int sets = w->shared || !w->skip_gram ? 1 : q->end - q->begin - 1;
    for (int k = 0; k < sets * w->negative; k++) {
        const uint64_t r = FB(next_random)(t);
        const uint64_t slot = (r >> 32) * (uint64_t)w->n_words >> 32;
        const uint64_t entry = w->noise[slot], moves = (uint32_t)r >= (uint32_t)entry; /* nothing to predict here */
        const int32_t word = (int32_t)(slot ^ ((slot ^ entry >> 32) & -moves));
        q->noise[k] = word;
        FB(fetch_row)(FB(row_of)(w->out, word, w->ld), w->ld);
    }
    if (w->negative) FB(fetch_row)(FB(row_of)(w->out, t->sentence[i], w->ld), w->ld);
    if (i + w->window < n) FB(fetch_row)(FB(row_of)(w->in, t->sentence[i + w->window], w->ld), w->ld);
}

static void FB(train_sentence)(FB(trainer) * t, int n) {
    const int ahead = FB_W2V_AHEAD - 1;
    for (int i = 0; i < n && i < ahead; i++) FB(draw_window)(t, i, n);
    for (int i = 0; i < n; i++) {
        if (i + ahead < n) FB(draw_window)(t, i + ahead, n);
        if (t->w->skip_gram) FB(skip_gram)(t, i, &t->ahead[i % FB_W2V_AHEAD]);
        else FB(cbow)(t, i, &t->ahead[i % FB_W2V_AHEAD]);
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
            t->sentence[n] = (int32_t)word; /* nothing to predict: whether it is kept is a matter of chance */
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
