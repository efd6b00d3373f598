/* What every run of a gated cell shares: packed weights, and the step of some nodes forward and backward. Products with
   U are made for a panel of units at a time, all gates of the same units together, and used in the first-level cache.
 */

/* Weights as the products read them. */
typedef struct {
    real *bias, *bias_u; /* (n_gate, ld_state) of a, in order of slots; of u */
    real *w_in;          /* per slot of a: W (D, H) packed for FB(matmul) */
    real *u_in;          /* panels of units: (H, n_gate, VL) */
    real *u_edge;        /* the rows of U that every child meets alone, packed for FB(matmul) */
    real *u_back;        /* (n_gate ld_state, H) packed for FB(matmul), rows in order of slots */
    real *w_back;        /* (n_gate ld_state, D) likewise */
    real *end;
} FB(packed);

static FB(packed) FB(packed_of)(const fb_dims *d, void *memory) {
    const int64_t H = d->ld_state, G = d->n_gate, D = d->ld_in;
    FB(packed) p = {.bias = memory};
    p.bias_u = p.bias + G * H;
    p.w_in = p.bias_u + G * H;
    p.u_in = p.w_in + G * H * D;
    p.u_edge = p.u_in + G * H * H;
    p.u_back = p.u_edge + H * H;
    p.w_back = p.u_back + G * H * H;
    p.end = p.w_back + G * H * D;
    return p;
}

static size_t FB(gated_size)(const fb_dims *d) {
    return (size_t)(FB(packed_of)(d, NULL).end - (real *)NULL) * sizeof(real);
}

/* theta's row: W from 0, U from ld_in, b and c behind. */
static void FB(gated_shape)(fb_dims *d) {
    d->n_gather = d->ld_gather = d->ld_fold = 0;
    d->n_feature = d->ld_in + d->ld_state + 2;
}

static void FB(gated_columns)(const fb_dims *d, fb_column *column) {
    for (int j = 0; j < d->n_feature; j++) column[j] = (fb_column){-1, 0, -1};
    for (int j = 0; j < d->n_in; j++) column[j] = (fb_column){0, j, -1};
    for (int j = 0; j < d->n_state; j++) column[d->ld_in + j] = (fb_column){1, j, -1};
    column[d->ld_in + d->ld_state] = (fb_column){2, 0, -1};
    if (d->n_slot > d->n_gate) column[d->ld_in + d->ld_state + 1] = (fb_column){3, 0, -1};
}

/* Vectors of a panel of u_in, units of the state per vector of a gate. */
static FB_INLINE int FB(panel_width)(int n_gate) { return n_gate == 1 ? 4 : n_gate; }

/* Rows of a tile of `total` where the panel's accumulators fit the registers; tiles are about equal. */
static int FB(gated_rows)(int n_gate, int64_t total) {
    const int64_t most = fb_min(FB_ROWS, 3 * FB_ROWS / FB(panel_width)(n_gate)), tiles = (total + most - 1) / most;
    return tiles ? (int)((total + tiles - 1) / tiles) : 0;
}

/* Matrix (n_gate ld_state, N) from the rows of slots first .. first + n_gate of a. */
static void FB(pack_slots)(const fb_dims *d, const fb_gates *g, int first, int64_t N, const real *a, int64_t lda,
                           real *out) {
    const int H = d->n_state, Hp = d->ld_state;
    const FB(panels) s = FB(panels_of)(N);
    for (int64_t p = 0; p < s.n; p++) {
        int width;
        const int64_t at = FB(panel)(&s, p, &width) * VL;
        real *to = out + at * g->n_gate * Hp;
        for (int k = 0; k < g->n_gate; k++, to += Hp * width * VL) {
            FB(pack_panel)(H, N - at, width, a + g->gate[first + k] * H * lda + at, lda, 1, to);
            FB(zero)(to + H * width * VL, (Hp - H) * width * VL);
        }
    }
}

