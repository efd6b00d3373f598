/* Losses: their table, and where the loss of a network is taken. */
#ifndef FB_LOSS_H
#define FB_LOSS_H
#include <stdint.h>

/* What a target is: the number of a class (or a weight for each class), a yes or no for each label, numbers, or
   probabilities that sum to one. */
typedef enum fb_target { FB_TARGET_CLASS, FB_TARGET_LABELS, FB_TARGET_NUMBERS, FB_TARGET_DISTRIBUTION } fb_target;

/* What makes predictions of scores. */
typedef enum fb_link { FB_LINK_SOFTMAX, FB_LINK_SIGMOID, FB_LINK_IDENTITY } fb_link;

#define FB_LOSS(name, ...) FB_LOSS_##name,
typedef enum fb_loss_kind {
#include "losses/losses.def"
    FB_N_LOSSES
} fb_loss_kind;
#undef FB_LOSS

/* A row of losses.def. */
typedef struct fb_loss_row {
    const char *name;
    fb_target target;
    fb_link link;
    int takes_class_weight;
    int has_option;
    const char *option;                /* its name */
    double option_value, least, below; /* default; least <= value < below */
} fb_loss_row;

extern const fb_loss_row fb_loss_rows[FB_N_LOSSES];

/* The loss of a batch is L = sum of w_i l(z_i, y_i) / normalizer over its targets i. w_i is node_weight times, for
   classes, the class's weight.

   field         shape             who writes it   what it is
   kind, option  -                 caller          the loss, and its option's value
   n_classes     -                 caller          C, scores of a row
   ld_class      -                 caller          elements from a row of scores to the next
   label         (N)               caller          classes, -1 = no target; not read where soft is
   soft          (N, C)            caller          rows of targets, or NULL: label has them
   node_weight   (N)               caller          or NULL: ones
   class_weight  (C)               caller          or NULL: ones
   roots_only    -                 caller          only roots have targets
   normalizer    -                 caller          0: the sum of the weights
   scale         -                 step            1 / normalizer, or 0 where no target has a weight
   total_weight  -                 step            sum of the weights
   head, head_t  (C, ld_head), -   caller, step    [Ws | bs], and (n_state + 1, ld_class) its transpose
   dz            (N, ld_class)     loss phase      gradient by the scores
   node_loss     (N)               loss phase      each target's part of L */
typedef struct fb_loss {
    fb_loss_kind kind;
    double option;
    int n_classes, ld_class;
    const int32_t *label;
    const void *soft;
    const void *node_weight;
    const void *class_weight;
    int roots_only;
    double normalizer, scale, total_weight;
    const void *head;
    int64_t ld_head;
    const void *head_t;
    void *dz;
    double *node_loss;
} fb_loss;
#endif
