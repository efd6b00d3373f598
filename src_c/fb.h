/* The contract of fastbpts' kernels. A *structure* (fb_graph) is a batch of directed acyclic graphs numbered level by
   level, children first; a *cell* (fb_cell) says how a node's state follows from its children and its input. Everything
   else here is either a run of one over the other (fb_run) or one training step around it (fb_net).

   Rules. Kernels never allocate, never fail, know no Python and keep no globals: all memory is handed in. Rows of
   states, features and weights are padded with zeros to FB_PAD elements. What kernels write they overwrite; parameter
   gradients are added once, in fb_unpack. A value never depends on the number of threads: nodes are computed
   independently of the batch around them and every sum over nodes runs in node order. */
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

/* The weights of a gated cell where they lie, gates stacked on the first axis, and packed for its products. */
typedef struct fb_weights {
    const void *W, *U, *b, *c; /* (n_gate n_state rows); c: NULL, or a second bias, beside U */
    int64_t ld_w, ld_u, ld_b;
    void *packed;
} fb_weights;

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
    void *gathered; /* (N, fb_ld_gathered) what forward has gathered, kept for the steps back; NULL: gather again */
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

/* What a gated cell computes on: rows first .. first + rows (nodes) and columns at .. at + cols (units of the state,
 * whole vectors). Pointers are to row 0 and unit 0, ld_... is the distance of rows, `slot` that of slots of a saved
 * row. Only u and fc begin at the first row and column; gates of u are `gate` apart, vectors of a gate `next`. */
typedef struct fb_tile {
    int rows, first, cols, at, activation;
    double keep;             /* 1 - dropout, which h was scaled by */
    const void *u, *bias;    /* U h~; the second bias (gates `slot` apart) of every row */
    void *saved;             /* in: a = W x + b; out: what backward needs; backward: the error of each slot */
    const void *below;       /* h~, the sum of the children's states */
    void *h, *c;             /* the states */
    void *fc;                /* what the children's second states add up to */
    const void *c_below;     /* a child's second state */
    void *f;                 /* a child's own gate; forward in: a */
    void *e, *dc;            /* upstream of h, of c */
    void *direct, *dc_below; /* what goes to h~ other than through U; to c_below */
    int64_t ld_u, gate, next, ld_saved, slot, ld_below, ld_h, ld_c, ld_fc, ld_c_below, ld_f, ld_e, ld_dc, ld_direct;
} fb_tile;

/* A gated cell: a = W x + b and u = U h~ come from the driver (gated.h), the rest is arithmetic of units. */
typedef struct fb_gates {
    int n_gate, n_slot; /* a is in the first n_gate slots, the errors of u end up in the last n_gate ones */
    int8_t gate[8];     /* the gate of each slot; one that every child has of its own comes last */
    int has_c, direct;  /* a second state (then: a gate per child); a way from h to h~ other than U */
    void (*forward)(const fb_tile *t);
    void (*backward)(const fb_tile *t);
    void (*edge_forward)(const fb_tile *t);
    void (*edge_backward)(const fb_tile *t);
} fb_gates;

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

/* A gated cell over T time steps of sequences sorted by length, longest first: row r of time t is row row_ptr[t] + r.
 * In reverse, a sequence begins at its last element. Rows of h, x, dh and dx may be further apart than they are long.
 */
typedef struct fb_chain {
    fb_run run; /* dims, weights, activation, x, saved, h (N, ld_h), c (N, ld_state); h0, c0: (B, ld_state) or NULL */
    const fb_cell *cell;
    int64_t n_steps, batch, ld_h, ld_out, ld_dh, ld_dx;
    const int64_t *row_ptr; /* (T+1) */
    int reverse, n_threads;
    void *out;                    /* (N, ld_out) h for the caller, or NULL: run.h is his */
    const void *h0, *c0;          /* (B, n_state) or NULL; copied to run.h0, run.c0 */
    void *h_n, *c_n;              /* (B, n_state) or NULL: out, states after each sequence's last step */
    const void *dh, *dh_n, *dc_n; /* (N, ld_dh), (B, n_state), or NULL */
    void *dx, *dh0, *dc0;         /* (N, ld_dx), (B, n_state), or NULL */
    void *dW, *dU, *db, *dc;      /* added to; dc: of the second bias */
    void *carry, *carry_c;        /* (B, ld_state) gradients on their way from time to time */
    char *scratch;
    size_t scratch_size; /* of each thread */
} fb_chain;

