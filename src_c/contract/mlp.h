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

/* One layer; B rows.

   field        shape                  written by  what it is
   n_in, n_out  -                      caller      widths
   activation   -                      caller      FB_IDENTITY .. FB_RELU
   ld           -                      caller      n_out, padded
   h            (B, ld)                forward     outputs, kept for backward
   dh           (B, ld)                backward    errors before the activation, kept for the gradients
   panels       packed_size(n_in, ld)  pack        W^T as the forward step reads it (gemm/matmul-inl.h), where
                                                   fb_uses_panels
   panels_t     packed_size(n_out, n_in) pack      W as the backward step reads it */
typedef struct fb_dense {
    int n_in, n_out, activation;
    int64_t ld;
    void *h, *dh, *panels, *panels_t;
} fb_dense;

/* A perceptron at work. A call does what `task` says: pack, forward, (loss), backward, gradients, update.

   field          shape                     written by  what it is
   n_layers       -                         caller      layers
   task           -                         caller      FB_FORWARD | .. | FB_UPDATE
   add            -                         caller      gradients are added to what is there, else overwritten
   layer          (n_layers)                caller      layers
   block          (2 n_layers)              optimizer.h for each layer W^T (n_in, ld), then b (1, ld)
   n_rows         -                         caller      B
   x              (B, n_in)                 caller      inputs; backward reads them again
   dout           (B, n_out)                caller      upstream, where task has no FB_LOSS
   out            (B, n_out)                forward     scores, with FB_PROBA their softmax; or NULL
   dx             (B, n_in)                 backward    gradient of x; or NULL
   loss           -                         loss.h      targets and losses
   optim          -                         optimizer.h the optimiser
   dropout, seed  -                         caller      of hidden layers' outputs
   total_loss     -                         forward     the loss of the batch, where task has FB_LOSS
   scratch        (n_threads, scratch_size) gradients   bytes of each thread */
typedef struct fb_mlp {
    int n_layers, task, add;
    fb_dense *layer;
    fb_block *block;
    int64_t n_rows;
    const void *x, *dout;
    void *out, *dx;
    fb_loss loss;
    fb_optim optim;
    double dropout, total_loss;
    uint64_t seed;
    int n_threads;
    char *scratch;
    size_t scratch_size;
} fb_mlp;

/* Whether the forward step packs W^T: not as long as a second-level cache holds it as it is. */
static inline int fb_uses_panels(const fb_mlp *m, const fb_dense *d, size_t real_bytes) {
    return m->n_rows >= 32 && (size_t)(d->n_in * d->ld) * real_bytes > 1024 * 1024;
}
int fb_mlp_threads(const fb_mlp *m); /* as many as are worth it */
void fb_label_range(const int32_t *label, int64_t n, int64_t *low, int64_t *high);
#endif
