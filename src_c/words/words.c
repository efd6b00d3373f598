/* Word vectors, for one instruction set and real type. */
#include "words/glove-inl.h"
#include "words/word2vec-inl.h"

extern const fb_word_kernels FB(fb_words);
const fb_word_kernels FB(fb_words) = {
    .word2vec_scratch = FB(w2v_scratch),
    .word2vec = FB(w2v_train),
    .glove = FB(glove_train),
};
