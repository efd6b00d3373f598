/* Level numbering. A node's level is its height: childless nodes are on level 0, a parent one above its highest child.
 * Nodes of a level keep their order, which in post-order is left to right. The root is alone on the top level and
 * comes last. */
#include "contract/plan.h"

/* Heights of one tree in post-order. Returns the number of levels, 0 when the counts do not make one tree. */
static int32_t tree_heights(int32_t n, const int32_t *n_child, int32_t *height, int32_t *stack) {
    int32_t top = 0, n_levels = 0;
    for (int32_t i = 0; i < n; i++) {
        int32_t h = 0;
        if (n_child[i] < 0 || n_child[i] > top) return 0;
        for (int32_t k = 0; k < n_child[i]; k++) {
            const int32_t below = stack[--top];
            h = below >= h ? below + 1 : h;
        }
        height[i] = stack[top++] = h;
        n_levels = h >= n_levels ? h + 1 : n_levels;
    }
    return top == 1 ? n_levels : 0;
}

/* Counting sort by height: number[i] becomes the place of node i, size the number of nodes per level. */
static void number_nodes(int32_t n, int32_t n_levels, const int32_t *height, int32_t *number, int32_t *size,
                         int32_t *next) {
    for (int32_t v = 0; v < n_levels; v++) size[v] = 0;
    for (int32_t i = 0; i < n; i++) size[height[i]]++;
    next[0] = 0;
    for (int32_t v = 1; v < n_levels; v++) next[v] = next[v - 1] + size[v - 1];
    for (int32_t i = 0; i < n; i++) number[i] = next[height[i]]++;
}

/* Children of every node by their new numbers; first[j] is where those of node j begin. */
static void link_children(int32_t n, const int32_t *n_child, const int32_t *number, const int32_t *first,
                          int32_t *child, int32_t *stack) {
    int32_t top = 0;
    for (int32_t i = 0; i < n; i++) {
        top -= n_child[i];
        for (int32_t k = 0; k < n_child[i]; k++) child[first[number[i]] + k] = stack[top + k];
        stack[top++] = number[i];
    }
}

int64_t fb_plan_forest(const fb_forest *f, const fb_plan *p) {
    p->level_ptr[0] = p->edge_ptr[0] = 0;
    for (int64_t t = 0; t < f->n_trees; t++) {
        const int64_t base = f->node_ptr[t];
        const int32_t n = (int32_t)(f->node_ptr[t + 1] - base);
        const int32_t *n_child = f->n_child + base;
        int32_t *height = p->scratch, *number = height + n, *first = number + n, *stack = first + n + 1;
        int32_t *size = p->level_size + p->level_ptr[t];
        const int32_t n_levels = tree_heights(n, n_child, height, stack);
        if (n_levels == 0) return t + 1;
        number_nodes(n, n_levels, height, number, size, stack);
        for (int32_t i = 0; i < n; i++) {
            const int64_t to = base + number[i];
            p->n_child[to] = n_child[i];
            p->word[to] = f->word[base + i];
            p->label[to] = f->label[base + i];
        }
        first[0] = 0;
        for (int32_t j = 0; j < n; j++) first[j + 1] = first[j] + p->n_child[base + j];
        link_children(n, n_child, number, first, p->child + p->edge_ptr[t], stack);
        p->level_ptr[t + 1] = p->level_ptr[t] + n_levels;
        p->edge_ptr[t + 1] = p->edge_ptr[t] + n - 1;
    }
    return 0;
}

int64_t fb_dag_heights(int64_t n, int64_t n_edge, const int32_t *child, const int32_t *parent, int32_t *height,
                       int32_t *scratch) {
    int32_t *waiting = scratch, *queue = waiting + n, *first = queue + n, *above = first + n + 1;
    for (int64_t i = 0; i < n; i++) waiting[i] = height[i] = first[i] = 0;
    first[n] = 0;
    for (int64_t k = 0; k < n_edge; k++) {
        waiting[parent[k]]++;
        first[child[k]]++;
    }
    for (int64_t i = 1; i <= n; i++) /* first[i] = one past the last parent of node i ... */
        first[i] += first[i - 1];
    for (int64_t k = 0; k < n_edge; k++) /* ... and, after this, the first */
        above[--first[child[k]]] = parent[k];
    int64_t head = 0, tail = 0;
    for (int64_t i = 0; i < n; i++)
        if (waiting[i] == 0) queue[tail++] = (int32_t)i;
    for (; head < tail; head++) {
        const int32_t i = queue[head];
        for (int32_t k = first[i]; k < first[i + 1]; k++) {
            const int32_t j = above[k];
            height[j] = height[i] + 1; /* heights rise along the queue, so no child is higher than the last */
            if (--waiting[j] == 0) queue[tail++] = j;
        }
    }
    return tail;
}

static int32_t find(int32_t *comp, int32_t i) {
    for (; comp[i] != i; i = comp[i]) comp[i] = comp[comp[i]];
    return i;
}

void fb_dag_components(int64_t n, int64_t n_edge, const int32_t *child, const int32_t *parent, int32_t *comp) {
    for (int64_t i = 0; i < n; i++) comp[i] = (int32_t)i;
    for (int64_t k = 0; k < n_edge; k++) {
        const int32_t a = find(comp, child[k]), b = find(comp, parent[k]);
        comp[a > b ? a : b] = a > b ? b : a;
    }
    for (int64_t i = 0; i < n; i++) comp[i] = find(comp, (int32_t)i);
}
