/* Which rows of its tables a batch of sequences reads. */
#include "contract/sequence.h"

#define FB_POOL(name, per_step, sends) [FB_POOL_##name] = {#name, per_step, sends},
const fb_pool fb_pools[FB_N_POOLS] = {
#include "sequence/pools.def"
};
#undef FB_POOL

int fb_sequence_ids_fit(const fb_sequence *s) {
    for (int k = 0; k < s->n_tables; k++)
        for (int64_t i = 0; i < s->n_rows; i++) {
            const int32_t id = s->ids[i * s->n_tables + k];
            if (id < 0 || id >= s->table[k].n_rows) return 0;
        }
    return 1;
}

void fb_sequence_link(fb_sequence *s, int k) {
    fb_table *t = &s->table[k];
    t->n_read = 0;
    for (int64_t i = 0; i < s->n_rows; i++) {
        const int32_t id = s->ids[i * s->n_tables + k];
        int32_t q = t->slot[id];
        t->next[i] = -1;
        if (q < 0) {
            q = t->slot[id] = (int32_t)t->n_read++;
            t->rows[q] = id, t->first[q] = (int32_t)i;
        } else t->next[t->last[q]] = (int32_t)i;
        t->last[q] = (int32_t)i;
    }
    for (int64_t q = 0; q < t->n_read; q++) t->slot[t->rows[q]] = -1;
}
