/* One training step of a network over structures. */
#ifndef FB_NETWORK_H
#define FB_NETWORK_H
#include <stddef.h>
#include <stdint.h>

#include "contract/loss.h"
#include "contract/optimizer.h"
#include "contract/run.h"

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

int fb_split(fb_net *net, int n_slabs); /* -> number of forests */
void fb_word_rows(fb_net *net);
void fb_sum_loss(fb_net *net);
#endif
