# A cell's kernels bound to weights: fastbpts._cells.run runs them step by step, networks.tree_network trains them.

cdef class Net:
    cdef fb_net n
    cdef const fb_kernels *k
    cdef int real
    cdef dict keep
    cdef int64_t capacity, n_sparse
    cdef int slabs
    cdef void *h
    cdef void *dh
    cdef void *gathered
    cdef void *errors
    cdef int threads
    cdef object columns_
    cdef readonly str cell
    cdef readonly object dtype

    def __init__(self, str cell, int n_in, int n_state, dtype, bint tanh_input, int activation=0):
        cdef size_t size
        self.k = kernels(dtype)
        self.dtype = np.dtype(dtype)
        self.real = self.dtype.num
        self.keep = {}
        self.cell = cell
        self.n.cell = cell_of(self.k, cell, &self.n.run.dims, n_in, n_state)
        self.n.run.tanh_input, self.n.run.activation = tanh_input, activation
        if fb_is_gated(self.n.cell):
            size = self.k.tree.packed(&self.n.run.dims)
            self.keep["packed"] = aligned((2, size), np.uint8, True)
            self.n.run.weights.packed = cnp.PyArray_DATA(self.keep["packed"])
            self.n.run.weights.packed_back = <char *>self.n.run.weights.packed + size
        self.n.optim.t = 0
        self.columns_ = np.empty((self.n_feature, 4), np.int32)
        self.n.cell.columns(&self.n.run.dims, <fb_column *>cnp.PyArray_DATA(self.columns_))
        self.set_threads(1)

    @staticmethod
    def padded(n: int) -> int:
        return padded(n)

    @property
    def n_state(self) -> int:
        return self.n.run.dims.n_state

    @property
    def n_in(self) -> int:
        return self.n.run.dims.n_in

    @property
    def n_rows(self) -> int:
        """Rows of theta."""
        return self.n.run.dims.n_gate * self.n.run.dims.n_state

    @property
    def n_slot(self) -> int:
        """Pieces of ld_state elements that a gated cell saves of every node; 0: a recursive cell."""
        return self.n.run.dims.n_slot

    @property
    def ld_in(self) -> int:
        return self.n.run.dims.ld_in

    @property
    def n_feature(self) -> int:
        return self.n.run.dims.n_feature

    @property
    def ld_feature(self) -> int:
        return self.n.run.dims.ld_feature

    @property
    def ld_state(self) -> int:
        return self.n.run.dims.ld_state

    @property
    def n_forward(self) -> int:
        """Rows of the transposed theta; 0 where it is not used."""
        return self.n.run.dims.n_feature if not self.n_slot and fb_wants_transpose(&self.n.run.dims) else 0

    @property
    def columns(self):
        """(n_feature, 4): parameter, element of its row, its twin or -1, rows or 0 (fb_column)."""
        return self.columns_

    cdef void *own(self, object array, Py_ssize_t n, str name) except? NULL:
        """Pointer of a real array, which the object keeps."""
        if array is None:
            self.keep.pop(name, None)
            return NULL
        cdef void *p = out_ptr(array, self.real, n, name)
        self.keep[name] = array
        return p

    def set_threads(self, int n):
        self.threads = self.n.n_threads = n
        self.n.scratch_size = self.k.tree.scratch(&self.n.run.dims)
        self.keep["scratch"] = aligned(((n + 1) * self.n.scratch_size,), np.uint8, True)
        self.keep["split"] = np.empty(n + 2 + FB_SLABS, np.int64)
        self.n.scratch = <char *>cnp.PyArray_DATA(self.keep["scratch"])
        self.n.split = <int64_t *>cnp.PyArray_DATA(self.keep["split"])

    cdef int reserve(self, Graph s, int slabs=1) except -1:
        """Memory of a run over s; it grows and is kept."""
        cdef int64_t n = s.g.n_nodes
        if n > self.capacity or slabs > self.slabs:
            capacity, slabs = max(self.capacity, n + n // 4), max(self.slabs, slabs)
            rows = slabs * capacity
            self.capacity = self.slabs = 0  # unless all of it can be had
            self.keep["h"] = aligned((rows, self.ld_state), self.dtype)
            self.keep["dh"] = aligned((rows, self.ld_state), self.dtype)
            self.keep["dz"] = aligned((rows, max(1, self.n.loss.ld_class)), self.dtype)
            self.keep["node_loss"] = np.empty(capacity)
            for name in ("rows", "first", "last", "next", "count"):
                self.keep[name] = np.empty(capacity + 1, np.int32)
            self.n.rows = <int32_t *>cnp.PyArray_DATA(self.keep["rows"])
            self.n.first = <int32_t *>cnp.PyArray_DATA(self.keep["first"])
            self.n.last = <int32_t *>cnp.PyArray_DATA(self.keep["last"])
            self.n.next = <int32_t *>cnp.PyArray_DATA(self.keep["next"])
            self.n.count = <int32_t *>cnp.PyArray_DATA(self.keep["count"])
            self.n.loss.dz = cnp.PyArray_DATA(self.keep["dz"])
            self.n.loss.node_loss = <double *>cnp.PyArray_DATA(self.keep["node_loss"])
            self.h, self.dh = cnp.PyArray_DATA(self.keep["h"]), cnp.PyArray_DATA(self.keep["dh"])
            self.capacity, self.slabs, self.n.slab_rows = capacity, slabs, capacity
        if poison:
            for name in ("h", "dh", "dz", "node_loss"):
                self.keep[name].fill(np.nan)
            self.keep["scratch"].fill(255)  # bytes of NaN
        self.n.run.h, self.n.run.dh, self.n.run.dx = self.h, self.dh, self.dh
        self.n.run.graph = &s.g
        return 0

    cdef int reserve_gated(self, Graph s) except -1:
        """The same for what a gated cell has besides."""
        if not fb_is_gated(self.n.cell):
            return 0
        cdef bint second = self.n.cell.row.gates.has_second_state, edges = self.n.cell.row.gates.gate_per_child
        rows = {"saved": (s.g.n_nodes, self.n_slot * self.ld_state), "dx": (s.g.n_nodes, self.ld_in),
                "c": (s.g.n_nodes if second else 0, self.ld_state), "dc": (s.g.n_nodes if second else 0, self.ld_state),
                "edge": (s.g.n_edges if edges else 0, self.ld_state)}
        for name, (n, width) in rows.items():
            if len(self.keep.get(name, ())) <= n:
                self.keep[name] = aligned((n + n // 4 + 1, width), self.dtype)
            if poison:
                self.keep[name].fill(np.nan)
        self.bind_saved(s, (self.keep["saved"], self.keep["edge"], self.keep["c"] if second else None, None, None))
        self.n.run.dc = cnp.PyArray_DATA(self.keep["dc"]) if second else NULL
        self.n.run.dx = cnp.PyArray_DATA(self.keep["dx"])
        self.n.run.dh0 = self.n.run.dc0 = NULL
        return 0

    cdef int bind_saved(self, Graph s, tuple arrays) except -1:
        saved, edge, c, h0, c0 = arrays
        cdef Py_ssize_t n = s.g.n_nodes, ld = self.ld_state, G = s.g.n_graphs
        self.n.run.saved = out_ptr(saved, self.real, n * self.n_slot * ld, "saved")
        self.n.run.edge = out_ptr(edge, self.real, s.g.n_edges * ld if self.n.cell.row.gates.gate_per_child else 0,
                                  "edge")
        self.n.run.c = NULL if c is None else out_ptr(c, self.real, n * ld, "c")
        self.n.run.h0 = NULL if h0 is None else ptr(h0, self.real, G * ld, "h0")
        self.n.run.c0 = NULL if c0 is None else ptr(c0, self.real, G * ld, "c0")
        return 0

    def pack(self, tuple params, theta):
        """Public parameters, in the order of the cell's specification -> theta (n_state, ld_feature)."""
        cdef const void *p[FB_PARAMS]
        for i in range(len(params)):
            p[i] = ptr(params[i], self.real, 0, f"parameter {i}")
        self.k.tree.pack(&self.n.run.dims, <fb_column *>cnp.PyArray_DATA(self.columns_), p, self.theta_ptr(theta))

    def unpack(self, theta, tuple params, bint gradient):
        """theta -> parameters; a gradient is added to them."""
        cdef void *p[FB_PARAMS]
        for i in range(len(params)):
            p[i] = out_ptr(params[i], self.real, 0, f"parameter {i}")
        cdef const fb_column *columns = <fb_column *>cnp.PyArray_DATA(self.columns_)
        self.k.tree.unpack(&self.n.run.dims, columns, gradient, self.theta_ptr(theta), p)

    cdef void *theta_ptr(self, object theta) except? NULL:
        return out_ptr(theta, self.real, <Py_ssize_t>self.n_rows * self.n.run.dims.ld_feature, "theta")

    def bind_cell(self, theta, theta_t, dtheta, s1, s2, mult, l2):
        cdef Py_ssize_t ld = self.n.run.dims.ld_feature, n = self.n_rows * ld
        self.n.run.theta = self.own(theta, n, "theta")
        self.n.run.theta_t = self.own(theta_t, self.n_forward * self.ld_state, "theta_t")
        self.n.run.dtheta = self.own(dtheta, n, "dtheta")
        self.n.cell_slab = self.own(None if fb_is_gated(self.n.cell) else aligned((n,), self.dtype), n, "second dtheta")
        self.bind_weights(<char *>self.n.run.theta)
        self.n.cell_block.n_rows, self.n.cell_block.ld = self.n_rows, ld
        self.n.cell_block.n_cols = ld
        self.n.cell_block.w, self.n.cell_block.g = <void *>self.n.run.theta, self.n.run.dtheta
        self.n.cell_block.s1, self.n.cell_block.s2 = self.own(s1, n, "theta s1"), self.own(s2, n, "theta s2")
        self.n.cell_block.mult, self.n.cell_block.l2 = self.own(mult, ld, "theta mult"), self.own(l2, ld, "theta l2")

    cdef void bind_weights(self, char *theta):
        """Where a gated cell's parameters are in theta."""
        cdef fb_weights *w = &self.n.run.weights
        cdef size_t bytes = self.k.real_bytes
        cdef const fb_dims *d = &self.n.run.dims
        if not fb_is_gated(self.n.cell):
            return
        w.W, w.b = theta, theta + d.at_b * bytes
        w.U = theta + d.ld_in * bytes if d.gates.has_recurrence else NULL
        w.b_rec = theta + (d.at_b + 1) * bytes if d.gates.has_second_bias else NULL
        w.W_leaf = theta + d.at_leaf * bytes if d.gates.n_leaf else NULL
        w.b_leaf = theta + (d.at_leaf + d.ld_in) * bytes if d.gates.n_leaf else NULL
        w.ld_w = w.ld_u = w.ld_b = self.n.run.dims.ld_feature

    def bind_head(self, head, head_t, dhead, s1, s2, mult, l2, class_weight):
        """head (n_classes, ld_state + FB_PAD): Ws, bs at column ld_state; head_t (n_state + 1, padded n_classes)."""
        cdef Py_ssize_t C = len(head), ld = self.n.run.dims.ld_state + FB_PAD, n = C * ld
        self.n.loss.n_classes, self.n.loss.ld_class, self.n.loss.ld_head = C, self.padded(C), ld
        self.n.loss.head, self.n.head_block.g = self.own(head, n, "head"), self.own(dhead, n, "dhead")
        self.n.head_slab = self.own(None if fb_is_gated(self.n.cell) else aligned((n,), self.dtype), n, "second dhead")
        self.n.loss.head_t = self.own(head_t, (self.n.run.dims.n_state + 1) * self.n.loss.ld_class, "head_t")
        self.n.loss.class_weight = self.own(class_weight, C, "class_weight")
        self.n.head_block.n_rows, self.n.head_block.ld, self.n.head_block.w = C, ld, <void *>self.n.loss.head
        self.n.head_block.n_cols = ld
        self.n.head_block.s1, self.n.head_block.s2 = self.own(s1, n, "head s1"), self.own(s2, n, "head s2")
        self.n.head_block.mult, self.n.head_block.l2 = self.own(mult, ld, "head mult"), self.own(l2, ld, "head l2")
        self.capacity = 0

    def bind_words(self, words, s1, s2, mult, l2):
        """words (n_words, ld_in) = E."""
        cdef Py_ssize_t n = len(words) * self.ld_in, ld = self.ld_in
        self.n.run.x = self.n.word_block.w = self.own(words, n, "E")
        self.n.run.ld_x = self.n.word_block.ld = self.n.word_block.n_cols = ld
        self.n.word_block.s1, self.n.word_block.s2 = self.own(s1, n, "E s1"), self.own(s2, n, "E s2")
        self.n.word_block.mult, self.n.word_block.l2 = self.own(mult, ld, "E mult"), self.own(l2, ld, "E l2")
        self.keep["slot"] = np.full(len(words), -1, np.int32)
        self.n.slot = <int32_t *>cnp.PyArray_DATA(self.keep["slot"])

    def set_optimizer(self, str name, double learning_rate, double max_norm, dict options):
        set_optimizer(&self.n.optim, name, learning_rate, max_norm, options)

    @property
    def t(self) -> int:
        return self.n.optim.t

    @t.setter
    def t(self, int64_t value):
        self.n.optim.t = value

    def set_loss(self, str name, double option):
        set_loss(&self.n.loss, name, option)

    @property
    def total_weight(self) -> float:
        """The sum of the weights of the last step's targets."""
        return self.n.loss.total_weight

    def set_dropout(self, double states, double inputs, uint64_t seed):
        self.n.run.dropout, self.n.run.input_dropout, self.n.run.seed = states, inputs, seed

    def forward(self, Graph s, x, h, tuple saved=()):
        """h (N, ld_state) of input rows x (n_inputs, n_in); saved: arrays of a gated cell (saved, edge, c, h0, c0)."""
        self.reserve(s)
        if saved:
            self.bind_saved(s, saved)
        self.n.run.x, self.n.run.ld_x, self.n.run.x_row = ptr(x, self.real, s.g.n_inputs * self.n.run.dims.n_in, "x"), \
            self.n.run.dims.n_in, NULL
        self.n.run.h = out_ptr(h, self.real, s.g.n_nodes * self.ld_state, "h")
        with nogil:
            self.k.tree.forward(&self.n)

    def backward(self, Graph s, x, h, dh, tuple saved=(), tuple grads=()):
        """dh (N, ld_state): upstream in, errors (for inputs: the gradient of x) out; dtheta is written.

        Gated cells: grads are (dx (N, ld_in) out, dc (N, ld_state) in, dh0, dc0 (G, ld_state) added to)."""
        self.reserve(s)
        cdef Py_ssize_t n = s.g.n_nodes, ld = self.ld_state, G = s.g.n_graphs
        self.n.run.x, self.n.run.ld_x, self.n.run.x_row = ptr(x, self.real, s.g.n_inputs * self.n.run.dims.n_in, "x"), \
            self.n.run.dims.n_in, NULL
        if saved:
            self.bind_saved(s, saved)
            dx, dc, dh0, dc0 = grads
            self.n.run.dx = out_ptr(dx, self.real, n * self.ld_in, "dx")
            self.n.run.dc = NULL if dc is None else out_ptr(dc, self.real, n * ld, "dc")
            self.n.run.dh0 = NULL if dh0 is None else out_ptr(dh0, self.real, G * ld, "dh0")
            self.n.run.dc0 = NULL if dc0 is None else out_ptr(dc0, self.real, G * ld, "dc0")
        self.n.run.h = ptr(h, self.real, s.g.n_nodes * self.ld_state, "h")
        self.n.run.dh = out_ptr(dh, self.real, s.g.n_nodes * self.ld_state, "dh")
        with nogil:
            self.k.tree.backward(&self.n)

    def fits(self, s, int64_t n_words) -> bool:
        """Whether the cell can run over s, with words below n_words."""
        if not isinstance(s, Graph):
            return False
        cdef const fb_graph *g = &(<Graph>s).g
        cdef int arity = self.n.cell.row.arity
        if g.n_inputs and (g.min_word < 0 or g.max_word >= n_words):
            return False
        if not fb_is_gated(self.n.cell) and not g.leaf_inputs:
            return False
        return not arity or g.n_levels <= 1 or g.min_arity == arity == g.max_arity

    def step(self, Graph s, label, soft, node_weight, bint roots_only, double normalizer, bint update,
             bint train_words):
        """One training step (or, without update, its gradients only) -> loss; gradients of words: ``sparse``.

        normalizer: what the sum of losses is divided by; 0: the sum of their weights."""
        self.reserve(s, 1 if fb_is_gated(self.n.cell) else FB_SLABS)
        self.reserve_gated(s)
        cdef int64_t n = s.g.n_nodes
        self.n.loss.label = s.g.label if label is None else <int32_t *>ptr(label, cnp.NPY_INT32, n, "target")
        self.n.loss.soft = NULL if soft is None else ptr(soft, self.real, n * self.n.loss.n_classes, "target")
        self.n.loss.node_weight = NULL if node_weight is None else ptr(node_weight, self.real, n, "node_weight")
        self.n.loss.roots_only, self.n.loss.normalizer = roots_only, normalizer
        self.n.update, self.n.train_words = update, train_words
        self.n.run.x_row = s.g.word
        self.step_memory(s)
        with nogil:
            self.k.tree.step(&self.n)
        self.n.run.gathered = self.n.run.errors = NULL
        return self.n.total_loss

    cdef int step_memory(self, Graph s) except -1:
        """Memory of what only a training step has: the words' gradients, and what forward gathers."""
        cdef int64_t n = s.g.n_nodes - s.g.n_inputs
        if not fb_is_gated(self.n.cell):
            if self.n.slab_inner <= n:
                inner = n + n // 4 + 1
                rows, ld = FB_SLABS * inner, fb_ld_gathered(&self.n.run.dims, self.n.cell)
                self.n.slab_inner = 0  # unless all of it can be had
                self.keep["gathered"] = aligned((rows, ld), self.dtype)
                self.keep["errors"] = aligned((rows, self.ld_state), self.dtype)
                self.gathered = cnp.PyArray_DATA(self.keep["gathered"])
                self.errors = cnp.PyArray_DATA(self.keep["errors"])
                self.n.slab_inner = inner
            if poison:
                self.keep["gathered"].fill(np.nan)
                self.keep["errors"].fill(np.nan)
            self.n.run.gathered, self.n.run.errors = self.gathered, self.errors
        if self.n_sparse < s.g.n_inputs:
            n_sparse = s.g.n_inputs + s.g.n_inputs // 4
            self.keep["dE"] = aligned((n_sparse, self.ld_in), self.dtype)
            self.n.word_block.g, self.n_sparse = cnp.PyArray_DATA(self.keep["dE"]), n_sparse
        return 0

    @property
    def sparse(self):
        """(words, their gradients) of the last step."""
        return self.keep["rows"][:self.n.n_rows].copy(), self.keep["dE"][:self.n.n_rows].copy()

    def predict(self, Graph s, bint roots_only, p, states):
        """Predictions (n, n_classes) and states (n, n_state), either may be None, of roots or of all nodes."""
        self.reserve(s)
        self.reserve_gated(s)
        cdef int64_t n = s.g.n_graphs if roots_only else s.g.n_nodes
        cdef void *p_ = NULL if p is None else out_ptr(p, self.real, n * self.n.loss.n_classes, "p")
        cdef void *h_ = NULL if states is None else out_ptr(states, self.real, n * self.n.run.dims.n_state, "states")
        self.n.run.x_row = s.g.word
        with nogil:
            self.k.tree.predict(&self.n, roots_only, p_, h_)
