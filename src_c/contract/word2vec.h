/* Word vectors learnt by prediction (Mikolov et al. 2013): the arguments of the training kernels in words/.

   In a prediction, each of M input vectors x_i says which of N outputs y_k are right. Skip-gram and CBOW have different
   inputs, the costs different outputs:
     negative sampling     the word itself, then K words of the noise
     hierarchical softmax  the inner nodes on the word's way down the Huffman tree
     full softmax          all words (without the other two) */
#ifndef FB_W2V_H
#define FB_W2V_H
#include <stddef.h>
#include <stdint.h>

enum {
    FB_W2V_INPUTS = 16, /* largest number of inputs of a prediction: a wider window takes several predictions */
    FB_W2V_TILE = 6,    /* outputs of a tile, whose rows are in registers together */
    FB_W2V_AHEAD = 4    /* windows whose random numbers are drawn ahead; a power of two */
};

/* Text as ids: a unit below 2^15 is a number; a unit with the high bit set is the upper part of a number, and the next
   unit its lower 16 bits. Number 0 ends a sentence, number w + 1 is the word w. A piece is a unit of work, with random
   numbers of its own.

   field         shape            in/out   what it is
   ld            -                in       elements of a row, a multiple of FB_PAD
   skip_gram     -                in       each context word predicts the middle one; else CBOW
   mean          -                in       CBOW takes the mean of the context, else the sum
   negative      -                in       words of noise of a prediction; 0: none
   hs            -                in       hierarchical softmax
   window        -                in       words on each side
   shrink        -                in       each window's width is drawn from 1 .. window
   shared        -                in       skip-gram: the inputs of a window share their noise
   max_sentence  -                in       words of the longest sentence
   max_path      -                in       nodes of the longest path
   in, out       (n_words, ld)    in/out   vectors of words as inputs, as outputs
   nodes         (n_words-1, ld)  in/out   vectors of the inner nodes of the Huffman tree
   keep          (n_words)        in       chance * 2^32 of an occurrence to be seen, less 1
   noise         (n_words)        in       alias table: a slot's alias << 32 | chance * 2^32 to stay at the slot
   path_ptr      (n_words + 1)    in       word w has the path path_ptr[w] .. path_ptr[w + 1] - 1
   path_node     path_ptr[n_words] in      inner nodes
   path_code     path_ptr[n_words] in      0: the target of the node is 1
   text          units            in       text as ids
   piece_ptr     (n_pieces + 1)   in       units where pieces begin
   piece_words   (n_pieces)       in       words of the text before the piece
   first_piece   -                in       number of the first piece in the text; its random numbers follow from it
   alpha ..      -                in       the rate falls from alpha by alpha_step per word, down to min_alpha
   seed          -                in       of this epoch
   loss          (n_pieces)       out      loss of the predictions of a piece
   n_pairs       (n_pieces)       out      their number
   next          -                scratch  the next piece to be taken
   scratch       (n_threads, scratch_size) scratch  bytes of each thread */
typedef struct fb_w2v {
    int64_t n_words;
    int32_t ld, skip_gram, mean, negative, hs, window, shrink, shared, max_sentence, max_path;
    void *in, *out, *nodes;
    const uint32_t *keep;
    const uint64_t *noise;
    const int64_t *path_ptr;
    const int32_t *path_node;
    const uint8_t *path_code;
    const uint16_t *text;
    const int64_t *piece_ptr, *piece_words;
    int64_t n_pieces, first_piece;
    double alpha, alpha_step, min_alpha;
    uint64_t seed;
    double *loss;
    int64_t *n_pairs;
    int n_threads;
    int64_t next;
    char *scratch;
    size_t scratch_size;
} fb_w2v;

/* Makes Vose's alias table of probabilities p (n, sum 1): a draw chooses a slot, then the slot or its alias. work: (n).
 */
void fb_alias_table(int64_t n, double *p, uint64_t *table, int32_t *work);

/* Makes the Huffman tree of n words with falling counts: inner node n_inner = 0 .. n-2, the root is n-2. parent, code
   (2n-1) of leaves (first n) and inner nodes. work: (2n-1). Returns the longest path. */
int64_t fb_huffman(int64_t n, const int64_t *count, int32_t *parent, uint8_t *code, int64_t *work, int64_t *path_ptr);

/* Writes each word's path from the root; path_ptr is as fb_huffman left it. */
void fb_huffman_paths(int64_t n, const int32_t *parent, const uint8_t *code, const int64_t *path_ptr,
                      int32_t *path_node, uint8_t *path_code);
#endif
