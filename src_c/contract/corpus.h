/* Text for word vectors. Separators divide it into words, line ends into sentences. In `lists` mode, for tokens that
   may hold blanks, the separator is byte 0 and the line end byte 1.

   Nothing here allocates. Every text ends with a separator or a line end, so a scan needs no bound. */
#ifndef FB_CORPUS_H
#define FB_CORPUS_H
#include "contract/intern.h"

enum { FB_LONGEST_WORD = 1000 }; /* bytes; longer words are left out, and counted */

/* Returns where a text can be cut at or before `most`: behind the last line end after `begin`, else behind the last
   separator, else at `begin`. */
int64_t fb_text_cut(const uint8_t *data, int64_t begin, int64_t most, int lists);

/* Cuts a text into pieces of about `size` bytes; returns their number. cut: (2 n / size + 3). */
int64_t fb_text_pieces(const uint8_t *data, int64_t n, int64_t size, int lists, int64_t *cut);

/* One thread's counts. It stops at `end`, or when its table is full. */
typedef struct {
    const uint8_t *data;
    int64_t at, end;
    fb_intern words;
    int64_t *count; /* (n_slot / 2) */
    int64_t n_tokens, n_long;
    int lists;
} fb_counter;
void fb_count_words(fb_counter *counters, int n);

/* Adds the counts of one table to another. Returns -1 if that is full; nothing is lost, go on from *at. */
int fb_merge_counts(const fb_counter *from, fb_counter *to, int64_t *at);

/* Encodes a text as word numbers (see word2vec.h). Piece k is written from unit 2 cut[k] on. */
typedef struct {
    const uint8_t *data;
    const int64_t *cut; /* (n_pieces + 1) */
    int64_t n_pieces;
    int lists, max_sentence, n_threads;
    fb_intern words;
    uint16_t *out;              /* (2 n) */
    int64_t *n_units, *n_words; /* (n_pieces) units written; words among them */
} fb_encoder;
void fb_encode(fb_encoder *e);
#endif
