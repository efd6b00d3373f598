/* Treebanks: nodes in post-order to levels. A tree in post-order is described by its nodes' numbers of children. */
#ifndef FB_PLAN_H
#define FB_PLAN_H
#include <stdint.h>

/* In: T trees of N nodes in all, their nodes in post-order.

   field               shape   what it is
   node_ptr            (T+1)   tree t has the nodes node_ptr[t] .. node_ptr[t+1] - 1
   n_child             (N)     numbers of children
   word, label         (N)     numbers, -1: none */
typedef struct {
    int64_t n_trees;
    const int64_t *node_ptr;
    const int32_t *n_child, *word, *label;
} fb_forest;

/* Out, written by fb_plan_forest: the arrays of a bank (graph.h). Nodes of a tree keep their places in the arrays but
   are numbered level by level.

   field                 shape   what it is
   n_child, word, label  (N)     as in the forest, in the new order
   child                 (N)     children, numbered inside their tree; edge_ptr[T] of them are written
   level_size            (N)     nodes of each level; level_ptr[T] of them are written
   level_ptr, edge_ptr   (T+1)   where the levels and the edges of each tree begin
   scratch               (4 n + 1) of the largest tree's n nodes */
typedef struct {
    int32_t *n_child, *word, *label, *child, *level_size;
    int64_t *level_ptr, *edge_ptr;
    int32_t *scratch;
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
