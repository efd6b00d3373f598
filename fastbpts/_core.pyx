"""The only binding between Python and the kernels.

Design. Arguments are arrays; ``ptr`` checks type number, C order and size and names the array in its error; then one C call runs without
the GIL. There is no arithmetic on elements here, no loop over them and no branch on the real type: ``fb_kernels`` is the table for it.
Objects keep references to what they point into. Typed memoryviews are avoided: each costs more than a small tree's forward step.
Whatever needs a meaning rather than a shape (ranges of indices, cycles) is checked by the Python modules that call this one.
"""

import os

import numpy as np

cimport numpy as cnp

include "_core_fb.pxi"
include "_core_bank.pxi"

cnp.import_array()

POISON = bool(os.environ.get("FASTBPTS_POISON"))
OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "adam", "adamw")


cdef void *ptr(object array, int typenum, Py_ssize_t n, str name) except? NULL:
    """Pointer of an array of n elements or more."""
    cdef cnp.ndarray a
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name}: an array is needed, not {type(array).__name__}")
    a = array
    if cnp.PyArray_TYPE(a) != typenum or not cnp.PyArray_ISCARRAY_RO(a) or cnp.PyArray_SIZE(a) < n:
        raise ValueError(f"{name}: C-ordered array of type {cnp.PyArray_DescrFromType(typenum)} with {n} elements needed, "
                         f"got {a.dtype} of shape {np.shape(a)}")
    return cnp.PyArray_DATA(a)


cdef void *out_ptr(object array, int typenum, Py_ssize_t n, str name) except? NULL:
    """The same for an array that is written to."""
    cdef void *p = ptr(array, typenum, n, name)
    if not cnp.PyArray_ISWRITEABLE(array):
        raise ValueError(f"{name}: a writable array is needed")
    return p


cdef const fb_kernels *kernels(object dtype) except NULL:
    cdef int size = np.dtype(dtype).itemsize
    if np.dtype(dtype).kind != "f" or (size != 4 and size != 8):
        raise ValueError(f"dtype must be float32 or float64, got {np.dtype(dtype)}")
    return fb_kernels_for(size)


def aligned(tuple shape, object dtype, bint zero=False):
    """An array whose first element stands at the beginning of a cache line: loads of whole vectors then never cross one."""
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + 64, np.uint8) if zero else np.empty(size + 64, np.uint8)
    cdef size_t off = -<size_t>cnp.PyArray_DATA(raw) % 64
    return raw[off:off + size].view(dtype).reshape(shape)


def isa() -> str:
    return ("base", "avx2", "avx512")[fb_kernels_for(4).isa]


def cells() -> dict:
    """Name -> (arity or 0, parameters and their shapes as in cells.def)."""
    cdef const fb_kernels *k = fb_kernels_for(4)
    return {k.cells[i].name.decode(): (k.cells[i].arity, k.cells[i].spec.decode()) for i in range(k.n_cells)}


def dropout_mask(uint64_t seed, double p, int64_t rows, int64_t cols, object dtype="float64"):
    """The mask (rows, cols) that a run with this seed applies to the states of nodes 0 .. rows: 0 or 1 / (1 - p)."""
    cdef const fb_kernels *k = kernels(dtype)
    cdef cnp.ndarray out = np.empty((rows, cols), dtype)
    cdef void *m = cnp.PyArray_DATA(out)
    with nogil:
        k.dropout_mask(seed, p, rows, cols, m)
    return out


cdef class Graph:
    """Arrays of a structure and the pointers to them; fastbpts.structure.Structure gives it its meaning."""
    cdef fb_graph g
    cdef readonly object level_ptr, child_ptr, child, word, label, graph, root, inputs, order

    def __init__(self, level_ptr, child_ptr, child, word, label, graph, root, inputs, order):
        cdef Py_ssize_t n = len(word)
        self.g.n_nodes, self.g.n_edges, self.g.n_levels = n, len(child), len(level_ptr) - 1
        self.g.n_graphs, self.g.n_inputs = len(root), len(inputs)
        self.g.level_ptr = <int64_t *>ptr(level_ptr, cnp.NPY_INT64, 1, "level_ptr")
        self.g.child_ptr = <int64_t *>ptr(child_ptr, cnp.NPY_INT64, n + 1, "child_ptr")
        self.g.child = <int32_t *>ptr(child, cnp.NPY_INT32, 0, "child")
        self.g.word = <int32_t *>ptr(word, cnp.NPY_INT32, n, "word")
        self.g.label = <int32_t *>ptr(label, cnp.NPY_INT32, n, "label")
        self.g.graph = <int32_t *>ptr(graph, cnp.NPY_INT32, n, "graph")
        self.g.root = <int32_t *>ptr(root, cnp.NPY_INT32, 0, "root")
        self.g.inputs = <int32_t *>ptr(inputs, cnp.NPY_INT32, 0, "inputs")
        ptr(order, cnp.NPY_INT64, n, "order")
        self.level_ptr, self.child_ptr, self.child, self.word, self.label = level_ptr, child_ptr, child, word, label
        self.graph, self.root, self.inputs, self.order = graph, root, inputs, order
        for array in (level_ptr, child_ptr, child, word, label, graph, root, inputs, order):
            array.setflags(write=False)
        fb_graph_facts(&self.g)

    @property
    def n_nodes(self) -> int:
        return self.g.n_nodes

    @property
    def n_graphs(self) -> int:
        return self.g.n_graphs

    @property
    def n_levels(self) -> int:
        return self.g.n_levels

    @property
    def facts(self) -> dict:
        """What a run must know: arity of inner nodes, range of input words, largest label, inputs are exactly the leaves."""
        return {"min_arity": self.g.min_arity, "max_arity": self.g.max_arity, "min_word": self.g.min_word,
                "max_word": self.g.max_word, "max_label": self.g.max_label, "leaf_inputs": bool(self.g.leaf_inputs)}


