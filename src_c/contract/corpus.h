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

/* One thread's counts. It stops at `end`, or when its table is full.

   field     shape         in/out  what it is
   data      -             in      text
   at        -             in/out  the next byte to be read
   end       -             in      where the thread's part of the text ends
   words     -             in/out  distinct words
   count     (n_slot / 2)  in/out  occurrences of each
   n_tokens  -             in/out  occurrences of all
   n_long    -             in/out  words left out, longer than FB_LONGEST_WORD
   lists     -             in      which bytes separate */
typedef struct {
    const uint8_t *data;
    int64_t at, end;
    fb_intern words;
    int64_t *count;
    int64_t n_tokens, n_long;
    int lists;
} fb_counter;
void fb_count_words(fb_counter *counters, int n);

/* Adds the counts of one table to another. Returns -1 if that is full; nothing is lost, go on from *at. */
int fb_merge_counts(const fb_counter *from, fb_counter *to, int64_t *at);

/* Encodes a text of n bytes as word numbers (see word2vec.h). Piece k is written from unit 2 cut[k] on.

   field         shape           in/out  what it is
   data          (n)             in      text
   cut           (n_pieces + 1)  in      where pieces begin; cut[n_pieces] = n
   lists         -               in      which bytes separate
   max_sentence  -               in      words of a sentence; longer ones are cut
   words         -               in      numbers of words; other words are left out
   out           (2 n)           out     units
   n_units       (n_pieces)      out     units written of each piece
   n_words       (n_pieces)      out     words among them */
typedef struct {
    const uint8_t *data;
    const int64_t *cut;
    int64_t n_pieces;
    int lists, max_sentence, n_threads;
    fb_intern words;
    uint16_t *out;
    int64_t *n_units, *n_words;
} fb_encoder;
void fb_encode(fb_encoder *e);
#endif
