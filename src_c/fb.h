/* The contract of fastbpts' kernels. A *structure* (fb_graph) is a batch of directed acyclic graphs numbered level by
   level, children first; a *cell* (fb_cell) says how a node's state follows from its children and its input. Everything
   else here is either a run of one over the other (fb_run) or one training step around it (fb_net).

   Rules. Kernels never allocate, never fail, know no Python and keep no globals: all memory is handed in. Rows of
   states, features and weights are padded with zeros to FB_PAD elements. What kernels write they overwrite; parameter
   gradients are added once, in fb_unpack. A value never depends on the number of threads: nodes are computed
   independently of the batch around them, and every sum over nodes runs in an order that follows from the batch
   alone. */
#ifndef FB_H
#define FB_H
#include <stddef.h>
#include <stdint.h>

#define FB_PAD 16 /* elements: one AVX-512 vector of float, two of double */
#define FB_PADDED(n) (((n) + FB_PAD - 1) / FB_PAD * FB_PAD)
#define FB_ANY 0    /* arity: any number of children */
#define FB_PARAMS 8 /* parameters of a cell at most */

/* N nodes, E edges, L levels, G graphs. Level 0 holds the nodes without children; inside a level nodes are sorted by
 * graph. */
typedef struct fb_graph {
    int64_t n_nodes, n_edges, n_levels, n_graphs, n_inputs;
    const int64_t *level_ptr; /* (L+1) */
    const int64_t *child_ptr; /* (N+1) */
    const int32_t *child;     /* (E) */
    const int32_t *word;      /* (N), -1 = none */
    const int32_t *label;     /* (N), -1 = none */
    const int32_t *graph;     /* (N) */
    const int32_t *root;      /* (G) */
    const int32_t *inputs;    /* (n_inputs) */
    /* Facts, filled by fb_graph_facts: children of inner nodes at least and at most (0 without inner nodes), smallest
       and largest word of the inputs, largest label, whether the inputs are exactly the nodes of level 0. */
    int64_t min_arity, max_arity, min_word, max_word, max_label;
    int leaf_inputs;
    int forest; /* known to be trees: every node but the roots has exactly one parent; batches out of a bank are */
} fb_graph;

/* T trees as flat arrays: nodes of a tree level by level, left to right inside a level, the root last; children
 * numbered in the tree. */
typedef struct fb_bank {
    int64_t n_trees;
    const int64_t *node_ptr;   /* (T+1) */
    const int64_t *level_ptr;  /* (T+1) into level_size */
    const int64_t *edge_ptr;   /* (T+1) into child */
    const int32_t *level_size; /* nodes of each level of each tree */
    const int32_t *child, *n_child, *word, *label;
} fb_bank;

/* How the words of a bank become a model's: word_map (or NULL), and each word's chance to be read as the unknown word
 * 0. */
typedef struct fb_words {
    const int32_t *map;
    const float *unknown_rate; /* per word of the bank, or NULL */
    uint64_t seed;
} fb_words;

/* Widths of a cell: input, state, gates, what is gathered from the children, features. theta has n_gate * n_state rows.
 * Recursive cells have one gate and no slots. */
typedef struct fb_dims {
    int n_in, n_state, n_gate, n_slot, n_gather, n_feature;
    int ld_in, ld_state, ld_gather, ld_feature, ld_fold; /* ld_fold: dc, and what fold needs besides */
} fb_dims;

/* Column c of theta is nothing (param < 0), or parameter `param`'s element `at` of each row, plus element `twin` where
 * twin >= 0 (products that commute). */
typedef struct fb_column {
    int32_t param, at, twin;
} fb_column;

#include "gates.h"

/* A run of a cell over a structure. theta (n_gate n_state, ld_feature) holds the cell's parameters in the kernels' own
 * layout. */
typedef struct fb_run {
    const fb_graph *graph;
    fb_dims dims;
    const void *theta;   /* (n_gate n_state, ld_feature) */
    const void *theta_t; /* (n_feature, ld_state), only where fb_wants_transpose */
    const void *x;       /* rows of inputs */
    int64_t ld_x;
    const int32_t *x_row; /* (N) the row of x that an input node reads; NULL: the k-th input reads row k */
    int tanh_input;       /* h = tanh(x) instead of h = x */
    double dropout, input_dropout;
    uint64_t seed;
    void *h;        /* (N, ld_state) */
    void *gathered; /* (inner nodes, fb_ld_gathered) what forward has gathered, level after level, kept for the steps
                       back; NULL: gather again */
    void *errors;   /* (inner nodes, ld_state) their errors in the same order; NULL: dh has them */
    int fresh;      /* only roots have an upstream, other nodes one parent each: what it sends is stored, not added */
    void *dh;       /* (N, ld_state) in: upstream; out: error before the non-linearity, for inputs the gradient of x */
    void *dx;       /* (N, ld_in) rows of inputs; recursive cells: dh */
    void *dtheta;   /* (n_gate n_state, ld_feature) */
    /* Gated cells only. */
    int activation;
    fb_weights weights;
    void *saved;         /* (N, n_slot, ld_state) */
    void *edge;          /* (E, ld_state) the gate that every child has of its own */
    void *c, *dc;        /* (N, ld_state) the second state */
    const void *h0, *c0; /* (G, ld_state) below the childless nodes, or NULL: zeros */
    void *dh0, *dc0;     /* (G, ld_state), or NULL */
} fb_run;

