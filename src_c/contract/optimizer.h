/* Blocks of parameters, and the optimisers that change them. */
#ifndef FB_OPTIMIZER_H
#define FB_OPTIMIZER_H
#include <stdint.h>

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

void fb_optim_tick(fb_optim *o); /* one more step: its number and what follows from it */
double fb_clip_factor(const fb_optim *o, double squares);
#endif
