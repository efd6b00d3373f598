"""The only binding between Python and the kernels.

Design. Arguments are arrays; ``ptr`` checks type number, C order and size and names the array in its error; then one C
call runs without the GIL. There is no arithmetic on elements here, no loop over them and no branch on the real type:
``fb_kernels`` is the table for it. Objects keep references to what they point into. Typed memoryviews are avoided: each
costs more than a small tree's forward step. Whatever needs a meaning rather than a shape (ranges of indices, cycles) is
checked by the Python modules that call this one.
"""

import os

import numpy as np

cimport numpy as cnp

include "_core_fb.pxi"
include "_core_bank.pxi"

cnp.import_array()

POISON = bool(os.environ.get("FASTBPTS_POISON"))
OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "adam", "adamw")
cdef tuple ISAS = ("base", "avx2", "avx512")

if os.environ.get("FASTBPTS_ISA", "") not in ("", *ISAS):
    raise ValueError(f"environment variable FASTBPTS_ISA must be one of {', '.join(ISAS)}, "
                     f"got {os.environ['FASTBPTS_ISA']!r}")


cdef void *ptr(object array, int typenum, Py_ssize_t n, str name) except? NULL:
    """Pointer of an array of n elements or more."""
    cdef cnp.ndarray a
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name}: an array is needed, not {type(array).__name__}")
    a = array
    if cnp.PyArray_TYPE(a) != typenum or not cnp.PyArray_ISCARRAY_RO(a) or cnp.PyArray_SIZE(a) < n:
        kind = cnp.PyArray_DescrFromType(typenum)
        raise ValueError(f"{name}: C-ordered array of {n} {kind} needed, got {a.dtype} of shape {np.shape(a)}")
    return cnp.PyArray_DATA(a)


cdef void *out_ptr(object array, int typenum, Py_ssize_t n, str name) except? NULL:
    """The same for an array that is written to."""
    cdef void *p = ptr(array, typenum, n, name)
    if not cnp.PyArray_ISWRITEABLE(array):
        raise ValueError(f"{name}: a writable array is needed")
    return p


cdef void read_only(cnp.ndarray a):
    cnp.PyArray_CLEARFLAGS(a, cnp.NPY_ARRAY_WRITEABLE)


cdef cnp.ndarray fresh(int typenum, cnp.npy_intp n):
    return cnp.PyArray_EMPTY(1, &n, typenum, 0)


cdef const fb_kernels *kernels(object dtype) except NULL:
    cdef int size = np.dtype(dtype).itemsize
    if np.dtype(dtype).kind != "f" or (size != 4 and size != 8):
        raise ValueError(f"dtype must be float32 or float64, got {np.dtype(dtype)}")
    return fb_kernels_for(size)


def aligned(tuple shape, object dtype, bint zero=False):
    """An array that begins at a cache line: loads of whole vectors then never cross one."""
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + 64, np.uint8) if zero else np.empty(size + 64, np.uint8)
    cdef size_t off = -<size_t>cnp.PyArray_DATA(raw) % 64
    return raw[off:off + size].view(dtype).reshape(shape)


def isa() -> str:
    return ISAS[fb_kernels_for(4).isa]


def cells() -> dict:
    """Name -> (arity or 0, parameters as in cells.def, activations, initial states that a run takes)."""
    cdef const fb_kernels *k = fb_kernels_for(4)
    return {k.cells[i].name.decode(): (k.cells[i].arity, k.cells[i].spec.decode(),
                                       tuple(k.cells[i].activations.decode().split()),
                                       k.cells[i].gates.has_c + 1 if k.cells[i].gates else 0)
            for i in range(k.n_cells)}


cdef const fb_cell *cell_of(const fb_kernels *k, str name, fb_dims *d, int n_in, int n_state) except NULL:
    """The cell of this name, and its widths."""
    for i in range(k.n_cells):
        if k.cells[i].name != name.encode():
            continue
        d.n_in, d.n_state, d.n_gate, d.n_slot = n_in, n_state, 1, 0
        d.ld_in, d.ld_state = padded(n_in), padded(n_state)
        if k.cells[i].gates:
            d.n_gate, d.n_slot = k.cells[i].gates.n_gate, k.cells[i].gates.n_slot
        k.cells[i].shape(d)
        d.ld_feature = padded(d.n_feature)
        return &k.cells[i]
    raise ValueError(f"cell: no cell has the name {name!r}")


cdef int padded(int n):
    return (n + FB_PAD - 1) // FB_PAD * FB_PAD


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
    cdef dict facts_
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
        self.keep_arrays(level_ptr, child_ptr, child, word, label, graph, root, inputs, order)
        fb_graph_facts(&self.g)

    cdef void keep_arrays(self, cnp.ndarray level_ptr, cnp.ndarray child_ptr, cnp.ndarray child, cnp.ndarray word,
                          cnp.ndarray label, cnp.ndarray graph, cnp.ndarray root, cnp.ndarray inputs,
                          cnp.ndarray order):
        self.level_ptr, self.child_ptr, self.child, self.word, self.label = level_ptr, child_ptr, child, word, label
        self.graph, self.root, self.inputs, self.order = graph, root, inputs, order
        read_only(level_ptr)
        read_only(child_ptr)
        read_only(child)
        read_only(word)
        read_only(label)
        read_only(graph)
        read_only(root)
        read_only(inputs)
        read_only(order)

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
        """What a run must know: arity of inner nodes, range of input words, largest label, are inputs the leaves."""
        if self.facts_ is None:
            self.facts_ = {"min_arity": self.g.min_arity, "max_arity": self.g.max_arity,
                           "min_word": self.g.min_word, "max_word": self.g.max_word,
                           "max_label": self.g.max_label, "leaf_inputs": bool(self.g.leaf_inputs)}
        return self.facts_


