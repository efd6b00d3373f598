/* Recursive neural tensor network (Socher et al. 2013; Turesson 2015): h = tanh(z), z_k = c^T V_k c + W_k c + b_k, c =
   [h_l; h_r]. With c~ = [h_l; h_r; 1] of n = 2 H + 1 elements this is one quadratic form, z_k = c~^T V~_k c~, and it
   sees each product c~_i c~_j once. The pairs are numbered by their distance s round the circle of n (n is odd, so each
   unordered pair has one s in 0 .. H): feature (i, s) is c~_i c~_(i+s). n (H + 1) features instead of (2 H)^2. Order of
   features: i in blocks of FB_PAD; in a block s after s, the block's i side by side, so a vector of features is the
   product of two pieces of c~. The i that do not fill a block come last, one after the other, their s side by side; or
   they are a block with gaps where that is shorter. A gathered row is c~ and its beginning once more, [h_l; h_r; 1;
   h_l; 0 ..], so that turning is reading on. */
#define RNTN_WIDTH(d) (2 * (d)->n_state + 1)
#define RNTN_TURNED(d) \
    (FB_PADDED(RNTN_WIDTH(d) + FB_PADDED((d)->n_state + 1)) + FB_PAD) /* c~ and the turns of it, padded */

/* Blocks of i, and how many i come after them one by one. */
static FB_INLINE int FB(rntn_blocks)(const fb_dims *d, int *single) {
    const int n = RNTN_WIDTH(d), S = d->n_state + 1, rest = n % FB_PAD;
    *single = rest * FB_PADDED(S) <= S * FB_PAD ? rest : 0;
    return n / FB_PAD + (*single == 0);
}

static void FB(rntn_shape)(fb_dims *d) {
    const int S = d->n_state + 1;
    int single;
    const int blocks = FB(rntn_blocks)(d, &single);
    d->n_gather = RNTN_WIDTH(d);
    d->n_feature = blocks * S * FB_PAD + single * FB_PADDED(S);
    d->ld_gather = RNTN_TURNED(d) + FB_PAD;
    d->ld_fold = 2 * RNTN_TURNED(d) + FB_PAD * (RNTN_TURNED(d) + FB_PAD) + FB_PAD * FB_PAD;
}

/* What stands in feature (i, s): an element of V and its mirror, of W, or of b. */
static fb_column FB(rntn_column)(const fb_dims *d, int i, int s) {
    const int n = RNTN_WIDTH(d), m = n - 1, j = (i + s) % n, w = i < j ? i : j; /* element m of c~ is the constant 1 */
    if (i >= n || s > d->n_state) return (fb_column){-1, 0, -1};
    if (i < m && j < m) return (fb_column){0, i * m + j, i == j ? -1 : j * m + i};
    return w < m ? (fb_column){1, w, -1} : (fb_column){2, 0, -1};
}

static void FB(rntn_columns)(const fb_dims *d, fb_column *column) {
    const int S = d->n_state + 1;
    int single;
    const int blocks = FB(rntn_blocks)(d, &single);
    for (int b = 0; b < blocks; b++)
        for (int s = 0; s < S; s++)
            for (int l = 0; l < FB_PAD; l++) *column++ = FB(rntn_column)(d, b * FB_PAD + l, s);
    for (int i = 0; i < single; i++)
        for (int s = 0; s < FB_PADDED(S); s++) *column++ = FB(rntn_column)(d, blocks * FB_PAD + i, s);
}

static void FB(rntn_gather)(const fb_run *r, int64_t i, void *c_) {
    const fb_dims *d = &r->dims;
    const int H = d->n_state, n = RNTN_WIDTH(d);
    real *c = c_; /* (ld_gather) */
    FB(pair_gather)(r, i, c, n);
    FB(copy)(c + n, (const real *)r->h + (int64_t)r->graph->child[r->graph->child_ptr[i]] * d->ld_state, d->ld_state);
    FB(zero)(c + n + H, RNTN_TURNED(d) - n - H);
}

static void FB(rntn_scatter)(const fb_run *r, int64_t i, const void *dc) { FB(pair_scatter)(r, i, dc); }

/* Features begin .. end, multiples of FB_PAD. Those of no pair get some finite value; theta is zero there and stays so.
 */
static void FB(rntn_features)(const fb_dims *d, int begin, int end, const void *c_, void *q_) {
    const int S = d->n_state + 1, per_single = FB_PADDED(S) / FB_PAD;
    int single, g = begin / FB_PAD;
    const int blocks = FB(rntn_blocks)(d, &single);
    const real *c = c_;
    real *q = q_;
    while (g < end / FB_PAD && g < blocks * S) {
        const real *c_b = c + g / S * FB_PAD;
        const int stop = (int)fb_min((int64_t)(g / S + 1) * S, end / FB_PAD);
        for (int s = g % S; g < stop; g++, s++, q += FB_PAD)
            for (int l = 0; l < FB_PAD; l += VL) FB(store)(q + l, FB(load)(c_b + l) * FB(load)(c_b + s + l));
    }
    for (; g < end / FB_PAD; g++, q += FB_PAD) {
        const int i = blocks * FB_PAD + (g - blocks * S) / per_single, s = (g - blocks * S) % per_single * FB_PAD;
        for (int l = 0; l < FB_PAD; l += VL) FB(store)(q + l, FB(splat)(c[i]) * FB(load)(c + i + s + l));
    }
}

