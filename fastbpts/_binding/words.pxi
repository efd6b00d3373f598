# Word vectors: the binding of src_c/contract/corpus.h and src_c/contract/word2vec.h. Private to fastbpts.words,
# which sizes the arrays.


def text_cut(cnp.ndarray data, int64_t n, bint lists):
    """Where the first n bytes can be cut: behind the last line end, else behind the last separator, else at 0."""
    return fb_text_cut(<const uint8_t *>ptr(data, cnp.NPY_UINT8, n, "data"), 0, n, lists)


def text_pieces(cnp.ndarray data, int64_t n, int64_t size, bint lists):
    """Where pieces of about `size` bytes begin and end."""
    cdef const uint8_t *p = <const uint8_t *>ptr(data, cnp.NPY_UINT8, n, "data")
    cdef cnp.ndarray cut = fresh(cnp.NPY_INT64, 2 * n // size + 4)
    cdef int64_t k = fb_text_pieces(p, n, size, lists, <int64_t *>cnp.PyArray_DATA(cut))
    return cut[:k + 1]


cdef fb_counter counter(const uint8_t *data, tuple table, cnp.ndarray count, int64_t *state, bint lists) except *:
    cdef fb_counter c
    c.data, c.lists = data, lists
    c.words = intern_table(table)
    c.count = <int64_t *>out_ptr(count, cnp.NPY_INT64, c.words.n_slot // 2, "count")
    c.at, c.end, c.n_tokens, c.n_long = state[0], state[1], state[2], state[3]
    return c


def count_words(cnp.ndarray data, bint lists, list tables, cnp.ndarray state):
    """Count words with one thread per table; tables: ((slot, start, text, n), count).

    state (n_tables, 5) int64, read and written: at, end, tokens, words too long, n. A thread whose `at` did not reach
    `end` needs a larger table."""
    cdef fb_counter c[FB_MAX_THREADS]
    cdef const uint8_t *p = <const uint8_t *>ptr(data, cnp.NPY_UINT8, 0, "data")
    cdef int k, n = len(tables)
    cdef int64_t *s = <int64_t *>out_ptr(state, cnp.NPY_INT64, 5 * n, "state")
    if n > FB_MAX_THREADS:
        raise ValueError(f"tables: {FB_MAX_THREADS} at most, got {n}")
    for k in range(n):
        c[k] = counter(p, tables[k][0], tables[k][1], s + 5 * k, lists)
    with nogil:
        fb_count_words(c, n)
    for k in range(n):
        s[5 * k], s[5 * k + 2], s[5 * k + 3], s[5 * k + 4] = c[k].at, c[k].n_tokens, c[k].n_long, c[k].words.n


def merge_counts(tuple source, cnp.ndarray source_count, tuple target, cnp.ndarray count, int64_t at):
    """Add counts from the at-th word on; (where it stopped for want of room, words of the target)."""
    cdef int64_t state[4]
    cdef fb_counter a, b
    state[0] = state[1] = state[2] = state[3] = 0
    a = counter(NULL, source, source_count, state, False)
    b = counter(NULL, target, count, state, False)
    with nogil:
        fb_merge_counts(&a, &b, &at)
    return at, b.words.n


def encode_text(cnp.ndarray data, cnp.ndarray cut, bint lists, int max_sentence, int n_threads, tuple table,
                cnp.ndarray out, cnp.ndarray n_units, cnp.ndarray n_words):
    """Text -> ids; piece k goes to out[2 * cut[k]:][:n_units[k]]."""
    cdef fb_encoder e
    cdef Py_ssize_t n = cnp.PyArray_SIZE(cut) - 1
    e.cut = <const int64_t *>ptr(cut, cnp.NPY_INT64, 1, "cut")
    e.data = <const uint8_t *>ptr(data, cnp.NPY_UINT8, e.cut[n], "data")
    e.n_pieces, e.lists, e.max_sentence, e.n_threads = n, lists, max_sentence, n_threads
    e.words = intern_table(table)
    e.out = <uint16_t *>out_ptr(out, cnp.NPY_UINT16, 2 * e.cut[n], "out")
    e.n_units = <int64_t *>out_ptr(n_units, cnp.NPY_INT64, n, "n_units")
    e.n_words = <int64_t *>out_ptr(n_words, cnp.NPY_INT64, n, "n_words")
    with nogil:
        fb_encode(&e)


def alias_table(cnp.ndarray p):
    """uint64 array of probabilities, which are overwritten; see src_c/contract/word2vec.h."""
    cdef int64_t n = cnp.PyArray_SIZE(p)
    cdef double *q = <double *>out_ptr(p, cnp.NPY_FLOAT64, n, "p")
    cdef cnp.ndarray table = fresh(cnp.NPY_UINT64, n), work = fresh(cnp.NPY_INT32, n)
    cdef uint64_t *t = <uint64_t *>cnp.PyArray_DATA(table)
    cdef int32_t *w = <int32_t *>cnp.PyArray_DATA(work)
    with nogil:
        fb_alias_table(n, q, t, w)
    return table


def huffman(cnp.ndarray count):
    """(path_ptr, path_node, path_code) of words with falling counts."""
    cdef int64_t n = cnp.PyArray_SIZE(count)
    cdef const int64_t *c = <const int64_t *>ptr(count, cnp.NPY_INT64, n, "count")
    cdef cnp.ndarray parent = fresh(cnp.NPY_INT32, 2 * n - 1), code = fresh(cnp.NPY_UINT8, 2 * n - 1)
    cdef cnp.ndarray work = fresh(cnp.NPY_INT64, 2 * n - 1), path_ptr = fresh(cnp.NPY_INT64, n + 1)
    fb_huffman(n, c, <int32_t *>cnp.PyArray_DATA(parent), <uint8_t *>cnp.PyArray_DATA(code),
               <int64_t *>cnp.PyArray_DATA(work), <int64_t *>cnp.PyArray_DATA(path_ptr))
    cdef int64_t length = (<int64_t *>cnp.PyArray_DATA(path_ptr))[n]
    cdef cnp.ndarray node = fresh(cnp.NPY_INT32, length), bit = fresh(cnp.NPY_UINT8, length)
    fb_huffman_paths(n, <int32_t *>cnp.PyArray_DATA(parent), <uint8_t *>cnp.PyArray_DATA(code),
                     <int64_t *>cnp.PyArray_DATA(path_ptr), <int32_t *>cnp.PyArray_DATA(node),
                     <uint8_t *>cnp.PyArray_DATA(bit))
    return path_ptr, node, bit


cdef class WordTrainer:
    """Input and output vectors (rows padded to whole vectors), what is drawn from, and the pointers to them."""
    cdef fb_w2v w
    cdef const fb_kernels *k
    cdef object real
    cdef tuple keep_alive

    def __init__(self, in_, out, nodes, keep, noise, path, *, bint skip_gram, bint mean, int negative, int window,
                 bint shrink, bint shared, int max_sentence):
        cdef Py_ssize_t n = len(in_), ld = in_.shape[1]
        cdef int typenum = in_.dtype.num
        self.k = kernels(in_.dtype)
        if ld % FB_PAD:
            raise ValueError(f"in_: rows of a multiple of {FB_PAD} elements are needed, got {ld}")
        self.w.n_words, self.w.ld, self.w.negative = n, ld, negative
        self.w.in_ = out_ptr(in_, typenum, n * ld, "in_")
        self.w.out = NULL if out is None else out_ptr(out, typenum, n * ld, "out")
        self.w.nodes = NULL if nodes is None else out_ptr(nodes, typenum, (n - 1) * ld, "nodes")
        self.w.keep = <uint32_t *>ptr(keep, cnp.NPY_UINT32, n, "keep")
        if negative:
            self.w.noise = <uint64_t *>ptr(noise, cnp.NPY_UINT64, n, "noise")
        self.w.hs = path is not None
        if path is not None:
            self.w.path_ptr = <int64_t *>ptr(path[0], cnp.NPY_INT64, n + 1, "path[0]")
            self.w.path_node = <int32_t *>ptr(path[1], cnp.NPY_INT32, self.w.path_ptr[n], "path[1]")
            self.w.path_code = <uint8_t *>ptr(path[2], cnp.NPY_UINT8, self.w.path_ptr[n], "path[2]")
            self.w.max_path = int(np.diff(path[0]).max())
        self.w.skip_gram, self.w.mean, self.w.window, self.w.shrink = skip_gram, mean, window, shrink
        self.w.shared, self.w.max_sentence = shared, max_sentence
        self.keep_alive = (in_, out, nodes, keep, noise, path)

    def train(self, text, piece_ptr, piece_words, int64_t first_piece, double alpha, double alpha_step,
              double min_alpha, uint64_t seed, int n_threads, loss, n_pairs):
        """One pass over pieces of encoded text; loss, n_pairs: what each piece's predictions sum to, their number."""
        cdef Py_ssize_t n = len(piece_words)
        cdef cnp.ndarray scratch
        self.w.piece_ptr = <const int64_t *>ptr(piece_ptr, cnp.NPY_INT64, n + 1, "piece_ptr")
        self.w.text = <const uint16_t *>ptr(text, cnp.NPY_UINT16, self.w.piece_ptr[n], "text")
        self.w.piece_words = <const int64_t *>ptr(piece_words, cnp.NPY_INT64, n, "piece_words")
        self.w.loss = <double *>out_ptr(loss, cnp.NPY_FLOAT64, n, "loss")
        self.w.n_pairs = <int64_t *>out_ptr(n_pairs, cnp.NPY_INT64, n, "n_pairs")
        self.w.n_pieces, self.w.first_piece = n, first_piece
        self.w.alpha, self.w.alpha_step, self.w.min_alpha, self.w.seed = alpha, alpha_step, min_alpha, seed
        self.w.n_threads, self.w.scratch_size = n_threads, self.k.words.word2vec_scratch(&self.w)
        scratch = aligned((n_threads * self.w.scratch_size,), np.uint8)
        self.w.scratch = <char *>cnp.PyArray_DATA(scratch)
        with nogil:
            self.k.words.word2vec(&self.w)
