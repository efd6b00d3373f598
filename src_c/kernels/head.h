/* Softmax and cross-entropy over z = Ws h + bs (MATH: y^ - y for every target that sums to one). */

/* Logits of nodes i .. i + m into z (m, ld_class). */
static void FB(logits)(const fb_net *net, int64_t i, int m, real *z) {
    const fb_loss *l = &net->loss;
    const int H = net->run.dims.n_state, ld = net->run.dims.ld_state;
    const real *t = l->head_t;
    for (int k = 0; k < m; k++)
        memcpy(z + (int64_t)k * l->ld_class, t + (int64_t)H * l->ld_class, (size_t)l->ld_class * sizeof(real));
    FB(outer)(m, l->ld_class, H, (const real *)net->run.h + i * ld, ld, 1, t, l->ld_class, z, l->ld_class, 1);
}

/* z -> softmax(z) in place; returns log sum exp(z). */
static double FB(softmax_row)(real *z, int C) {
    real top = z[0];
    for (int c = 1; c < C; c++) top = z[c] > top ? z[c] : top;
    real sum = 0;
    for (int c = 0; c < C; c += VL) FB(store)(z + c, FB(vexp)(FB(load)(z + c) - top));
    for (int c = 0; c < C; c++) sum += z[c];
    const real inverse = 1 / sum;
    for (int c = 0; c < C; c++) z[c] *= inverse;
    return (double)top + log((double)sum);
}

/* Loss of node i and, in place of its logits z, the gradient by them. */
static double FB(loss_row)(const fb_loss *l, int64_t i, real *z) {
    const int C = l->n_classes;
    const real *weight = l->node_weight, *by_class = l->class_weight,
               *soft = l->soft ? (const real *)l->soft + i * C : NULL;
    const int32_t y = soft ? 0 : l->label[i];
    double loss = 0, w = l->scale * (weight ? (double)weight[i] : 1), mass = 0, z_y = 0;
    if (y < 0 || w == 0) {
        for (int c = 0; c < C; c++) z[c] = 0;
        return 0;
    }
    if (!soft) {
        w *= by_class ? (double)by_class[y] : 1;
        z_y = z[y];
        loss = w * (FB(softmax_row)(z, C) - z_y);
        z[y] -= 1;
        for (int c = 0; c < C; c++) z[c] *= (real)w;
        return loss;
    }
    for (int c = 0; c < C; c++) {
        const double t = (double)soft[c] * (by_class ? (double)by_class[c] : 1);
        mass += t, z_y += t * (double)z[c];
    }
    loss = w * (mass * FB(softmax_row)(z, C) - z_y);
    for (int c = 0; c < C; c++)
        z[c] = (real)(w * (mass * (double)z[c] - (double)soft[c] * (by_class ? (double)by_class[c] : 1)));
    return loss;
}

/* Loss and its gradient at nodes i .. i + m: dz, and dh overwritten. */
static void FB(loss_tile)(const fb_net *net, int64_t i, int m) {
    const fb_loss *l = &net->loss;
    const int ld = net->run.dims.ld_state;
    real *dz = (real *)l->dz + i * l->ld_class;
    FB(logits)(net, i, m, dz);
    for (int k = 0; k < m; k++) l->node_loss[i + k] = FB(loss_row)(l, i + k, dz + (int64_t)k * l->ld_class);
    FB(outer)(m, ld, l->n_classes, dz, l->ld_class, 1, l->head, l->ld_head, (real *)net->run.dh + i * ld, ld,
              0); /* z = Ws h + bs */
}

/* d[Ws | bs] = sum over the loss nodes of dz o [h; 1], in node order. */
static void FB(head_gradient)(const fb_net *net) {
    const fb_loss *l = &net->loss;
    const fb_graph *s = net->run.graph;
    const int C = l->n_classes, ld = net->run.dims.ld_state;
    const int64_t n = l->roots_only ? s->n_graphs : s->n_nodes, ldg = net->head_block.ld;
    real *g = net->head_block.g;
    memset(g, 0, (size_t)(C * ldg) * sizeof(real));
    for (int64_t i = 0, m; i < n; i += m) {
        m = l->roots_only ? 1 : fb_min(128, n - i);
        const int64_t node = l->roots_only ? s->root[i] : i;
        const real *dz = (const real *)l->dz + node * l->ld_class, *h = (const real *)net->run.h + node * ld;
        for (int c = 0; c < C; c += FB_ROWS) /* z = Ws h + bs */
            FB(outer)((int)fb_min(FB_ROWS, C - c), ld, (int)m, dz + c, 1, l->ld_class, h, ld, g + c * ldg, ldg, 1);
        for (int64_t k = 0; k < m; k++)
            for (int c = 0; c < C; c++) g[c * ldg + ld] += dz[k * l->ld_class + c];
    }
}
