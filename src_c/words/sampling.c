/* The alias table of the noise and the Huffman tree of the words. */
#include "contract/word2vec.h"

#include <string.h>

/* Vose 1991. A slot below the mean is filled up by one above it. `work` has the numbers of slots below the mean at its
   front and of those above it at its back. */
void fb_alias_table(int64_t n, double *p, uint64_t *table, int32_t *work) {
    int64_t poor = 0, rich = n;
    for (int64_t i = 0; i < n; i++) {
        p[i] *= (double)n;
        if (p[i] < 1) work[poor++] = (int32_t)i;
        else work[--rich] = (int32_t)i;
    }
    while (poor > 0 && rich < n) {
        const int32_t small = work[--poor], large = work[rich];
        table[small] = (uint64_t)large << 32 | (uint32_t)(p[small] * 0x1p32);
        p[large] -= 1 - p[small];
        if (p[large] < 1) {
            rich++;
            work[poor++] = large;
        }
    }
    while (rich < n) work[poor++] = work[rich++]; /* left over by rounding: the slot is its own alias */
    while (poor > 0) {
        const int32_t own = work[--poor];
        table[own] = (uint64_t)own << 32 | UINT32_MAX;
    }
}

/* Two queues: leaves by rising count (from the end of `count`), inner nodes by rising count (as they are made). */
int64_t fb_huffman(int64_t n, const int64_t *count, int32_t *parent, uint8_t *code, int64_t *work, int64_t *path_ptr) {
    int64_t leaf = n - 1, inner = n, longest = 0;
    memcpy(work, count, (size_t)n * sizeof *work);
    for (int64_t node = n; node < 2 * n - 1; node++) {
        work[node] = 0;
        for (uint8_t c = 0; c < 2; c++) {
            const int64_t least = leaf >= 0 && (inner >= node || work[leaf] < work[inner]) ? leaf-- : inner++;
            work[node] += work[least];
            parent[least] = (int32_t)(node - n);
            code[least] = c;
        }
    }
    work[2 * n - 2] = 0; /* from here on, `work` has depths */
    for (int64_t i = 2 * n - 3; i >= 0; i--) work[i] = work[n + parent[i]] + 1;
    path_ptr[0] = 0;
    for (int64_t i = 0; i < n; i++) {
        path_ptr[i + 1] = path_ptr[i] + work[i];
        if (work[i] > longest) longest = work[i];
    }
    return longest;
}

void fb_huffman_paths(int64_t n, const int32_t *parent, const uint8_t *code, const int64_t *path_ptr,
                      int32_t *path_node, uint8_t *path_code) {
    for (int64_t i = 0; i < n; i++)
        for (int64_t at = path_ptr[i + 1] - 1, below = i; at >= path_ptr[i]; at--, below = n + parent[below]) {
            path_node[at] = parent[below];
            path_code[at] = code[below];
        }
}
