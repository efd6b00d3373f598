# GloVe: the binding of src_c/contract/cooccurrence.h and src_c/contract/glove.h. Private to fastbpts.words, which
# sizes the arrays.


COUNT_BITS = FB_COUNT_BITS


def decode_text(cnp.ndarray units, cnp.ndarray piece_ptr, cnp.ndarray out, int64_t first):
    """Encoded text as ids into out[first:], -1 behind every sentence and piece; where the next ones go."""
    cdef int64_t n = cnp.PyArray_SIZE(piece_ptr) - 1, n_units = cnp.PyArray_SIZE(units)
    cdef const uint16_t *u = <const uint16_t *>ptr(units, cnp.NPY_UINT16, 0, "units")
    cdef const int64_t *p = <const int64_t *>ptr(piece_ptr, cnp.NPY_INT64, 1, "piece_ptr")
    cdef int32_t *o = <int32_t *>out_ptr(out, cnp.NPY_INT32, first + n_units + n, "out")
    with nogil:
        first += fb_decode(u, p, n, o + first)
    return first


def word_positions(cnp.ndarray text, int64_t n, int64_t n_words):
    """(start, position) of every word's occurrences in n ids."""
    cdef cnp.ndarray start = fresh(cnp.NPY_INT64, n_words + 1), position = fresh(cnp.NPY_INT32, n)
    cdef const int32_t *t = <const int32_t *>ptr(text, cnp.NPY_INT32, n, "text")
    cdef int64_t *s = <int64_t *>cnp.PyArray_DATA(start)
    cdef int32_t *p = <int32_t *>cnp.PyArray_DATA(position)
    with nogil:
        fb_positions(t, n, n_words, s, p)
    return start, position


cdef class RowCounter:
    """The room in which rows of co-occurrences are added up, for up to `size` entries at a time."""
    cdef fb_rows r
    cdef cnp.ndarray column, sum, total, seen, n_in_row
    cdef int64_t size

    def __init__(self, int64_t n_words, int64_t size, int n_threads):
        self.r.n_words, self.r.n_parts, self.size = n_words, n_threads, size
        self.column, self.sum = fresh(cnp.NPY_INT32, size), fresh(cnp.NPY_INT64, size)
        self.total = np.zeros(n_words * n_threads, np.int64)
        self.seen = np.zeros(fb_seen_size(n_words) * n_threads, np.uint64)
        self.n_in_row = fresh(cnp.NPY_INT64, n_words)
        self.r.column, self.r.sum = <int32_t *>cnp.PyArray_DATA(self.column), <int64_t *>cnp.PyArray_DATA(self.sum)
        self.r.total, self.r.seen = <int64_t *>cnp.PyArray_DATA(self.total), <uint64_t *>cnp.PyArray_DATA(self.seen)
        self.r.n_in_row = <int64_t *>cnp.PyArray_DATA(self.n_in_row)

    cdef set_rows(self, int64_t first, at, split):
        """at (rows + 1): room for each row; split: first row of each thread."""
        cdef int64_t n = len(at) - 1
        self.r.first_row, self.r.last_row = first, first + n
        self.r.at = <const int64_t *>ptr(at, cnp.NPY_INT64, n + 1, "at")
        self.r.split = <const int64_t *>ptr(split, cnp.NPY_INT64, self.r.n_parts + 1, "split")
        if self.r.at[n] > self.size or first < 0 or first + n > self.r.n_words:
            raise ValueError("at: more than there is room for")

    cdef tuple result(self):
        cdef int64_t n
        with nogil:
            n = fb_compact_rows(&self.r)
        return self.n_in_row[:self.r.last_row - self.r.first_row].copy(), self.column[:n].copy(), self.sum[:n].copy()

    def count(self, text, start, position, weight, bint symmetric, int64_t first, at, split):
        """Rows first, first + 1, ... of a text: (entries of each, columns, sums)."""
        cdef fb_text t
        t.text = <const int32_t *>ptr(text, cnp.NPY_INT32, 2, "text")
        t.start = <const int64_t *>ptr(start, cnp.NPY_INT64, self.r.n_words + 1, "start")
        t.position = <const int32_t *>ptr(position, cnp.NPY_INT32, t.start[self.r.n_words], "position")
        t.weight = <const int64_t *>ptr(weight, cnp.NPY_INT64, 2, "weight")
        t.window, t.symmetric = len(weight) - 1, symmetric
        self.set_rows(first, at, split)
        with nogil:
            fb_count_rows(&t, &self.r)
        return self.result()

    def add(self, list runs, int64_t first, at, split):
        """The same rows added over runs, each (start of each row, columns, sums)."""
        cdef fb_counted c
        cdef Py_ssize_t n = len(runs), k
        cdef cnp.ndarray pointers = fresh(cnp.NPY_UINT64, 3 * n + 1)
        cdef void **p = <void **>cnp.PyArray_DATA(pointers)
        c.n_runs, c.start = n, <const int64_t **>p
        c.column, c.sum = <const int32_t **>(p + n), <const int64_t **>(p + 2 * n)
        self.set_rows(first, at, split)
        for k in range(n):
            c.start[k] = <const int64_t *>ptr(runs[k][0], cnp.NPY_INT64, len(at), "start")
            c.column[k] = <const int32_t *>ptr(runs[k][1], cnp.NPY_INT32, c.start[k][len(at) - 1], "column")
            c.sum[k] = <const int64_t *>ptr(runs[k][2], cnp.NPY_INT64, c.start[k][len(at) - 1], "sum")
        with nogil:
            fb_add_rows(&c, &self.r)
        return self.result()


