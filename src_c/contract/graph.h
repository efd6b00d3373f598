/* Structures: batches of directed acyclic graphs, and the treebanks that batches come from. */
#ifndef FB_GRAPH_H
#define FB_GRAPH_H
#include <stdint.h>

/* N nodes, E edges, L levels, G graphs. Level 0 holds the nodes without children; inside a level nodes are sorted by
 * graph. */
typedef struct fb_graph {
    int64_t n_nodes, n_edges, n_levels, n_graphs, n_inputs;
    const int64_t *level_ptr; /* (L+1) */
    const int64_t *child_ptr; /* (N+1) */
    const int32_t *child;     /* (E) */
    const int32_t *word;      /* (N), -1 = none */
    const int32_t *label;     /* (N), -1 = none */
    const int32_t *graph;     /* (N) */
    const int32_t *root;      /* (G) */
    const int32_t *inputs;    /* (n_inputs) */
    /* Facts, filled by fb_graph_facts: smallest and largest number of children of an inner node (0 without inner
       nodes), smallest and largest word of the inputs, largest label, whether the inputs are exactly level 0. */
    int64_t min_arity, max_arity, min_word, max_word, max_label;
    int leaf_inputs;
    int forest; /* known to be trees: every node but the roots has exactly one parent; true of batches of a bank */
} fb_graph;

/* T trees as flat arrays: nodes of a tree level by level, left to right inside a level, the root last; children
 * numbered in the tree. */
typedef struct fb_bank {
    int64_t n_trees;
    const int64_t *node_ptr;   /* (T+1) */
    const int64_t *level_ptr;  /* (T+1) into level_size */
    const int64_t *edge_ptr;   /* (T+1) into child */
    const int32_t *level_size; /* nodes of each level of each tree */
    const int32_t *child, *n_child, *word, *label;
} fb_bank;

/* How word numbers of a bank become those of a model: word_map (or NULL), and each word's chance to become the unknown
 * word 0. */
typedef struct fb_words {
    const int32_t *map;
    const float *unknown_rate; /* per word of the bank, or NULL */
    uint64_t seed;
} fb_words;

void fb_graph_facts(fb_graph *s);
int fb_batch_size(const fb_bank *bank, const int64_t *tree, int64_t n, fb_graph *out);
void fb_batch_ahead(const fb_bank *bank, const int64_t *tree, int64_t n);
void fb_batch(const fb_bank *bank, const int64_t *tree, int64_t n, const fb_words *words, const fb_graph *out,
              int64_t *level_fill, int32_t *place);
#endif
