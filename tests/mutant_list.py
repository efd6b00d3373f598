"""The bugs that mutants.py plants: where, what, and the tests that must notice."""

from dataclasses import dataclass

GRID = "test_cells.py -k equals_reference and (batch or dag or leaves_only)"
NODES = "test_cells.py -k nodes_per_level"
LAWS = "test_laws.py -k compiled"
HEAD = "test_head.py"
NETWORK = "test_head_network.py"
STEPS = "test_head_training.py"
REFERENCE = "test_cells_reference.py"
THREADS = "test_laws_threads.py -k not instruction"
ERRORS = "test_cells_errors.py"
TREES = "test_cells_structure.py test_structure.py"
SATURATED = "test_mlp.py -k saturated"
EXTREME = "test_cells.py -k saturated or tanh_itself"
DAGS = "test_cells.py -k equals_reference and dags and (elman or gru or lstm)"
CHAINS = "test_chain.py -k unequal"
GATES = "test_gated_cells.py"
LAYERS = "test_layers.py -k reference or options_are_laws or two_directions"


@dataclass(frozen=True)
class Mutant:
    """A text replacement in one file, white space apart; `tests` are names of test files and pytest's -k."""

    name: str
    path: str
    old: str
    new: str
    tests: str


PAIR, SUM, RNTN = "src_c/cells/pair-inl.h", "src_c/cells/sum-inl.h", "src_c/cells/rntn-inl.h"
LEVEL, WEIGHTS, PACK = "src_c/tree/level-inl.h", "src_c/tree/weights-inl.h", "src_c/tree/theta-inl.h"
GEMM = "src_c/gemm/tiles-inl.h"
SOFTMAX, OPTIM = "src_c/losses/softmax-inl.h", "src_c/optimizer/update-inl.h"
CROSS = "src_c/losses/softmax_cross_entropy-inl.h"
STEP, PHASES = "src_c/tree/step-inl.h", "src_c/tree/phases-inl.h"

ELMAN, GRU, LSTM = "src_c/cells/elman-inl.h", "src_c/cells/gru-inl.h", "src_c/cells/lstm-inl.h"
TREE_LSTM, BINARY = "src_c/cells/tree_lstm-inl.h", "test_cells.py -k equals_reference and tree_lstm"
GATED, BACK, GRAPH = "src_c/gated/gated_pack-inl.h", "src_c/gated/gated_back-inl.h", "src_c/gated/gated_graph-inl.h"
CHAIN, CHAIN_GRADIENT, CHAIN_RUN = (
    f"src_c/chain/{name}-inl.h" for name in ("chain_steps", "chain_gradient", "chain_run")
)
STACK, BINDING = "fastbpts/layers/_stack.py", "fastbpts/_binding/net.pxi"

BATCH, ACT = "src_c/plan/batch.c", "src_c/simd/math-inl.h"
MEMORY, NET, CELL = "fastbpts/networks/memory.py", "fastbpts/networks/tree_network.py", "fastbpts/_cells/cell.py"

