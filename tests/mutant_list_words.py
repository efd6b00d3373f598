"""The bugs that mutants.py plants in skip-gram and CBOW, in what they draw, and in the reading of text."""

from mutant_list import Mutant

PREDICT, WINDOW, TRAIN = "src_c/words/predict-inl.h", "src_c/words/window-inl.h", "src_c/words/word2vec-inl.h"
CORPUS, SAMPLING = "src_c/text/corpus.c", "src_c/words/sampling.c"
MODEL, FILES = "fastbpts/words/_model.py", "fastbpts/words/_storage.py"
SAME = "test_words_training.py -k equals_the_reference"
DRAWS = "test_words_training.py -k alias or huffman or tree"
REFERENCE = "test_words_training.py -k differences"
TEXT = "test_words_text.py"
FITS = "test_word2vec.py"

WORDS_MUTANTS = [
    Mutant(
        "equal outputs overwrite one another",
        PREDICT,
        "FB(store)(at, FB(load)(at) + dy[k]);",
        "FB(store)(at, v[k] + dy[k]);",
        SAME,
    ),
    Mutant("loss without its linear part", PREDICT, "l->linear -= FB(choose)(wrong, u, (vec){0});", "", SAME),
    Mutant("sigma of the right score", PREDICT, "FB(choose)(wrong, q, t * q)", "FB(choose)(wrong, t * q, q)", SAME),
    Mutant("softmax misses the word", PREDICT, "s[word] += rate;", "", SAME),
    Mutant("outputs step first", PREDICT, "if (p->n <= FB_W2V_TILE) {", "if (p->n <= 3 * FB_W2V_TILE) {", SAME),
    Mutant(
        "lanes behind the scores count",
        PREDICT,
        "p->score[j] = sign[j] * (real)1e4;",
        "p->score[j] = 0;",
        SAME,
    ),
    Mutant("one set of noise for all", WINDOW, "if (!w->shared) noise += w->negative;", "", SAME),
    Mutant(
        "the mean's gradient is not divided",
        WINDOW,
        "t->drow, 0, factor, w, 1, row);",
        "t->drow, 0, 1, w, 1, row);",
        SAME,
    ),
    Mutant("the word is in its context", WINDOW, "if (j != at) rows[m++]", "rows[m++]", SAME),
    Mutant(
        "codes turned round", WINDOW, "(code ? code[k] : k) == 0 ? 1 : -1", "(code ? !code[k] : k) == 0 ? 1 : -1", SAME
    ),
    Mutant("windows never shrink", TRAIN, "w->shrink ? 1 + (int)", "0 ? 1 + (int)", SAME),
    Mutant("the rate stays", TRAIN, "before += seen;", "", SAME),
    Mutant("subsampling keeps all", TRAIN, "<= w->keep[word];", "<= UINT32_MAX;", SAME),
    Mutant("alias never taken", TRAIN, "& -moves)", "& 0)", SAME),
    Mutant("pieces draw alike", TRAIN, "(uint64_t)(w->first_piece + piece)", "(uint64_t)(w->first_piece)", SAME),
    Mutant("alias table loses weight", SAMPLING, "p[large] -= 1 - p[small];", "", DRAWS),
    Mutant("Huffman without order", SAMPLING, "work[leaf] < work[inner]", "1", DRAWS),
    Mutant("paths from the leaf", SAMPLING, "path_code[at] = code[below];", "path_code[at] = code[i];", DRAWS),
    Mutant("new words at an old node", MODEL, "n_old + n_new - 2", "n_old - 2", DRAWS),
    Mutant(
        "reference: sign of the error",
        "fastbpts/reference/skipgram.py",
        "e = -s * np.exp",
        "e = s * np.exp",
        REFERENCE,
    ),
    Mutant("reference: undivided mean", "fastbpts/reference/cbow.py", "+= factor * dr", "+= dr", REFERENCE),
    Mutant("carriage returns are letters", CORPUS, "['\\r'] = SEPARATOR,", "", TEXT),
    Mutant("long sentences stay long", CORPUS, "|| tokens == e->max_sentence", "", TEXT),
    Mutant("long words are words", CORPUS, "if (n > FB_LONGEST_WORD) {", "if (0) {", TEXT),
    Mutant("merged counts start anew", CORPUS, "(id < known ? to->count[id] : 0)", "0", TEXT),
    Mutant(
        "growth draws old vectors anew",
        MODEL,
        "inputs[: n - n_old].copy(), old.inputs",
        "inputs[: n - n_old].copy(), 0",
        FITS,
    ),
    Mutant("checkpoints fit any text", FILES, "digest.update(self._counts.tobytes())", "", FITS),
    Mutant(
        "every epoch draws alike",
        "fastbpts/words/_training.py",
        "plan.seed, plan.first_epoch + plan.done",
        "plan.seed, 0",
        FITS,
    ),
]
