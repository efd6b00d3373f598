/* Functions of perceptrons that do not depend on the real type. */
#include "contract/mlp.h"
#include "contract/pool.h"

int fb_mlp_threads(const fb_mlp *m) {
    int64_t work = 0;
    for (int k = 0; k < m->n_layers; k++) work += m->n_rows * m->layer[k].n_in * m->layer[k].n_out;
    return fb_threads_for(work, FB_WORTH, m->n_threads);
}

void fb_label_range(const int32_t *label, int64_t n, int64_t *low, int64_t *high) {
    *low = *high = -1;
    for (int64_t i = 0; i < n; i++) {
        if (label[i] < *low) *low = label[i];
        if (label[i] > *high) *high = label[i];
    }
}