static void FB(pack_units)(const fb_dims *d, const fb_gates *g, const real *U, int64_t ld, real *out) {
    const int H = d->n_state, G = g->n_gate, first = g->n_slot - G, vectors = G * d->ld_state / VL;
    for (int q = 0, n; q < vectors; q += n) {
        n = (int)fb_min(FB(panel_width)(G), vectors - q);
        real *panel = out + (int64_t)q * VL * H;
        for (int v = 0; v < n; v++) {
            const int unit = (q + v) / G * VL, cols = (int)fb_min(VL, H - unit);
            if (cols < VL)
                for (int k = 0; k < H; k++) FB(store)(panel + (int64_t)(k * n + v) * VL, (vec){0});
            if (cols > 0)
                FB(transpose)(cols, H, U + (g->gate[first + (q + v) % G] * H + unit) * ld, ld, panel + v * VL, n * VL);
        }
    }
}

static void FB(pack_weights)(const fb_dims *d, const fb_gates *g, const fb_weights *w) {
    const FB(packed) p = FB(packed_of)(d, w->packed);
    const int H = d->n_state, Hp = d->ld_state, D = d->n_in, G = g->n_gate, first = g->n_slot - G;
    const real *W = w->W, *U = w->U, *b = w->b, *c = w->c;
    memset(p.bias, 0, (size_t)(2 * G * Hp) * sizeof(real));
    for (int s = 0; s < G; s++) {
        for (int j = 0; j < H; j++) p.bias[s * Hp + j] = b[(g->gate[s] * H + j) * w->ld_b];
        for (int j = 0; j < H && c; j++) p.bias_u[s * Hp + j] = c[(g->gate[first + s] * H + j) * w->ld_b];
        FB(pack_b)(D, H, W + g->gate[s] * H * w->ld_w, 1, w->ld_w, p.w_in + (int64_t)s * D * Hp);
    }
    FB(pack_units)(d, g, U, w->ld_u, p.u_in);
    if (g->has_c) FB(pack_b)(H, H, U + g->gate[g->n_slot - 1] * H * w->ld_u, 1, w->ld_u, p.u_edge);
    if (!w->forward_only) FB(pack_slots)(d, g, first, H, U, w->ld_u, p.u_back);
    if (!w->forward_only) FB(pack_slots)(d, g, 0, D, W, w->ld_w, p.w_back);
}

/* a = W x + b of n rows. */
static void FB(project)(const fb_dims *d, const FB(packed) * p, int64_t n, const real *x, int64_t ld_x, real *saved) {
    const int Hp = d->ld_state, G = d->n_gate, ld = d->n_slot * Hp;
    for (int64_t i = 0; i < n; i++) FB(copy)(saved + i * ld, p->bias, G * Hp);
    for (int s = 0; s < G && x; s++)
        FB(matmul)(n, d->n_state, d->n_in, x, ld_x, p->w_in + (int64_t)s * d->n_in * Hp, saved + s * Hp, ld, 1);
}

/* One row a (K) times `count` panels of `width` vectors, which lie `panel` elements apart: so many lines of weights in
   flight at once that neither latency nor a single stream of memory holds it up. */
static FB_INLINE void FB(line_tile)(const int count, const int width, int K, const real *a, const real *b,
                                    ptrdiff_t panel, real *c, int add) {
    vec acc[16];
#pragma GCC unroll 16
    for (int n = 0; n < count * width; n++) acc[n] = add ? FB(load)(c + n * VL) : (vec){0};
    for (int k = 0; k < K; k++, b += width * VL) {
        const vec s = FB(splat)(a[k]);
#pragma GCC unroll 4
        for (int p = 0; p < count; p++)
#pragma GCC unroll 4
            for (int n = 0; n < width; n++) acc[p * width + n] += s * FB(load)(b + p * panel + n * VL);
    }
#pragma GCC unroll 16
    for (int n = 0; n < count * width; n++) FB(store)(c + n * VL, acc[n]);
}

enum { FB(LINE_PANELS) = FB_ROWS / 2 };
static void FB(lines)(int width, int K, const real *a, const real *b, ptrdiff_t panel, real *c, int add) {
    if (width == 4) FB(line_tile)(FB(LINE_PANELS), 4, K, a, b, panel, c, add);
    else if (width == 3) FB(line_tile)(FB(LINE_PANELS), 3, K, a, b, panel, c, add);
    else FB(line_tile)(FB(LINE_PANELS), 2, K, a, b, panel, c, add); /* several panels are never narrower */
}

