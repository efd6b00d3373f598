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
   numbers of its own. */
typedef struct fb_w2v {
    int64_t n_words;
    int32_t ld, skip_gram, mean, negative, hs, window, shrink, shared, max_sentence, max_path;
    void *in, *out, *nodes;  /* (n_words, ld) inputs, outputs; (n_words - 1, ld) inner nodes */
    const uint32_t *keep;    /* (n_words) chance * 2^32 of an occurrence to be seen, less 1 */
    const uint64_t *noise;   /* (n_words) alias table: a slot's alias << 32 | chance * 2^32 to stay at the slot */
    const int64_t *path_ptr; /* (n_words + 1) */
    const int32_t *path_node;
    const uint8_t *path_code; /* 0: the target of the node is 1 */
    const uint16_t *text;
    const int64_t *piece_ptr;   /* (n_pieces + 1) */
    const int64_t *piece_words; /* (n_pieces) words before the piece */
    int64_t n_pieces, first_piece;
    double alpha, alpha_step, min_alpha; /* the rate falls by alpha_step per word of the text */
    uint64_t seed;                       /* of this epoch */
    double *loss;                        /* (n_pieces) loss of the predictions of a piece; their number */
    int64_t *n_pairs;
    int n_threads;
    int64_t next; /* the next piece to be taken */
    char *scratch;
    size_t scratch_size; /* bytes of each thread */
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