def batch_graph(node_ptr, level_ptr, level_size, edge_ptr, child, n_child, word, label, tree, word_map=None, unknown_rate=None,
                uint64_t seed=0):
    """The arrays of Graph for trees of a treebank; word_map: word of the bank -> word of the model; unknown_rate: float32, the chance
    of each word of the bank to be read as word 0."""
    cdef fb_bank b
    cdef fb_words w
    cdef fb_graph g
    cdef int64_t *chosen = <int64_t *>ptr(tree, cnp.NPY_INT64, 0, "tree")
    cdef int64_t *fill
    cdef int64_t *nodes
    cdef int32_t *place
    cdef int64_t n = len(tree)
    b.n_trees = len(node_ptr) - 1
    b.node_ptr = <int64_t *>ptr(node_ptr, cnp.NPY_INT64, 1, "node_ptr")
    b.level_ptr = <int64_t *>ptr(level_ptr, cnp.NPY_INT64, b.n_trees + 1, "level_ptr")
    b.edge_ptr = <int64_t *>ptr(edge_ptr, cnp.NPY_INT64, b.n_trees + 1, "edge_ptr")
    b.level_size = <int32_t *>ptr(level_size, cnp.NPY_INT32, 0, "level_size")
    b.child = <int32_t *>ptr(child, cnp.NPY_INT32, 0, "child")
    b.n_child = <int32_t *>ptr(n_child, cnp.NPY_INT32, 0, "n_child")
    b.word = <int32_t *>ptr(word, cnp.NPY_INT32, 0, "word")
    b.label = <int32_t *>ptr(label, cnp.NPY_INT32, 0, "label")
    w.map = NULL if word_map is None else <int32_t *>ptr(word_map, cnp.NPY_INT32, 0, "word_map")
    w.unknown_rate = NULL if unknown_rate is None else <float *>ptr(unknown_rate, cnp.NPY_FLOAT32, 0, "unknown_rate")
    w.seed = seed
    fb_batch_size(&b, chosen, n, &g)
    arrays = (np.empty(g.n_levels + 1, np.int64), np.empty(g.n_nodes + 1, np.int64), np.empty(g.n_edges, np.int32),
              np.empty(g.n_nodes, np.int32), np.empty(g.n_nodes, np.int32), np.empty(g.n_nodes, np.int32), np.empty(n, np.int32),
              np.empty(g.n_inputs, np.int32), np.empty(g.n_nodes, np.int64))
    g.level_ptr, g.child_ptr = <int64_t *>cnp.PyArray_DATA(arrays[0]), <int64_t *>cnp.PyArray_DATA(arrays[1])
    g.child, g.word = <int32_t *>cnp.PyArray_DATA(arrays[2]), <int32_t *>cnp.PyArray_DATA(arrays[3])
    g.label, g.graph = <int32_t *>cnp.PyArray_DATA(arrays[4]), <int32_t *>cnp.PyArray_DATA(arrays[5])
    g.root, g.inputs = <int32_t *>cnp.PyArray_DATA(arrays[6]), <int32_t *>cnp.PyArray_DATA(arrays[7])
    nodes = <int64_t *>cnp.PyArray_DATA(arrays[8])
    scratch = np.empty(g.n_levels, np.int64), np.empty(g.n_nodes, np.int32)
    fill, place = <int64_t *>cnp.PyArray_DATA(scratch[0]), <int32_t *>cnp.PyArray_DATA(scratch[1])
    with nogil:
        fb_batch(&b, chosen, n, &w, &g, nodes, fill, place)
    return arrays


include "_core_net.pxi"
