"""Bugs in losses, one at least for each file of src_c/losses."""

from mutant_list import Mutant

LOSSES, NETWORKS = "test_losses.py", "test_losses_networks.py"


def loss(name: str) -> str:
    return f"src_c/losses/{name}-inl.h"


LOSS_MUTANTS = [
    Mutant("sigmoid's target forgotten", loss("sigmoid_cross_entropy"), "z > 0 ? 1 - y : y", "z > 0 ? 1 : 0", LOSSES),
    Mutant("sigmoid overflows", loss("sigmoid_cross_entropy"), "FB_EXP(-a)", "FB_EXP(-z)", LOSSES),
    Mutant("squared error not halved", loss("squared"), "(z - y) / 2", "(z - y)", LOSSES),
    Mutant("Huber's branches do not meet", loss("huber"), "(distance - option / 2)", "distance", LOSSES),
    Mutant("Huber's slope on one side only", loss("huber"), "z - y < -option ? -option : z - y", "z - y", LOSSES),
    Mutant(
        "the option is lost", "fastbpts/_binding/losses.pxi", "<fb_loss_kind>i, option", "<fb_loss_kind>i, 0.5", LOSSES
    ),
    Mutant("divergence without the entropy", loss("kullback_leibler"), "log((double)p[c]) -", "-", LOSSES),
    Mutant("logarithm of a share of zero", loss("kullback_leibler"), "if (p[c] > 0) cross", "cross", LOSSES),
    Mutant("class weights of labels ignored", loss("kernel"), "w * own * FB", "w * FB", LOSSES),
    Mutant("weight of zero times NaN", loss("kernel"), "c < C && w == 0; c++", "c < C && 0; c++", LOSSES),
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
    Mutant(
        "class weight in half of a gradient", loss("softmax_cross_entropy"), "t->weight * t->mass", "t->weight", LOSSES
    ),
    Mutant(
        "an ignored class has weight",
        loss("softmax_cross_entropy"),
        "l->label[i] < 0 ? 0 :",
        "l->label[i] < 0 ? 1 :",
        LOSSES,
    ),
    Mutant("sigmoid of the wrong side", loss("sigmoid_cross_entropy"), "z > 0 ? 1 /", "z < 0 ? 1 /", LOSSES),
    Mutant("squared error pushes away", loss("squared"), "return z - y;", "return y - z;", LOSSES),
    Mutant("divergence of a larger mass", loss("kullback_leibler"), "cross + mass *", "cross + 1.1 * mass *", LOSSES),
    Mutant("the largest score stays", loss("softmax"), "(FB(load)(z + c) - top)", "(FB(load)(z + c))", LOSSES),
    Mutant("weights of targets are not summed", loss("rows"), "sum += FB(node_weight)(l, i) *", "sum +=", LOSSES),
    Mutant("no weight divides by zero", loss("rows"), "l->total_weight != 0 ? 1 / n : 0", "1 / n", NETWORKS),
    Mutant(
        "labels predicted without sigmoid",
        loss("rows"),
        "FB(vsigmoid)(FB(load)(z + k * ld + c))",
        "FB(load)(z + k * ld + c)",
        NETWORKS,
    ),
]
