/* Structures: batches of directed acyclic graphs, and the treebanks that batches come from. */
#ifndef FB_GRAPH_H
#define FB_GRAPH_H
#include <stdint.h>

/* A batch of N nodes, E edges, L levels and G graphs. Level 0 holds the nodes without children. Nodes of a level are
   sorted by graph. fb_batch or Python writes the arrays; no kernel changes them. fb_graph_facts writes the facts.

   field                    shape      what it is
   level_ptr                (L+1)      level v has the nodes level_ptr[v] .. level_ptr[v+1] - 1
   child_ptr, child         (N+1), (E) node i has the children child[child_ptr[i]] .. child[child_ptr[i+1] - 1]
   word, label              (N)        numbers, -1: none
   graph                    (N)        the graph that a node belongs to
   root                     (G)        the root of each graph
   inputs                   (n_inputs) the nodes that read an input, ascending
   min_arity, max_arity     fact       fewest and most children of an inner node; 0 without inner nodes
   min_word, max_word       fact       smallest and largest word of the inputs
   max_label                fact       -1: there is none
   leaf_inputs              fact       the inputs are exactly level 0
   forest                   fact       every node but the roots has exactly one parent; known of batches of a bank */
typedef struct fb_graph {
    int64_t n_nodes, n_edges, n_levels, n_graphs, n_inputs;
    const int64_t *level_ptr, *child_ptr;
    const int32_t *child, *word, *label, *graph, *root, *inputs;
    int64_t min_arity, max_arity, min_word, max_word, max_label;
    int leaf_inputs, forest;
} fb_graph;

/* A treebank: T trees as flat arrays of Python's. Nodes of a tree are numbered level by level, from left to right
   inside a level, the root last. No kernel changes it.

   field               shape   what it is
   node_ptr            (T+1)   tree t has the nodes node_ptr[t] .. node_ptr[t+1] - 1
   level_ptr           (T+1)   tree t has the levels level_ptr[t] .. level_ptr[t+1] - 1
   edge_ptr            (T+1)   tree t has the edges edge_ptr[t] .. edge_ptr[t+1] - 1
   level_size          levels  nodes of each level of each tree
   child               edges   children of node after node, numbered inside their tree
   n_child             nodes   number of children
   word, label         nodes   numbers, -1: none */
typedef struct fb_bank {
    int64_t n_trees;
    const int64_t *node_ptr, *level_ptr, *edge_ptr;
    const int32_t *level_size, *child, *n_child, *word, *label;
} fb_bank;

/* How the numbers of words of a bank become those of a model.

   field          shape             what it is
   map            words of a bank   the model's number of each word; NULL: they are the same
   unknown_rate   words of a bank   chance of each word to be read as the unknown word 0; NULL: never
   seed           -                 the draws follow from it */
typedef struct fb_words {
    const int32_t *map;
    const float *unknown_rate;
    uint64_t seed;
} fb_words;

void fb_graph_facts(fb_graph *s);

/* A batch is made in two calls: fb_batch_size fills the counts of `out` and returns 0, or 1 where a tree does not
   exist; then the caller makes room, and fb_batch fills the arrays. fb_batch_ahead asks for the memory of trees that
   come next. level_fill (L): scratch; place (N): where each node of the trees, one tree behind the other, has gone. */
int fb_batch_size(const fb_bank *bank, const int64_t *tree, int64_t n, fb_graph *out);
void fb_batch_ahead(const fb_bank *bank, const int64_t *tree, int64_t n);
void fb_batch(const fb_bank *bank, const int64_t *tree, int64_t n, const fb_words *words, const fb_graph *out,
              int64_t *level_fill, int32_t *place);
#endif
