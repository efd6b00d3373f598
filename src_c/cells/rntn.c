/* Recursive neural tensor network (Socher et al. 2013; Turesson 2015): h = tanh(z), z_k = c^T V_k c + W_k c + b_k, c = [h_l; h_r].
   With c~ = [h_l; h_r; 1] of n = 2 H + 1 elements this is one quadratic form, z_k = c~^T V~_k c~, and it sees each product c~_i c~_j
   once. The pairs are numbered by their distance s round the circle of n (n is odd, so each unordered pair has one s in 0..H):
   feature s n + i is c~_i c~_((i + s) mod n), one vector product of c~ with itself turned by s. n (H + 1) features instead of (2 H)^2.
   A gathered row is c~ and its beginning once more, [h_l; h_r; 1; h_l; 0 ..], so that turning is reading from s on. */
#define RNTN_WIDTH(d) (2 * (d)->n_state + 1)
#define RNTN_ROW(d) FB_PADDED(RNTN_WIDTH(d) + (d)->n_state + 5 * FB_PAD)

static void FB(rntn_shape)(fb_dims *d) {
    d->n_gather = RNTN_WIDTH(d);
    d->n_feature = RNTN_WIDTH(d) * (d->n_state + 1);
    d->ld_gather = 3 * RNTN_ROW(d); /* fold needs three rows of its own */
}

static void FB(rntn_columns)(const fb_dims *d, fb_column *column) {
    const int n = RNTN_WIDTH(d), m = n - 1;
    for (int s = 0; s <= d->n_state; s++)
        for (int i = 0; i < n; i++) {
            const int j = (i + s) % n, w = i < j ? i : j; /* i or j == m: the constant 1 of c~ */
            if (i < m && j < m)
                column[s * n + i] = (fb_column){0, i * m + j, i == j ? -1 : j * m + i};
            else
                column[s * n + i] = w < m ? (fb_column){1, w, -1} : (fb_column){2, 0, -1};
        }
}

static void FB(rntn_gather)(const fb_run *r, int64_t i, void *c_) {
    const fb_dims *d = &r->dims;
    const int H = d->n_state, n = RNTN_WIDTH(d);
    real *c = c_; /* (ld_gather) */
    FB(pair_gather)(r, i, c, n);
    FB(copy)(c + n, (const real *)r->h + (int64_t)r->graph->child[r->graph->child_ptr[i]] * d->ld_state, d->ld_state);
    FB(zero)(c + n + H, 4 * FB_PAD);
}

static void FB(rntn_scatter)(const fb_run *r, int64_t i, const void *dc) { FB(pair_scatter)(r, i, dc); }

/* Rows begin..end of the products. What a vector writes behind its row is the next row's, so the last vectors of rows go first; up to
   FB_PAD elements behind the last row are set to zero. */
static void FB(rntn_features)(const fb_dims *d, int begin, int end, const void *c_, void *q_) {
    const int n = RNTN_WIDTH(d);
    const real *c = c_;
    for (int i = (n - 1) / VL * VL; i >= 0; i -= VL) {
        const vec c_i = FB(load)(c + i);
        real *q = (real *)q_ + i;
        for (int s = begin; s < end; s++, q += n) FB(store)(q, c_i * FB(load)(c + s + i));
    }
    FB(zero)((real *)q_ + (int64_t)(end - begin) * n, FB_PAD);
}

/* Four vectors of sum_s a_s b_s, s = first .. last; rows of a are lda apart, b moves by ldb elements. */
static FB_INLINE void FB(rntn_sums)(int first, int last, const real *a, ptrdiff_t lda, const real *b, ptrdiff_t ldb, real *out) {
    vec sum[4] = {{0}, {0}, {0}, {0}};
    for (int s = first; s <= last; s++)
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++) sum[k] += FB(load)(a + s * lda + k * VL) * FB(load)(b + s * ldb + k * VL);
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) FB(store)(out + k * VL, sum[k]);
}

/* dc~_i = sum_s dq_(s, i) c~_(i+s) + dq_(s, i-s) c~_(i-s). The second sum is taken for i = 0 .. n + H from c~ between zeros, then
   folded round the circle. */
static void FB(rntn_fold)(const fb_dims *d, const void *c_, const void *dq_, void *dc_) {
    const int H = d->n_state, n = RNTN_WIDTH(d);
    const real *c = c_, *dq = dq_;
    real *dc = dc_, *turned = dc + RNTN_ROW(d), *between = turned + RNTN_ROW(d), *plain = between + FB_PADDED(H);
    FB(zero)(between, FB_PADDED(H));
    FB(copy)(plain, c, n);
    FB(zero)(plain + n, 4 * FB_PAD);
    for (int j = 0; j < n; j += 4 * VL) FB(rntn_sums)(0, H, dq + j, n, c + j, 1, dc + j); /* q_(s, i) = c_i c_(i+s): to c_i */
    for (int j = 0; j < n + H; j += 4 * VL) {
        const int first = j - n + 1 > 0 ? j - n + 1 : 0, last = j + 4 * VL - 1 < H ? j + 4 * VL - 1 : H;
        FB(rntn_sums)(first, last, dq + j, n - 1, plain + j, -1, turned + j); /* q_(s, i) = c_i c_(i+s): to c_j, j = i + s */
    }
    for (int i = 0; i < n; i++) dc[i] += turned[i] + (i < H ? turned[n + i] : 0); /* c_(n+i) is c_i again */
}