def deal_pairs(int64_t first_row, cnp.ndarray n_in_row, cnp.ndarray column, cnp.ndarray sums, int64_t n_buckets):
    """(begin, pairs): rows of counts as pairs (word, context: int32, x: float32) by bucket, as int32 (n, 3)."""
    cdef int64_t n = cnp.PyArray_SIZE(column), n_rows = cnp.PyArray_SIZE(n_in_row)
    cdef cnp.ndarray begin = fresh(cnp.NPY_INT64, n_buckets + 1), pair = fresh(cnp.NPY_INT32, 3 * n)
    cdef const int64_t *r = <const int64_t *>ptr(n_in_row, cnp.NPY_INT64, n_rows, "n_in_row")
    cdef const int32_t *c = <const int32_t *>ptr(column, cnp.NPY_INT32, n, "column")
    cdef const int64_t *s = <const int64_t *>ptr(sums, cnp.NPY_INT64, n, "sums")
    cdef int64_t *b = <int64_t *>cnp.PyArray_DATA(begin)
    cdef fb_pair *p = <fb_pair *>cnp.PyArray_DATA(pair)
    if n_in_row.sum() != n:
        raise ValueError(f"n_in_row: has {n_in_row.sum()} entries, column has {n}")
    with nogil:
        fb_deal_pairs(first_row, n_rows, r, c, s, n_buckets, b, p)
    return begin, pair.reshape(n, 3)


def shuffle_pairs(cnp.ndarray pairs, uint64_t seed):
    """A random order of int32 (n, 3), in place."""
    cdef int64_t n = len(pairs)
    cdef fb_pair *p = <fb_pair *>out_ptr(pairs, cnp.NPY_INT32, 3 * n, "pairs")
    with nogil:
        fb_shuffle_pairs(n, p, seed)


def glove_train(cnp.ndarray w, cnp.ndarray bias, cnp.ndarray pairs, double x_max, double alpha, double eta,
                int n_threads):
    """One AdaGrad step per pair, in order; the sum of the pairs' losses.

    w (2 n_words, 2 ld): values and sums of squares, words first, then contexts; bias (2 n_words, 2) of its dtype; pairs
    int32 (n, 3), see deal_pairs: their words are not checked."""
    cdef fb_glove g
    cdef const fb_kernels *k = kernels(w.dtype)
    cdef int typenum = cnp.PyArray_TYPE(w)
    cdef double loss[FB_MAX_THREADS]
    cdef int part
    g.n_words, g.ld, g.n_pairs = w.shape[0] // 2, w.shape[1] // 2, len(pairs)
    if w.ndim != 2 or g.ld % FB_PAD or not 1 <= n_threads <= FB_MAX_THREADS:
        raise ValueError(f"w: rows of a multiple of {2 * FB_PAD} elements are needed, n_threads: 1 to {FB_MAX_THREADS}")
    g.w, g.bias = out_ptr(w, typenum, 1, "w"), out_ptr(bias, typenum, 4 * g.n_words, "bias")
    g.pair = <const fb_pair *>ptr(pairs, cnp.NPY_INT32, 3 * g.n_pairs, "pairs")
    g.x_max, g.alpha, g.eta, g.n_parts, g.loss = x_max, alpha, eta, n_threads, loss
    with nogil:
        k.words.glove(&g)
    return sum([loss[part] for part in range(n_threads)])
