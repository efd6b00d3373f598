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

from libc.string cimport memcpy

from fastbpts._binding.contract cimport *

include "bank.pxi"

cnp.import_array()

include "limits.pxi"

cdef bint poison = bool(os.environ.get("FASTBPTS_POISON"))
POISON = poison


def isas() -> dict:
    """Name of each instruction set of this build -> (bytes of a vector, rows of a tile, accumulators of a tile, whether
    this machine has it), the best one last."""
    return {
        fb_instruction_sets[i].name.decode(): (
            fb_instruction_sets[i].vector_bytes,
            fb_instruction_sets[i].tile_rows,
            fb_instruction_sets[i].accumulators,
            bool(fb_instruction_sets[i].probe()),
        )
        for i in range(FB_N_ISAS)
    }


if fb_choose_isa(os.environ.get("FASTBPTS_ISA", "").encode()) < 0:
    raise ValueError(f"environment variable FASTBPTS_ISA must be one of {', '.join(isas())}, "
                     f"got {os.environ['FASTBPTS_ISA']!r}")


cdef void *ptr(object array, int typenum, Py_ssize_t n, str name) except? NULL:
    """Pointer of an array of n elements or more."""
    cdef cnp.ndarray a
    if not cnp.PyArray_Check(array):
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
    return fb_instruction_sets[fb_kernels_for(4).isa].name.decode()


include "cells.pxi"


def dropout_mask(uint64_t seed, double p, int64_t rows, int64_t cols, object dtype="float64"):
    """The mask (rows, cols) that a run with this seed applies to the states of nodes 0 .. rows: 0 or 1 / (1 - p)."""
    cdef const fb_kernels *k = kernels(dtype)
    cdef cnp.ndarray out = np.empty((rows, cols), dtype)
    cdef void *m = cnp.PyArray_DATA(out)
    with nogil:
        k.tree.dropout_mask(seed, p, rows, cols, m)
    return out


