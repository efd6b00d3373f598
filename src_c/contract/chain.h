/* Gated cells over sequences. */
#ifndef FB_CHAIN_H
#define FB_CHAIN_H
#include <stdatomic.h>

#include "contract/run.h"

enum { FB_PIECES = 256 }; /* of a block, at most */

/* A gated cell over T time steps of sequences sorted by length, longest first: row r of time t is row row_ptr[t] + r.
 * In reverse, a sequence begins at its last element. Rows of h, x, dh and dx may be further apart than they are long.
 */
typedef struct fb_chain {
    fb_run run; /* dims, weights, activation, x, saved, h (N, ld_h), c (N, ld_state); h0, c0: (B, ld_state) or NULL */
    const fb_cell *cell;
    int64_t n_steps, batch, ld_h, ld_out, ld_dh, ld_dx;
    const int64_t *row_ptr;       /* (T+1) */
    int reverse, save, n_threads; /* save: for backward; else run.saved has room for the block at work only */
    void *out;                    /* (N, ld_out) h for the caller, or NULL: run.h is his */
    const void *h0, *c0;          /* (B, n_state) or NULL; copied to run.h0, run.c0 */
    void *h_n, *c_n;              /* (B, n_state) or NULL: out, states after each sequence's last step */
    const void *dh, *dh_n, *dc_n; /* (N, ld_dh), (B, n_state), or NULL */
    void *dx, *dh0, *dc0;         /* (N, ld_dx), (B, n_state), or NULL */
    void *dW, *dU, *db, *db_rec;  /* added to; db, db_rec, of the biases: or NULL; dU: unread where there is no U */
    void *slab;            /* gradients of the second slab, the shorter half of the sequences; NULL: there is one */
    void *carry, *carry_c; /* (B, ld_state) gradients on their way from time to time */
    char *scratch;
    size_t scratch_size; /* of each thread */
    int64_t from, to;    /* steps of the block at work */
    int64_t step;        /* the one at work, where threads divide its units */
    int64_t worth;       /* products, of a block or of 32 steps, for which a thread is woken */
    int64_t saved_from;  /* the row that run.saved begins with */
    int64_t piece;       /* rows of a piece of the block; a thread takes the next piece when it has time */
    int down;            /* whether the first piece has the block's last rows */
    _Atomic int64_t taken;
    _Atomic unsigned char made[FB_PIECES]; /* whether a = W x + b of a piece is there */
} fb_chain;
#endif
