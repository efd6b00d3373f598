/* A network over sequences: one call runs a minibatch through all of it and back. Chains and the affine head are called
   through the tables of their domains. */
#ifndef FB_SEQUENCE_NETWORK_INL_H
#define FB_SEQUENCE_NETWORK_INL_H
#include "contract/sequence.h"
#include "sequence/embedding-inl.h"
#include "sequence/masks-inl.h"
#include "sequence/pool-inl.h"
#include "simd/common.h"
#include "simd/target.h"

extern const fb_chain_kernels FB(fb_chain);
extern const fb_mlp_kernels FB(fb_mlp);
extern const fb_tree_kernels FB(fb_tree);

/* Masks of the layers' outputs are apart from those of the input and of what the head reads. */
static const uint64_t FB(of_layers) = 0x5851F42D4C957F2Du;

/* Threads that an element-wise region over n elements is worth: an element takes as long as four products. */
static int FB(element_threads)(const fb_sequence *s, int64_t n) {
    return fb_threads_for(4 * n, FB_WORTH, s->n_threads);
}
static void FB(for_elements)(fb_sequence *s, fb_task f, int64_t n) {
    const int n_parts = FB(element_threads)(s, n);
    fb_parallel(f, s, n_parts, n_parts);
}

static int64_t FB(outputs)(const fb_sequence *s) { return (int64_t)s->n_directions * s->n_state; }
static int64_t FB(head_rows)(const fb_sequence *s) { return fb_pools[s->pool].per_step ? s->n_rows : s->n_sequences; }

/* What layer k reads: (N, *ld). */
static void *FB(layer_reads)(const fb_sequence *s, int k, int64_t *ld) {
    *ld = k ? FB(outputs)(s) : s->n_in;
    return k ? s->read[k - 1] : s->x;
}

/* read = mask * out, of the layer at work. */
static void FB(drop_part)(void *ctx, int part, int n_parts) {
    const fb_sequence *s = ctx;
    const int k = s->layer;
    const int64_t W = FB(outputs)(s), end = s->n_rows * (part + 1) / n_parts;
    for (int64_t i = s->n_rows * part / n_parts; i < end; i++)
        FB(mask_row)((s->seed ^ FB(of_layers)) + (uint64_t)k, s->dropout, i, (int)W, (real *)s->mask[k] + i * W,
                     (const real *)s->out[k] + i * W, (real *)s->read[k] + i * W);
}

static void FB(layer_forward)(fb_sequence *s, int k) {
    const int64_t H = s->n_state, W = FB(outputs)(s), states = s->n_sequences * H;
    for (int r = 0; r < s->n_directions; r++) {
        const int i = k * s->n_directions + r;
        fb_chain *c = s->chain[i];
        real *h = (real *)s->out[k] + r * H;
        c->run.x = FB(layer_reads)(s, k, &c->run.ld_x);
        if (c->run.dims.ld_state == H) c->run.h = h, c->ld_h = W, c->out = NULL;
        else c->out = h, c->ld_out = W; /* rows of run.h are padded, its memory is the chain's own */
        c->h0 = s->h0 ? (const real *)s->h0 + i * states : NULL;
        c->c0 = s->c0 ? (const real *)s->c0 + i * states : NULL;
        c->h_n = (real *)s->h_n + i * states;
        c->c_n = s->c_n ? (real *)s->c_n + i * states : NULL;
        if (s->pack) FB(fb_chain).pack(c);
        FB(fb_chain).forward(c);
    }
    s->layer = k;
    if (s->train && s->dropout > 0 && k < s->n_layers - 1) FB(for_elements)(s, FB(drop_part), s->n_rows * W);
}

/* What the head reads, through dropout: y = mask * y. */
static void FB(drop_y_part)(void *ctx, int part, int n_parts) {
    const fb_sequence *s = ctx;
    const real *from = fb_pools[s->pool].per_step ? s->out[s->n_layers - 1] : s->y;
    const int64_t W = FB(outputs)(s), n = FB(head_rows)(s), end = n * (part + 1) / n_parts;
    for (int64_t i = n * part / n_parts; i < end; i++)
        FB(mask_row)(~s->seed, s->dropout, i, (int)W, (real *)s->y_mask + i * W, from + i * W, (real *)s->y + i * W);
}

/* dy *= mask. */
static void FB(undrop_y_part)(void *ctx, int part, int n_parts) {
    const fb_sequence *s = ctx;
    const int64_t W = FB(outputs)(s), n = FB(head_rows)(s) * W, end = n * (part + 1) / n_parts;
    for (int64_t j = n * part / n_parts; j < end; j++) ((real *)s->dy)[j] *= ((const real *)s->y_mask)[j];
}

/* dx of the layer at work: the second direction's share is added; then it goes through the mask of what was read. */
static void FB(undrop_part)(void *ctx, int part, int n_parts) {
    const fb_sequence *s = ctx;
    const int k = s->layer;
    const int64_t n = s->n_rows * (k ? FB(outputs)(s) : s->n_in), end = n * (part + 1) / n_parts;
    const double p = k ? s->dropout : s->input_dropout;
    const real *mask = k ? s->mask[k - 1] : s->x_mask, *other = s->dx_other;
    real *dx = s->dx[k % 2];
    for (int64_t j = n * part / n_parts; j < end && s->n_directions == 2; j++) dx[j] += other[j]; /* both read x */
    for (int64_t j = n * part / n_parts; j < end && p > 0; j++) dx[j] *= mask[j]; /* read = mask * out */
}

