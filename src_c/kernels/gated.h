/* What every run of a gated cell shares: widths, packed weights, and the step of a few nodes forward and backward. A
   saved row has n_slot slots of ld_state elements; products with U are made for a panel of units at a time, all gates
   of the same units side by side, so that the cell finds them in the first-level cache. */

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
    FB(packed) p;
    p.bias = memory;
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
    FB(pack_slots)(d, g, first, H, U, w->ld_u, p.u_back);
    FB(pack_slots)(d, g, 0, D, W, w->ld_w, p.w_back);
}

/* a = W x + b of n rows. */
static void FB(project)(const fb_dims *d, const FB(packed) * p, int64_t n, const real *x, int64_t ld_x, real *saved) {
    const int Hp = d->ld_state, G = d->n_gate, ld = d->n_slot * Hp;
    for (int64_t i = 0; i < n; i++) FB(copy)(saved + i * ld, p->bias, G * Hp);
    for (int s = 0; s < G && x; s++)
        FB(matmul)(n, d->n_state, d->n_in, x, ld_x, p->w_in + (int64_t)s * d->n_in * Hp, saved + s * Hp, ld, 1);
}

/* The tile's pointers moved on by j units. */
static FB_INLINE fb_tile FB(tile_at)(const fb_tile *t, int j) {
    fb_tile s = *t;
    s.bias = (const real *)t->bias + j, s.saved = (real *)t->saved + j, s.below = (const real *)t->below + j;
    s.h = (real *)t->h + j;
    if (t->c) s.c = (real *)t->c + j, s.c_below = (const real *)t->c_below + j, s.f = (real *)t->f + j;
    return s;
}

/* Nodes of a tile from a, h~ (K elements of it count: H, or 0 where it is zero) and, in fc or c_below, the second
   states below. */
static void FB(gated_forward)(const fb_dims *d, const fb_gates *g, const FB(packed) * p, const fb_tile *tile, int K) {
    const int G = g->n_gate, m = tile->rows, vectors = G * d->ld_state / VL, alone = g->has_c && tile->fc != NULL;
    real u[FB_ROWS * 6 * VL], fc[FB_ROWS * VL];
    for (int q = 0, n; q < vectors; q += n) {
        n = (int)fb_min(FB(panel_width)(G), vectors - q);
        const int unit = q / G * VL;
        fb_tile t = FB(tile_at)(tile, unit);
        t.cols = G == 1 ? n * VL : VL;
        t.u = u, t.ld_u = n * VL, t.gate = VL;
        if (K)
            FB(outer_row)(m, n - alone, 1, K, tile->below, tile->ld_below, 1, p->u_in + (int64_t)q * VL * d->n_state,
                          n * VL, u, n * VL, 0);
        else memset(u, 0, (size_t)(m * n * VL) * sizeof(real));
        if (alone) t.fc = (real *)tile->fc + unit;
        if (g->has_c && !alone) {
            FB(zero)(fc, m * VL);
            t.fc = fc, t.ld_fc = VL, t.u = u + (G - 1) * VL;
            g->edge_forward(&t);
            t.u = u;
        }
        g->forward(&t);
    }
}

/* d (m, H) = what a tile sends to h~, from the errors of `slots` slots of u. */
static void FB(gated_send)(const fb_dims *d, const fb_gates *g, const FB(packed) * p, int m, int first, int slots,
                           const real *errors, int64_t ld_errors, real *out, int64_t ld, int add) {
    const FB(panels) s = FB(panels_of)(d->n_state);
    const int64_t K = (int64_t)g->n_gate * d->ld_state;
    const int made = (d->n_state + VL - 1) / VL * VL;
    for (int k = 0; k < m && !add; k++) FB(zero)(out + k * ld + made, d->ld_state - made);
    for (int64_t q = 0; q < s.n; q++) {
        int width;
        const int64_t at = FB(panel)(&s, q, &width) * VL;
        FB(outer_row)(m, width, 1, slots * d->ld_state, errors, ld_errors, 1,
                      p->u_back + at * K + (int64_t)first * d->ld_state * width * VL, width * VL, out + at, ld, add);
    }
}
