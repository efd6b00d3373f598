/* Gated cells over sequences, backward, and what the binding calls. */
static void FB(chain_backward_part)(void *ctx, int part, int n_parts) {
    const fb_chain *c = ctx;
    const fb_dims *d = &c->run.dims;
    const fb_gates *g = c->cell->gates;
    const FB(packed) p = FB(packed_of)(d, c->run.weights.packed);
    const int64_t ld = d->ld_state, slots = g->n_slot - g->n_gate;
    real *zeros = (real *)(c->scratch + (size_t)part * c->scratch_size);
    const int64_t first = FB(chain_split)(c, part, n_parts), last = FB(chain_split)(c, part + 1, n_parts);
    FB(zero)(zeros, d->ld_state);
    for (int64_t s = c->to - 1; s >= c->from; s--) {
        const FB(moment) m = FB(moment_of)(c, s);
        for (int64_t r = first, end = fb_min(last, m.rows), n; r < end; r += n) {
            int K;
            n = FB(chain_stop)(&m, r, end) - r;
            fb_tile t = FB(chain_tile)(c, &m, r, (int)n, &p, zeros, &K);
            real *carry = (real *)c->carry + r * ld;
            t.e = t.direct = carry, t.ld_e = t.ld_direct = ld;
            for (int64_t k = 0; k < n && c->dh; k++)
                for (int j = 0; j < d->n_state; j++)
                    carry[k * ld + j] += ((const real *)c->dh)[(m.row + r + k) * c->ld_dh + j];
            if (g->has_c) t.dc = t.dc_below = (real *)c->carry_c + r * ld, t.ld_dc = ld;
            g->backward(&t);
            if (g->has_c) g->edge_backward(&t);
            FB(gated_send)(d, g, &p, n, 0, g->n_gate, (real *)t.saved + slots * ld, t.ld_saved, carry, ld, g->direct);
            FB(flush)(carry, n * ld); /* errors fade as they go back through a long sequence */
            if (g->has_c) FB(flush)(t.dc_below, n * ld);
        }
    }
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

/* dW += errors . x and dU += errors . h~ of units u0 .. u1, of all slots together FB_TM at most; the errors are packed
   once for both. */
static void FB(chain_outer)(const fb_chain *c, int64_t u0, int64_t u1, real *panel) {
    const fb_dims *d = &c->run.dims;
    const fb_gates *g = c->cell->gates;
    const int64_t H = d->n_state, D = d->n_in, ld = g->n_slot * (int64_t)d->ld_state;
    const int64_t end = c->row_ptr[FB(block_end)(c)], units = (u1 - u0 + FB_ROWS - 1) / FB_ROWS * FB_ROWS;
    const int G = g->n_gate, first = g->n_slot - G;
    FB(pieces) w = {G, u1 - u0, FB_ROWS, 0, {0}, {0}}, u = w;
    int64_t time = FB(block_begin)(c);
    for (int64_t a = c->row_ptr[time], kc; a < end; a += kc) {
        kc = fb_min(FB_KC, end - a);
        w.strip = u.strip = FB_ROWS * kc;
        for (int s = 0; s < g->n_slot; s++) {
            real *block = panel + FB_KC * 6 * VL + s * units * kc;
            FB(pack_columns)(u1 - u0, kc, (const real *)c->run.saved + a * ld + s * d->ld_state + u0, ld, block);
            if (s < G) w.a[s] = block, w.c[s] = (real *)c->dW + (g->gate[s] * H + u0) * D;
            if (s >= first) u.a[s - first] = block, u.c[s - first] = (real *)c->dU + (g->gate[s] * H + u0) * H;
        }
        FB(pieces_add)(&w, D, kc, (const real *)c->run.x + a * c->run.ld_x, c->run.ld_x, D, 1, panel); /* a = W x */
        for (int64_t row = a, n, ld_below = 0; row < a + kc; row += n) {
            const real *below = NULL;
            n = FB(chain_piece)(c, row, a + kc, &time, &below, &ld_below);
            if (below) FB(pieces_add)(&u, H, n, below, ld_below, H, 1, panel); /* u = U h~ */
            for (int s = 0; s < G; s++) u.a[s] += n * FB_ROWS;
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

/* Parts divide the units of the state; of dx the rows. */
static void FB(chain_gradient_part)(void *ctx, int part, int n_parts) {
    const fb_chain *c = ctx;
    const fb_dims *d = &c->run.dims;
    const FB(packed) p = FB(packed_of)(d, c->run.weights.packed);
    const int64_t ld = d->ld_state, ld_saved = d->n_slot * ld, most = FB_TM / d->n_slot / FB_PAD * FB_PAD;
    const int64_t r = c->row_ptr[FB(block_begin)(c)], n = c->row_ptr[FB(block_end)(c)] - r;
    const int64_t u0 = FB(share)(ld, FB_PAD, part, n_parts),
                  u1 = fb_min(d->n_state, FB(share)(ld, FB_PAD, part + 1, n_parts));
    const int64_t a = r + FB(share)(n, 1, part, n_parts), b = r + FB(share)(n, 1, part + 1, n_parts);
    for (int64_t u = u0; u < u1; u += most)
        FB(chain_outer)(c, u, fb_min(u + most, u1), (real *)(c->scratch + (size_t)part * c->scratch_size));
    FB(chain_bias)(c, u0, u1);
    if (c->dx)
        FB(matmul)(b - a, d->n_in, d->n_gate * ld, (const real *)c->run.saved + a * ld_saved, ld_saved, p.w_back,
                   (real *)c->dx + a * c->ld_dx, c->ld_dx, 0);
}

static size_t FB(chain_scratch)(const fb_dims *d) {
    const size_t forward = (size_t)d->ld_state + FB(many_scratch)(d), backward = FB(matmul_scratch)();
    return FB_PADDED(forward > backward ? forward : backward) * sizeof(real);
}

/* n rows of cols elements; zeros in front of the next row where rows of `to` are padded; of zeros where from is NULL.
 */
static void FB(copy_rows)(int64_t n, int64_t cols, const real *from, int64_t ld_from, real *to, int64_t ld_to,
                          int pad) {
    for (int64_t i = 0; i < n; i++) {
        if (from) memcpy(to + i * ld_to, from + i * ld_from, (size_t)cols * sizeof(real));
        else memset(to + i * ld_to, 0, (size_t)cols * sizeof(real));
        for (int64_t j = cols; j < ld_to && pad; j++) to[i * ld_to + j] = 0;
    }
}

/* The rows of `states` after each sequence's last step. */
static void FB(last_rows)(const fb_chain *c, const real *states, int64_t ld, real *out) {
    const int64_t H = c->run.dims.n_state;
    for (int64_t t = c->reverse ? 0 : c->n_steps - 1, r = 0; out && r < c->batch; t--)
        for (int64_t end = c->row_ptr[t + 1] - c->row_ptr[t]; r < end; r++)
            memcpy(out + r * H, states + (c->row_ptr[t] + r) * ld, (size_t)H * sizeof(real));
}

static void FB(chain_pack)(fb_chain *c) { FB(pack_weights)(&c->run.dims, c->cell->gates, &c->run.weights); }

static void FB(chain_step)(fb_chain *c) {
    const fb_run *r = &c->run;
    const int64_t H = r->dims.n_state, ld = r->dims.ld_state;
    if (c->h0) FB(copy_rows)(c->batch, H, c->h0, H, (real *)r->h0, ld, 1);
    if (c->c0) FB(copy_rows)(c->batch, H, c->c0, H, (real *)r->c0, ld, 1);
    const int64_t least = FB(block_rows)(&r->dims);
    for (c->from = 0; c->from < c->n_steps; c->from = c->to) {
        c->to = c->from;
        do c->to++;
        while (c->to < c->n_steps && c->row_ptr[FB(block_end)(c)] - c->row_ptr[FB(block_begin)(c)] < least);
        fb_parallel(FB(chain_project_part), c, c->n_threads, c->n_threads);
        fb_parallel(FB(chain_forward_part), c, c->n_threads, c->n_threads);
    }
    if (c->out) FB(copy_rows)(c->row_ptr[c->n_steps], H, r->h, c->ld_h, c->out, c->ld_out, 0);
    FB(last_rows)(c, r->h, c->ld_h, c->h_n);
    FB(last_rows)(c, r->c, ld, c->c_n);
}

static void FB(chain_forward)(fb_chain *c) {
    FB(chain_pack)(c);
    FB(chain_step)(c);
}

static void FB(chain_backward)(fb_chain *c) {
    const int64_t H = c->run.dims.n_state, ld = c->run.dims.ld_state;
    FB(copy_rows)(c->batch, H, c->dh_n, H, c->carry, ld, 1);
    if (c->carry_c) FB(copy_rows)(c->batch, H, c->dc_n, H, c->carry_c, ld, 1);
    const int64_t least = FB(block_rows)(&c->run.dims);
    for (c->to = c->n_steps; c->to > 0; c->to = c->from) {
        c->from = c->to;
        do c->from--;
        while (c->from > 0 && c->row_ptr[FB(block_end)(c)] - c->row_ptr[FB(block_begin)(c)] < least);
        fb_parallel(FB(chain_backward_part), c, c->n_threads, c->n_threads);
        fb_parallel(FB(chain_gradient_part), c, c->n_threads, c->n_threads);
    }
    if (c->dh0) FB(copy_rows)(c->batch, H, c->carry, ld, c->dh0, H, 0);
    if (c->dc0) FB(copy_rows)(c->batch, H, c->carry_c, ld, c->dc0, H, 0);
}