/* Errors of layer k, from dout of what it gives; dlast of its final states, where it is the last one. */
static void FB(layer_backward)(fb_sequence *s, int k, const real *dout) {
    const int64_t H = s->n_state, W = FB(outputs)(s), D = k ? W : s->n_in, GH = s->chain[0]->run.dims.n_gate * H;
    const int wanted = k || (s->n_tables && s->train_tables), last = dout == NULL;
    for (int r = 0; r < s->n_directions; r++) {
        fb_chain *c = s->chain[k * s->n_directions + r];
        memset(c->dW, 0, (size_t)(GH * D) * sizeof(real));
        if (c->dU) memset(c->dU, 0, (size_t)(GH * H) * sizeof(real));
        if (c->db) memset(c->db, 0, (size_t)GH * sizeof(real));
        if (c->db_rec) memset(c->db_rec, 0, (size_t)GH * sizeof(real));
        c->dh = last ? NULL : dout + r * H, c->ld_dh = W;
        c->dh_n = last ? (const real *)s->dlast + r * s->n_sequences * H : NULL;
        c->dc_n = c->dh0 = c->dc0 = NULL;
        c->dx = !wanted ? NULL : r ? s->dx_other : s->dx[k % 2], c->ld_dx = D;
        FB(fb_chain).backward(c);
    }
    s->layer = k;
    if (wanted && (s->n_directions == 2 || (k ? s->dropout : s->input_dropout) > 0))
        FB(for_elements)(s, FB(undrop_part), s->n_rows * D);
}

/* n rows of W elements, and zeros in front of the next row. */
static void FB(copy_padded)(int64_t n, int64_t W, const real *from, int64_t ld_from, real *to, int64_t ld_to) {
    for (int64_t i = 0; i < n; i++) {
        memcpy(to + i * ld_to, from + i * ld_from, (size_t)W * sizeof(real));
        for (int64_t j = W; j < ld_to; j++) to[i * ld_to + j] = 0;
    }
}

/* The loss, and dy. */
static void FB(head_step)(fb_sequence *s) {
    const int64_t n = FB(head_rows)(s), W = FB(outputs)(s);
    switch (s->head_kind) {
        case FB_HEAD_affine:
            s->head->x = s->y, s->head->dx = s->dy, s->head->out = NULL, s->head->add = 0;
            s->head->task = FB_FORWARD | FB_LOSS | FB_BACKWARD;
            FB(fb_mlp).run(s->head);
            s->total_loss = s->head->total_loss;
            return;
        case FB_HEAD_direct:
            FB(copy_padded)(n, W, s->y, W, s->loss->dz, s->loss->ld_class); /* z = y */
            FB(fb_tree).loss(s->loss, n, s->loss->dz);
            FB(copy_padded)(n, W, s->loss->dz, s->loss->ld_class, s->dy, W);
            s->total_loss = 0;
            for (int64_t i = 0; i < n; i++) s->total_loss += s->loss->node_loss[i];
            return;
    }
}

static void FB(head_scores)(fb_sequence *s) {
    switch (s->head_kind) {
        case FB_HEAD_affine:
            s->head->x = s->y, s->head->dx = NULL, s->head->out = s->scores, s->head->task = FB_FORWARD;
            FB(fb_mlp).run(s->head);
            return;
        case FB_HEAD_direct:
            memcpy(s->scores, s->y, (size_t)(FB(head_rows)(s) * FB(outputs)(s)) * sizeof(real));
            return;
    }
}

static void FB(sequence_forward)(fb_sequence *s) {
    const int64_t W = FB(outputs)(s);
    FB(for_elements)(s, FB(gather_part), s->n_rows * s->n_in);
    for (int k = 0; k < s->n_layers; k++) FB(layer_forward)(s, k);
    const int n = (int)fb_min(FB(element_threads)(s, s->n_rows * W), s->n_sequences);
    fb_parallel(FB(pools)[s->pool].forward, s, n, n);
    if (s->train && s->dropout > 0) FB(for_elements)(s, FB(drop_y_part), FB(head_rows)(s) * W);
}

/* States, and scores where they are wanted. */
static void FB(sequence_predict)(fb_sequence *s) {
    FB(sequence_forward)(s);
    if (s->scores) FB(head_scores)(s);
}

/* The gradient by the last layer's outputs; NULL: only its final states have one. */
static const real *FB(dout_of)(const fb_sequence *s) {
    switch (fb_pools[s->pool].sends) {
        case FB_TO_STEPS:
            return s->dy;
        case FB_TO_FINAL:
            return NULL;
        case FB_TO_OUTPUTS:
            return s->dout;
    }
    return NULL;
}

/* The loss and all gradients of a minibatch. */
static void FB(sequence_gradients)(fb_sequence *s) {
    const int64_t W = FB(outputs)(s);
    FB(sequence_forward)(s);
    FB(head_step)(s);
    if (s->dropout > 0) FB(for_elements)(s, FB(undrop_y_part), FB(head_rows)(s) * W);
    const int n = (int)fb_min(FB(element_threads)(s, s->n_rows * W), s->n_sequences);
    fb_parallel(FB(pools)[s->pool].backward, s, n, n);
    const real *dout = FB(dout_of)(s);
    for (int k = s->n_layers - 1; k >= 0; k--) {
        FB(layer_backward)(s, k, dout);
        dout = s->dx[k % 2];
    }
    if (!s->train_tables) return;
    for (int k = 0; k < s->n_tables; k++) fb_sequence_link(s, k);
    FB(for_elements)(s, FB(tables_part), s->n_tables ? s->n_rows * s->n_in : 0);
}
#endif
