# Treebanks: the binding of src_c/contract/ptb.h. Private to fastbpts.data and fastbpts.readers, which size the
# arrays.


cdef fb_intern intern_table(tuple table) except *:
    cdef fb_intern t
    cdef cnp.ndarray slot = table[0], start = table[1], text = table[2]
    t.slot = <uint64_t *>out_ptr(slot, cnp.NPY_UINT64, 2, "slot")
    t.n_slot = cnp.PyArray_SIZE(slot)
    t.start = <int64_t *>out_ptr(start, cnp.NPY_INT64, t.n_slot // 2 + 1, "start")
    t.text = <uint8_t *>out_ptr(text, cnp.NPY_UINT8, 0, "text")
    t.n_text = cnp.PyArray_SIZE(text)
    t.n = table[3]
    return t


def intern_rehash(cnp.ndarray old, cnp.ndarray slot):
    cdef const uint64_t *from_ = <uint64_t *>ptr(old, cnp.NPY_UINT64, 0, "old")
    cdef uint64_t *to = <uint64_t *>out_ptr(slot, cnp.NPY_UINT64, 2, "slot")
    cdef int64_t n_old = cnp.PyArray_SIZE(old), n_slot = cnp.PyArray_SIZE(slot)
    with nogil:
        fb_intern_rehash(from_, n_old, to, n_slot)


def ptb_parse(cnp.ndarray data, int64_t n_brackets, bint final, int int_labels, bint collapse, int binarize,
              int64_t n_classes, int64_t max_trees, tuple words, tuple labels, cnp.ndarray stack,
              cnp.ndarray n_child, cnp.ndarray word, cnp.ndarray label, cnp.ndarray end):
    """(code, trees, bytes used, byte of the error, int_labels, words known, labels known).

    words and labels are (slot, start, text, n)."""
    cdef fb_ptb p
    cdef int code
    cdef int64_t n_nodes = 2 * n_brackets if binarize else n_brackets
    p.data = <const uint8_t *>ptr(data, cnp.NPY_UINT8, 0, "data")
    p.n_data = cnp.PyArray_SIZE(data)
    p.final, p.int_labels, p.collapse, p.binarize = final, int_labels, collapse, binarize
    p.n_classes, p.max_trees = n_classes, max_trees
    p.words = intern_table(words)
    p.labels = intern_table(labels)
    p.stack = <fb_frame *>out_ptr(stack, cnp.NPY_UINT8, n_brackets * sizeof(fb_frame), "stack")
    p.n_child = <int32_t *>out_ptr(n_child, cnp.NPY_INT32, n_nodes, "n_child")
    p.word = <int32_t *>out_ptr(word, cnp.NPY_INT32, n_nodes, "word")
    p.label = <int32_t *>out_ptr(label, cnp.NPY_INT32, n_nodes, "label")
    p.end = <int64_t *>out_ptr(end, cnp.NPY_INT64, n_brackets, "end")
    with nogil:
        code = fb_ptb_parse(&p)
    return code, p.n_trees, p.used, p.error_at, p.int_labels, p.words.n, p.labels.n


def plan_forest(cnp.ndarray node_ptr, cnp.ndarray n_child, cnp.ndarray word, cnp.ndarray label, tuple out,
                cnp.ndarray scratch, int64_t largest):
    """Fill out = (n_child, word, label, child, level_size, level_ptr, edge_ptr); 0, or 1 + the number of a bad tree."""
    cdef fb_forest f
    cdef fb_plan p
    cdef int64_t bad
    cdef Py_ssize_t n = cnp.PyArray_SIZE(n_child), n_ptr = cnp.PyArray_SIZE(node_ptr)
    f.n_trees = n_ptr - 1
    f.node_ptr = <const int64_t *>ptr(node_ptr, cnp.NPY_INT64, 1, "node_ptr")
    f.n_child = <const int32_t *>ptr(n_child, cnp.NPY_INT32, n, "n_child")
    f.word = <const int32_t *>ptr(word, cnp.NPY_INT32, n, "word")
    f.label = <const int32_t *>ptr(label, cnp.NPY_INT32, n, "label")
    p.n_child = <int32_t *>out_ptr(out[0], cnp.NPY_INT32, n, "out n_child")
    p.word = <int32_t *>out_ptr(out[1], cnp.NPY_INT32, n, "out word")
    p.label = <int32_t *>out_ptr(out[2], cnp.NPY_INT32, n, "out label")
    p.child = <int32_t *>out_ptr(out[3], cnp.NPY_INT32, n, "out child")
    p.level_size = <int32_t *>out_ptr(out[4], cnp.NPY_INT32, n, "out level_size")
    p.level_ptr = <int64_t *>out_ptr(out[5], cnp.NPY_INT64, n_ptr, "out level_ptr")
    p.edge_ptr = <int64_t *>out_ptr(out[6], cnp.NPY_INT64, n_ptr, "out edge_ptr")
    p.scratch = <int32_t *>out_ptr(scratch, cnp.NPY_INT32, 4 * largest + 1, "scratch")
    with nogil:
        bad = fb_plan_forest(&f, &p)
    return bad


def dag_heights(int64_t n, cnp.ndarray child, cnp.ndarray parent, cnp.ndarray height, cnp.ndarray scratch):
    """Number of nodes reached from the childless ones: n, unless there is a cycle."""
    cdef int64_t n_edge = cnp.PyArray_SIZE(child), reached
    cdef const int32_t *c = <const int32_t *>ptr(child, cnp.NPY_INT32, 0, "child")
    cdef const int32_t *p = <const int32_t *>ptr(parent, cnp.NPY_INT32, n_edge, "parent")
    cdef int32_t *h = <int32_t *>out_ptr(height, cnp.NPY_INT32, n, "height")
    cdef int32_t *s = <int32_t *>out_ptr(scratch, cnp.NPY_INT32, 3 * n + 1 + n_edge, "scratch")
    with nogil:
        reached = fb_dag_heights(n, n_edge, c, p, h, s)
    return reached


def dag_components(int64_t n, cnp.ndarray child, cnp.ndarray parent, cnp.ndarray comp):
    cdef int64_t n_edge = cnp.PyArray_SIZE(child)
    cdef const int32_t *c = <const int32_t *>ptr(child, cnp.NPY_INT32, 0, "child")
    cdef const int32_t *p = <const int32_t *>ptr(parent, cnp.NPY_INT32, n_edge, "parent")
    cdef int32_t *out = <int32_t *>out_ptr(comp, cnp.NPY_INT32, n, "comp")
    with nogil:
        fb_dag_components(n, n_edge, c, p, out)
