/* Co-occurrences: see cooccurrence.h. */
#include "contract/cooccurrence.h"
#include "contract/pool.h"

#include <string.h>

enum { AHEAD = 8 }; /* occurrences whose surroundings are prefetched */

int64_t fb_seen_size(int64_t n_words) { return n_words / 64 + 1 + n_words / 4096 + 1; }

/* One thread's sums of a row. `seen` has a bit per column with a sum, `block` a bit per word of `seen` that is not 0.
 */
typedef struct {
    int64_t *total;
    uint64_t *seen, *block;
    int64_t n_blocks;
} row_sums;

static row_sums own_sums(const fb_rows *rows, int part) {
    uint64_t *seen = rows->seen + part * fb_seen_size(rows->n_words);
    return (row_sums){rows->total + part * rows->n_words, seen, seen + rows->n_words / 64 + 1,
                      rows->n_words / 4096 + 1};
}

static inline void add(const row_sums *s, int32_t column, int64_t amount) {
    if (s->total[column] == 0) {
        s->seen[column / 64] |= (uint64_t)1 << column % 64;
        s->block[column / 4096] |= (uint64_t)1 << column / 64 % 64;
    }
    s->total[column] += amount;
}

/* Writes the sums with ascending columns and clears them; returns their number. */
static int64_t take_row(const row_sums *s, int32_t *column, int64_t *sum) {
    int64_t n = 0;
    for (int64_t b = 0; b < s->n_blocks; b++) {
        for (uint64_t words = s->block[b]; words; words &= words - 1) {
            const int64_t w = 64 * b + __builtin_ctzll(words);
            for (uint64_t bits = s->seen[w]; bits; bits &= bits - 1) {
                const int64_t c = 64 * w + __builtin_ctzll(bits);
                column[n] = (int32_t)c;
                sum[n++] = s->total[c];
                s->total[c] = 0;
            }
            s->seen[w] = 0;
        }
        s->block[b] = 0;
    }
    return n;
}

int64_t fb_decode(const uint16_t *units, const int64_t *piece_ptr, int64_t n_pieces, int32_t *text) {
    int64_t n = 0;
    for (int64_t piece = 0; piece < n_pieces; piece++) {
        for (int64_t at = piece_ptr[piece]; at < piece_ptr[piece + 1]; at++) {
            int32_t number = units[at];
            if (number >= 0x8000) number = (number - 0x8000) << 16 | units[++at];
            text[n++] = number - 1;
        }
        text[n++] = -1;
    }
    return n;
}

/* Stable counting sort of the places in a text by their word. */
void fb_positions(const int32_t *text, int64_t n, int64_t n_words, int64_t *start, int32_t *position) {
    memset(start, 0, (size_t)(n_words + 1) * sizeof *start);
    for (int64_t p = 0; p < n; p++)
        if (text[p] >= 0) start[text[p] + 1]++;
    for (int64_t w = 0; w < n_words; w++) start[w + 1] += start[w];
    for (int64_t p = 0; p < n; p++)
        if (text[p] >= 0) position[start[text[p]]++] = (int32_t)p;
    memmove(start + 1, start, (size_t)n_words * sizeof *start);
    start[0] = 0;
}

static void count_around(const fb_text *t, int64_t p, const row_sums *s) {
    const int32_t *text = t->text;
    for (int k = 1; k <= t->window && text[p - k] >= 0; k++) add(s, text[p - k], t->weight[k]);
    if (t->symmetric)
        for (int k = 1; k <= t->window && text[p + k] >= 0; k++) add(s, text[p + k], t->weight[k]);
}

typedef struct {
    const void *source;
    const fb_rows *rows;
} task;

static void count_part(void *ctx, int part, int n_parts) {
    const fb_text *t = ((task *)ctx)->source;
    const fb_rows *rows = ((task *)ctx)->rows;
    const row_sums s = own_sums(rows, part);
    (void)n_parts;
    for (int64_t row = rows->split[part]; row < rows->split[part + 1]; row++) {
        const int64_t k = row - rows->first_row, end = t->start[row + 1];
        for (int64_t at = t->start[row]; at < end; at++) {
            if (at + AHEAD < end) {
                const int32_t *later = t->text + t->position[at + AHEAD];
                __builtin_prefetch(later - t->window);
                __builtin_prefetch(later);
                if (t->symmetric) __builtin_prefetch(later + t->window);
            }
            count_around(t, t->position[at], &s);
        }
        rows->n_in_row[k] = take_row(&s, rows->column + rows->at[k], rows->sum + rows->at[k]);
    }
}

void fb_count_rows(const fb_text *text, const fb_rows *rows) {
    task both = {text, rows};
    fb_parallel(count_part, &both, rows->n_parts, rows->n_parts);
}

static void add_part(void *ctx, int part, int n_parts) {
    const fb_counted *runs = ((task *)ctx)->source;
    const fb_rows *rows = ((task *)ctx)->rows;
    const row_sums s = own_sums(rows, part);
    (void)n_parts;
    for (int64_t row = rows->split[part]; row < rows->split[part + 1]; row++) {
        const int64_t k = row - rows->first_row;
        for (int64_t r = 0; r < runs->n_runs; r++)
            for (int64_t at = runs->start[r][k]; at < runs->start[r][k + 1]; at++)
                add(&s, runs->column[r][at], runs->sum[r][at]);
        rows->n_in_row[k] = take_row(&s, rows->column + rows->at[k], rows->sum + rows->at[k]);
    }
}

void fb_add_rows(const fb_counted *runs, const fb_rows *rows) {
    task both = {runs, rows};
    fb_parallel(add_part, &both, rows->n_parts, rows->n_parts);
}

int64_t fb_compact_rows(const fb_rows *rows) {
    int64_t n = 0;
    for (int64_t k = 0; k < rows->last_row - rows->first_row; k++) {
        memmove(rows->column + n, rows->column + rows->at[k], (size_t)rows->n_in_row[k] * sizeof *rows->column);
        memmove(rows->sum + n, rows->sum + rows->at[k], (size_t)rows->n_in_row[k] * sizeof *rows->sum);
        n += rows->n_in_row[k];
    }
    return n;
}
