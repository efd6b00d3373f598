/* Gated cells over sequences. */
#ifndef FB_CHAIN_H
#define FB_CHAIN_H
#include <stdatomic.h>

#include "contract/run.h"

enum { FB_PIECES = 256 }; /* of a block, at most */

/* A gated cell over T time steps of B sequences, N rows in all. Sequences are sorted by length, longest first: row r of
   time t is row row_ptr[t] + r. In reverse, a sequence begins at its last element. Rows of h, x, dh and dx may be
   further apart than they are long. Steps are worked on in blocks, and the products of a block in pieces of rows
   (chain_pieces-inl.h). Who writes and who reads: C is the caller; F, B, G are the phases forward, backward (the
   errors) and gradient.

   field           shape             writes  reads  what it is
   run             -                 C       all    as in run.h: dims, weights, activation, x, saved, h (N, ld_h),
                                                    c (N, ld_state), and h0, c0 (B, ld_state), copied from those below
   cell            -                 C       all    the cell
   n_steps, batch  -                 C       all    T and B
   row_ptr         (T+1)             C       all    the first row of each time
   reverse         -                 C       all    right to left
   save            -                 C       F      1: run.saved is kept for backward; 0: it has room for a block only
   n_threads       -                 C       all    threads
   worth           -                 C       all    products, of a block or of 32 steps, for which a thread is woken
   out             (N, ld_out)       F       C      h for the caller; NULL: run.h is the caller's
   h0, c0          (B, n_state)      C       F B    initial states; NULL: zeros
   h_n, c_n        (B, n_state)      F       C      states after each sequence's last step; NULL: not wanted
   dh              (N, ld_dh)        C       B      upstream of h; NULL: zeros
   dh_n, dc_n      (B, n_state)      C       B      upstream of h_n, c_n; NULL: zeros
   dx              (N, ld_dx)        B G     C      gradient of x; NULL: not wanted
   dh0, dc0        (B, n_state)      B       C      gradients of h0, c0; NULL: not wanted
   dW, dU          like W, U         G       C      added to; dU is not read where the cell has no U
   db, db_rec      (n_gate n_state)  G       C      added to; NULL: not wanted
   slab            slab_size         G       G      gradients of the second slab, the shorter half of the sequences;
                                                    NULL: there is one slab
   carry, carry_c  (B, ld_state)     B       B      gradients on their way from time to time
   scratch         (n_threads, scratch_size)        bytes of each thread

   Of the block at work, written by the driver (chain_run-inl.h):
   from, to        -                 F B     all    its steps
   step            -                 F B     F B    the one at work, where threads divide its units
   saved_from      -                 F       F      the row that run.saved begins with
   piece           -                 F B     all    rows of a piece
   down            -                 F B     all    the first piece has the block's last rows
   taken           -                 threads        pieces that threads have begun
   made            (FB_PIECES)       threads        a = W x + b of a piece is there */
typedef struct fb_chain {
    fb_run run;
    const fb_cell *cell;
    int64_t n_steps, batch, ld_h, ld_out, ld_dh, ld_dx;
    const int64_t *row_ptr;
    int reverse, save, n_threads;
    void *out;
    const void *h0, *c0;
    void *h_n, *c_n;
    const void *dh, *dh_n, *dc_n;
    void *dx, *dh0, *dc0;
    void *dW, *dU, *db, *db_rec;
    void *slab, *carry, *carry_c;
    char *scratch;
    size_t scratch_size;
    int64_t from, to, step, worth, saved_from, piece;
    int down;
    _Atomic int64_t taken;
    _Atomic unsigned char made[FB_PIECES];
} fb_chain;
#endif
