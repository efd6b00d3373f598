/* The phases of a run and of a training step. Phase 1 works on forests (ranges of graphs: each thread has its own nodes
   of every level), phase 2 on slices of the weights' gradients, phase 3 on rows of weights. */
static FB(work) FB(own_work)(const fb_net *net, int part) {
    return FB(work_of)(&net->run.dims, net->scratch + (size_t)part * net->scratch_size);
}

/* The nodes of level v in forest `part`: a .. b. */
static void FB(level_range)(const fb_net *net, int64_t v, int part, int n_parts, int64_t *a, int64_t *b) {
    const fb_graph *s = net->run.graph;
    *a = n_parts == 1 ? s->level_ptr[v]
                      : fb_lower_bound(s->graph, s->level_ptr[v], s->level_ptr[v + 1], net->split[part]);
    *b = n_parts == 1 ? s->level_ptr[v + 1] : fb_lower_bound(s->graph, *a, s->level_ptr[v + 1], net->split[part + 1]);
}

static void FB(forward_part)(void *ctx, int part, int n_parts) {
    const fb_net *net = ctx;
    const FB(work) w = FB(own_work)(net, part);
    int64_t a, b;
    for (int64_t v = 0; v < net->run.graph->n_levels; v++) {
        FB(level_range)(net, v, part, n_parts, &a, &b);
        if (net->cell->gates) FB(graph_forward)(&net->run, net->cell->gates, a, b, w.c);
        else if (v == 0)
            for (int64_t i = a; i < b; i++) {
                if (net->run.x_row && i + 8 < b) /* rows of E are far apart */
                    for (int j = 0; j < net->run.dims.ld_state; j += 64 / (int)sizeof(real))
                        __builtin_prefetch((const real *)net->run.x + net->run.x_row[i + 8] * net->run.ld_x + j);
                FB(input_forward)(&net->run, i);
            }
        else FB(level_forward)(&net->run, net->cell, a, b, &w);
    }
}

static void FB(loss_part)(const fb_net *net, int part, int n_parts) {
    const fb_graph *s = net->run.graph;
    const int64_t ld = net->run.dims.ld_state;
    int64_t a, b;
    for (int64_t v = 0; v < s->n_levels; v++) {
        FB(level_range)(net, v, part, n_parts, &a, &b);
        if (net->run.dc) memset((real *)net->run.dc + a * ld, 0, (size_t)((b - a) * ld) * sizeof(real));
        if (net->loss.roots_only && b > a && !net->run.fresh)
            memset((real *)net->run.dh + a * ld, 0, (size_t)((b - a) * ld) * sizeof(real));
        for (int64_t i = net->loss.roots_only ? b : a; i < b; i += VL) FB(loss_tile)(net, i, (int)fb_min(VL, b - i));
    }
    if (net->loss.roots_only)
        for (int64_t g = n_parts == 1 ? 0 : net->split[part]; g < (n_parts == 1 ? s->n_graphs : net->split[part + 1]);
             g++)
            FB(loss_tile)(net, s->root[g], 1);
}

static void FB(backward_part)(void *ctx, int part, int n_parts) {
    const fb_net *net = ctx;
    const FB(work) w = FB(own_work)(net, part);
    int64_t a, b;
    for (int64_t v = net->run.graph->n_levels - 1; v >= 0; v--) {
        FB(level_range)(net, v, part, n_parts, &a, &b);
        if (net->cell->gates) FB(graph_backward)(&net->run, net->cell->gates, a, b, w.c);
        else if (v == 0)
            for (int64_t i = a; i < b; i++) FB(input_backward)(&net->run, i);
        else FB(level_backward)(&net->run, net->cell, a, b, &w);
    }
}

static void FB(forest_part)(void *ctx, int part, int n_parts) {
    FB(forward_part)(ctx, part, n_parts);
    FB(loss_part)(ctx, part, n_parts);
    FB(backward_part)(ctx, part, n_parts);
}

static void FB(gradient_part)(void *ctx, int part, int n_parts) {
    const fb_net *net = ctx;
    const FB(work) w = FB(own_work)(net, part);
    if (net->cell->gates) FB(graph_weights)(&net->run, net->cell->gates, part, n_parts, w.c);
    else FB(weights_part)(&net->run, net->cell, part, n_parts, &w);
    if (net->loss.head && part == 0) FB(head_gradient)(net);
    if (net->word_block.g && (part > 0 || n_parts == 1)) /* while part 0 has the head */
        FB(words_part)(net, part - (n_parts > 1), n_parts - (n_parts > 1));
}