/* u (rows, n vectors) = U h~ of some panels from vector q on; `alone`: without the last gate of each. */
static void FB(recur)(const fb_dims *d, int G, const FB(packed) * p, const fb_tile *t, int q, int n, int alone, int K,
                      real *u) {
    const int width = FB(panel_width)(G);
    const real *below = (const real *)t->below + t->first * t->ld_below, *b = p->u_in + (int64_t)q * VL * d->n_state;
    if (K && t->rows == 1 && n == FB(LINE_PANELS) * width && !alone) {
        FB(lines)(width, K, below, b, (ptrdiff_t)width * VL * d->n_state, u, 0);
        return;
    }
    for (int v = 0, w; v < n; v += w, b += w * VL * d->n_state, u += (w - alone) * VL) {
        w = (int)fb_min(width, n - v);
        if (K) FB(outer_row)(t->rows, w - alone, 1, K, below, t->ld_below, 1, b, w * VL, u, t->ld_u, 0);
        else
            for (int k = 0; k < t->rows; k++) FB(zero)(u + k * t->ld_u, (w - alone) * VL);
    }
}

/* Rows of a tile from a, h~ (K elements of it count: H, or 0 where it is zero) and, in fc or c_below, the second states
   below. Panels outside, rows inside: a panel that is not in the second-level cache is fetched once. `turn`: from the
   last panel to the first, so that steps in turns find some of them in the cache. */
static void FB(gated_forward)(const fb_dims *d, const fb_gates *g, const FB(packed) * p, const fb_tile *tile, int K,
                              int turn) {
    const int G = g->n_gate, vectors = G * d->ld_state / VL, alone = g->has_c && tile->fc != NULL;
    const int most = FB(panel_width)(G) * (tile->rows == 1 ? FB(LINE_PANELS) : 1), groups = (vectors + most - 1) / most;
    real u[FB_ROWS * 4 * VL], fc[FB_ROWS * VL];
    fb_tile t = *tile;
    t.u = u, t.gate = VL, t.next = G == 1 ? VL : (G - alone) * VL;
    for (int j = 0; j < groups; j++) {
        const int q = (turn ? groups - 1 - j : j) * most, n = (int)fb_min(most, vectors - q);
        t.at = q / G * VL, t.cols = n / G * VL, t.ld_u = (n - alone * n / G) * VL;
        for (t.first = 0; t.first < tile->rows; t.first += t.rows) {
            t.rows = FB(gated_rows)(G, tile->rows - t.first);
            FB(recur)(d, G, p, &t, q, n, alone, K, u);
            if (alone) t.fc = (real *)tile->fc + t.first * tile->ld_fc + t.at;
            if (g->has_c && !alone) {
                FB(zero)(fc, t.rows * t.cols);
                t.fc = fc, t.ld_fc = t.cols, t.u = u + (G - 1) * VL;
                g->edge_forward(&t);
                t.u = u;
            }
            g->forward(&t);
        }
    }
}

/* out (m, H) [+]= what nodes send to h~, from the errors of `slots` slots of u from the first-th on. */
static void FB(gated_send)(const fb_dims *d, const fb_gates *g, const FB(packed) * p, int64_t m, int first, int slots,
                           const real *errors, int64_t ld_errors, real *out, int64_t ld, int add) {
    const FB(panels) s = FB(panels_of)(d->n_state);
    const int64_t K = (int64_t)g->n_gate * d->ld_state, N = (int64_t)slots * d->ld_state;
    for (int64_t k = 0; k < m && !add; k++)
        for (int j = d->n_state; j < d->ld_state; j++) out[k * ld + j] = 0;
    if (m > 1 && slots == g->n_gate) {
        FB(matmul)(m, d->n_state, K, errors, ld_errors, p->u_back, out, ld, add);
        return;
    }
    for (int64_t q = 0, count; q < s.n; q += count) {
        int width;
        const int64_t at = FB(panel)(&s, q, &width) * VL, panel = K * width * VL;
        const real *b = p->u_back + at * K + (int64_t)first * d->ld_state * width * VL;
        count = m == 1 && q + FB(LINE_PANELS) <= (q < s.wide ? s.wide : s.n) ? FB(LINE_PANELS) : 1;
        if (count > 1) FB(lines)(width, (int)N, errors, b, panel, out + at, add);
        else FB(outer_row)((int)m, width, 1, (int)N, errors, ld_errors, 1, b, width * VL, out + at, ld, add);
    }
}
