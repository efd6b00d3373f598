/* Multilayer perceptrons: layers h = act(W a + b) one behind the other, the last one without an activation. Rows of
   W^T, h and dh are padded like every row (limits.h); in the padding W^T, b and dh are zero. */
#ifndef FB_MLP_H
#define FB_MLP_H
#include <stddef.h>
#include <stdint.h>

#include "contract/limits.h"
#include "contract/loss.h"
#include "contract/optimizer.h"

enum { FB_IDENTITY, FB_SIGMOID, FB_TANH, FB_RELU };
enum { FB_FORWARD = 1, FB_PROBA = 2, FB_LOSS = 4, FB_BACKWARD = 8, FB_UPDATE = 16 };

typedef struct fb_dense {
    int n_in, n_out, activation;
    int64_t ld;     /* n_out, padded */
    void *h, *dh;   /* (B, ld): output; error before the activation */
    void *panels;   /* W^T packed for the forward step, where fb_uses_panels */
    void *panels_t; /* W packed for the backward step */
} fb_dense;

typedef struct fb_mlp {
    int n_layers, task, add; /* task: what fb_kernels.mlp does; add: gradients are added to what is there */
    fb_dense *layer;
    fb_block *block;  /* for each layer W^T (n_in, ld), then b (1, ld) */
    int64_t n_rows;   /* B */
    const void *x;    /* (B, n_in) */
    const void *dout; /* (B, n_out) upstream, without FB_LOSS */
    void *out;        /* (B, n_out) scores, with FB_PROBA their softmax; or NULL */
    void *dx;         /* (B, n_in) or NULL */
    fb_loss loss;
    fb_optim optim;
    double dropout, total_loss; /* dropout: of hidden layers' outputs */
    uint64_t seed;
    int n_threads;
    char *scratch; /* n_threads pieces of scratch_size bytes */
    size_t scratch_size;
} fb_mlp;

/* Whether the forward step packs W^T: not as long as a second-level cache holds it as it is. */
static inline int fb_uses_panels(const fb_mlp *m, const fb_dense *d, size_t real_bytes) {
    return m->n_rows >= 32 && (size_t)(d->n_in * d->ld) * real_bytes > 1024 * 1024;
}
int fb_mlp_threads(const fb_mlp *m); /* as many as are worth it */
void fb_label_range(const int32_t *label, int64_t n, int64_t *low, int64_t *high);
#endif
