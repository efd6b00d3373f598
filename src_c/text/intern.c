/* Distinct strings: open addressing with linear probing, at most half full. */
#include "contract/intern.h"

#include <string.h>

static uint64_t load8(const uint8_t *s) {
    uint64_t v;
    memcpy(&v, s, sizeof v);
    return v;
}

static uint32_t load4(const uint8_t *s) {
    uint32_t v;
    memcpy(&v, s, sizeof v);
    return v;
}

/* Up to eight bytes as a number, different for different strings of one length. Loads of a fixed size, which may
   overlap, are compiled without a call. */
static uint64_t load_rest(const uint8_t *s, int64_t n) {
    if (n >= 4) return load4(s) | (uint64_t)load4(s + n - 4) << 32;
    return n > 0 ? s[0] | (uint64_t)s[n / 2] << 8 | (uint64_t)s[n - 1] << 16 : 0;
}

static uint32_t hash(const uint8_t *s, int64_t n) {
    uint64_t h = 0x9e3779b97f4a7c15u ^ (uint64_t)n;
    for (; n > 8; s += 8, n -= 8) {
        h = (h ^ load8(s)) * 0xd6e8feb86659fd93u;
        h ^= h >> 32;
    }
    h = (h ^ load_rest(s, n)) * 0xd6e8feb86659fd93u;
    h ^= h >> 29;
    h *= 0xbf58476d1ce4e5b9u;
    return (uint32_t)(h >> 32);
}

static int same(const uint8_t *a, const uint8_t *b, int64_t n) {
    if (n < 8) return load_rest(a, n) == load_rest(b, n);
    for (; n > 8; a += 8, b += 8, n -= 8)
        if (load8(a) != load8(b)) return 0;
    return load8(a + n - 8) == load8(b + n - 8);
}

/* Returns the number of the string, or -1; then *slot is the free slot where it belongs. */
static int64_t find(const fb_intern *t, const uint8_t *s, int64_t n, uint32_t h, uint64_t *slot) {
    const uint64_t mask = (uint64_t)t->n_slot - 1;
    uint64_t at = h & mask;
    for (; t->slot[at] != 0; at = (at + 1) & mask) {
        if (t->slot[at] >> 32 != h) continue;
        const int64_t id = (int64_t)(uint32_t)t->slot[at] - 1;
        const int64_t start = t->start[id];
        if (t->start[id + 1] - start == n && same(t->text + start, s, n)) return id;
    }
    *slot = at;
    return -1;
}

int64_t fb_intern_find(const fb_intern *t, const uint8_t *s, int64_t n) {
    uint64_t slot = 0;
    return find(t, s, n, hash(s, n), &slot);
}

int64_t fb_intern_id(fb_intern *t, const uint8_t *s, int64_t n) {
    const uint32_t h = hash(s, n);
    uint64_t slot = 0;
    const int64_t id = find(t, s, n, h, &slot), used = t->start[t->n];
    if (id >= 0) return id;
    if (t->n >= t->n_slot / 2 || n > t->n_text - used) return -1;
    memcpy(t->text + used, s, (size_t)n);
    t->slot[slot] = (uint64_t)h << 32 | (uint64_t)(t->n + 1);
    t->start[t->n + 1] = used + n;
    return t->n++;
}

void fb_intern_rehash(const uint64_t *old, int64_t n_old, uint64_t *slot, int64_t n_slot) {
    const uint64_t mask = (uint64_t)n_slot - 1;
    for (int64_t k = 0; k < n_old; k++) {
        if (old[k] == 0) continue;
        uint64_t at = (old[k] >> 32) & mask;
        while (slot[at] != 0) at = (at + 1) & mask;
        slot[at] = old[k];
    }
}