cdef class Graph:
    """Arrays of a structure and the pointers to them; fastbpts.data.structure.Structure gives it its meaning.

    A batch out of a bank is one piece of memory; its arrays are made when they are asked for."""
    cdef fb_graph g
    cdef dict arrays, facts_
    cdef cnp.ndarray memory
    cdef const int32_t *place

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
        self.arrays = {"level_ptr": level_ptr, "child_ptr": child_ptr, "child": child, "word": word, "label": label,
                       "graph": graph, "root": root, "inputs": inputs, "order": order}
        for array in self.arrays.values():
            cnp.PyArray_CLEARFLAGS(array, cnp.NPY_ARRAY_WRITEABLE)
        fb_graph_facts(&self.g)

    cdef object array(self, str name, int typenum, const void *data, int64_t n):
        """One of the arrays; of a batch, a view of its memory."""
        if self.arrays is None:
            self.arrays = {}
        if name not in self.arrays:
            kind = cnp.PyArray_DescrFromType(typenum)
            begin = <const char *>data - <const char *>cnp.PyArray_DATA(self.memory)
            view = self.memory[begin:begin + n * kind.itemsize].view(kind)
            cnp.PyArray_CLEARFLAGS(view, cnp.NPY_ARRAY_WRITEABLE)
            self.arrays[name] = view
        return self.arrays[name]

    cdef void *reserve(self, int64_t **level_fill):
        """Memory of a batch of the sizes in g; level_fill (L) is scratch."""
        cdef fb_graph *g = &self.g
        cdef int64_t n = g.n_nodes, n_long = 2 * g.n_levels + n + 2
        self.memory = fresh(cnp.NPY_UINT8, 8 * n_long + 4 * (4 * n + g.n_edges + g.n_graphs + g.n_inputs))
        g.level_ptr = <int64_t *>cnp.PyArray_DATA(self.memory)
        g.child_ptr = g.level_ptr + g.n_levels + 1
        level_fill[0] = <int64_t *>g.child_ptr + n + 1
        g.word = <int32_t *>(g.level_ptr + n_long)
        g.label, g.graph = g.word + n, g.word + 2 * n
        self.place, g.child = g.word + 3 * n, g.word + 4 * n
        g.root = g.child + g.n_edges
        g.inputs = g.root + g.n_graphs
        return <void *>self.place

    @property
    def level_ptr(self):
        return self.array("level_ptr", cnp.NPY_INT64, self.g.level_ptr, self.g.n_levels + 1)

    @property
    def child_ptr(self):
        return self.array("child_ptr", cnp.NPY_INT64, self.g.child_ptr, self.g.n_nodes + 1)

    @property
    def child(self):
        return self.array("child", cnp.NPY_INT32, self.g.child, self.g.n_edges)

    @property
    def word(self):
        return self.array("word", cnp.NPY_INT32, self.g.word, self.g.n_nodes)

    @property
    def label(self):
        return self.array("label", cnp.NPY_INT32, self.g.label, self.g.n_nodes)

    @property
    def graph(self):
        return self.array("graph", cnp.NPY_INT32, self.g.graph, self.g.n_nodes)

    @property
    def root(self):
        return self.array("root", cnp.NPY_INT32, self.g.root, self.g.n_graphs)

    @property
    def inputs(self):
        return self.array("inputs", cnp.NPY_INT32, self.g.inputs, self.g.n_inputs)

    @property
    def order(self):
        if self.arrays is None or "order" not in self.arrays:  # a batch
            order = np.empty(self.g.n_nodes, np.int64)
            order[self.array("place", cnp.NPY_INT32, self.place, self.g.n_nodes)] = np.arange(self.g.n_nodes)
            cnp.PyArray_CLEARFLAGS(order, cnp.NPY_ARRAY_WRITEABLE)
            self.arrays["order"] = order
        return self.arrays["order"]

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
    def max_label(self) -> int:
        """The largest label; -1: there is none."""
        return self.g.max_label

    @property
    def facts(self) -> dict:
        """What a run must know: arity of inner nodes, range of input words, are inputs the leaves."""
        if self.facts_ is None:
            self.facts_ = {"min_arity": self.g.min_arity, "max_arity": self.g.max_arity,
                           "min_word": self.g.min_word, "max_word": self.g.max_word,
                           "leaf_inputs": bool(self.g.leaf_inputs)}
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
        cdef int64_t n = len(tree), n_coming = 0 if ahead is None else len(ahead)
        cdef int64_t *chosen = <int64_t *>ptr(tree, cnp.NPY_INT64, 1, "indices")
        cdef int64_t *coming = NULL if ahead is None else <int64_t *>ptr(ahead, cnp.NPY_INT64, n_coming, "ahead")
        cdef int64_t *level_fill
        cdef int32_t *place
        cdef Graph s = kind.__new__(kind)
        if cnp.PyArray_NDIM(tree) != 1:
            raise ValueError("indices: one axis is needed")
        w.map, w.unknown_rate = NULL, NULL
        if word_map is not None:
            w.map = <int32_t *>ptr(word_map, cnp.NPY_INT32, 0, "word_map")
        if unknown_rate is not None:
            w.unknown_rate = <float *>ptr(unknown_rate, cnp.NPY_FLOAT32, 0, "unknown_rate")
        w.seed = seed
        if fb_batch_size(&self.b, chosen, n, &s.g):
            raise IndexError(f"indices must be in 0 .. {self.b.n_trees - 1}")
        if s.g.n_nodes >= 1 << 31:
            raise ValueError("indices: the trees have more than 2147483647 nodes")
        place = <int32_t *>s.reserve(&level_fill)
        with nogil:
            fb_batch(&self.b, chosen, n, &w, &s.g, level_fill, place)
            fb_graph_facts(&s.g)
            fb_batch_ahead(&self.b, coming, n_coming)
        return s


include "optimizer.pxi"
include "losses.pxi"
include "net.pxi"
include "mlp.pxi"
include "words.pxi"
include "glove.pxi"
include "chain.pxi"
include "sequence.pxi"