static void FB(update_part)(void *ctx, int part, int n_parts) {
    const fb_net *net = ctx;
    const fb_optim *o = &net->optim;
    const fb_block *c = &net->cell_block;
    FB(update_block)(o, c, NULL, FB(share)(c->n_rows, 1, part, n_parts), FB(share)(c->n_rows, 1, part + 1, n_parts),
                     net->clip);
    if (part == 0) FB(update_block)(o, &net->head_block, NULL, 0, net->head_block.n_rows, net->clip);
    if (net->train_words)
        FB(update_block)(o, &net->word_block, net->rows, FB(share)(net->n_rows, 1, part, n_parts),
                         FB(share)(net->n_rows, 1, part + 1, n_parts), net->clip);
}

/* Factor that brings the gradient's norm down to max_norm. */
static double FB(clip_factor)(const fb_net *net) {
    double sum = 0;
    for (int64_t k = 0; k < net->cell_block.n_rows; k++) sum += FB(row_norm)(&net->optim, &net->cell_block, NULL, k);
    for (int64_t k = 0; k < net->head_block.n_rows; k++) sum += FB(row_norm)(&net->optim, &net->head_block, NULL, k);
    for (int64_t k = 0; net->train_words && k < net->n_rows; k++)
        sum += FB(row_norm)(&net->optim, &net->word_block, net->rows, k);
    return fb_clip_factor(&net->optim, sum);
}

/* Weights in the layouts the forward step reads. */
static void FB(turn_weights)(fb_net *net) {
    const fb_dims *d = &net->run.dims;
    const fb_loss *l = &net->loss;
    if (net->cell->gates) FB(pack_weights)(d, net->cell->gates, &net->run.weights);
    if (net->run.theta_t)
        FB(transpose)(d->n_state, d->n_feature, net->run.theta, d->ld_feature, (void *)net->run.theta_t, d->ld_state);
    if (!l->head) return;
    FB(transpose)(l->n_classes, d->n_state, l->head, l->ld_head, (void *)l->head_t, l->ld_class);
    for (int c = 0; c < l->n_classes; c++)
        ((real *)l->head_t)[(int64_t)d->n_state * l->ld_class + c] =
            ((const real *)l->head)[c * l->ld_head + d->ld_state];
}

static void FB(run_forward)(fb_net *net) {
    const int n = fb_split(net);
    net->run.weights.forward_only = 1;
    FB(turn_weights)(net);
    fb_parallel(FB(forward_part), net, n, n);
}

static void FB(run_backward)(fb_net *net) {
    const int n = fb_split(net);
    net->run.fresh = net->run.weights.forward_only = 0;
    FB(turn_weights)(net);
    fb_parallel(FB(backward_part), net, n, n);
    fb_parallel(FB(gradient_part), net, net->n_threads, net->n_threads);
}

/* Gradients of one batch; the update too unless net->update is 0. A loss that is not finite updates nothing. */
static void FB(step)(fb_net *net) {
    const int n = fb_split(net);
    net->run.fresh = !net->cell->gates && net->loss.roots_only && net->run.graph->forest;
    net->run.weights.forward_only = 0;
    fb_word_rows(net);
    FB(turn_weights)(net);
    fb_parallel(FB(forest_part), net, n, n);
    fb_sum_loss(net);
    fb_parallel(FB(gradient_part), net, net->n_threads, net->n_threads);
    if (!net->update || !isfinite(net->total_loss)) return;
    fb_optim_tick(&net->optim);
    net->clip = net->optim.max_norm > 0 ? FB(clip_factor)(net) : 1;
    fb_parallel(FB(update_part), net, net->n_threads, net->n_threads);
}

/* Probabilities (n, n_classes) and, where wanted, states (n, n_state) of the roots or of all nodes. */
static void FB(predict)(fb_net *net, int roots_only, void *p_, void *states_) {
    const fb_graph *s = net->run.graph;
    const int C = net->loss.n_classes, H = net->run.dims.n_state;
    real *p = p_, *states = states_, *z = net->loss.dz;
    FB(run_forward)(net);
    for (int64_t k = 0, m, n = roots_only ? s->n_graphs : s->n_nodes; k < n; k += m) {
        m = roots_only ? 1 : fb_min(VL, n - k);
        const int64_t i = roots_only ? s->root[k] : k;
        double log_sum[VL];
        if (p) FB(logits)(net, i, (int)m, z);
        if (p) FB(softmax_rows)((int)m, C, z, net->loss.ld_class, log_sum);
        for (int64_t j = 0; j < m; j++) {
            if (p) memcpy(p + (k + j) * C, z + j * net->loss.ld_class, (size_t)C * sizeof(real));
            if (states)
                memcpy(states + (k + j) * H, (real *)net->run.h + (i + j) * net->run.dims.ld_state,
                       (size_t)H * sizeof(real));
        }
    }
}
