/* Blocks of parameters, and the optimisers that change them. */
#ifndef FB_OPTIMIZER_H
#define FB_OPTIMIZER_H
#include <math.h>
#include <stdint.h>

enum { FB_MAX_STATES = 2 }; /* arrays of state per weight, at most */

/* A block of parameters that is trained.

   field          shape           who writes it   what it is
   n_rows, n_cols -               caller          size of w; of a sparse block, n_rows counts the rows of g
   ld             -               caller          elements from a row to the next, in all arrays of the block
   w              (n_rows, ld)    update          weights
   g              (n_rows, ld)    backward        gradient; of a sparse block one row per row that was read
   s1, s2         (n_rows, ld)    update          the optimiser's state, as many as its row says
   mult           (ld)            caller          multiplicity of a column: the number of equal elements in it
   l2             (ld)            caller          factor of the penalty's gradient, 2 alpha */
typedef struct fb_block {
    int64_t n_rows, n_cols, ld;
    void *w, *g, *s1, *s2;
    const void *mult, *l2;
} fb_block;

#define FB_OPTION(name, least, below) FB_OPTION_##name,
typedef enum fb_option {
#include "optimizer/optimizers.def"
    FB_N_OPTIONS
} fb_option;
#undef FB_OPTION

#define FB_OPTIMIZER(name, ...) FB_OPTIMIZER_##name,
typedef enum fb_optimizer_kind {
#include "optimizer/optimizers.def"
    FB_N_OPTIMIZERS
} fb_optimizer_kind;
#undef FB_OPTIMIZER

typedef struct fb_option_range {
    const char *name;
    double least, below;
} fb_option_range;

/* States that decay without a gradient end among numbers below the smallest normal one, with which a step takes ten
   times as long; such states are flushed. Not a sum that only grows, like AdaGrad's. Adam's second state needs 87,000
   steps without a gradient to get there and is left alone. */
enum { FB_FLUSH_S1 = 1, FB_FLUSH_S2 = 2 };

/* A row of optimizers.def. */
typedef struct fb_optimizer {
    const char *name;
    int n_states;         /* arrays of state per weight */
    double learning_rate; /* default */
    int flushes;          /* which states have their tiny values made zero, FB_FLUSH_S1 | FB_FLUSH_S2 */
    int corrects_bias;    /* the kernel reads correction1 and correction2 */
    int decouples_decay;  /* the penalty shrinks the weights and is no part of the gradient */
    struct {
        int taken;
        double value; /* default */
    } option[FB_N_OPTIONS];
} fb_optimizer;

extern const fb_option_range fb_options[FB_N_OPTIONS];
extern const fb_optimizer fb_optimizers[FB_N_OPTIMIZERS];

/* What the drivers do not support in a row, or NULL: every row is checked when the library is loaded. */
const char *fb_optimizer_refused(const fb_optimizer *row);

/* An optimiser at work.

   field          shape           who writes it   what it is
   kind           -               caller          its row
   learning_rate  -               caller          may change from step to step
   max_norm       -               caller          the gradient is scaled down to this norm; 0: it is not
   option         (FB_N_OPTIONS)  caller          values; 0 where the row takes none
   t              -               fb_optim_tick   steps done
   correction1    -               fb_optim_tick   1 - beta1^t, where the row corrects_bias
   correction2    -               fb_optim_tick   sqrt(1 - beta2^t), likewise */
typedef struct fb_optim {
    fb_optimizer_kind kind;
    double learning_rate, max_norm;
    double option[FB_N_OPTIONS];
    int64_t t;
    double correction1, correction2;
} fb_optim;

void fb_optim_tick(fb_optim *o); /* one more step: its number and what follows from it */
double fb_clip_factor(const fb_optim *o, double squares);
#endif
