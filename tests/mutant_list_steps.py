"""The bugs that mutants.py plants in batches, phases of a training step over trees, and the threads that do them."""

from mutant_list import ERRORS, NETWORK, NODES, THREADS, Mutant

PHASES, STEP, WEIGHTS = "src_c/tree/phases-inl.h", "src_c/tree/step-inl.h", "src_c/tree/weights-inl.h"
HALVES = "test_laws_threads.py -k halves"
PADDING = "test_head_training.py -k padding"
BATCH, FOREST, POOL = "src_c/plan/batch.c", "src_c/tree/forest.c", "src_c/contract/pool.h"
TREEBANK = "test_head_network.py -k treebank"
WORDS = "test_head_training.py test_head_network.py"
WOKEN = "test_pool.py -k woken"
HARNESS = "test_pool.py -k harness"
SEAM, GRADIENTS = "fastbpts/training/steps.py", "fastbpts/training/gradients.py"
MEMORY, HALVED = "fastbpts/networks/memory.py", "test_seam.py -k tree or minibatches"

STEP_MUTANTS = [
    Mutant(
        "last node of a level skipped",
        PHASES,
        "FB(level_forward)(&net->run, net->cell, a, b, row, &w);",
        "FB(level_forward)(&net->run, net->cell, a, b - (b - a > 1), row, &w);",
        NODES,
    ),
    Mutant(
        "last node of a level skipped back",
        PHASES,
        "FB(level_backward)(&net->run, net->cell, a, b, row + above, &w);",
        "FB(level_backward)(&net->run, net->cell, a, b - (b - a > 1), row + above, &w);",
        NODES,
    ),
    Mutant(
        "one graph's loss misses its root",
        PHASES,
        "FB(loss_tile)(net, s->root[g], 1);",
        "if (g) FB(loss_tile)(net, s->root[g], 1);",
        NETWORK,
    ),
    Mutant(
        "every thread updates the head",
        STEP,
        "if (part == 0) FB(dense_part)(net, h",
        "FB(dense_part)(net, h",
        THREADS,
    ),
    Mutant("second half forgotten", STEP, "g[j] += slab[u * FB_PAD + j];", "(void)slab;", HALVES),
    Mutant("edges of another level", BATCH, "int64_t j = size[0];", "int64_t j = size[0] - 1;", TREEBANK),
    Mutant("inputs of a word lost", FOREST, "net->next[net->last[u]] = i;", "net->next[net->first[u]] = i;", WORDS),
    Mutant("words of other nodes checked", FOREST, "s->word[moved ? s->inputs[k] : k]", "s->word[k]", ERRORS),
    Mutant("inputs taken for leaves", FOREST, "== leaves && !moved;", "== leaves;", ERRORS),
    Mutant("workers kept off a core", "src_c/parallel/affinity.h", "if (c->is_away)", "if (0)", HARNESS),
    Mutant(
        "not let back by the caller", "src_c/parallel/pool.c", "        core_let_back(&workers[w].core);", "", HARNESS
    ),
    Mutant("alone for hours", "src_c/parallel/pool.c", "lost < MOST_LOST_NS ? lost : MOST_LOST_NS", "lost", HARNESS),
    Mutant(
        "parts done twice",
        "src_c/parallel/pool.c",
        "if (!accept(mine, turn)) continue;",
        "accept(mine, turn);",
        HARNESS,
    ),
    Mutant("threads woken for nothing", POOL, "1 + products / worth;", "most;", WOKEN),
    Mutant("threads never woken", POOL, "1 + products / worth;", "1;", WOKEN),
    Mutant("words of the second half", WEIGHTS, "(i + slab * net->slab_rows)", "(i + 0 * slab)", HALVES),
    Mutant("shares begin where their slab does", PHASES, "*row += *a - from;", "", HALVES),
    Mutant("errors of the levels above", PHASES, "above -= n;", "", HALVES),
    Mutant("slack behind errors", "src_c/cells/pair-inl.h", "j < r->dims.ld_state && r->fresh", "j < 0", PADDING),
    Mutant("weights of minibatches ignored", SEAM, "own.copy().scale(own.weight)", "own.copy()", HALVED),
    Mutant("a sum of minibatches is no mean", SEAM, "self._sum.scale(1 / self._sum.weight)", "pass", HALVED),
    Mutant("rows of two minibatches lost", GRADIENTS, "np.add.at(total, place,", "total.__setitem__(place,", HALVED),
    Mutant("the count of an update lost", "fastbpts/training/updates.py", "net.t = updates.t", "pass", HALVED),
    Mutant(
        "penalty of another block",
        MEMORY,
        "self._mult[name], self._l2[name], rows)",
        "self._mult[name], 0 * self._l2[name], rows)",
        HALVED,
    ),
]
