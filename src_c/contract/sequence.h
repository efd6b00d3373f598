/* A network over sequences: rows of tables and plain values, layers of chains, a pooling, a head and its loss.

   Dimension key: N packed rows (time by time, longest sequence first), B sequences, T times, K tables, D inputs,
   L layers, R directions, H state, W = R H outputs of a layer, M rows that the head reads (N where the pooling
   is per step, else B).

   field            shape          who writes it, and until when it is valid
   batch_row, ids,
   values, h0, c0   see below      the caller, for one call
   x, x_mask        (N, D)         forward; backward reads the mask
   out[k]           (N, W)         forward: what layer k gives; backward reads it
   read[k]          (N, W)         forward: what layer k + 1 reads, out[k] times its mask; out[k] without dropout
   mask[k]          (N, W)         forward, with dropout, for all layers but the last
   h_n, c_n         (L R, B, H)    forward: the states after each sequence's last step
   y, y_mask        (M, W)         forward: what the head reads, and its mask; y is out[L - 1] where every step is read
                                   without dropout
   max_row          (B, W)         forward, with FB_POOL_max: the row that each component comes from
   dy               (M, W)         the head's backward step
   dout             (N, W)         backward, of poolings over several steps
   dlast            (R, B, H)      backward, with FB_POOL_last
   dx[0], dx[1]     (N, D or W)    backward: gradient by what a layer reads; of even and of odd layers
   dx_other         (N, D or W)    backward: the share of the second direction */
#ifndef FB_SEQUENCE_H
#define FB_SEQUENCE_H
#include <stdint.h>

#include "contract/chain.h"
#include "contract/loss.h"
#include "contract/mlp.h"

enum { FB_MOST_LAYERS = 64 };

/* Where the gradient of a pooling goes: dy itself is that of the outputs; it is that of the final states, in dlast; the
   pooling writes that of the outputs to dout. */
typedef enum fb_pool_sends { FB_TO_STEPS, FB_TO_FINAL, FB_TO_OUTPUTS } fb_pool_sends;

#define FB_POOL(name, ...) FB_POOL_##name,
typedef enum fb_pool_kind {
#include "sequence/pools.def"
    FB_N_POOLS
} fb_pool_kind;
#undef FB_POOL
typedef struct fb_pool {
    const char *name;
    int per_step;
    fb_pool_sends sends;
} fb_pool;
extern const fb_pool fb_pools[FB_N_POOLS];

/* The head's scores: Ws y + bs, a perceptron of one layer; or y itself. */
typedef enum fb_head_kind { FB_HEAD_affine, FB_HEAD_direct } fb_head_kind;

/* A table of rows, and the gradients of the rows that a batch reads. */
typedef struct fb_table {
    const void *weights; /* (n_rows, width) */
    int64_t n_rows;
    int width, column; /* column: where its rows begin in a row of x */
    int64_t n_read;
    void *grad;            /* (n_read, width) the gradient of each row that was read */
    int32_t *rows;         /* (n_read) which rows these are, in the order in which the batch first reads them */
    int32_t *first, *last; /* (n_read) the first and the last packed row that reads each */
    int32_t *next;         /* (N) the next packed row that reads the same row, or -1 */
    int32_t *slot;         /* (n_rows) all -1 between calls */
} fb_table;

typedef struct fb_sequence {
    int n_layers, n_directions, n_state, n_tables, n_values, n_in, n_threads;
    fb_pool_kind pool;
    fb_head_kind head_kind;
    fb_chain **chain; /* (L R) layer by layer; their memory and weights are set */
    fb_table *table;  /* (K) */
    fb_mlp *head;     /* of FB_HEAD_affine: its batch has M rows, its targets are set */
    fb_loss *loss;    /* of FB_HEAD_direct: with targets; its dz has room for M rows */
    int64_t n_rows, n_sequences, n_steps;
    const int64_t *batch_row; /* (T + 1) the first row of each time */
    const int32_t *ids;       /* (N, K) */
    const void *values;       /* (N, n_values) */
    const void *h0, *c0;      /* (L R, B, H), or NULL: zeros */
    int pack;                 /* whether the weights have changed */
    int train;                /* 0: no dropout, no gradients */
    int train_tables;
    double dropout, input_dropout;
    uint64_t seed;
    void *x, *x_mask, *out[FB_MOST_LAYERS], *mask[FB_MOST_LAYERS], *read[FB_MOST_LAYERS];
    void *h_n, *c_n;
    void *y, *y_mask, *dy, *dout, *dlast, *dx[2], *dx_other;
    int32_t *max_row;
    void *scores; /* (M, n_classes) of a prediction, or NULL */
    double total_loss;
    int layer; /* the one at work */
} fb_sequence;

/* 1: every id is a row of its table. */
int fb_sequence_ids_fit(const fb_sequence *s);
/* Fills rows, first, last and next of table k. */
void fb_sequence_link(fb_sequence *s, int k);
#endif
