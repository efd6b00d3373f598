/* Counting which words occur near which (Pennington et al. 2014), row by row. For each word, all its occurrences are
   visited and their neighbours are added up in one array as long as the vocabulary. No table of pairs is searched, and
   rows come out sorted. Counts of several parts of a text, or of several threads, are added row by row.

   Sums are integers in units of 2^-FB_COUNT_BITS, so they do not depend on the order of summation, that is on how the
   text was cut. Nothing here allocates. */
#ifndef FB_COOCCUR_H
#define FB_COOCCUR_H
#include <stdint.h>

enum { FB_COUNT_BITS = 28 };

/* Rows first_row .. last_row - 1, R of them, counted by n_parts threads.

   field     shape                            in/out   what it is
   at        (R)                              in       where each row is written; a row needs room for
                                                       min(n_words, entries added) entries
   n_in_row  (R)                              out      entries of each row
   column    room                             out      words of the entries, ascending in each row
   sum       room                             out      their sums
   total     (n_parts, n_words)               scratch  all zero before and after
   seen      (n_parts, fb_seen_size(n_words)) scratch  all zero before and after
   split     (n_parts + 1)                    in       first row of each part */
typedef struct fb_rows {
    int64_t n_words, first_row, last_row;
    const int64_t *at;
    int64_t *n_in_row;
    int32_t *column;
    int64_t *sum, *total;
    uint64_t *seen;
    int n_parts;
    const int64_t *split;
} fb_rows;

/* A text as word numbers, read only.

   field      shape                  what it is
   text       -                      words; -1 before the first sentence and behind every one
   start      (n_words + 1)          word w occurs at position[start[w]] .. position[start[w + 1] - 1]
   position   words of the text      places in the text, ascending for each word
   window     -                      words before a word that count as near
   symmetric  -                      those behind it count, too
   weight     (window + 1)           what a neighbour at distance 1, 2, .. adds; weight[0] is not read */
typedef struct fb_text {
    const int32_t *text;
    const int64_t *start;
    const int32_t *position;
    int window, symmetric;
    const int64_t *weight;
} fb_text;

/* n_runs runs of rows that were counted before, to be added up; read only. Row r of run k has the entries start[k][r]
   .. start[k][r + 1] - 1 of column[k] and sum[k]. */
typedef struct fb_counted {
    int64_t n_runs;
    const int64_t **start;
    const int32_t **column;
    const int64_t **sum;
} fb_counted;

int64_t fb_seen_size(int64_t n_words);

/* Decodes pieces of text (see word2vec.h) to word numbers; the end of a piece ends a sentence. Returns how many numbers
   were written: at most one per unit, and one more per piece. */
int64_t fb_decode(const uint16_t *units, const int64_t *piece_ptr, int64_t n_pieces, int32_t *text);
void fb_positions(const int32_t *text, int64_t n, int64_t n_words, int64_t *start, int32_t *position);
void fb_count_rows(const fb_text *text, const fb_rows *rows);
void fb_add_rows(const fb_counted *runs, const fb_rows *rows);

/* Closes the gaps between rows; returns the number of entries. */
int64_t fb_compact_rows(const fb_rows *rows);
#endif
