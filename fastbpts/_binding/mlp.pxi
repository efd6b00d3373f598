# Products of matrices and multilayer perceptrons.


cdef void *matrix(object array, int typenum, bint any_strides, int64_t *shape, ptrdiff_t *stride,
                  str name) except? NULL:
    """Pointer, shape and strides (in elements) of a matrix whose rows are contiguous unless any_strides."""
    cdef cnp.ndarray a = array
    cdef Py_ssize_t size = cnp.PyArray_ITEMSIZE(a)
    if a.ndim != 2 or cnp.PyArray_TYPE(a) != typenum or not cnp.PyArray_ISBEHAVED_RO(a) or \
            a.strides[0] % size or a.strides[1] % size or \
            (a.strides[1] != size and a.shape[1] > 1 and not any_strides):
        kind = cnp.PyArray_DescrFromType(typenum)
        raise ValueError(f"{name}: matrix of {kind} with contiguous rows needed, got {a.dtype} of shape "
                         f"{np.shape(a)} with strides {array.strides}")
    shape[0], shape[1], stride[0], stride[1] = a.shape[0], a.shape[1], a.strides[0] // size, a.strides[1] // size
    return cnp.PyArray_DATA(a)


def matmul(a, b, out=None, bint add=False, bint transpose_a=False):
    """out (M, N) [+]= a (M, K) . b (K, N), or a (K, M) transposed . b; without transposing, b has any strides."""
    cdef const fb_kernels *k = kernels(a.dtype)
    cdef int64_t A[2]
    cdef int64_t B[2]
    cdef int64_t C[2]
    cdef ptrdiff_t lda[2]
    cdef ptrdiff_t ldb[2]
    cdef ptrdiff_t ldc[2]
    cdef int real = cnp.PyArray_TYPE(a)
    cdef void *pa = matrix(a, real, False, A, lda, "a")
    cdef void *pb = matrix(b, real, not transpose_a, B, ldb, "b")
    cdef int64_t M = A[transpose_a], K = A[not transpose_a]
    if B[0] != K:
        raise ValueError(f"a and b: {K} and {B[0]} terms of a sum")
    if out is None:
        out = np.empty((M, B[1]), a.dtype)
    cdef void *pc = matrix(out, real, False, C, ldc, "out")
    if C[0] != M or C[1] != B[1] or not cnp.PyArray_ISWRITEABLE(out):
        raise ValueError(f"out: a writable array ({M}, {B[1]}) is needed, got {np.shape(out)}")
    scratch = aligned((k.gemm.matmul_scratch() if transpose_a else k.gemm.packed_size(K, C[1]),), a.dtype)
    cdef void *s = cnp.PyArray_DATA(scratch)
    with nogil:
        if transpose_a:
            k.gemm.matmul_tn(M, C[1], K, pa, lda[0], pb, ldb[0], pc, ldc[0], add, s)
        else:
            k.gemm.pack_b(K, C[1], pb, ldb[0], ldb[1], s)
            k.gemm.matmul(M, C[1], K, pa, lda[0], s, pc, ldc[0], add)
    return out


cdef int set_block(fb_block *b, object w, object g, tuple states, object mult, object l2, int real) except -1:
    """One block: w, g and the states are matrices with rows equally far apart, mult and l2 vectors."""
    cdef int64_t shape[2]
    cdef int64_t other[2]
    cdef ptrdiff_t stride[2]
    cdef ptrdiff_t ld
    b.w = matrix(w, real, False, shape, stride, "w")
    b.n_rows, b.n_cols, b.ld = shape[0], shape[1], stride[0]
    ld = stride[0]
    b.g = matrix(g, real, False, other, stride, "g")
    if other[1] != shape[1] or (stride[0] != ld and other[0] > 1):
        raise ValueError(f"g: rows like those of w are needed, got {g.shape} with strides {g.strides}")
    b.s1 = b.s2 = NULL
    if len(states) > 0:
        b.s1 = matrix(states[0], real, False, other, stride, "states")
    if len(states) > 1:
        b.s2 = matrix(states[1], real, False, other, stride, "states")
    if len(states) and (other[0] != shape[0] or other[1] != shape[1] or (stride[0] != ld and other[0] > 1)):
        raise ValueError("states: arrays like w are needed")
    b.mult, b.l2 = ptr(mult, real, shape[1], "mult"), ptr(l2, real, shape[1], "l2")
    return 0


