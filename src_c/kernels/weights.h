/* Gradients of weights, once over all nodes after the levels: dtheta = sum over nodes of error o features, in node
   order. Parts split the columns (cells whose features are made) or the rows of dtheta, never the nodes. */
static void FB(weights_slice)(const fb_run *r, const fb_cell *cell, int row0, int row1, int col0, int col1,
                              const FB(work) * w) {
    const fb_dims *d = &r->dims;
    const int64_t first = r->graph->n_levels ? r->graph->level_ptr[1] : 0, N = r->graph->n_nodes;
    const int64_t ldq = FB_LD_Q(d);
    real *g = (real *)r->dtheta;
    if (first == N)
        for (int k = row0; k < row1; k++)
            memset(g + (int64_t)k * d->ld_feature + col0, 0, (size_t)(col1 - col0) * sizeof(real));
    for (int64_t i = first; i < N; i += w->panel_rows) {
        const int64_t n = fb_min(w->panel_rows, N - i);
        const real *panel = w->panel;
        if (!cell->features && r->gathered) panel = FB(gathered)(r, cell, i, NULL);
        else
            for (int64_t k = 0; k < n; k++) {
                const real *c = FB(gathered)(r, cell, i + k, cell->features ? w->c : w->panel + k * ldq);
                if (cell->features) cell->features(d, col0, col1, c, w->panel + k * ldq);
            }
        for (int c = col0, wide = 6 * FB_PAD; c < col1; c += wide)
            for (int k = row0, m; k < row1; k += m) {
                m = FB(tile)(row1 - k);
                FB(outer)(m, fb_min(wide, col1 - c), (int)n, (const real *)r->dh + i * d->ld_state + k, 1, d->ld_state,
                          panel + (cell->features ? c - col0 : c), ldq, g + (int64_t)k * d->ld_feature + c,
                          d->ld_feature, i > first);
            }
    }
}

static void FB(weights_part)(const fb_run *r, const fb_cell *cell, int part, int n_parts, const FB(work) * w) {
    const fb_dims *d = &r->dims;
    const int H = d->n_state, K = d->ld_feature;
    if (cell->features)
        FB(weights_slice)(r, cell, 0, H, (int)FB(share)(K, FB_PAD, part, n_parts),
                          (int)FB(share)(K, FB_PAD, part + 1, n_parts), w);
    else
        FB(weights_slice)(r, cell, (int)FB(share)(H, 1, part, n_parts), (int)FB(share)(H, 1, part + 1, n_parts), 0, K,
                          w);
}

/* Gradients of word vectors: a segment sum over the inputs sorted by word, in node order. */
static void FB(words_part)(const fb_net *net, int part, int n_parts) {
    const int64_t ld = net->run.dims.ld_in;
    const real *dx = net->run.dx;
    real *g = net->word_block.g;
    for (int64_t u = FB(share)(net->n_rows, 1, part, n_parts); u < FB(share)(net->n_rows, 1, part + 1, n_parts); u++) {
        real *g_u = g + u * ld;
        for (int64_t j = 0; j < ld; j++) g_u[j] = 0;
        for (int64_t k = net->row_ptr[u]; k < net->row_ptr[u + 1]; k++)
            for (int64_t j = 0; j < ld; j++) g_u[j] += dx[net->row_node[k] * ld + j]; /* x_i = E[word_i] */
    }
}
