"""Bugs in the time when weights are read, in what a step forward keeps, and in the division between threads."""

from mutant_list import GRID, STEP, Mutant

UNITS, RUN = "src_c/chain/chain_units-inl.h", "src_c/chain/chain_run-inl.h"
ONE = "test_chain_units.py"
SLABS, CHAIN = "src_c/chain/chain_gradient-inl.h", "test_chain.py"
PIECES, TAKEN = "src_c/chain/chain_pieces-inl.h", "test_chain_threads.py"

WEIGHTS_MUTANTS = [
    Mutant("blocks send nothing to each other", UNITS, "c->step + 1 < c->n_steps", "c->step + 1 < c->to", ONE),
    Mutant(
        "nothing for the initial state", RUN, "if (by_units > 1) fb_parallel_brief", "if (0) fb_parallel_brief", ONE
    ),
    Mutant("units of the first part", "src_c/gated/gated_step-inl.h", "q = first + j,", "q = j,", ONE),
    Mutant(
        "weights of the last forward run",
        STEP,
        "net->run.fresh = 0;\n    FB(turn_theta)(net);",
        "net->run.fresh = 0;",
        GRID,
    ),
    Mutant(
        "frozen weights are the layer's own",
        "fastbpts/layers/frozen.py",
        "copy.copy(layer)",
        "layer",
        "test_frozen.py -k reaches",
    ),
    Mutant(
        "gates of all blocks in one place",
        PIECES,
        "(real *)c->run.saved + (a - c->saved_from) * d->n_slot",
        "(real *)c->run.saved + (a - c->row_ptr[FB(block_begin)(c)]) * d->n_slot",
        "test_frozen.py -k block",
    ),
    Mutant(
        "predictions with old weights",
        "fastbpts/networks/sequence_network.py",
        "self._stack.bind(self._weights)",
        "",
        "test_sequence_network.py -k follow",
    ),
    Mutant(
        "a step with backward's weights",
        "fastbpts/_binding/chain.pxi",
        "self.ready = self.packed = False",
        "self.ready = False",
        "test_chain_weights.py",
    ),
    Mutant("a step's last rows not awaited", PIECES, "i <= last;", "i < last;", TAKEN),
    Mutant("dx of errors to come", PIECES, "c->reverse ? 0 : c->row_ptr[s]", "0", TAKEN),
    Mutant("more pieces than marks", PIECES, "fit < least ? least : fit", "fit", TAKEN),
    Mutant("the second slab forgotten", SLABS, "if (!c->slab) return;", "return;", CHAIN),
    Mutant("the second slab begins with what was there", SLABS, "if (i && c->to == c->n_steps", "if (0", CHAIN),
    Mutant("the second slab begins anew in each block", SLABS, "if (i && c->to == c->n_steps", "if (i", CHAIN),
    Mutant("a sequence of both slabs", SLABS, "return (FB(slab)){half,", "return (FB(slab)){half - 1,", CHAIN),
    Mutant("a stretch that ends where the next does not begin", SLABS, "&& at == last->at + last->n * ld", "", CHAIN),
    Mutant(
        "more stretches than there is room for",
        SLABS,
        "w->n_errors < FB(STRETCHES) && w->n_below < FB(STRETCHES)",
        "1",
        CHAIN,
    ),
    Mutant("threads woken for weights", RUN, "c->worth, most);", "c->worth, c->n_threads);", "test_pool.py -k woken"),
    Mutant("every other panel unpacked", "src_c/gated/gated_pack-inl.h", "q = part * width;", "q = 0 * part;", TAKEN),
]