cdef class Updates:
    """Blocks of parameters and an optimiser; fastbpts.training.updates gives them names."""
    cdef fb_optim o
    cdef const fb_kernels *k
    cdef int real, n
    cdef object blocks, rows
    cdef list keep

    def __init__(self, int n, dtype):
        self.k = kernels(dtype)
        self.real = np.dtype(dtype).num
        self.n = n
        self.blocks = np.zeros(max(1, n) * sizeof(fb_block), np.uint8)
        self.rows = np.zeros(max(1, n), np.intp)
        self.keep = [None] * n

    def set_optimizer(self, str name, double learning_rate, double max_norm, dict options):
        set_optimizer(&self.o, name, learning_rate, max_norm, options)

    @property
    def t(self) -> int:
        return self.o.t

    @t.setter
    def t(self, int64_t value):
        self.o.t = value

    def bind(self, int i, w, g, tuple states, mult, l2, rows=None):
        """Block i: rows w of parameters and g of their gradient; rows: int32, to which row each row of g belongs."""
        cdef fb_block *b = <fb_block *>cnp.PyArray_DATA(self.blocks) + i
        set_block(b, w, g, states, mult, l2, self.real)
        (<void **>cnp.PyArray_DATA(self.rows))[i] = NULL if rows is None else \
            ptr(rows, cnp.NPY_INT32, len(g), "rows")
        b.n_rows = len(g)
        self.keep[i] = (w, g, states, mult, l2, rows)

    def step(self):
        cdef fb_block *b = <fb_block *>cnp.PyArray_DATA(self.blocks)
        cdef const int32_t **rows = <const int32_t **>cnp.PyArray_DATA(self.rows)
        with nogil:
            self.k.optimizer.update_blocks(&self.o, b, rows, self.n)


