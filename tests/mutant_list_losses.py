"""Bugs in losses, one at least for each file of src_c/losses."""

from mutant_list import Mutant

LOSSES = "test_losses.py"


def loss(name: str) -> str:
    return f"src_c/losses/{name}-inl.h"


LOSS_MUTANTS = [
    Mutant("sigmoid's target forgotten", loss("sigmoid_cross_entropy"), "- y * z", "", LOSSES),
    Mutant("sigmoid overflows", loss("sigmoid_cross_entropy"), "FB_EXP(-FB_FABS(z))", "FB_EXP(-z)", LOSSES),
    Mutant("squared error not halved", loss("squared"), "(z - y) / 2", "(z - y)", LOSSES),
    Mutant("divergence without the entropy", loss("kullback_leibler"), "log((double)p[c]) -", "-", LOSSES),
    Mutant("logarithm of a share of zero", loss("kullback_leibler"), "if (p[c] > 0) cross", "cross", LOSSES),
    Mutant("class weights of labels ignored", loss("kernel"), "w * own * FB", "w * FB", LOSSES),
    Mutant("weight of zero times NaN", loss("kernel"), "c < C && w != 0; c++", "c < C; c++", LOSSES),
    Mutant(
        "mean without weights of classes",
        loss("softmax_cross_entropy"),
        "by_class ? (double)by_class[l->label[i]] : 1;",
        "1;",
        LOSSES,
    ),
    Mutant(
        "normalizer ignored",
        loss("rows"),
        "l->normalizer > 0 ? l->normalizer : l->total_weight",
        "l->total_weight",
        LOSSES,
    ),
    Mutant("roots weighed as all nodes", "src_c/tree/step-inl.h", "l->roots_only ? 0 :", "0 ? 0 :", LOSSES),
]