cdef class Bank:
    """The arrays of a treebank and the pointers to them."""
    cdef fb_bank b
    cdef tuple keep

    def __init__(self, node_ptr, level_ptr, level_size, edge_ptr, child, n_child, word, label):
        cdef Py_ssize_t n = len(node_ptr) - 1
        self.b.n_trees = n
        self.b.node_ptr = <int64_t *>ptr(node_ptr, cnp.NPY_INT64, 1, "node_ptr")
        self.b.level_ptr = <int64_t *>ptr(level_ptr, cnp.NPY_INT64, n + 1, "level_ptr")
        self.b.edge_ptr = <int64_t *>ptr(edge_ptr, cnp.NPY_INT64, n + 1, "edge_ptr")
        self.b.level_size = <int32_t *>ptr(level_size, cnp.NPY_INT32, 0, "level_size")
        self.b.child = <int32_t *>ptr(child, cnp.NPY_INT32, 0, "child")
        self.b.n_child = <int32_t *>ptr(n_child, cnp.NPY_INT32, 0, "n_child")
        self.b.word = <int32_t *>ptr(word, cnp.NPY_INT32, 0, "word")
        self.b.label = <int32_t *>ptr(label, cnp.NPY_INT32, 0, "label")
        self.keep = (node_ptr, level_ptr, level_size, edge_ptr, child, n_child, word, label)

    def batch(self, type kind, tree, word_map=None, unknown_rate=None, uint64_t seed=0, ahead=None):
        """The trees numbered by an int64 array as one structure of the type `kind`.

        word_map: word of the bank -> word of the model; unknown_rate: float32, each word's chance to be read as 0;
        ahead: trees of the next batch, whose memory is asked for."""
        cdef fb_words w
        cdef fb_graph *g
        cdef int64_t n = len(tree)
        cdef int64_t *chosen = <int64_t *>ptr(tree, cnp.NPY_INT64, 0, "tree")
        cdef int64_t *coming = NULL if ahead is None else <int64_t *>ptr(ahead, cnp.NPY_INT64, 0, "ahead")
        cdef int64_t n_coming = 0 if ahead is None else len(ahead)
        cdef Graph s = kind.__new__(kind)
        g = &s.g
        w.map, w.unknown_rate = NULL, NULL
        if word_map is not None:
            w.map = <int32_t *>ptr(word_map, cnp.NPY_INT32, 0, "word_map")
        if unknown_rate is not None:
            w.unknown_rate = <float *>ptr(unknown_rate, cnp.NPY_FLOAT32, 0, "unknown_rate")
        w.seed = seed
        if fb_batch_size(&self.b, chosen, n, g):
            raise IndexError(f"indices must be in 0 .. {self.b.n_trees - 1}")
        if g.n_nodes >= 1 << 31:
            raise ValueError("indices: the trees have more than 2147483647 nodes")
        cdef cnp.ndarray level_ptr = fresh(cnp.NPY_INT64, g.n_levels + 1)
        cdef cnp.ndarray child_ptr = fresh(cnp.NPY_INT64, g.n_nodes + 1)
        cdef cnp.ndarray child = fresh(cnp.NPY_INT32, g.n_edges), word = fresh(cnp.NPY_INT32, g.n_nodes)
        cdef cnp.ndarray label = fresh(cnp.NPY_INT32, g.n_nodes), graph = fresh(cnp.NPY_INT32, g.n_nodes)
        cdef cnp.ndarray root = fresh(cnp.NPY_INT32, n), inputs = fresh(cnp.NPY_INT32, g.n_inputs)
        cdef cnp.ndarray order = fresh(cnp.NPY_INT64, g.n_nodes), place = fresh(cnp.NPY_INT32, g.n_nodes)
        cdef cnp.ndarray fill = fresh(cnp.NPY_INT64, g.n_levels)
        g.level_ptr, g.child_ptr = <int64_t *>cnp.PyArray_DATA(level_ptr), <int64_t *>cnp.PyArray_DATA(child_ptr)
        g.child, g.word = <int32_t *>cnp.PyArray_DATA(child), <int32_t *>cnp.PyArray_DATA(word)
        g.label, g.graph = <int32_t *>cnp.PyArray_DATA(label), <int32_t *>cnp.PyArray_DATA(graph)
        g.root, g.inputs = <int32_t *>cnp.PyArray_DATA(root), <int32_t *>cnp.PyArray_DATA(inputs)
        cdef int64_t *nodes = <int64_t *>cnp.PyArray_DATA(order)
        cdef int64_t *level_fill = <int64_t *>cnp.PyArray_DATA(fill)
        cdef int32_t *places = <int32_t *>cnp.PyArray_DATA(place)
        with nogil:
            fb_batch(&self.b, chosen, n, &w, g, nodes, level_fill, places)
            fb_graph_facts(g)
            fb_batch_ahead(&self.b, coming, n_coming)
        s.keep_arrays(level_ptr, child_ptr, child, word, label, graph, root, inputs, order)
        return s


include "_core_net.pxi"
include "_core_mlp.pxi"
include "_core_words.pxi"
include "_core_glove.pxi"
include "_core_chain.pxi"
