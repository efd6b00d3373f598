/* A training step: blocks of weights, optimiser, loss, network. Part of fb.h. */
#ifndef FB_TRAIN_H
#define FB_TRAIN_H

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

/* A slab is a half of a batch, by its graphs: it has rows of states and errors of its own, which stay in the cache of
   the core that made them, and sums its own gradients of weights. Then the slabs' gradients are added. Which graphs a
   slab has follows from the batch alone, so that every sum is the same for any number of threads. */
enum { FB_SLABS = 2 };

/* What a thread does in the last phase of a step: the sum over slabs and the words' gradients; the update. */
enum { FB_TO_SUM = 1, FB_TO_UPDATE = 2 };

/* Everything one training step needs. A functional run of a cell alone uses it too, with no head and no words. */
typedef struct fb_net {
    fb_run run;
    const fb_cell *cell;
    fb_loss loss;
    fb_block cell_block, head_block, word_block;
    fb_optim optim;
    int train_words, update, n_threads, to_do;
    int n_slabs, n_shares;         /* slabs of this batch; pieces that its threads make of each */
    int64_t slab_rows, slab_inner; /* rows from a slab's to the next one's in h, dh, dz; gathered, errors */
    int64_t n_inner[FB_SLABS];     /* inner nodes of each slab */
    void *cell_slab, *head_slab;   /* gradients of the second slab */
    double clip, total_loss;
    int64_t n_rows;        /* distinct words of the batch */
    int32_t *rows;         /* (n_inputs) these words, in order of first appearance */
    int32_t *first, *last; /* (n_inputs) the first and the last input of each */
    int32_t *next;         /* (N) the next input with the same word, or -1 */
    int32_t *slot;         /* (n_words) all -1 between steps */
    int32_t *count;        /* (N) */
    int64_t *split;        /* first graph of each forest, a share of a slab; and the end of the last one */
    char *scratch;         /* n_threads + 1 pieces of scratch_size bytes */
    size_t scratch_size;
} fb_net;

struct fb_mlp; /* mlp.h */
struct fb_w2v;
struct fb_glove;
#endif
