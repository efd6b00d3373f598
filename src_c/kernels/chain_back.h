/* Gated cells over sequences, backward. */
/* to += from, n rows of cols elements. */
static void FB(add_rows)(int64_t n, int64_t cols, const real *restrict from, int64_t ld_from, real *restrict to,
                         int64_t ld_to) {
    if (ld_from == cols && ld_to == cols) cols *= n, n = n > 0; /* one piece */
    for (; n > 0; n--, from += ld_from, to += ld_to)
        for (int64_t j = 0; j < cols; j++) to[j] += from[j];
}

/* The errors of a tile's slots, from what has come to the carry and from outside. */
static void FB(chain_errors)(const fb_chain *c, const FB(moment) * m, int64_t r, fb_tile *t) {
    const fb_gates *g = c->cell->gates;
    const int64_t ld = c->run.dims.ld_state, at = t->at, cols = fb_min(t->cols, c->run.dims.n_state - at);
    real *carry = (real *)c->carry + r * ld;
    t->e = t->direct = carry, t->ld_e = t->ld_direct = ld;
    if (c->dh)
        FB(add_rows)(t->rows, cols, (const real *)c->dh + (m->row + r) * c->ld_dh + at, c->ld_dh, carry + at, ld);
    if (g->has_c) t->dc = t->dc_below = (real *)c->carry_c + r * ld, t->ld_dc = ld;
    g->backward(t);
    if (!g->has_c) return;
    g->edge_backward(t);
    for (int k = 0; k < t->rows; k++) FB(flush)((real *)t->dc_below + k * ld + at, t->cols);
}

static void FB(chain_backward_part)(void *ctx, int part, int n_parts) {
    fb_chain *c = ctx;
    const fb_dims *d = &c->run.dims;
    const fb_gates *g = c->cell->gates;
    const FB(packed) p = FB(packed_of)(d, &c->run.weights);
    const int64_t ld = d->ld_state, slots = g->n_slot - g->n_gate;
    real *zeros = FB(chain_work)(c, part);
    const int64_t first = FB(chain_split)(c, part, n_parts), last = FB(chain_split)(c, part + 1, n_parts);
    FB(zero)(zeros, d->ld_state);
    for (int64_t s = c->to - 1; s >= c->from; s--) {
        const FB(moment) m = FB(moment_of)(c, s);
        for (int64_t r = first, end = fb_min(last, m.rows), n; r < end; r += n) {
            fb_tile t;
            n = FB(chain_stop)(&m, r, end) - r;
            FB(chain_tile)(c, &m, r, (int)n, &p, zeros, &t);
            FB(chain_errors)(c, &m, r, &t);
            real *carry = (real *)c->carry + r * ld;
            const real *errors = (const real *)t.saved + slots * ld;
            if (c->run.weights.u_is_row) FB(send_row)(d, g, &c->run.weights, 0, d->n_state, errors, carry, g->direct);
            else FB(gated_send)(d, g, &p, n, 0, g->n_gate, errors, t.ld_saved, carry, ld, g->direct);
            FB(flush)(carry, n * ld); /* errors fade as they go back through a long sequence */
        }
        atomic_store_explicit(FB(reached)(c, part), s, memory_order_release);
    }
    FB(fill_wait)(c, &p, n_parts);
}

/* How many of rows a .. end have the states below them in one piece: from *below on, NULL for zeros. *time: of row a;
   afterwards that of the first row that is left. */
static int64_t FB(chain_piece)(const fb_chain *c, int64_t a, int64_t end, int64_t *time, const real **below,
                               int64_t *ld_below) {
    int64_t row = a;
    while (row < end) {
        const FB(moment) m = FB(moment_of)(c, c->reverse ? c->n_steps - 1 - *time : *time);
        const int64_t r = row - m.row, stop = fb_min(FB(chain_stop)(&m, r, m.rows), end - m.row);
        int64_t ld;
        const real *next = FB(chain_below)(&m, r, c->run.h, c->ld_h, c->run.h0, c->run.dims.ld_state, &ld);
        if (row > a && (!*below || ld != *ld_below || next != *below + (row - a) * ld)) break;
        if (row == a) *below = next, *ld_below = ld;
        row = m.row + stop;
        *time += stop == m.rows;
    }
    return row - a;
}

/* The states below rows a .. a + kc, of which `below` has the first n, side by side: one product instead of several. */
static const real *FB(chain_gather)(const fb_chain *c, int64_t a, int64_t n, int64_t kc, int64_t *time,
                                    const real *below, int64_t ld_below, real *out) {
    const int64_t H = c->run.dims.n_state, ld = c->run.dims.ld_state;
    for (int64_t k = 0; k < kc; k += n) {
        if (k) n = FB(chain_piece)(c, a + k, a + kc, time, &below, &ld_below);
        FB(copy_rows)(n, H, below, ld_below, out + k * ld, ld, 0);
    }
    return out;
}

/* dW += errors . x and dU += errors . h~ of units u0 .. u1, of all slots together FB_TM at most; the errors are packed
   once for both, unless they are few. */
