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

/* dU of units u0 .. u1 over rows a .. a + n, whose states below lie from `below` on. */
static void FB(chain_recurrent)(const fb_chain *c, int64_t u0, int64_t u1, int64_t a, int64_t n, const real *below,
                                int64_t ld_below, real *scratch) {
    const fb_dims *d = &c->run.dims;
    const fb_gates *g = c->cell->gates;
    const int64_t H = d->n_state, ld = d->ld_state, ld_saved = g->n_slot * ld;
    for (int s = g->n_slot - g->n_gate; s < g->n_slot && n > 0; s++) {
        const real *errors = (const real *)c->run.saved + a * ld_saved + s * ld + u0;
        real *to = (real *)c->dU + (g->gate[s] * H + u0) * H;
        FB(matmul_tn)(u1 - u0, H, n, errors, ld_saved, below, ld_below, to, H, 1, scratch);
    }
}

/* The same over all rows, in as few products as lengths allow. */
static void FB(chain_dU)(const fb_chain *c, int64_t u0, int64_t u1, real *scratch) {
    const fb_dims *d = &c->run.dims;
    int64_t a = 0, n = 0, before = 0;
    for (int64_t k = FB(block_begin)(c); k < FB(block_end)(c); k++) {
        const FB(moment) m = FB(moment_of)(c, c->reverse ? c->n_steps - 1 - k : k);
        if (n && (a + n != m.row || before + n != m.before || m.carried == 0)) {
            FB(chain_recurrent)(c, u0, u1, a, n, (const real *)c->run.h + before * c->ld_h, c->ld_h, scratch);
            n = 0;
        }
        if (!n) a = m.row, before = m.before;
        n += m.carried;
        if (c->run.h0)
            FB(chain_recurrent)(c, u0, u1, m.row + m.carried, m.rows - m.carried,
                                (const real *)c->run.h0 + m.carried * d->ld_state, d->ld_state, scratch);
    }
    FB(chain_recurrent)(c, u0, u1, a, n, (const real *)c->run.h + before * c->ld_h, c->ld_h, scratch);
}

/* db (and dc, where the second bias is) of units u0 .. u1. */
static void FB(chain_bias)(const fb_chain *c, int64_t u0, int64_t u1) {
    const fb_gates *g = c->cell->gates;
    const int64_t H = c->run.dims.n_state, ld = c->run.dims.ld_state;
    const int64_t first = c->row_ptr[FB(block_begin)(c)], last = c->row_ptr[FB(block_end)(c)];
    for (int s = 0; s < g->n_slot; s++) {
        real *db = s < g->n_gate ? (real *)c->db + g->gate[s] * H : NULL;
        real *dc = c->dc && s >= g->n_slot - g->n_gate ? (real *)c->dc + g->gate[s] * H : NULL;
        for (int64_t j = u0, n; j < u1; j += n) {
            real sum[FB_PAD] = {0};
            n = fb_min(FB_PAD, u1 - j);
            const real *e = (const real *)c->run.saved + first * g->n_slot * ld + s * ld + j;
            for (int64_t i = first; i < last; i++, e += g->n_slot * ld)
                for (int64_t k = 0; k < n; k++) sum[k] += e[k];
            for (int64_t k = 0; k < n && db; k++) db[j + k] += sum[k]; /* a = .. + b */
            for (int64_t k = 0; k < n && dc; k++) dc[j + k] += sum[k]; /* u = .. + c */
        }
    }
}

/* Parts divide the units of the state; of dx the rows. */
static void FB(chain_gradient_part)(void *ctx, int part, int n_parts) {
    const fb_chain *c = ctx;
    const fb_dims *d = &c->run.dims;
    const fb_gates *g = c->cell->gates;
    const FB(packed) p = FB(packed_of)(d, c->run.weights.packed);
    const int64_t H = d->n_state, D = d->n_in, ld = d->ld_state, ld_saved = g->n_slot * ld;
    const int64_t r = c->row_ptr[FB(block_begin)(c)], n = c->row_ptr[FB(block_end)(c)] - r;
    const int64_t u0 = FB(share)(H, 1, part, n_parts), u1 = FB(share)(H, 1, part + 1, n_parts);
    const int64_t a = r + FB(share)(n, 1, part, n_parts), b = r + FB(share)(n, 1, part + 1, n_parts);
    real *saved = c->run.saved, *scratch = (real *)(c->scratch + (size_t)part * c->scratch_size);
    for (int s = 0; s < g->n_gate; s++)
        FB(matmul_tn)(u1 - u0, D, n, saved + r * ld_saved + s * ld + u0, ld_saved,
                      (const real *)c->run.x + r * c->run.ld_x, c->run.ld_x, (real *)c->dW + (g->gate[s] * H + u0) * D,
                      D, 1, scratch);
    FB(chain_dU)(c, u0, u1, scratch);
    FB(chain_bias)(c, u0, u1);
    if (c->dx)
        FB(matmul)(b - a, D, g->n_gate * ld, saved + a * ld_saved, ld_saved, p.w_back, (real *)c->dx + a * c->ld_dx,
                   c->ld_dx, 0);
}

static size_t FB(chain_scratch)(const fb_dims *d) {
    const size_t row = (size_t)d->ld_state, matmul = FB(matmul_scratch)();
    return FB_PADDED(row > matmul ? row : matmul) * sizeof(real);
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
