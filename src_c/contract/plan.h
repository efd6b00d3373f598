/* Treebanks: nodes in post-order to levels. A tree in post-order is described by its nodes' numbers of children. */
#ifndef FB_PLAN_H
#define FB_PLAN_H
#include <stdint.h>

typedef struct {
    int64_t n_trees;
    const int64_t *node_ptr;               /* (n_trees + 1) */
    const int32_t *n_child, *word, *label; /* (N) post-order */
} fb_forest;

typedef struct {
    int32_t *n_child, *word, *label; /* (N) level-major within each tree */
    int32_t *child;                  /* (N) numbers within the tree */
    int32_t *level_size;             /* (N) */
    int64_t *level_ptr;              /* (n_trees + 1) */
    int64_t *edge_ptr;               /* (n_trees + 1) */
    int32_t *scratch;                /* (4 * nodes of the largest tree + 1) */
} fb_plan;

/* Returns 0, or 1 + the number of the first tree whose counts of children do not make one tree. */
int64_t fb_plan_forest(const fb_forest *f, const fb_plan *p);

/* Heights in a DAG of n nodes and n_edge edges (child[k], parent[k]). Returns the number of nodes reached: n unless
 * there is a cycle. scratch: (3 n + 1 + n_edge). */
int64_t fb_dag_heights(int64_t n, int64_t n_edge, const int32_t *child, const int32_t *parent, int32_t *height,
                       int32_t *scratch);

/* Sets comp[i] to the smallest node number in the connected component of i. */
void fb_dag_components(int64_t n, int64_t n_edge, const int32_t *child, const int32_t *parent, int32_t *comp);
#endif
