/* Recursive neural tensor network (Socher et al. 2013; Turesson 2015): h = tanh(z), z_k = c^T V_k c + W_k c + b_k, c = [h_l; h_r].
   With c~ = [h_l; h_r; 1] of n = 2 H + 1 elements this is one quadratic form, z_k = c~^T V~_k c~, and it sees each product c~_i c~_j
   once. The pairs are numbered by their distance s round the circle of n (n is odd, so each unordered pair has one s in 0..H):
   feature s n + i is c~_i c~_((i + s) mod n), one vector product of c~ with itself turned by s. n (H + 1) features instead of (2 H)^2.
   A gathered row holds c~ between zeros, then c~ twice: [0 .. 0 | c~ 0 .. 0 | c~ c~ 0 .. 0]. */
#define RNTN_WIDTH(d) (2 * (d)->n_state + 1)
#define RNTN_PLAIN(d) (FB_PADDED((d)->n_state) + FB_PAD)                            /* where c~ stands alone */
#define RNTN_TWICE(d) (RNTN_PLAIN(d) + FB_PADDED(3 * (d)->n_state + 1) + 2 * FB_PAD) /* where c~ stands twice */

static void FB(rntn_shape)(fb_dims *d) {
    d->n_gather = RNTN_WIDTH(d);
    d->n_feature = RNTN_WIDTH(d) * (d->n_state + 1);
    d->ld_gather = RNTN_TWICE(d) + FB_PADDED(2 * RNTN_WIDTH(d)) + 2 * FB_PAD;
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
    const int n = RNTN_WIDTH(d);
    real *c = c_; /* (ld_gather) */
    memset(c, 0, (size_t)RNTN_PLAIN(d) * sizeof(real));
    FB(pair_gather)(r, i, c + RNTN_PLAIN(d), RNTN_TWICE(d) - RNTN_PLAIN(d));
    memcpy(c + RNTN_TWICE(d), c + RNTN_PLAIN(d), (size_t)n * sizeof(real));
    memcpy(c + RNTN_TWICE(d) + n, c + RNTN_PLAIN(d), (size_t)n * sizeof(real));
    memset(c + RNTN_TWICE(d) + 2 * n, 0, (size_t)(d->ld_gather - RNTN_TWICE(d) - 2 * n) * sizeof(real));
}

static void FB(rntn_scatter)(const fb_run *r, int64_t i, const void *dc) { FB(pair_scatter)(r, i, dc); }

/* Rows begin..end of the products; up to FB_PAD elements behind the last are set to zero. */
static void FB(rntn_features)(const fb_dims *d, int begin, int end, const void *c_, void *q_) {
    const int n = RNTN_WIDTH(d);
    const real *c = (const real *)c_ + RNTN_PLAIN(d), *twice = (const real *)c_ + RNTN_TWICE(d);
    real *q = q_;
    for (int s = begin; s < end; s++, q += n)
        for (int i = 0; i < n; i += VL) FB(store)(q + i, FB(load)(c + i) * FB(load)(twice + s + i));
    for (int i = 0; i < FB_PAD; i += VL) FB(store)(q + i, (vec){0});
}

/* dc~_i = sum_s dq_(s, i) c~_(i+s) + dq_(s, i-s) c~_(i-s). The second sum is taken for i = 0 .. n + H, then folded round the circle. */
static void FB(rntn_fold)(const fb_dims *d, const void *c_, const void *dq_, void *dc_) {
    const int H = d->n_state, n = RNTN_WIDTH(d);
    const real *c = (const real *)c_ + RNTN_PLAIN(d), *twice = (const real *)c_ + RNTN_TWICE(d), *dq = dq_;
    real *dc = dc_, *turned = dc + RNTN_TWICE(d);
    for (int j = 0; j < n; j += 2 * VL) {
        vec a = {0}, b = {0};
        for (int s = 0; s <= H; s++) { /* q_(s, i) = c_i twice_(i+s): what reaches c_i */
            a += FB(load)(dq + s * n + j) * FB(load)(twice + s + j);
            b += FB(load)(dq + s * n + j + VL) * FB(load)(twice + s + j + VL);
        }
        FB(store)(dc + j, a);
        FB(store)(dc + j + VL, b);
    }
    for (int j = 0; j < n + H; j += 2 * VL) {
        const int first = j - n + 1 > 0 ? j - n + 1 : 0, last = j + 2 * VL - 1 < H ? j + 2 * VL - 1 : H;
        vec a = {0}, b = {0};
        for (int s = first; s <= last; s++) { /* q_(s, i) = c_i twice_(i+s): what reaches twice_j, j = i + s */
            a += FB(load)(dq + s * (n - 1) + j) * FB(load)(c + j - s);
            b += FB(load)(dq + s * (n - 1) + j + VL) * FB(load)(c + j + VL - s);
        }
        FB(store)(turned + j, a);
        FB(store)(turned + j + VL, b);
    }
    for (int i = 0; i < n; i++) dc[i] += turned[i] + (i < H ? turned[n + i] : 0); /* twice_i and twice_(n+i) are c_i */
}
