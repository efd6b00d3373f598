"""Bugs in GloVe's counting and training, and in queries of word vectors."""

from mutant_list import Mutant

TRAIN, COUNT, PAIRS = "src_c/words/glove-inl.h", "src_c/words/cooccurrence.c", "src_c/words/pairs.c"
STEPS = "test_words_glove.py -k steps_are"
COUNTS = "test_words_glove.py -k counts or many_words"
ORDER = "test_words_glove.py -k disk"
QUERIES, EVALUATION = "test_words_vectors.py", "test_words_evaluation.py"

GLOVE_MUTANTS = [
    Mutant(
        "sums see the step first",
        TRAIN,
        "w_step / FB(vsqrt)(w_sum)",
        "w_step / FB(vsqrt)(w_sum + w_step * w_step)",
        STEPS,
    ),
    Mutant("word takes its own vector", TRAIN, "w_step = rate * cj;", "w_step = rate * wj;", STEPS),
    Mutant("AdaGrad without the root", TRAIN, "cj - c_step / FB(vsqrt)(c_sum)", "cj - c_step / c_sum", STEPS),
    Mutant("context's bias not learnt", TRAIN, "b_context[0] -= step / FB_SQRT(b_context[1]);", "", STEPS),
    Mutant("bias's sum not kept", TRAIN, "b[1] += step * step;", "", STEPS),
    Mutant("weight above 1", TRAIN, "l < log_max ? (real)exp", "1 ? (real)exp", STEPS),
    Mutant("step without weight", TRAIN, "(real)g->eta * f[k] * diff", "(real)g->eta * diff", STEPS),
    Mutant("loss without its half", TRAIN, "loss += 0.5 * (double)", "loss += 1.0 * (double)", STEPS),
    Mutant("odd vectors of a dot", TRAIN, "even += odd;", "", STEPS),
    Mutant("contexts are words", TRAIN, "context = g->n_words + pair->context;", "context = pair->context;", STEPS),
    Mutant("window one too short", COUNT, "k <= t->window && text[p - k]", "k < t->window && text[p - k]", COUNTS),
    Mutant(
        "right side as left", COUNT, "add(s, text[p + k], t->weight[k])", "add(s, text[p - 1], t->weight[k])", COUNTS
    ),
    Mutant("windows across sentences", COUNT, "text[n++] = number - 1;", "if (number) text[n++] = number - 1;", COUNTS),
    Mutant("large numbers in halves", COUNT, "(number - 0x8000) << 16 | units[++at]", "units[++at]", COUNTS),
    Mutant("row not cleared", COUNT, "s->total[c] = 0;", "", COUNTS),
    Mutant("columns not cleared", COUNT, "s->seen[w] = 0;", "", COUNTS),
    Mutant("first run only", COUNT, "r < runs->n_runs; r++", "r < 1; r++", "test_words_glove.py -k limit"),
    Mutant("rows with gaps", COUNT, "rows->sum + rows->at[k], (size_t)", "rows->sum + n, (size_t)", COUNTS),
    Mutant("pairs not shuffled", PAIRS, "pair[k] = pair[other];", "continue;", ORDER),
    Mutant("buckets by word alone", PAIRS, "(uint64_t)context)", "0)", ORDER),
    Mutant("counts in units", PAIRS, "/ (1 << FB_COUNT_BITS)", "/ 1", "test_words_glove.py -k test_training"),
    Mutant("query's words among the answers", "fastbpts/words/vectors.py", "scores[hidden] = -np.inf", "", QUERIES),
    Mutant("lengths of 0 divide", "fastbpts/words/_table.py", "np.where(norms > 0, norms, 1)", "norms", QUERIES),
    Mutant("ties rank in order", "fastbpts/words/evaluation.py", "(counts - 1) / 2", "0", EVALUATION),
    Mutant(
        "respelled words are answers", "fastbpts/words/evaluation.py", "if len(respelled):", "if False:", EVALUATION
    ),
    Mutant(
        "no word is cut off", "fastbpts/words/evaluation.py", "[: vectors._limit(restrict_vocab)]", "[:]", EVALUATION
    ),
    Mutant(
        "phrases overlap",
        "fastbpts/words/phrases.py",
        "before = None\n            else",
        "before = word\n            else",
        "test_words_phrases.py",
    ),
]
