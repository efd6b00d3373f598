"""Bugs of networks over sequences: inputs, dropout, poolings, heads, gradients of tables."""

from mutant_list import Mutant

NETWORK, POOL, INPUT = (f"src_c/sequence/{name}-inl.h" for name in ("network", "pool", "embedding"))
ROWS, BINDING = "src_c/sequence/rows.c", "fastbpts/_binding/sequence.pxi"
TORCH = "test_sequence_walk.py -k pytorch"
DIFFERENCES = "test_sequence_network.py -k gradients"
REFUSED = "test_sequence_network.py -k refused"
REST = "test_sequence_walk.py -k sum_of_its or scores_are"

SEQUENCE_MUTANTS = [
    Mutant("values not read", INPUT, "if (s->n_values)", "if (0)", TORCH),
    Mutant("a row read once only", INPUT, "i >= 0; i = t->next[i])", "i >= 0; i = -1)", TORCH),
    Mutant("places of a row lost", ROWS, "else t->next[t->last[q]] = (int32_t)i;", "", TORCH),
    Mutant(
        "last place not moved",
        ROWS,
        "t->last[q] = (int32_t)i;",
        "if (t->first[q] == i) t->last[q] = (int32_t)i;",
        TORCH,
    ),
    Mutant("slots not emptied", ROWS, "t->slot[t->rows[q]] = -1;", "(void)t;", REST),
    Mutant("negative ids", ROWS, "id < 0 || id >= s->table[k].n_rows", "id >= s->table[k].n_rows", REFUSED),
    Mutant("ids too large", ROWS, "id < 0 || id >= s->table[k].n_rows", "id < 0", REFUSED),
    Mutant("second direction's share lost", NETWORK, "dx[j] += other[j];", "(void)other;", TORCH),
    Mutant("input mask lost on the way back", NETWORK, "dx[j] *= mask[j];", "(void)mask;", DIFFERENCES),
    Mutant("head's mask lost on the way back", NETWORK, "((real *)s->dy)[j] *=", "(void)", DIFFERENCES),
    Mutant(
        "one mask for all layers",
        NETWORK,
        "+ (uint64_t)k, s->dropout",
        ", s->dropout",
        "test_sequence_walk.py -k masks",
    ),
    Mutant("dropout in prediction", INPUT, "if (s->train && s->input_dropout > 0)", "if (s->input_dropout > 0)", REST),
    Mutant("gradients of layers add up", NETWORK, "memset(c->dW, 0,", "memset(c->dW, 0, 0 *", REST),
    Mutant("final states of the first layer", POOL, "(s->n_layers - 1) * R * B * H", "0", TORCH),
    Mutant("mean without its divisor back", POOL, "dy[b * W + j] /= length;", "(void)length;", TORCH),
    Mutant("mean of all times", POOL, "return (real)low;", "return (real)s->n_steps;", TORCH),
    Mutant("max of the first step", POOL, "if (!(here > y[b * W + j])) continue;", "if (1) continue;", TORCH),
    Mutant("max leaves what was there", POOL, "if (n > 0) memset(dout", "if (0) memset(dout", REST),
    Mutant(
        "directions exchanged",
        BINDING,
        "i % s.n_directions == 1, s.n_threads",
        "i % s.n_directions == 0, s.n_threads",
        TORCH,
    ),
    Mutant(
        "weights not packed again",
        BINDING,
        "self.mark_packed(False)",
        "self.mark_packed(True)",
        "test_sequence_network.py -k follow",
    ),
]