cdef class Perceptron:
    """Layers, their memory and their optimiser; fastbpts.layers.mlp gives them names and converts arguments."""
    cdef fb_mlp m
    cdef const fb_kernels *k
    cdef int real, n_in, n_out
    cdef int64_t capacity
    cdef object layers, blocks
    cdef dict keep
    cdef readonly object dtype

    def __init__(self, tuple sizes, tuple activations, dtype):
        cdef int i, n = len(sizes) - 1
        cdef fb_dense *d
        self.k = kernels(dtype)
        self.dtype = np.dtype(dtype)
        self.real = self.dtype.num
        self.keep = {}
        self.layers = np.zeros(n * sizeof(fb_dense), np.uint8)
        self.blocks = np.zeros(2 * n * sizeof(fb_block), np.uint8)
        self.m.layer = <fb_dense *>cnp.PyArray_DATA(self.layers)
        self.m.block = <fb_block *>cnp.PyArray_DATA(self.blocks)
        self.m.n_layers = n
        for i in range(n):
            d = self.m.layer + i
            d.n_in, d.n_out, d.activation, d.ld = sizes[i], sizes[i + 1], activations[i], Net.padded(sizes[i + 1])
            self.keep["panels_t", i] = aligned((self.k.gemm.packed_size(d.n_out, d.n_in),), dtype)
            d.panels_t = cnp.PyArray_DATA(self.keep["panels_t", i])
        self.n_in, self.n_out = sizes[0], sizes[n]
        self.m.loss.n_classes, self.m.loss.ld_class = self.n_out, self.m.layer[n - 1].ld

    def bind(self, int i, w, g, tuple states, mult, l2):
        """Block i: W^T (n_in, padded n_out) of layer i / 2 if i is even, else b (1, padded n_out)."""
        set_block(self.m.block + i, w, g, states, mult, l2, self.real)
        self.keep["block", i] = (w, g, states, mult, l2)

    def set_threads(self, int n):
        self.m.n_threads = n
        self.m.scratch_size = self.k.mlp.scratch(&self.m)
        self.keep["scratch"] = aligned((n * self.m.scratch_size,), np.uint8)
        self.m.scratch = <char *>cnp.PyArray_DATA(self.keep["scratch"])

    def set_optimizer(self, str name, double learning_rate, double max_norm, dict options):
        set_optimizer(&self.m.optim, name, learning_rate, max_norm, options)

    def set_loss(self, str name, double option):
        set_loss(&self.m.loss, name, option)

    @property
    def total_weight(self) -> float:
        """The sum of the weights of the last step's targets."""
        return self.m.loss.total_weight

    def set_dropout(self, double p, uint64_t seed):
        self.m.dropout, self.m.seed = p, seed

    def set_class_weight(self, class_weight):
        self.keep["class_weight"] = class_weight
        self.m.loss.class_weight = NULL if class_weight is None else ptr(class_weight, self.real, self.n_out,
                                                                         "class_weight")

    @property
    def t(self) -> int:
        return self.m.optim.t

    @t.setter
    def t(self, int64_t value):
        self.m.optim.t = value

    cdef int reserve(self, int64_t n) except -1:
        """Memory of a run over n rows; it grows and is kept."""
        cdef fb_dense *d
        cdef int i
        if n > self.capacity:
            self.capacity = n if self.capacity == 0 else n + n // 4
            for i in range(self.m.n_layers):
                d = self.m.layer + i
                self.keep["h", i] = aligned((self.capacity, d.ld), self.dtype)
                self.keep["dh", i] = aligned((self.capacity, d.ld), self.dtype)
                d.h, d.dh = cnp.PyArray_DATA(self.keep["h", i]), cnp.PyArray_DATA(self.keep["dh", i])
            self.keep["node_loss"] = np.empty(self.capacity)
            self.m.loss.node_loss = <double *>cnp.PyArray_DATA(self.keep["node_loss"])
        self.m.n_rows = n
        for i in range(self.m.n_layers):
            d = self.m.layer + i
            if d.panels == NULL and fb_uses_panels(&self.m, d, self.k.real_bytes):
                self.keep["panels", i] = aligned((self.k.gemm.packed_size(d.n_in, d.ld),), self.dtype)
                d.panels = cnp.PyArray_DATA(self.keep["panels", i])
        return 0

    cdef int poison(self, str what) except -1:
        cdef int i
        if poison:
            for i in range(self.m.n_layers):
                self.keep[what, i].fill(np.nan)
                self.keep["panels_t", i].fill(np.nan)
            self.keep["scratch"].fill(255)  # bytes of NaN
        return 0

    cdef int set_rows(self, object x) except -1:
        """The batch x (B, n_in), which is kept for a backward step."""
        cdef cnp.ndarray a = x
        if a.ndim != 2 or a.shape[1] != self.n_in or a.shape[0] == 0:
            raise ValueError(f"x must have shape (n, {self.n_in}) with n >= 1, got {np.shape(x)}")
        self.m.x = ptr(x, self.real, 0, "x")
        self.keep["x"] = x
        self.reserve(a.shape[0])
        self.poison("h")
        return 0

    cdef int set_targets(self, object y, object weight, double normalizer) except -1:
        """Targets: int32 (B,) or real (B, n_classes); weight: (B,) or None."""
        cdef int64_t n = self.m.n_rows, low, high
        cdef const int32_t *label = NULL
        self.m.loss.soft = NULL
        if cnp.PyArray_TYPE(y) == cnp.NPY_INT32:
            label = <int32_t *>ptr(y, cnp.NPY_INT32, n, "y")
            fb_label_range(label, n, &low, &high)
            if low < -1 or high >= self.n_out:
                raise ValueError(f"y must be in -1 .. {self.n_out - 1}, got {low} .. {high}")
        else:
            self.m.loss.soft = ptr(y, self.real, n * self.n_out, "y")
        self.m.loss.label = label
        self.m.loss.node_weight = NULL if weight is None else ptr(weight, self.real, n, "weight")
        self.m.loss.normalizer = normalizer
        return 0

    def fits(self, x, y, weight=None) -> bool:
        """Whether arrays are as the kernels want them: contiguous, of this dtype, labels int32."""
        if not (isinstance(x, np.ndarray) and isinstance(y, np.ndarray)):
            return False
        if cnp.PyArray_TYPE(x) != self.real or not cnp.PyArray_ISCARRAY_RO(x) or cnp.PyArray_NDIM(x) != 2:
            return False
        return (weight is None and cnp.PyArray_TYPE(y) == cnp.NPY_INT32 and cnp.PyArray_NDIM(y) == 1 and
                cnp.PyArray_ISCARRAY_RO(y) and cnp.PyArray_DIM(y, 0) == cnp.PyArray_DIM(x, 0))

    def forward(self, x, out, bint probabilities=False):
        """out (B, n_out): scores, or their softmax; h is kept for a backward step."""
        self.set_rows(x)
        self.m.task = FB_FORWARD | (FB_PROBA if probabilities else 0)
        self.m.out = out_ptr(out, self.real, self.m.n_rows * self.n_out, "out")
        with nogil:
            self.k.mlp.run(&self.m)

    def backward(self, dout, dx):
        """Gradients of the last forward step are added; dx (B, n_in) or None."""
        self.poison("dh")
        self.m.task, self.m.add = FB_BACKWARD, 1
        self.m.dout = ptr(dout, self.real, self.m.n_rows * self.n_out, "dout")
        self.m.out = NULL
        self.m.dx = NULL if dx is None else out_ptr(dx, self.real, self.m.n_rows * self.n_in, "dx")
        with nogil:
            self.k.mlp.run(&self.m)

    def step(self, x, y, weight, double normalizer, bint update, dx=None) -> float:
        """One training step (or, without update, its gradients only) -> loss.

        normalizer: what the sum of losses is divided by; 0: the sum of their weights."""
        self.set_rows(x)
        self.poison("dh")
        self.set_targets(y, weight, normalizer)
        self.m.task, self.m.add, self.m.out = FB_FORWARD | FB_LOSS | FB_BACKWARD | (FB_UPDATE if update else 0), 0, NULL
        self.m.dx = NULL if dx is None else out_ptr(dx, self.real, self.m.n_rows * self.n_in, "dx")
        with nogil:
            self.k.mlp.run(&self.m)
        return self.m.total_loss