MUTANTS = [
    Mutant(
        "no gradient for node 0",
        PAIR,
        "(r->fresh ? 0 : dh[j]) + dc[k * H + j];",
        "(r->fresh ? 0 : dh[j]) + (child[k] ? dc[k * H + j] : 0);",
        GRID,
    ),
    Mutant("children swapped backward", PAIR, "+ dc[k * H + j];", "+ dc[(1 - k) * H + j];", GRID),
    Mutant("second parent overwrites", SUM, "FB(load)(dh_k + j) + FB(load)(dc + j)", "FB(load)(dc + j)", LAWS),
    Mutant("second parent overwrites (pair)", PAIR, "(r->fresh ? 0 : dh[j])", "0", LAWS),
    Mutant("graphs taken for trees", STEP, "&& net->run.graph->forest", "", NETWORK),
    Mutant("kept rows of another tile", LEVEL, "(real *)r->gathered + row * ldc", "(real *)r->gathered", NETWORK),
    Mutant("errors kept from the last batch", PAIR, "(r->fresh ? 0 : dh[j])", "dh[j]", NETWORK),
    Mutant("bias feature missing", PAIR, "c[2 * H] = 1;", "c[2 * H] = 0;", GRID),
    Mutant(
        "last child forgotten",
        SUM,
        "k < ptr[i + 1]; k++) sum +=",
        "k + 1 < ptr[i + 1]; k++) sum +=",
        GRID,
    ),
    Mutant("derivative of tanh missing", LEVEL, "dh[j] *= 1 - (keep * h[j]) * (keep * h[j]);", ";", GRID),
    Mutant(
        "tail lanes dropped",
        LEVEL,
        "for (int j = 0; j < H; j += VL) FB(store)(h_k + j",
        "for (int j = 0; j + VL <= H; j += VL) FB(store)(h_k + j",
        GRID,
    ),
    Mutant(
        "tanh of the inputs missing",
        LEVEL,
        "if (r->tanh_input)\n        for",
        "if (0)\n        for",
        "test_cells.py -k tanh",
    ),
    Mutant(
        "dropout not undone",
        LEVEL,
        "if (dropout > 0) FB(drop_row)(seed, dropout, i, n, dh);",
        "",
        "test_head_training.py -k dropout",
    ),
    Mutant(
        "dropout scale in tanh'",
        LEVEL,
        "const real keep = (real)(1.0 - dropout);",
        "const real keep = 1;",
        "test_head_training.py -k dropout",
    ),
    Mutant("panels overwrite dW", WEIGHTS, "d->ld_feature, i > 0);", "d->ld_feature, 0);", "test_cells.py -k many"),
    Mutant(
        "float32 branch empty",
        WEIGHTS,
        "real *g = (real *)r->dtheta;",
        "real *g = (real *)r->dtheta; if (FB_REAL_BYTES == 4) return;",
        GRID,
    ),
    Mutant("last columns of another node", GEMM, "= sums[i * few + j];", "= sums[j];", GRID),
    Mutant(
        "last columns' gradient of row 0", WEIGHTS, "(j - end) * d->ld_state + k]", "(j - end) * d->ld_state]", GRID
    ),
    Mutant("no inner node: dW stays", WEIGHTS, "if (n_nodes == 0)", "if (0)", GRID),
    Mutant(
        "repeated words forgotten",
        WEIGHTS,
        "i >= 0; i = net->next[i])",
        "i >= 0; i = -1)",
        NETWORK,
    ),
    Mutant("only the upper triangle packed", PACK, "p[k.at] + p[k.twin];", "p[k.at];", GRID),
    Mutant("only one triangle unpacked", PACK, "if (k.twin >= 0) p[k.twin] += row[c];", "", GRID),
    Mutant("symmetric choice loses a half", PACK, "p[k.at] = p[k.twin] = row[c] / 2;", "p[k.at] = row[c] / 2;", STEPS),
    Mutant(
        "circle not closed in the fold", RNTN, "FB(load)(dc + i) + FB(load)(turned + n + i)", "FB(load)(dc + i)", GRID
    ),
    Mutant("one distance missing in the fold", RNTN, "fb_min(s + VL, S) - 1;", "fb_min(s + VL, S - 1) - 1;", GRID),
    Mutant("softmax without the maximum", SOFTMAX, "FB(load)(z + c) - top", "FB(load)(z + c) - (top = 0)", NETWORK),
    Mutant(
        "largest of the first two classes",
        SOFTMAX,
        "for (int c = 1; c < C; c++) top = FB(choose)",
        "for (int c = 1; c < 2; c++) top = FB(choose)",
        NETWORK,
    ),
    Mutant("row 0 for every node", SOFTMAX, "z[(k < m ? k : 0) * ld + c]", "z[c]", NETWORK),
    Mutant("log of few terms", ACT, "FB_REAL_BYTES == 4 ? 5 : 10", "FB_REAL_BYTES == 4 ? 2 : 4", NETWORK),
    Mutant("target not subtracted", CROSS, "p[l->label[i]] -= scale;", "", NETWORK),
    Mutant("node weights ignored", "src_c/losses/kernel-inl.h", "l->node_weight ?", "0 ?", NETWORK),
    Mutant("class weights ignored", CROSS, "t.mass = by_class ? (double)by_class[y] : 1;", "t.mass = 1;", NETWORK),
    Mutant(
        "head's bias from the last node", "src_c/tree/head-inl.h", "g[c * ldg + ld] +=", "g[c * ldg + ld] =", NETWORK
    ),
    Mutant("dWs of the leaves only", PHASES, "v < s->n_levels && !net", "v < 1 && !net", NETWORK),
    Mutant("norm counts twins once", OPTIM, "+= (double)mult[i] * d * d;", "+= d * d;", STEPS),
    Mutant("words not clipped", STEP, "net->train_words && k < net->n_rows; k++) sum +=", "0; k++) sum +=", STEPS),
    Mutant("relu passes errors everywhere", ELMAN, "FB(choose)(y > zero, one, zero)", "one", DAGS),
    Mutant(
        "dropout scale in elman's slope",
        ELMAN,
        "FB(load)(h + j) * keep;",
        "FB(load)(h + j);",
        "test_head_training.py -k dropout and elman",
    ),
    Mutant(
        "gru: z pulls the other way", GRU, "(FB(load)(below + j) - n) * z *", "(n - FB(load)(below + j)) * z *", DAGS
    ),
    Mutant(
        "gru: r forgotten on the way to U",
        GRU,
        "FB(store)(s + 3 * slot + j, dn * r);",
        "FB(store)(s + 3 * slot + j, dn);",
        DAGS,
    ),
    Mutant("gru: no direct path", GRU, "FB(store)(direct + j, e * z);", "FB(store)(direct + j, 0 * e);", DAGS),
    Mutant(
        "tree_lstm: both forget gates keep the left child",
        TREE_LSTM,
        "f_r * FB(load)(c_r + j);",
        "f_r * FB(load)(c_l + j);",
        BINARY,
    ),
    Mutant(
        "second states below not read backward",
        BACK,
        "if (g->has_second_state && one) FB(second_below)",
        "if (g->gate_per_child && one) FB(second_below)",
        BINARY,
    ),
    Mutant("tree_lstm: errors of a leaf's c begin at the leaf", TREE_LSTM, "FB(load)(dc) + e * o *", "e * o *", BINARY),
    Mutant("tree_lstm: nothing is forgotten", TREE_LSTM, "slot + j, d * f_r); /*", "slot + j, d); /*", BINARY),
    Mutant("lstm: errors of c begin at the node", LSTM, "FB(load)(dc + j) + e * o *", "e * o *", DAGS),
    Mutant("lstm: nothing is forgotten", LSTM, "FB(store)(dc_k + j, d * f);", "FB(store)(dc_k + j, d);", DAGS),
    Mutant("lstm: slope of g", LSTM, "d * i * ((real)1 - g * g)", "d * i * ((real)1 - g)", DAGS),
    Mutant(
        "first child gets no error",
        BACK,
        "int64_t e = s->child_ptr[i + k]; e < s->child_ptr[i + k + 1]; e++) { const real *send",
        "int64_t e = s->child_ptr[i + k] + 1; e < s->child_ptr[i + k + 1]; e++) { const real *send",
        DAGS,
    ),
    Mutant(
        "forget gates of the last child only",
        BACK,
        "FB(add_row)((real *)tile->f + k * tile->ld_f, t.f, ld);",
        "FB(copy)((real *)tile->f + k * tile->ld_f, t.f, ld);",
        DAGS,
    ),
    Mutant(
        "h0 has no part in dU",
        BACK,
        "int64_t i = r->h0 ? 0 : s->level_ptr[1], n;",
        "int64_t i = s->level_ptr[1], n;",
        DAGS,
    ),
    Mutant("dU_f of two children", BACK, "end - s->child_ptr[i] > 1; e++)", "end - s->child_ptr[i] > 2; e++)", DAGS),
    Mutant(
        "two inputs in a row are one",
        GRAPH,
        "while (n < FB(PANEL_ROWS) && k + n < s->n_inputs && s->inputs[k + n] == s->inputs[k] + n &&",
        "while (n < FB(PANEL_ROWS) && k + n < s->n_inputs &&",
        DAGS,
    ),
    Mutant(
        "sum over children but the last",
        GRAPH,
        "int64_t e = first + 1; e < end; e++)",
        "int64_t e = first + 1; e + 1 < end; e++)",
        DAGS,
    ),
    Mutant("reverse enters at the front", CHAIN, "m.carried = ptr[t + 2] - ptr[t + 1];", "m.carried = m.rows;", CHAINS),
    Mutant(
        "tiles across the entry of sequences", CHAIN, "r < m->carried ? fb_min(m->carried, end) : end;", "end;", CHAINS
    ),
    Mutant(
        "errors of last states lost",
        CHAIN_RUN,
        "FB(copy_rows)(c->batch, H, c->dh_n, H, c->carry, ld, 1);",
        "FB(copy_rows)(c->batch, H, NULL, H, c->carry, ld, 1);",
        CHAINS,
    ),
    Mutant(
        "later rows use the first rows' u",
        "src_c/gated/gated_step-inl.h",
        "t->u = u + (t->first - r) * t->ld_u;",
        "t->u = u;",
        CHAINS,
    ),
    Mutant(
        "states below meet errors of other rows",
        CHAIN_GRADIENT,
        "u.a[s] += below->n * u.ak;",
        "u.a[s] += 0 * u.ak;",
        CHAINS,
    ),
    Mutant("few errors read as if packed", CHAIN_GRADIENT, "few ? ld : FB_ROWS,", "FB_ROWS,", CHAINS),
    Mutant("both directions read from the left", STACK, "save, r == 1, n_threads)", "save, False, n_threads)", LAYERS),
    Mutant("one of two biases learns", CHAIN_GRADIENT, "k < n && db_rec; k++)", "k < 0 && db_rec; k++)", LAYERS),
    Mutant("second bias read nowhere", GATED, "(first ? p.bias_u : p.bias) + s", "p.bias_u + s", LAYERS),
    Mutant("children side by side: the first twice", GRAPH, "out + (e - first) * apart", "out + 0 * apart", GATES),
    Mutant("errors of the first child for all", BACK, "r->dims.ld_below + q * H + j]", "r->dims.ld_below + j]", GATES),
    Mutant("leaves with the others' weights", BACK, "leaf ? p->leaf_back : p->w_back", "p->w_back", GATES),
    Mutant("nine gates", "src_c/cells/table.c", "g->n_gate > FB_MAX_GATES", "0", GATES),
    Mutant("saturated sigmoid", ACT, "(vec)(~gone &", "(vec)((ivec){0} - 1 &", SATURATED),
    Mutant("sign of tanh lost", ACT, "(ivec)(-(vec){0})", "(ivec)((vec){0})", EXTREME),
    Mutant(
        "penalty without its two",
        MEMORY,
        'l2["theta"][: net.n_feature] = 2 *',
        'l2["theta"][: net.n_feature] = 1 *',
        STEPS,
    ),
    Mutant("penalty of twins doubled", MEMORY, 'l2["theta"] /= np.maximum(mult["theta"], 1)', "", STEPS),
    Mutant("gaps are weights", MEMORY, "np.where(param < 0, 0,", "np.where(param < 0, 1,", STEPS),
    Mutant(
        "loss not per graph",
        NET,
        'normalizer = 0.0 if self.reduction == "mean" else float(max(1, s.n_graphs))',
        "normalizer = 0.0",
        "test_losses.py",
    ),
    Mutant(
        "step counter not restored",
        "fastbpts/training/state.py",
        "self._net.t, self._seed, self._n_steps = (int",
        "_, self._seed, self._n_steps = (int",
        STEPS,
    ),
    Mutant("same masks in every step", NET, "step_seed(self._seed, self._n_steps)", "step_seed(self._seed, 0)", STEPS),
    Mutant("dropout in predictions", NET, "self._net.set_dropout(0.0, 0.0, 0)", "", STEPS),
    Mutant("words not checked", BINDING, "g.max_word >= n_words", "False", ERRORS),
    Mutant("arity of a network's trees not checked", BINDING, "return not arity or", "return True or", ERRORS),
    Mutant("arity not checked", CELL, "if self.arity and s.n_levels > 1 and not", "if False and not", ERRORS),
    Mutant("inputs not checked", CELL, 'if not self._spec.is_gated and not facts["leaf_inputs"]', "if False", ERRORS),
    Mutant(
        "class weights on loss only", "fastbpts/training/losses.py", "(mass * (e / total) - t)", "(e / total - t)", HEAD
    ),
    Mutant(
        "dropout rates swapped",
        BINDING,
        "self.n.run.seed = states, inputs, seed",
        "self.n.run.seed = inputs, states, seed",
        STEPS,
    ),
    Mutant("bad loss updates", STEP, "&& isfinite(net->total_loss)", "", STEPS),
    Mutant("root is another node", BATCH, "place[before - 1];", "place[0];", TREES),
    Mutant("edges of the first tree", BATCH, "place += j;", "", TREES),
    Mutant("trees of a level pile up", BATCH, "level_fill[v] += size[v];", "", TREES),
    Mutant("words not translated", BATCH, "*w = words->map[*w];", "continue;", TREES),
    Mutant("height of the last child", "src_c/plan/plan.c", "below >= h ? below + 1 : h;", "below + 1;", TREES),
    Mutant("children in reverse", "src_c/plan/plan.c", "stack[top + k];", "stack[top + n_child[i] - 1 - k];", TREES),
    Mutant("transpose in the witness", "fastbpts/reference/rntn.py", "V[k] + V[k].T", "V[k] + V[k]", REFERENCE),
    Mutant(
        "paths forget tanh'", "fastbpts/reference/paths.py", "u = W.T @ ((1 - h[q] ** 2) * u)", "u = W.T @ u", REFERENCE
    ),
    Mutant(
        "blind gradient check",
        "fastbpts/gradcheck.py",
        "return float(max(error, along))",
        "return float(min(error, along))",
        "test_gradcheck.py -k wrong",
    ),
]
