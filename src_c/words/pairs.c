/* GloVe's pairs in random order. */
#include "contract/cooccurrence.h"
#include "contract/glove.h"
#include "simd/common.h"

#include <string.h>

static int64_t bucket(int64_t word, int32_t context, int64_t n_buckets) {
    const uint64_t hash = fb_random((uint64_t)word, (uint64_t)context);
    return (int64_t)((hash >> 32) * (uint64_t)n_buckets >> 32);
}

void fb_deal_pairs(int64_t first_row, int64_t n_rows, const int64_t *n_in_row, const int32_t *column,
                   const int64_t *sum, int64_t n_buckets, int64_t *begin, fb_pair *pair) {
    memset(begin, 0, (size_t)(n_buckets + 1) * sizeof *begin);
    for (int64_t row = 0, k = 0; row < n_rows; row++)
        for (int64_t end = k + n_in_row[row]; k < end; k++) begin[bucket(first_row + row, column[k], n_buckets) + 1]++;
    for (int64_t b = 0; b < n_buckets; b++) begin[b + 1] += begin[b];
    for (int64_t row = 0, k = 0; row < n_rows; row++)
        for (int64_t end = k + n_in_row[row]; k < end; k++)
            pair[begin[bucket(first_row + row, column[k], n_buckets)]++] =
                (fb_pair){(int32_t)(first_row + row), column[k], (float)((double)sum[k] / (1 << FB_COUNT_BITS))};
    memmove(begin + 1, begin, (size_t)n_buckets * sizeof *begin);
    begin[0] = 0;
}

void fb_shuffle_pairs(int64_t n, fb_pair *pair, uint64_t seed) {
    for (int64_t k = n - 1; k > 0; k--) {
        const int64_t other = (int64_t)(fb_uniform(seed, (uint64_t)k) * (double)(k + 1));
        const fb_pair kept = pair[k];
        pair[k] = pair[other];
        pair[other] = kept;
    }
}
