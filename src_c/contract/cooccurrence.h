/* Counting which words occur near which (Pennington et al. 2014), row by row. For each word, all its occurrences are
   visited and their neighbours are added up in one array as long as the vocabulary. No table of pairs is searched, and
   rows come out sorted. Counts of several parts of a text, or of several threads, are added row by row.

   Sums are integers in units of 2^-FB_COUNT_BITS, so they do not depend on the order of summation, that is on how the
   text was cut. Nothing here allocates. */
#ifndef FB_COOCCUR_H
#define FB_COOCCUR_H
#include <stdint.h>

enum { FB_COUNT_BITS = 28 };

/* Counts rows first_row .. last_row - 1 with n_parts threads. Row r is written from at[r] on: n_in_row[r] entries,
   columns ascending. `at` must leave room for min(n_words, entries added) in each row. */
typedef struct fb_rows {
    int64_t n_words, first_row, last_row;
    const int64_t *at; /* (last_row - first_row) */
    int64_t *n_in_row; /* (last_row - first_row) */
    int32_t *column;
    int64_t *sum;
    int64_t *total; /* n_parts x (n_words), all zero before and after */
    uint64_t *seen; /* n_parts x fb_seen_size(n_words), all zero before and after */
    int n_parts;
    const int64_t *split; /* (n_parts + 1) first row of each part */
} fb_rows;

/* A text as word numbers; -1 ends a sentence. */
typedef struct fb_text {
    const int32_t *text;     /* begins and ends with -1 */
    const int64_t *start;    /* (n_words + 1): occurrences of word w are position[start[w]] .. */
    const int32_t *position; /* (number of words in the text) ascending */
    int window, symmetric;
    const int64_t *weight; /* (window + 1) by distance, from 1 on */
} fb_text;

/* Runs of rows that were counted before, to be added up. */
typedef struct fb_counted {
    int64_t n_runs;
    const int64_t **start; /* of run k: (rows + 1) into */
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
