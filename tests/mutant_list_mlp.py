"""The bugs that mutants.py plants in products of matrices, multilayer perceptrons and updates of arrays."""

from mutant_list import Mutant

MATMUL, MATMUL_TN = "src_c/gemm/matmul-inl.h", "src_c/gemm/matmul_tn-inl.h"
MLP, OPTIM = "src_c/mlp/layers-inl.h", "src_c/optimizer/update-inl.h"
LAYER, STATE, UPDATE = "fastbpts/layers/mlp.py", "fastbpts/layers/_mlp_state.py", "fastbpts/training/updates.py"
ESTIMATOR, TASK = "fastbpts/estimators/mlp_classifier.py", "fastbpts/estimators/row_task.py"
BINDING = "fastbpts/_binding/mlp.pxi"
PRODUCTS = "test_matmul.py -k not instruction"
NETS = "test_mlp.py -k reference or bits or large"
MASKS = "test_mlp.py -k dropout"
STEPS = "test_mlp.py -k bad or bits or copies or calls or exclusive"
UPDATES = "test_update.py -k not torch"
FITS = "test_mlp_estimator.py -k not scikit"

MLP_MUTANTS = [
    Mutant(
        "blocks of a product overwrite",
        MATMUL,
        "packed, c, ldc, c, ldc);",
        "packed, c, ldc, NULL, ldc);",
        PRODUCTS,
    ),
    Mutant(
        "blocks of a weight gradient overwrite",
        MATMUL_TN,
        "ldc, add || k0, panel);",
        "ldc, add, panel);",
        PRODUCTS,
    ),
    Mutant(
        "edge of a product forgets C",
        MATMUL,
        "i < m && from && from != to; i++)",
        "i < 0; i++)",
        PRODUCTS,
    ),
    Mutant(
        "edge of a product too wide", MATMUL, "whole = cols >= width * VL;", "whole = cols + 1 >= width * VL;", PRODUCTS
    ),
    Mutant("rows beyond a strip", MATMUL, "fb_min(FB_ROWS, m - i), width, cols", "FB_ROWS, width, cols", PRODUCTS),
    Mutant("narrow panels misplaced", MATMUL, "(p < s->wide ? 0 : p - s->wide)", "0", PRODUCTS),
    Mutant("rest of a transpose lost", "src_c/tree/theta-inl.h", "j = i < blocks ? whole : 0;", "j = whole;", PRODUCTS),
    Mutant("derivative of the sigmoid", MLP, "keep * h[j] * (1 - keep * h[j])", "keep * h[j] * keep * h[j]", NETS),
    Mutant("derivative of tanh", MLP, "1 - (keep * h[j]) * (keep * h[j])", "1 - keep * h[j]", NETS),
    Mutant("relu passes errors", MLP, "h[j] > 0 ? dh[j] : 0 * h[j]", "dh[j]", NETS),
    Mutant(
        "relu hides NaN", MLP, "FB(choose)(z < (vec){0}, (vec){0}, z)", "FB(choose)(z > (vec){0}, z, (vec){0})", STEPS
    ),
    Mutant("derivative ignores dropout", MLP, "(real)(1 - m->dropout));", "(real)1);", MASKS),
    Mutant("mask of another layer", MLP, "FB(mask_seed)(m, k - 1)", "FB(mask_seed)(m, k)", MASKS),
    Mutant("scores dropped", MLP, "m->dropout > 0 && k < m->n_layers - 1", "m->dropout > 0", MASKS),
    Mutant(
        "gradient of b of one row",
        MLP,
        "for (int64_t i = 0; i < m->n_rows; i++) for (int64_t j = 0; j < d->ld; j++) g[j]",
        "for (int64_t i = 0; i < 1; i++) for (int64_t j = 0; j < d->ld; j++) g[j]",
        NETS,
    ),
    Mutant("gradients of b pile up", MLP, "if (!m->add) memset", "if (0) memset", NETS),
    Mutant("gradients do not add", MLP, "ld, g, d->ld, m->add, scratch)", "ld, g, d->ld, 0, scratch)", NETS),
    Mutant("padding of errors", MLP, "for (int64_t j = d->n_out; j < d->ld; j++) dh[j] = 0;", "", UPDATES),
    Mutant("update of the wrong rows", MLP, "const int64_t at = row * b->ld;", "const int64_t at = 0 * b->ld;", STEPS),
    Mutant("bad loss updates, MLP", MLP, "!isfinite(m->total_loss)", "0", STEPS),
    Mutant(
        "steps do not count",
        MLP,
        "if (FB(updates_at_once)(m)) fb_optim_tick(&m->optim);",
        "",
        UPDATES,
    ),
    Mutant(
        "packed from another layer",
        MLP,
        "d->n_in, d->ld, m->block[2 * k].w, d->ld, 1, d->panels",
        "d->n_in, d->ld, m->block[0].w, d->ld, 1, d->panels",
        NETS,
    ),
    Mutant(
        "norm of the first block",
        OPTIM,
        "for (int k = 0; k < n && o->max_norm > 0; k++)",
        "for (int k = 0; k < 1 && o->max_norm > 0; k++)",
        UPDATES,
    ),
    Mutant("padding is updated", OPTIM, "k * b->ld, 0, b->n_cols, scale);", "k * b->ld, 0, b->ld, scale);", UPDATES),
    Mutant("labels not checked", BINDING, "if low < -1 or high >= self.n_out:", "if False:", STEPS),
    Mutant("labels of any length", BINDING, "cnp.PyArray_DIM(y, 0) == cnp.PyArray_DIM(x, 0)", "True", STEPS),
    Mutant(
        "same masks in every step, MLP",
        LAYER,
        "step_seed(self._seed, self._n_steps)",
        "step_seed(self._seed, 0)",
        MASKS,
    ),
    Mutant("backward after a step", LAYER, "self._n_rows = 0 return self._net.step", "return self._net.step", STEPS),
    Mutant("penalty without its two, MLP", STATE, "2 * penalty[name]", "penalty[name]", UPDATES),
    Mutant(
        "step counter not restored, MLP",
        "fastbpts/training/state.py",
        "self._net.t, self._seed, self._n_steps = (int",
        "_, self._seed, self._n_steps = (int",
        STEPS,
    ),
    Mutant("penalty of an updater", UPDATE, "2 * by_name[name]", "by_name[name]", UPDATES),
    Mutant("gradients bound for ever", UPDATE, "if np.shares_memory(g, grads[name]):", "if True:", UPDATES),
    Mutant("rows not checked", UPDATE, "not 0 <= number.min() <= number.max() < n", "False", UPDATES),
    Mutant("unknown labels train", TASK, "if data.y.max() >= len(self._classes):", "if False:", FITS),
    Mutant(
        "class weights unused",
        ESTIMATOR,
        "class_weight=None if self.class_weight is None else reader.classes.weight",
        "class_weight=None",
        FITS,
    ),
]