static void FB(chain_outer)(const fb_chain *c, int64_t u0, int64_t u1, real *panel) {
    const fb_dims *d = &c->run.dims;
    const fb_gates *g = c->cell->gates;
    const int64_t H = d->n_state, D = d->n_in, ld = g->n_slot * (int64_t)d->ld_state;
    const int64_t end = c->row_ptr[FB(block_end)(c)], units = (u1 - u0 + FB_ROWS - 1) / FB_ROWS * FB_ROWS;
    const int G = g->n_gate, first = g->n_slot - G;
    const int64_t near = 48 * 1024 / sizeof(real); /* elements that the first two caches read as fast as packed ones */
    FB(pieces) w = {G, u1 - u0, FB_ROWS, 0, near, {0}, {0}}, u = w;
    int64_t time = FB(block_begin)(c);
    for (int64_t a = c->row_ptr[time], kc; a < end; a += kc) {
        kc = fb_min(FB_KC, end - a);
        const int few = kc * ld <= near;
        w.ak = u.ak = few ? ld : FB_ROWS, w.strip = u.strip = few ? FB_ROWS : FB_ROWS * kc;
        for (int s = 0; s < g->n_slot; s++) {
            const real *block = (const real *)c->run.saved + a * ld + s * d->ld_state + u0;
            if (!few) block = FB(pack_columns)(u1 - u0, kc, block, ld, panel + FB_KC * 6 * VL + s * units * kc);
            if (s < G) w.a[s] = block, w.c[s] = (real *)c->dW + (g->gate[s] * H + u0) * D;
            if (s >= first) u.a[s - first] = block, u.c[s - first] = (real *)c->dU + (g->gate[s] * H + u0) * H;
        }
        FB(pieces_add)(&w, D, kc, (const real *)c->run.x + a * c->run.ld_x, c->run.ld_x, D, 1, panel); /* a = W x */
        for (int64_t row = a, n, ld_below = 0; row < a + kc; row += n) {
            const real *below = NULL;
            n = FB(chain_piece)(c, row, a + kc, &time, &below, &ld_below);
            if (c->run.h0 && n < kc) {
                below = FB(chain_gather)(c, row, n, kc, &time, below, ld_below, panel + FB(matmul_scratch)());
                n = kc, ld_below = d->ld_state;
            }
            if (below) FB(pieces_add)(&u, H, n, below, ld_below, H, 1, panel); /* u = U h~ */
            for (int s = 0; s < G; s++) u.a[s] += n * u.ak;
        }
    }
}

/* The sums over n rows of `count` vectors. */
static FB_INLINE void FB(sum_rows)(const int count, int64_t n, const real *e, int64_t ld, real *sum) {
    vec acc[4] = {{0}};
    for (int64_t i = 0; i < n; i++, e += ld)
#pragma GCC unroll 4
        for (int k = 0; k < count; k++) acc[k] += FB(load)(e + k * VL);
#pragma GCC unroll 4
    for (int k = 0; k < count; k++) FB(store)(sum + k * VL, acc[k]);
}

/* db (and dc, where the second bias is) of units u0 .. u1; u0 is a multiple of FB_PAD. */
static void FB(chain_bias)(const fb_chain *c, int64_t u0, int64_t u1) {
    const fb_gates *g = c->cell->gates;
    const int64_t H = c->run.dims.n_state, ld = c->run.dims.ld_state, ld_saved = g->n_slot * ld;
    const int64_t first = c->row_ptr[FB(block_begin)(c)], rows = c->row_ptr[FB(block_end)(c)] - first;
    for (int s = 0; s < g->n_slot; s++) {
        real *db = c->db && s < g->n_gate ? (real *)c->db + g->gate[s] * H : NULL;
        real *dc = c->dc && s >= g->n_slot - g->n_gate ? (real *)c->dc + g->gate[s] * H : NULL;
        for (int64_t j = u0, n; j < u1; j += n) {
            real sum[4 * VL];
            const real *e = (const real *)c->run.saved + first * ld_saved + s * ld + j;
            n = j + 4 * VL <= u1 ? 4 * VL : fb_min(VL, u1 - j);
            if (n == 4 * VL) FB(sum_rows)(4, rows, e, ld_saved, sum);
            else FB(sum_rows)(1, rows, e, ld_saved, sum);
            for (int64_t k = 0; k < n && db; k++) db[j + k] += sum[k]; /* a = .. + b */
            for (int64_t k = 0; k < n && dc; k++) dc[j + k] += sum[k]; /* u = .. + c */
        }
    }
}

/* Parts divide the units of the state, and take pieces of dx. */
static void FB(chain_gradient_part)(void *ctx, int part, int n_parts) {
    fb_chain *c = ctx;
    const fb_dims *d = &c->run.dims;
    const FB(packed) p = FB(packed_of)(d, &c->run.weights);
    const int64_t ld = d->ld_state, most = FB_TM / d->n_slot / FB_PAD * FB_PAD;
    const int64_t u0 = FB(share)(ld, FB_PAD, part, n_parts),
                  u1 = fb_min(d->n_state, FB(share)(ld, FB_PAD, part + 1, n_parts));
    for (int64_t u = u0; u < u1; u += most) FB(chain_outer)(c, u, fb_min(u + most, u1), FB(chain_work)(c, part));
    FB(chain_bias)(c, u0, u1);
    while (FB(dx_piece)(c, &p, 0, c->row_ptr[c->n_steps])) continue;
}

static size_t FB(chain_scratch)(const fb_dims *d) {
    const size_t row = (size_t)d->ld_state, forward = row + FB(many_scratch)(d),
                 backward = FB(matmul_scratch)() + FB_KC * row; /* states below are gathered behind */
    return FB_PADDED(forward > backward ? forward : backward) * sizeof(real) + FB_LINE;
}
