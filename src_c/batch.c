/* A minibatch out of a treebank: the plans of its trees merged level by level. Each level of a tree is a run of nodes
   that moves as one block, so the merge is a counting sort whose keys are known beforehand. */
#include "common.h"

enum { AHEAD = 64 }; /* trees whose memory is asked for before it is needed */

/* Asks for the memory of a tree that comes soon: the trees of a shuffled batch are far apart. */
static void prefetch(const void *array, int64_t from, int64_t to) {
    for (int64_t k = from & ~15; k < to; k += 16) __builtin_prefetch((const int32_t *)array + k);
}

static void prefetch_tree(const fb_bank *bank, int64_t t) {
    const int32_t *const of_nodes[] = {bank->word, bank->label, bank->n_child};
    for (int k = 0; k < 3; k++) prefetch(of_nodes[k], bank->node_ptr[t], bank->node_ptr[t + 1]);
    prefetch(bank->child, bank->edge_ptr[t], bank->edge_ptr[t + 1]);
}

/* The same for a batch that comes after this one. Trees that are not in the bank are left out. */
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

/* Begin of each level of the batch, in level_ptr; where its next run of nodes goes, in level_fill. */
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

static FB_INLINE int32_t read_word(const fb_words *words, int32_t word, int64_t counter) {
    if (word < 0) return word;
    if (words->unknown_rate && fb_uniform(words->seed, (uint64_t)counter) < (double)words->unknown_rate[word]) return 0;
    return words->map ? words->map[word] : word;
}

/* Fills the arrays of `out`. level_fill (L) and place (N) are scratch. order: a node's number among the trees' nodes,
   one tree after the other. child_ptr holds counts in node order first, then their sums. */
void fb_batch(const fb_bank *bank, const int64_t *tree, int64_t n, const fb_words *words, const fb_graph *out,
              int64_t *restrict order, int64_t *restrict level_fill, int32_t *restrict place) {
    int64_t *restrict child_ptr = (int64_t *)out->child_ptr, before = 0;
    int32_t *restrict child = (int32_t *)out->child, *restrict word = (int32_t *)out->word,
                      *restrict label = (int32_t *)out->label;
    int32_t *restrict graph = (int32_t *)out->graph;
    count_levels(bank, tree, out, (int64_t *)out->level_ptr, level_fill);
    for (int64_t g = 0; g < n; g++) {
        const int64_t t = tree[g], from = bank->node_ptr[t] - before,
                      levels = bank->level_ptr[t + 1] - bank->level_ptr[t];
        const int32_t *size = bank->level_size + bank->level_ptr[t];
        if (g + AHEAD < n) prefetch_tree(bank, tree[g + AHEAD]);
        for (int64_t v = 0; v < levels; v++) {
            const int64_t end = level_fill[v] + size[v];
            for (int64_t i = level_fill[v]; i < end; i++, before++) {
                place[before] = (int32_t)i;
                child_ptr[i + 1] = bank->n_child[from + before];
                word[i] = read_word(words, bank->word[from + before], before);
                label[i] = bank->label[from + before];
                graph[i] = (int32_t)g;
                order[i] = before;
            }
            level_fill[v] = end;
        }
        ((int32_t *)out->root)[g] = place[before - 1];
    }
    child_ptr[0] = 0;
    for (int64_t i = 0; i < out->n_nodes; i++) child_ptr[i + 1] += child_ptr[i];
    before = 0;
    for (int64_t g = 0; g < n; g++) { /* the edges, now that they have their places */
        const int32_t *from = bank->child + bank->edge_ptr[tree[g]], *own = place + before;
        for (const int64_t end = before + bank->node_ptr[tree[g] + 1] - bank->node_ptr[tree[g]]; before < end;
             before++) {
            const int64_t i = place[before];
            for (int64_t k = child_ptr[i]; k < child_ptr[i + 1]; k++) child[k] = own[*from++];
        }
    }
    for (int64_t i = 0; i < out->n_inputs; i++) ((int32_t *)out->inputs)[i] = (int32_t)i;
}
