/* Where the loss of a network is taken. */
#ifndef FB_LOSS_H
#define FB_LOSS_H
#include <stdint.h>

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
#endif