/* The blocks' share of fold: dc, and what reaches the turned c~. Row p of `turn` collects the latter for s = p, p +
   FB_PAD, .. at whole blocks; the shift by p is made once, when the rows are added up. */
static void FB(rntn_fold_blocks)(const fb_dims *d, int blocks, const real *c, const real *dq, real *dc, real *turned,
                                 real *turn) {
    const int S = d->n_state + 1, width = RNTN_TURNED(d), ld = width + FB_PAD, rows = S < FB_PAD ? S : FB_PAD;
    const int reach = blocks + (S - 1) / FB_PAD; /* blocks that something can reach */
    for (int b = 0; b < blocks; b++)
        for (int l = b * FB_PAD; l < (b + 1) * FB_PAD; l += VL) {
            const real *dq_l = dq + (int64_t)b * (S - 1) * FB_PAD + l;
            vec even = {0}, odd = {0};
            for (int s = 0; s + 1 < S; s += 2) { /* q_(i, s) = c_i c_(i+s): to c_i */
                even += FB(load)(dq_l + s * FB_PAD) * FB(load)(c + l + s);
                odd += FB(load)(dq_l + (s + 1) * FB_PAD) * FB(load)(c + l + s + 1);
            }
            if (S % 2) even += FB(load)(dq_l + (S - 1) * FB_PAD) * FB(load)(c + l + S - 1);
            FB(store)(dc + l, even + odd);
        }
    for (int p = 0; p < rows; p++) {
        real *t = turn + p * ld;
        FB(zero)(t, FB_PAD);
        for (int l = 0; l < blocks * FB_PAD; l += VL)
            FB(store)(t + FB_PAD + l,
                      FB(load)(dq + ((int64_t)(l / FB_PAD) * (S - 1) + p) * FB_PAD + l) * FB(load)(c + l));
        FB(zero)(t + FB_PAD + blocks * FB_PAD, (reach - blocks + 1) * FB_PAD);
        for (int s = p + FB_PAD; s < S; s += FB_PAD)
            for (int l = 0; l < blocks * FB_PAD; l += VL) { /* q_(i, s) = c_i c_(i+s): to c_(i+s) */
                real *t_l = t + FB_PAD + s - p + l;
                const vec e = FB(load)(dq + ((int64_t)(l / FB_PAD) * (S - 1) + s) * FB_PAD + l);
                FB(store)(t_l, FB(load)(t_l) + e * FB(load)(c + l));
            }
    }
    for (int j = 0; j < width; j += VL) {
        vec sum = {0};
        for (int p = 0; p < rows && j < FB_PAD + reach * FB_PAD; p++) sum += FB(load)(turn + p * ld + FB_PAD + j - p);
        FB(store)(turned + j, sum);
    }
}

static void FB(rntn_fold)(const fb_dims *d, const void *c_, const void *dq_, void *dc_) {
    const int H = d->n_state, n = RNTN_WIDTH(d), S = H + 1;
    int single;
    const int blocks = FB(rntn_blocks)(d, &single), first = blocks * FB_PAD;
    const real *c = c_, *dq = (const real *)dq_ + (int64_t)first * S;
    real *dc = dc_, *turned = dc + RNTN_TURNED(d), *turn = turned + RNTN_TURNED(d),
         *part = turn + FB_PAD * (RNTN_TURNED(d) + FB_PAD);
    FB(rntn_fold_blocks)(d, blocks, c, dq_, dc, turned, turn);
    for (int i = 0; i < single; i++, dq += FB_PADDED(S)) {
        vec sum = {0};
        for (int s = 0; s < S; s += VL) { /* q_(i, s) = c_i c_(i+s) */
            real *t = turned + first + i + s;
            sum += FB(load)(dq + s) * FB(load)(c + first + i + s);
            FB(store)(t, FB(load)(t) + FB(load)(dq + s) * FB(splat)(c[first + i]));
        }
        FB(store)(part + i * VL, sum);
    }
    for (int i = 0; i < single; i += VL) FB(store)(dc + first + i, FB(lane_sums)(part + i * VL));
    for (int i = 0; i < n; i++) dc[i] += turned[i];
    for (int i = 0; i < H; i++) dc[i] += turned[n + i]; /* c_(n+i) is c_i again */
}