/* A cell: features of a node's children, and back. theta . features, then tanh, is the forward step; the driver is
 * level.h. */
typedef struct fb_cell {
    const char *name, *spec, *activations;
    int arity;
    void (*shape)(fb_dims *d);                           /* n_state -> n_gather, n_feature */
    void (*columns)(const fb_dims *d, fb_column *c);     /* (n_feature) */
    void (*gather)(const fb_run *r, int64_t i, void *c); /* children's states -> c (ld_gather) */
    void (*scatter)(const fb_run *r, int64_t i, const void *dc);
    /* NULL: q = c, dc = dq. The first makes features begin .. end, multiples of FB_PAD. */
    void (*features)(const fb_dims *d, int begin, int end, const void *c, void *q);
    void (*fold)(const fb_dims *d, const void *c, const void *dq, void *dc);
    const fb_gates *gates; /* NULL: a recursive cell; else the cell has none of gather .. fold */
} fb_cell;

#include "chain.h"
#include "train.h"

/* One table per real type and instruction set. */
typedef struct fb_kernels {
    int isa, real_bytes, n_cells;
    const fb_cell *cells;
    size_t (*scratch)(const fb_dims *d, const fb_gates *g);
    void (*transpose)(int64_t rows, int64_t cols, const void *a, int64_t lda, void *b, int64_t ldb);
    size_t (*packed_size)(int64_t K, int64_t N); /* products of matrices: kernels/matmul.h */
    size_t (*matmul_scratch)(void);
    void (*pack_b)(int64_t K, int64_t N, const void *b, ptrdiff_t bk, ptrdiff_t bn, void *packed);
    void (*matmul)(int64_t M, int64_t N, int64_t K, const void *a, ptrdiff_t lda, const void *packed, void *c,
                   ptrdiff_t ldc, int add);
    void (*matmul_tn)(int64_t M, int64_t N, int64_t K, const void *a, ptrdiff_t lda, const void *b, ptrdiff_t ldb,
                      void *c, ptrdiff_t ldc, int add, void *scratch);
    void (*pack)(const fb_dims *d, const fb_column *c, const void *const *params, void *theta);
    void (*unpack)(const fb_dims *d, const fb_column *c, int gradient, const void *theta, void *const *params);
    void (*forward)(fb_net *net);
    void (*backward)(fb_net *net);
    void (*step)(fb_net *net);
    void (*predict)(fb_net *net, int roots_only, void *p, void *states);
    void (*dropout_mask)(uint64_t seed, double p, int64_t rows, int64_t cols, void *mask);
    size_t (*mlp_scratch)(const struct fb_mlp *m);
    void (*mlp)(struct fb_mlp *m);
    void (*update_blocks)(fb_optim *o, const fb_block *b, const int32_t *const *rows, int n);
    size_t (*w2v_scratch)(const struct fb_w2v *w); /* w2v.h */
    void (*w2v_train)(struct fb_w2v *w);
    void (*glove_train)(struct fb_glove *g); /* glove.h */
    size_t (*packed)(const fb_dims *d);      /* bytes of fb_weights.packed, of packed_back */
    size_t (*chain_scratch)(const fb_dims *d);
    size_t (*chain_slab_size)(const fb_chain *c); /* of the batch that is set, in elements; 0: no second slab */
    int64_t (*block_rows)(const fb_dims *d);      /* a block of steps has fewer rows before its last step */
    void (*chain_pack)(fb_chain *c);
    void (*chain_forward)(fb_chain *c); /* with the weights as they were packed */
    void (*chain_backward)(fb_chain *c);
} fb_kernels;

const fb_kernels *fb_kernels_for(int real_bytes);
int64_t fb_ld_gathered(const fb_dims *d, const fb_cell *cell);
int fb_wants_transpose(const fb_dims *d);
void fb_graph_facts(fb_graph *s);
int fb_batch_size(const fb_bank *bank, const int64_t *tree, int64_t n, fb_graph *out);
void fb_batch_ahead(const fb_bank *bank, const int64_t *tree, int64_t n);
void fb_batch(const fb_bank *bank, const int64_t *tree, int64_t n, const fb_words *words, const fb_graph *out,
              int64_t *level_fill, int32_t *place);
int fb_split(fb_net *net, int n_slabs); /* -> number of forests */
void fb_word_rows(fb_net *net);
void fb_sum_loss(fb_net *net);
void fb_optim_tick(fb_optim *o); /* one more step: its number and what follows from it */
double fb_clip_factor(const fb_optim *o, double squares);
#endif
