/* GloVe (Pennington et al. 2014): J = 1/2 sum f(X_ij) (v_i . v'_j + b_i + b'_j - log X_ij)^2, one AdaGrad step per
 * pair.
 */
#ifndef FB_GLOVE_H
#define FB_GLOVE_H
#include <stdint.h>

/* Word w occurs near word c, with count x. */
typedef struct fb_pair {
    int32_t word, context;
    float x;
} fb_pair;

/* One pass over pairs. Rows of words come first, then those of contexts.

   row of w:     [ ld values | ld sums of squared gradients, AdaGrad's ]
   row of bias:  [ value | sum of squared gradients ]                    sums begin at 1

   field       shape            in/out  what it is
   ld          -                in      a multiple of FB_PAD
   w           (2 n_words, 2 ld) in/out vectors
   bias        (2 n_words, 2)   in/out  biases
   pair        (n_pairs)        in      pairs, in the order of training
   x_max, alpha -               in      f(x) = min(1, (x / x_max)^alpha)
   eta         -                in      learning rate
   loss        (n_parts)        out     loss of the pairs of each part, each before its update
   n_parts     -                in      threads; they write to the same rows without a lock */
typedef struct fb_glove {
    int64_t n_words, n_pairs;
    int32_t ld;
    void *w, *bias;
    const fb_pair *pair;
    double x_max, alpha, eta;
    double *loss;
    int n_parts;
} fb_glove;

/* Turns rows of counts (see cooccurrence.h) into pairs, sorted by bucket, which is a hash of the pair.
   begin: (n_buckets + 1). */
void fb_deal_pairs(int64_t first_row, int64_t n_rows, const int64_t *n_in_row, const int32_t *column,
                   const int64_t *sum, int64_t n_buckets, int64_t *begin, fb_pair *pair);

/* Shuffles pairs in place (Fisher and Yates). */
void fb_shuffle_pairs(int64_t n, fb_pair *pair, uint64_t seed);
#endif
