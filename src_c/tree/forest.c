/* Work of a step outside of its parallel phases, the same for every real type: forests, the batch's words, the sum of
 * the loss. */
#include "simd/common.h"

/* Features beyond this count are summed along their own axis; below, along the state's, from a transposed theta. */
int fb_wants_transpose(const fb_dims *d) { return d->n_feature < 512; }

/* Distance of gathered rows. If a cell makes no features, these are the features, FB_PAD elements further apart than a
   row is long: rows at distances of powers of two would share their place in the cache. */
int64_t fb_ld_gathered(const fb_dims *d, const fb_cell *cell) {
    return cell->features ? d->ld_gather : d->ld_feature + FB_PAD;
}

/* Finds the facts about a structure that callers need, in one pass. */
void fb_graph_facts(fb_graph *s) {
    const int64_t leaves = s->n_levels > 0 ? s->level_ptr[1] : 0;
    s->min_arity = s->n_nodes > leaves ? INT32_MAX : 0;
    s->max_arity = 0;
    for (int64_t i = leaves; i < s->n_nodes; i++) {
        const int64_t arity = s->child_ptr[i + 1] - s->child_ptr[i];
        if (arity < s->min_arity) s->min_arity = arity;
        if (arity > s->max_arity) s->max_arity = arity;
    }
    int32_t label = -1, low = s->n_inputs > 0 ? INT32_MAX : -1, high = -1, moved = 0;
    for (int64_t i = 0; i < s->n_nodes; i++) label = s->label[i] > label ? s->label[i] : label;
    for (int64_t k = 0; k < s->n_inputs; k++) moved |= s->inputs[k] ^ (int32_t)k;
    for (int64_t k = 0; k < s->n_inputs; k++) { /* mostly ascending */
        const int32_t word = s->word[moved ? s->inputs[k] : k];
        low = word < low ? word : low;
        high = word > high ? word : high;
    }
    s->max_label = label, s->min_word = low, s->max_word = high;
    s->leaf_inputs = s->n_inputs == leaves && !moved;
}

/* Divides graphs first .. last, with `inner` inner nodes in all, into n ranges with about equal numbers of them. */
static void cut(const int32_t *count, int64_t first, int64_t last, int64_t inner, int n, int64_t *begin) {
    int64_t sum = 0, g = first;
    for (int p = 0; p < n; p++) {
        while (p && g < last && 2 * sum + count[g] <= 2 * inner * p / n) sum += count[g++];
        begin[p] = g;
    }
}

/* Sets the first graph of each forest. Slabs have about equal numbers of inner nodes, and so have the forests of a
 * slab, one per thread if that pays. Small batches are one slab. */
int fb_split(fb_net *net, int n_slabs) {
    enum {
        WORTH = 96,
        WORTH_SLAB = 1 << 21
    }; /* least number of inner nodes of a thread, and of products of a slab, that pay off */
    const fb_graph *s = net->run.graph;
    const fb_dims *d = &net->run.dims;
    const int64_t first = s->n_levels > 0 ? s->level_ptr[1] : 0, inner = s->n_nodes - first, G = s->n_graphs;
    const int64_t slabs = fb_min(fb_min(n_slabs, G), inner * d->n_state * d->ld_feature / WORTH_SLAB);
    net->n_slabs = slabs > 1 ? (int)slabs : 1;
    const int shares = (int)fb_min((net->n_threads + net->n_slabs - 1) / net->n_slabs, fb_min(G, inner / WORTH + 1));
    net->n_shares = shares > 1 ? shares : 1;
    const int n = net->n_slabs * net->n_shares;
    net->split[0] = 0;
    net->split[n] = G;
    net->n_inner[0] = inner;
    if (n == 1) return 1;
    int64_t slab[FB_SLABS + 1];
    for (int64_t g = 0; g < G; g++) net->count[g] = 0;
    for (int64_t i = first; i < s->n_nodes; i++) net->count[s->graph[i]]++;
    cut(net->count, 0, G, inner, net->n_slabs, slab);
    slab[net->n_slabs] = G;
    for (int k = 0; k < net->n_slabs; k++) {
        net->n_inner[k] = 0;
        for (int64_t g = slab[k]; g < slab[k + 1]; g++) net->n_inner[k] += net->count[g];
        cut(net->count, slab[k], slab[k + 1], net->n_inner[k], net->n_shares, net->split + k * net->n_shares);
    }
    return n;
}

/* Distinct words by first appearance, in `rows`. The inputs of each word are a list in their order: first, next .. -1.
 */
void fb_word_rows(fb_net *net) {
    const fb_graph *s = net->run.graph;
    int32_t n = 0;
    for (int64_t k = 0; k < s->n_inputs; k++) {
        const int32_t i = s->inputs[k], word = s->word[i], u = net->slot[word] < 0 ? n : net->slot[word];
        if (u == n) net->rows[n] = word, net->first[n] = i, net->slot[word] = n++;
        else net->next[net->last[u]] = i;
        net->last[u] = i, net->next[i] = -1;
    }
    for (int32_t u = 0; u < n; u++) net->slot[net->rows[u]] = -1;
    net->n_rows = n;
}

void fb_sum_loss(fb_net *net) {
    const fb_graph *s = net->run.graph;
    double sum = 0;
    if (net->loss.roots_only)
        for (int64_t g = 0; g < s->n_graphs; g++) sum += net->loss.node_loss[s->root[g]];
    else
        for (int64_t i = 0; i < s->n_nodes; i++) sum += net->loss.node_loss[i];
    net->total_loss = sum;
}