/* A block of parameters that is trained: n_cols elements in each row, ld apart; each column has a multiplicity and an
 * L2 factor. */
typedef struct fb_block {
    int64_t n_rows, n_cols, ld;
    void *w, *g, *s1, *s2; /* weights; gradient; the optimiser's state; g is (rows touched, ld) for a sparse block */
    const void *mult, *l2; /* (ld) */
} fb_block;

enum { FB_SGD, FB_MOMENTUM, FB_NESTEROV, FB_ADAGRAD, FB_ADAM, FB_ADAMW };
typedef struct fb_optim {
    int kind;
    double learning_rate, momentum, beta1, beta2, eps, max_norm; /* max_norm 0: no clipping */
    int64_t t;                                                   /* steps done */
    double correction1, correction2;                             /* 1 - beta1^t, sqrt(1 - beta2^t) */
} fb_optim;

/* Where the loss is taken. */
typedef struct fb_loss {
    int n_classes, ld_class;
    const int32_t *label;     /* (N), -1 = no loss; or NULL with soft */
    const void *soft;         /* (N, n_classes) or NULL */
    const void *node_weight;  /* (N) or NULL */
    const void *class_weight; /* (n_classes) or NULL */
    int roots_only;
    double scale;     /* of every node's loss */
    const void *head; /* (n_classes, ld_head) = [Ws | bs] */
    int64_t ld_head;
    const void *head_t; /* (n_state + 1, ld_class) */
    void *dz;           /* (N, ld_class) */
    double *node_loss;  /* (N) */
} fb_loss;

/* Everything one training step needs. A functional run of a cell alone uses it too, with no head and no words. */
typedef struct fb_net {
    fb_run run;
    const fb_cell *cell;
    fb_loss loss;
    fb_block cell_block, head_block, word_block;
    fb_optim optim;
    int train_words, update, n_threads;
    double clip, total_loss;
    int64_t n_rows;    /* distinct words of the batch */
    int32_t *rows;     /* (n_inputs) these words, in order of first appearance */
    int64_t *row_ptr;  /* (n_inputs+1) */
    int32_t *row_node; /* (n_inputs) nodes sorted by word */
    int32_t *slot;     /* (n_words) all -1 between steps */
    int32_t *count;    /* (N) */
    int64_t *split;    /* (n_threads+1) first graph of each forest */
    char *scratch;     /* n_threads pieces of scratch_size bytes */
    size_t scratch_size;
} fb_net;

struct fb_mlp; /* mlp.h */
struct fb_w2v;
struct fb_glove;

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
    size_t (*packed)(const fb_dims *d); /* bytes of fb_weights.packed */
    size_t (*chain_scratch)(const fb_dims *d);
    void (*chain_pack)(fb_chain *c);
    void (*chain_forward)(fb_chain *c);
    void (*chain_backward)(fb_chain *c);
    void (*chain_step)(fb_chain *c); /* chain_forward with the weights as they were packed, on one thread */
} fb_kernels;

const fb_kernels *fb_kernels_for(int real_bytes);
int64_t fb_ld_gathered(const fb_dims *d, const fb_cell *cell);
int fb_wants_transpose(const fb_dims *d);
void fb_graph_facts(fb_graph *s);
int fb_batch_size(const fb_bank *bank, const int64_t *tree, int64_t n, fb_graph *out);
void fb_batch_ahead(const fb_bank *bank, const int64_t *tree, int64_t n);
void fb_batch(const fb_bank *bank, const int64_t *tree, int64_t n, const fb_words *words, const fb_graph *out,
              int64_t *order, int64_t *level_fill, int32_t *place);
int fb_split(fb_net *net); /* -> number of forests */
void fb_word_rows(fb_net *net);
void fb_sum_loss(fb_net *net);
void fb_optim_tick(fb_optim *o); /* one more step: its number and what follows from it */
double fb_clip_factor(const fb_optim *o, double squares);
#endif
