/* Products of a block's rows that no step waits for: threads take them piece by piece, so that one which the machine
   holds up takes fewer, and all are done together. */
#ifndef FB_CHAIN_CHAIN_PIECES_INL_H
#define FB_CHAIN_CHAIN_PIECES_INL_H
#include "chain/chain_plain-inl.h"
#include "chain/chain_steps-inl.h"
#include "gated/gated_pack-inl.h"
#include "gated/gated_rows-inl.h"
#include "gated/gated_step-inl.h"
#include "gemm/matmul-inl.h"
#include "simd/common.h"
#include "simd/target.h"

/* Cuts the block's rows for n threads, in the order in which steps meet them, or leave them behind: from the last row
   down if `down`. */
static void FB(cut_block)(fb_chain *c, int n, int down) {
    const int64_t begin = c->row_ptr[FB(block_begin)(c)], rows = c->row_ptr[FB(block_end)(c)] - begin;
    const int64_t few = (rows / (16 * n) + FB_ROWS - 1) / FB_ROWS * FB_ROWS,
                  fit = fb_min(FB_MC, few < 4 * FB_ROWS ? 4 * FB_ROWS : few), least = rows / FB_PIECES + 1;
    c->piece = n == 1 ? rows : fit < least ? least : fit;
    c->down = down;
    c->taken = 0;
    memset((void *)c->made, 0, sizeof c->made);
}

/* Rows *a .. *b of piece i; 0: there is none. */
static int FB(piece)(const fb_chain *c, int64_t i, int64_t *a, int64_t *b) {
    const int64_t begin = c->row_ptr[FB(block_begin)(c)], end = c->row_ptr[FB(block_end)(c)];
    *a = begin + i * c->piece, *b = fb_min(*a + c->piece, end);
    if (c->down) *b = end - i * c->piece, *a = *b - c->piece > begin ? *b - c->piece : begin;
    return *a < *b;
}

/* The piece that this thread takes, rows *a .. *b of it; -1: none is left of rows low .. high. */
static int64_t FB(take_piece)(fb_chain *c, int64_t low, int64_t high, int64_t *a, int64_t *b) {
    int64_t i = atomic_load_explicit(&c->taken, memory_order_relaxed);
    do
        if (!FB(piece)(c, i, a, b) || *a < low || *b > high) return -1;
    while (!atomic_compare_exchange_weak_explicit(&c->taken, &i, i + 1, memory_order_relaxed, memory_order_relaxed));
    return i;
}

/* a = W x + b of the next piece; 0: all are taken. */
static int FB(project_piece)(fb_chain *c, const FB(packed) * p) {
    const fb_dims *d = &c->run.dims;
    int64_t a, b;
    const int64_t i = FB(take_piece)(c, 0, c->row_ptr[c->n_steps], &a, &b);
    if (i < 0) return 0;
    FB(project)(d, p, 0, b - a, (const real *)c->run.x + a * c->run.ld_x, c->run.ld_x,
                (real *)c->run.saved + (a - c->saved_from) * d->n_slot * d->ld_state);
#ifdef FASTBPTS_DEBUG
    FB(check_row)(d->n_gate * d->ld_state, d->n_in, (const real *)c->run.x + a * c->run.ld_x, p->w_in, p->bias,
                  (const real *)c->run.saved + (a - c->saved_from) * d->n_slot * d->ld_state);
#endif
    atomic_store_explicit(&c->made[i], 1, memory_order_release);
    return 1;
}

/* Until a of rows low .. high is there. The thread that is ahead of the others meets rows without one, and makes them;
   it waits for pieces only that another thread is making. */
static void FB(await_rows)(fb_chain *c, const FB(packed) * p, int64_t low, int64_t high) {
    const int64_t begin = c->row_ptr[FB(block_begin)(c)], end = c->row_ptr[FB(block_end)(c)];
    const int64_t first = (c->down ? end - high : low - begin) / c->piece,
                  last = (c->down ? end - 1 - low : high - 1 - begin) / c->piece;
    for (int64_t i = first; i <= last; i++)
        for (unsigned turn = 0; !atomic_load_explicit(&c->made[i], memory_order_acquire);)
            if (!FB(project_piece)(c, p)) fb_relax(turn++);
}

/* dx of the next piece of rows low .. high; 0: none is left. */
static int FB(dx_piece)(fb_chain *c, const FB(packed) * p, int64_t low, int64_t high) {
    const fb_dims *d = &c->run.dims;
    const int64_t ld = d->n_slot * (int64_t)d->ld_state;
    int64_t a, b;
    if (!c->dx || FB(take_piece)(c, low, high, &a, &b) < 0) return 0;
    const real *errors = (const real *)c->run.saved + a * ld;
    real *dx = (real *)c->dx + a * c->ld_dx;
    if (c->run.weights.w_rows) FB(rows_back)(d, &c->cell->row->gates, &c->run.weights, b - a, errors, ld, dx, c->ld_dx);
    else FB(matmul)(b - a, d->n_in, d->n_gate * d->ld_state, errors, ld, p->w_back, dx, c->ld_dx, 0);
#ifdef FASTBPTS_DEBUG
    if (!c->run.weights.w_rows) FB(check_row)(d->n_in, d->n_gate * d->ld_state, errors, p->w_back, NULL, dx);
#endif
    return 1;
}

/* The step down to which a thread has gone back. */
static FB_INLINE _Atomic int64_t *FB(reached)(const fb_chain *c, int part) {
    return (_Atomic int64_t *)(c->scratch + (size_t)part * c->scratch_size);
}
static FB_INLINE real *FB(chain_work)(const fb_chain *c, int part) {
    return (real *)(c->scratch + (size_t)part * c->scratch_size + FB_LINE);
}

/* A thread that has gone back before others: dx of the rows whose errors are complete, until there are none. */
static void FB(fill_wait)(fb_chain *c, const FB(packed) * p, int n_parts) {
    for (;;) {
        int64_t s = c->from;
        for (int q = 0; q < n_parts; q++) {
            const int64_t at = atomic_load_explicit(FB(reached)(c, q), memory_order_acquire);
            s = at > s ? at : s;
        }
        const int64_t low = c->reverse ? 0 : c->row_ptr[s], high = c->row_ptr[c->n_steps - (c->reverse ? s : 0)];
        if (s == c->from || !FB(dx_piece)(c, p, low, high)) return;
    }
}
#endif
