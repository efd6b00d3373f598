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

/* The phases of a step, in order (tree/step-inl.h), and how threads divide each of them:

   phase      what it does                                                   divided by
   bind       the caller sets the batch and hands in the memory              -
   prepare    forests, distinct words, the layouts that kernels read         -
   forward    states, from level 0 up                                        forests
   loss       scores, losses, upstream of the states                         forests
   backward   errors, from the top level down                                forests
   gradient   gradients of weights and head, for each slab                   slices of weights
   sum        adds the slabs' gradients; gradients of words                  shares of weights and words
   update     the optimiser changes the weights                              shares of weights and words

   A thread goes from phase to phase without waiting where the division does not change. What the last two phases do: */
enum { FB_TO_SUM = 1, FB_TO_UPDATE = 2 };

/* Everything one training step needs. A functional run of a cell alone uses it too, with no head and no words.

   field                shape               written by        what it is
   run, cell, loss      -                   see there         the run, its cell, where the loss is taken
   cell_block           theta's             see optimizer.h   theta and its gradient
   head_block           (n_classes, ld)     see optimizer.h   [Ws | bs] and its gradient
   word_block           (n_words, ld)       see optimizer.h   E; its gradient has a row for each distinct word
   optim                -                   caller, update    the optimiser
   train_words, update  -                   caller            whether E is changed; whether anything is
   n_threads            -                   caller            threads
   to_do                -                   step              FB_TO_...: what the last phases do
   n_slabs, n_shares    -                   prepare           slabs of this batch; pieces that threads make of each
   slab_rows            -                   caller            rows from a slab's first to the next one's in h, dh, dz
   slab_inner           -                   caller            the same in gathered, errors
   n_inner              (FB_SLABS)          prepare           inner nodes of each slab
   cell_slab, head_slab like the gradients  gradient          gradients of the second slab, until sum
   clip                 -                   update            factor that brings the gradient's norm down to max_norm
   total_loss           -                   loss              the loss of the batch
   n_rows               -                   prepare           distinct words of the batch
   rows                 (n_inputs)          prepare           these words, in order of first appearance
   first, last          (n_inputs)          prepare           the first and the last input of each
   next                 (N)                 prepare           the next input with the same word, or -1
   slot                 (n_words)           prepare           all -1 between steps
   count                (N)                 prepare           inner nodes of each graph
   split                (forests + 1)       prepare           first graph of each forest (a share of a slab), then G
   scratch              (n_threads + 1, scratch_size)         bytes of each thread; no phase keeps any */
typedef struct fb_net {
    fb_run run;
    const fb_cell *cell;
    fb_loss loss;
    fb_block cell_block, head_block, word_block;
    fb_optim optim;
    int train_words, update, n_threads, to_do;
    int n_slabs, n_shares;
    int64_t slab_rows, slab_inner, n_inner[FB_SLABS];
    void *cell_slab, *head_slab;
    double clip, total_loss;
    int64_t n_rows;
    int32_t *rows, *first, *last, *next, *slot, *count;
    int64_t *split;
    char *scratch;
    size_t scratch_size;
} fb_net;

int fb_split(fb_net *net, int n_slabs); /* -> number of forests */
void fb_word_rows(fb_net *net);
void fb_sum_loss(fb_net *net);
#endif
