/* The input of a network over sequences: a row of each table, then plain values, through dropout; and back. */
#ifndef FB_SEQUENCE_EMBEDDING_INL_H
#define FB_SEQUENCE_EMBEDDING_INL_H
#include "contract/sequence.h"
#include "sequence/masks-inl.h"
#include "simd/common.h"
#include "simd/target.h"

/* Rows of x. */
static void FB(gather_part)(void *ctx, int part, int n_parts) {
    const fb_sequence *s = ctx;
    const int64_t D = s->n_in, end = s->n_rows * (part + 1) / n_parts;
    for (int64_t i = s->n_rows * part / n_parts; i < end; i++) {
        real *x = (real *)s->x + i * D;
        for (int k = 0; k < s->n_tables; k++) {
            const fb_table *t = &s->table[k];
            const real *row = (const real *)t->weights + s->ids[i * s->n_tables + k] * (int64_t)t->width;
            memcpy(x + t->column, row, (size_t)t->width * sizeof(real));
        }
        if (s->n_values)
            memcpy(x + D - s->n_values, (const real *)s->values + i * s->n_values, (size_t)s->n_values * sizeof(real));
        if (s->train && s->input_dropout > 0)
            FB(mask_row)(s->seed, s->input_dropout, i, s->n_in, (real *)s->x_mask + i * D, x, x);
    }
}

/* The gradients of the rows that were read: each is the sum over the places that read it, in their order, so that no
   sum depends on the number of threads. */
static void FB(tables_part)(void *ctx, int part, int n_parts) {
    const fb_sequence *s = ctx;
    const int64_t D = s->n_in;
    for (int k = 0; k < s->n_tables; k++) {
        const fb_table *t = &s->table[k];
        const real *dx = (const real *)s->dx[0] + t->column;
        const int64_t end = t->n_read * (part + 1) / n_parts;
        for (int64_t q = t->n_read * part / n_parts; q < end; q++) {
            real *g = (real *)t->grad + q * t->width;
            memcpy(g, dx + t->first[q] * D, (size_t)t->width * sizeof(real)); /* x = table[id] */
            for (int32_t i = t->next[t->first[q]]; i >= 0; i = t->next[i])
                for (int j = 0; j < t->width; j++) g[j] += dx[i * D + j];
        }
    }
}
#endif
