/* A minibatch of a treebank: the plans of its trees, merged level by level. Each level of a tree is a run of nodes
   that moves as one block, so the merge is a counting sort whose keys are known beforehand. */
#include "simd/common.h"

enum { AHEAD = 64 }; /* trees that are prefetched ahead of their use */

/* Prefetches a tree that comes soon: the trees of a shuffled batch are far apart in memory. */
static void prefetch(const void *array, int64_t from, int64_t to) {
    for (int64_t k = from & ~15; k < to; k += 16) __builtin_prefetch((const int32_t *)array + k);
}

static void prefetch_tree(const fb_bank *bank, int64_t t) {
    const int32_t *const of_nodes[] = {bank->word, bank->label, bank->n_child};
    for (int k = 0; k < 3; k++) prefetch(of_nodes[k], bank->node_ptr[t], bank->node_ptr[t + 1]);
    prefetch(bank->child, bank->edge_ptr[t], bank->edge_ptr[t + 1]);
}

/* Prefetches the next batch. Numbers without a tree are left out. */
void fb_batch_ahead(const fb_bank *bank, const int64_t *tree, int64_t n) {
    for (int64_t g = 0; g < fb_min(n, 4 * AHEAD); g++)
        if (tree[g] >= 0 && tree[g] < bank->n_trees) {
            __builtin_prefetch(bank->level_size + bank->level_ptr[tree[g]]);
            prefetch_tree(bank, tree[g]);
        }
}

/* Sizes of the batch: n_nodes, n_edges, n_levels, n_graphs, n_inputs. Returns 1 for a tree that is not in the bank. */
int fb_batch_size(const fb_bank *bank, const int64_t *tree, int64_t n, fb_graph *out) {
    out->n_nodes = out->n_edges = out->n_levels = out->n_inputs = 0;
    out->n_graphs = n, out->forest = 1;
    for (int64_t g = 0; g < n; g++) {
        const int64_t t = tree[g];
        if (t < 0 || t >= bank->n_trees) return 1;
        const int64_t levels = bank->level_ptr[t + 1] - bank->level_ptr[t];
        if (g < AHEAD) prefetch_tree(bank, t);
        out->n_nodes += bank->node_ptr[t + 1] - bank->node_ptr[t];
        out->n_edges += bank->edge_ptr[t + 1] - bank->edge_ptr[t];
        out->n_inputs += bank->level_size[bank->level_ptr[t]];
        if (levels > out->n_levels) out->n_levels = levels;
    }
    return 0;
}

/* level_ptr: where each level of the batch begins. level_fill: where the next run of nodes of each level goes. */
static void count_levels(const fb_bank *bank, const int64_t *tree, const fb_graph *out, int64_t *level_ptr,
                         int64_t *level_fill) {
    memset(level_ptr, 0, (size_t)(out->n_levels + 1) * sizeof *level_ptr);
    for (int64_t g = 0; g < out->n_graphs; g++) {
        const int32_t *size = bank->level_size + bank->level_ptr[tree[g]];
        const int64_t levels = bank->level_ptr[tree[g] + 1] - bank->level_ptr[tree[g]];
        for (int64_t v = 0; v < levels; v++) level_ptr[v + 1] += size[v];
    }
    for (int64_t v = 0; v < out->n_levels; v++) {
        level_ptr[v + 1] += level_ptr[v];
        level_fill[v] = level_ptr[v];
    }
}

/* One level of a tree: its nodes `from` .. of the bank become nodes first .. first + n of graph g. child_ptr holds
   counts. */
static FB_INLINE void move_level(const fb_bank *bank, int64_t from, int64_t first, int64_t n, int32_t g, int is_inner,
                                 const fb_graph *out, int32_t *restrict place) {
    int64_t *restrict child_ptr = (int64_t *)out->child_ptr + first + 1;
    int32_t *restrict word = (int32_t *)out->word + first, *restrict label = (int32_t *)out->label + first,
                      *restrict graph = (int32_t *)out->graph + first;
    const int32_t *restrict n_child = bank->n_child + from, *restrict old_word = bank->word + from,
                            *restrict old_label = bank->label + from;
    for (int64_t i = 0; i < n; i++) {
        place[i] = (int32_t)(first + i);
        word[i] = old_word[i];
        label[i] = old_label[i];
        graph[i] = g;
        child_ptr[i] = is_inner ? n_child[i] : 0;
    }
}

/* Translates the bank's word numbers to the model's. A draw depends on the node's number in the order
   of the trees. */
static void translate(const fb_words *words, const fb_graph *out, const int32_t *place) {
    int32_t *word = (int32_t *)out->word;
    for (int64_t k = 0; k < out->n_nodes; k++) {
        int32_t *w = word + place[k];
        if (*w < 0) continue;
        if (words->unknown_rate && fb_uniform(words->seed, (uint64_t)k) < (double)words->unknown_rate[*w]) *w = 0;
        else if (words->map) *w = words->map[*w];
    }
}

/* Copies the edges, once all nodes have their places. The edges of one level of a tree stay together. */
static void link_nodes(const fb_bank *bank, const int64_t *tree, const fb_graph *out, const int32_t *place) {
    const int64_t *child_ptr = out->child_ptr;
    int32_t *child = (int32_t *)out->child;
    for (int64_t g = 0; g < out->n_graphs; g++) {
        const int64_t t = tree[g], levels = bank->level_ptr[t + 1] - bank->level_ptr[t];
        const int32_t *from = bank->child + bank->edge_ptr[t], *size = bank->level_size + bank->level_ptr[t];
        int64_t j = size[0];
        for (int64_t v = 1; v < levels; j += size[v++]) {
            const int64_t first = child_ptr[place[j]], end = child_ptr[place[j] + size[v]];
            for (int64_t k = first; k < end; k++) child[k] = place[*from++];
        }
        place += j;
    }
}

/* Fills the arrays of `out`. level_fill (L) is scratch. place (N) becomes the number in the batch of every node of the
   trees, one tree after the other. */
void fb_batch(const fb_bank *bank, const int64_t *tree, int64_t n, const fb_words *words, const fb_graph *out,
              int64_t *restrict level_fill, int32_t *restrict place) {
    int64_t *restrict child_ptr = (int64_t *)out->child_ptr, before = 0;
    count_levels(bank, tree, out, (int64_t *)out->level_ptr, level_fill);
    for (int64_t g = 0; g < n; g++) {
        const int64_t t = tree[g], levels = bank->level_ptr[t + 1] - bank->level_ptr[t];
        const int32_t *size = bank->level_size + bank->level_ptr[t];
        int64_t from = bank->node_ptr[t];
        if (g + AHEAD < n) prefetch_tree(bank, tree[g + AHEAD]);
        for (int64_t v = 0; v < levels; v++) {
            move_level(bank, from, level_fill[v], size[v], (int32_t)g, v > 0, out, place + before);
            from += size[v], before += size[v];
            level_fill[v] += size[v];
        }
        ((int32_t *)out->root)[g] = place[before - 1];
    }
    if (words->map || words->unknown_rate) translate(words, out, place);
    child_ptr[0] = 0;
    for (int64_t i = out->n_inputs; i < out->n_nodes; i++) child_ptr[i + 1] += child_ptr[i];
    link_nodes(bank, tree, out, place);
    for (int64_t i = 0; i < out->n_inputs; i++) ((int32_t *)out->inputs)[i] = (int32_t)i;
}
