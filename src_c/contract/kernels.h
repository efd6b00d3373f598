/* The tables of kernels: one for each real type and instruction set, a part of it for each domain.

   Rules. Kernels never allocate, never fail, know no Python and keep no globals: all memory is handed in. Rows of
   states, features and weights are padded with zeros to FB_PAD elements. What kernels write they overwrite; parameter
   gradients are added once, in fb_unpack. A value never depends on the number of threads: nodes are computed
   independently of the batch around them, and every sum over nodes runs in an order that follows from the batch
   alone. */
#ifndef FB_KERNELS_H
#define FB_KERNELS_H
#include "contract/cell.h"
#include "contract/chain.h"
#include "contract/glove.h"
#include "contract/mlp.h"
#include "contract/network.h"
#include "contract/sequence.h"
#include "contract/word2vec.h"

typedef struct fb_cell_kernels {
    const fb_cell *cells;      /* (FB_N_CELLS) */
    const fb_cell *test_cells; /* (FB_N_TEST_CELLS) */
} fb_cell_kernels;

/* Products of matrices: gemm/matmul-inl.h. */
typedef struct fb_gemm_kernels {
    void (*transpose)(int64_t rows, int64_t cols, const void *a, int64_t lda, void *b, int64_t ldb);
    size_t (*packed_size)(int64_t K, int64_t N);
    size_t (*matmul_scratch)(void);
    void (*pack_b)(int64_t K, int64_t N, const void *b, ptrdiff_t bk, ptrdiff_t bn, void *packed);
    void (*matmul)(int64_t M, int64_t N, int64_t K, const void *a, ptrdiff_t lda, const void *packed, void *c,
                   ptrdiff_t ldc, int add);
    void (*matmul_tn)(int64_t M, int64_t N, int64_t K, const void *a, ptrdiff_t lda, const void *b, ptrdiff_t ldb,
                      void *c, ptrdiff_t ldc, int add, void *scratch);
} fb_gemm_kernels;

/* Cells over structures. */
typedef struct fb_tree_kernels {
    size_t (*scratch)(const fb_dims *d);
    size_t (*packed)(const fb_dims *d); /* bytes of fb_weights.packed, of packed_back */
    void (*pack)(const fb_dims *d, const fb_column *c, const void *const *params, void *theta);
    void (*unpack)(const fb_dims *d, const fb_column *c, int gradient, const void *theta, void *const *params);
    void (*forward)(fb_net *net);
    void (*backward)(fb_net *net);
    void (*step)(fb_net *net);
    void (*predict)(fb_net *net, int roots_only, void *p, void *states);
    /* Scores z (n, ld_class) -> the gradient by them, in place; losses and their weight are in l. */
    void (*loss)(fb_loss *l, int64_t n, void *z);
    /* Scores z (n, ld_class) -> predictions, in place. */
    void (*link)(const fb_loss *l, int64_t n, void *z);
    void (*dropout_mask)(uint64_t seed, double p, int64_t rows, int64_t cols, void *mask);
} fb_tree_kernels;

/* Gated cells over sequences. */
typedef struct fb_chain_kernels {
    size_t (*scratch)(const fb_dims *d);
    size_t (*slab_size)(const fb_chain *c);  /* of the batch that is set, in elements; 0: no second slab */
    int64_t (*block_rows)(const fb_dims *d); /* a block of steps has fewer rows before its last step */
    void (*pack)(fb_chain *c);
    void (*forward)(fb_chain *c); /* with the weights as they were packed */
    void (*backward)(fb_chain *c);
} fb_chain_kernels;

/* Networks over sequences. */
typedef struct fb_sequence_kernels {
    void (*gradients)(fb_sequence *s);
    void (*predict)(fb_sequence *s);
} fb_sequence_kernels;

typedef struct fb_mlp_kernels {
    size_t (*scratch)(const fb_mlp *m);
    void (*run)(fb_mlp *m);
} fb_mlp_kernels;

typedef struct fb_optimizer_kernels {
    void (*update_blocks)(fb_optim *o, const fb_block *b, const int32_t *const *rows, int n);
} fb_optimizer_kernels;

typedef struct fb_word_kernels {
    size_t (*word2vec_scratch)(const fb_w2v *w);
    void (*word2vec)(fb_w2v *w);
    void (*glove)(fb_glove *g);
} fb_word_kernels;

typedef struct fb_kernels {
    int isa, real_bytes;
    const fb_cell_kernels *cells;
    const fb_gemm_kernels *gemm;
    const fb_tree_kernels *tree;
    const fb_chain_kernels *chain;
    const fb_mlp_kernels *mlp;
    const fb_sequence_kernels *sequence;
    const fb_optimizer_kernels *optimizer;
    const fb_word_kernels *words;
} fb_kernels;

const fb_kernels *fb_kernels_for(int real_bytes);
#endif
