"""Bugs in the updates of optimisers, one at least for each kernel."""

from mutant_list import Mutant

STEPS, UPDATES = "test_update.py", "test_update.py test_head_training.py"


def kernel(name: str) -> str:
    return f"src_c/optimizer/{name}-inl.h"


OPTIMIZER_MUTANTS = [
    Mutant("SGD without a penalty", kernel("sgd"), "(g[j] + l2[j] * w[j])", "g[j]", STEPS),
    Mutant("momentum's penalty ignored", kernel("momentum"), "(g[j] + l2[j] * w[j])", "g[j]", STEPS),
    Mutant("Nesterov looks back", kernel("nesterov"), "(d + mu * s1[j])", "s1[j]", STEPS),
    Mutant("AdaGrad divides by squares", kernel("adagrad"), "d / (FB_SQRT(s1[j]) + eps)", "d / (s1[j] + eps)", STEPS),
    Mutant("penalty ignored", kernel("adagrad"), "scale * (g[j] + l2[j] * w[j])", "scale * g[j]", UPDATES),
    Mutant(
        "Adam's second moment of the raw gradient",
        kernel("adam"),
        "(1 - b2) * d * d",
        "(1 - b2) * g[j] * g[j]",
        UPDATES,
    ),
    Mutant("AdamW's decay in the gradient", kernel("adamw"), "scale * g[j]", "scale * (g[j] + l2[j] * w[j])", STEPS),
    Mutant("RMSProp without momentum", kernel("rmsprop"), "mu * s1[j] + d", "d", STEPS),
    Mutant("AdaDelta without its own scale", kernel("adadelta"), "FB_SQRT(s1[j] + eps) /", "FB_SQRT(eps) /", STEPS),
    Mutant("AdaDelta remembers gradients", kernel("adadelta"), "(1 - rho) * x * x", "(1 - rho) * d * d", STEPS),
    Mutant("Lion's two betas swapped", kernel("lion"), "s1[j] = b2 * s1[j]", "s1[j] = b1 * s1[j]", STEPS),
    Mutant("Lion without decay", kernel("lion"), "+ l2[j] * w[j]", "", STEPS),
    Mutant(
        "the second state is not flushed",
        "src_c/optimizer/update-inl.h",
        "if (fb_optimizers[o->kind].flushes & FB_FLUSH_S2) FB(flush)(s2, n);",
        "",
        "test_optimizers.py",
    ),
    Mutant(
        "no correction of the bias", "src_c/optimizer/optimizer.c", "if (!fb_optimizers", "if (fb_optimizers", STEPS
    ),
    Mutant(
        "options of the row before",
        "fastbpts/_binding/optimizer.pxi",
        "<fb_optimizer_kind>i,",
        "<fb_optimizer_kind>(i - (i > 0)),",
        STEPS,
    ),
]
