# Networks over sequences: one call runs a minibatch through tables, layers, pooling and head, and back.


def pools() -> dict:
    """Name of each pooling -> whether the head reads a row per step, else one per sequence."""
    return {fb_pools[i].name.decode(): bool(fb_pools[i].per_step) for i in range(FB_N_POOLS)}


cdef class SequenceNet:
    """What a network over sequences consists of, and its memory; fastbpts.networks.sequence_network gives it meaning.

    chains: Chain objects, layer by layer, forward direction first. tables: arrays (n_rows, width) that live. head: the
    Perceptron of one layer that gives the scores; None: the outputs of the layers are the scores. gradients: (dW, dU,
    db, dc) of each chain, which a step overwrites.
    """
    cdef fb_sequence s
    cdef fb_loss direct
    cdef const fb_kernels *k
    cdef int real
    cdef list chains
    cdef Perceptron head
    cdef object chain_array, table_array
    cdef dict keep
    cdef readonly object dtype

    def __init__(self, list chains, int n_directions, tuple tables, int n_values, str pool, Perceptron head,
                 list gradients, str loss, double option, dtype, int n_threads):
        cdef int i, column = 0
        cdef Chain chain
        cdef fb_table *t
        self.k, self.dtype = kernels(dtype), np.dtype(dtype)
        self.real, self.chains, self.head = self.dtype.num, chains, head
        self.keep = {"gradients": gradients, "tables": tables}
        self.s.n_directions, self.s.n_layers = n_directions, len(chains) // n_directions
        if self.s.n_layers > FB_MOST_LAYERS:
            raise ValueError(f"n_layers must be at most {FB_MOST_LAYERS}, got {self.s.n_layers}")
        self.s.n_tables, self.s.n_values, self.s.n_threads = len(tables), n_values, max(1, n_threads)
        self.chain_array = np.zeros(len(chains), np.intp)
        self.s.chain = <fb_chain **>cnp.PyArray_DATA(self.chain_array)
        for i in range(len(chains)):
            chain = chains[i]
            chain.set_gradients(gradients[i])
            self.s.chain[i] = &chain.c
        chain = chains[0]
        self.s.n_state, self.s.n_in = chain.c.run.dims.n_state, chain.c.run.dims.n_in
        self.table_array = np.zeros(max(1, len(tables)) * sizeof(fb_table), np.uint8)
        self.s.table = <fb_table *>cnp.PyArray_DATA(self.table_array)
        for i in range(len(tables)):
            t = self.s.table + i
            t.n_rows, t.width, t.column = tables[i].shape[0], tables[i].shape[1], column
            t.weights = ptr(tables[i], self.real, t.n_rows * t.width, "tables")
            column += t.width
            self.keep["slot", i] = np.full(t.n_rows, -1, np.int32)
            t.slot = <int32_t *>cnp.PyArray_DATA(self.keep["slot", i])
        if column + n_values != self.s.n_in:
            raise ValueError(f"tables: {column} columns and {n_values} values, the first layer has {self.s.n_in}")
        for i in range(FB_N_POOLS):
            if fb_pools[i].name.decode() == pool:
                self.s.pool = <fb_pool_kind>i
                break
        else:
            raise ValueError(f"pool must be one of {', '.join(pools())}, got {pool!r}")
        self.s.head_kind = FB_HEAD_direct if head is None else FB_HEAD_affine
        self.s.head = NULL if head is None else &head.m
        self.s.loss = &self.direct
        self.direct.n_classes = n_directions * self.s.n_state
        self.direct.ld_class = padded(self.direct.n_classes)
        set_loss(&self.direct, loss, option)

    cdef void *memory(self, object name, Py_ssize_t n) except NULL:
        """Memory of n elements or more, which is kept and grows."""
        array = self.keep.get(name)
        if array is None or array.size < n:
            self.keep[name] = None  # before the new one is there
            array = self.keep[name] = aligned((n if array is None else n + n // 8,), self.dtype)
        if poison:
            array.fill(np.nan)
        return cnp.PyArray_DATA(array)

    cdef int32_t *numbers(self, object name, Py_ssize_t n) except NULL:
        """The same of int32."""
        array = self.keep.get(name)
        if array is None or array.size < n:
            array = self.keep[name] = np.empty(n if array is None else n + n // 8, np.int32)
        if poison:
            array.fill(-(1 << 30))
        return <int32_t *>cnp.PyArray_DATA(array)

    cdef int set_batch(self, batch_sizes, ids, values, bint train) except -1:
        """What is read, and memory for it."""
        cdef fb_sequence *s = &self.s
        cdef Chain chain = self.chains[0]
        cdef int64_t N, B, W = s.n_directions * s.n_state
        cdef int i, k
        chain.set_batch(batch_sizes)
        if not chain.c.n_steps:
            raise ValueError("batch_sizes: one time step at least is needed")
        s.batch_row, s.n_steps, s.n_sequences = chain.row_ptr, chain.c.n_steps, chain.c.batch
        s.n_rows = N = chain.row_ptr[s.n_steps]
        B = s.n_sequences
        if N >= 1 << 31:
            raise ValueError("batch_sizes: more than 2147483647 rows")
        s.ids = s.values = NULL
        for given, width, name in ((ids, s.n_tables, "ids"), (values, s.n_values, "values")):
            if np.shape(given) != ((N, width) if width else ()):
                needed = f"shape ({N}, {width})" if width else "None"
                raise ValueError(f"{name}: {needed} needed, got {np.shape(given)}")
        if s.n_tables:
            s.ids = <int32_t *>ptr(ids, cnp.NPY_INT32, N * s.n_tables, "ids")
            if not fb_sequence_ids_fit(s):
                raise ValueError(f"ids: rows of tables with {[t.shape[0] for t in self.keep['tables']]} rows needed, "
                                 f"got {ids.min(axis=0).tolist()} .. {ids.max(axis=0).tolist()}")
        if s.n_values:
            s.values = ptr(values, self.real, N * s.n_values, "values")
        s.train = train
        s.x = self.memory("x", N * s.n_in)
        s.x_mask = self.memory("x_mask", N * s.n_in) if train and s.input_dropout > 0 else NULL
        for k in range(s.n_layers):
            s.out[k] = s.read[k] = self.memory(("out", k), N * W)
            if train and s.dropout > 0 and k < s.n_layers - 1:
                s.mask[k], s.read[k] = self.memory(("mask", k), N * W), self.memory(("read", k), N * W)
        n = self.n_head()
        if fb_pools[<int>s.pool].per_step and not (train and s.dropout > 0):
            s.y = s.out[s.n_layers - 1]
        else:
            s.y = self.memory("y", n * W)
        s.y_mask = self.memory("y_mask", n * W) if train and s.dropout > 0 else NULL
        s.max_row = self.numbers("max_row", B * W)
        if self.head is not None:
            self.head.reserve(n)
            self.head.poison("h")
        return 0

    cdef int64_t n_head(self):
        """Rows that the head reads."""
        return self.s.n_rows if fb_pools[<int>self.s.pool].per_step else self.s.n_sequences

    cdef int set_back(self) except -1:
        """Memory for the way back."""
        cdef fb_sequence *s = &self.s
        cdef int64_t N = s.n_rows, W = s.n_directions * s.n_state, widest = max(W, s.n_in)
        cdef fb_table *t
        cdef int i
        s.dy, s.dout = self.memory("dy", self.n_head() * W), self.memory("dout", N * W)
        s.dlast = self.memory("dlast", s.n_sequences * W)
        s.dx[0] = self.memory("dx0", N * widest)
        s.dx[1] = self.memory("dx1", N * W) if s.n_layers > 1 else NULL
        s.dx_other = self.memory("dx_other", N * widest) if s.n_directions == 2 else NULL
        for i in range(s.n_tables if s.train_tables else 0):
            t = s.table + i
            t.rows, t.next = self.numbers(("rows", i), N), self.numbers(("next", i), N)
            t.first, t.last = self.numbers(("first", i), N), self.numbers(("last", i), N)
            t.grad = self.memory(("grad", i), N * t.width)
        if self.head is not None:
            self.head.poison("dh")
        return 0

    cdef tuple set_states(self, h0, c0, bint train):
        """New arrays (L R, B, H) for the final states, and each chain's memory."""
        cdef fb_sequence *s = &self.s
        cdef Chain chain = self.chains[0]
        cdef bint has_c = chain.c.cell.row.gates.has_second_state
        cdef int i
        shape = len(self.chains), s.n_sequences, s.n_state
        for array, name in ((h0, "h0"), (c0, "c0")):
            if array is not None and np.shape(array) != shape:
                raise ValueError(f"{name}: shape {shape} needed, got {np.shape(array)}")
        if c0 is not None and not has_c:
            raise ValueError(f"c0: cell {chain.cell!r} has no second state")
        n = len(self.chains) * s.n_sequences * s.n_state
        s.h0 = NULL if h0 is None else ptr(h0, self.real, n, "h0")
        s.c0 = NULL if c0 is None else ptr(c0, self.real, n, "c0")
        h_n, c_n = np.empty(shape, self.dtype), np.empty(shape, self.dtype) if has_c else None
        s.h_n, s.c_n = cnp.PyArray_DATA(h_n), cnp.PyArray_DATA(c_n) if has_c else NULL
        s.pack = False
        for i in range(len(self.chains)):
            chain = self.chains[i]
            chain.in_network(s.batch_row, s.n_steps, s.n_sequences, h0 is not None, c0 is not None, train,
                             i % s.n_directions == 1, s.n_threads)
            s.pack = s.pack or not (chain.packed and chain.keep_packed)
        return h_n, c_n

    cdef int mark_packed(self, bint value) except -1:
        cdef Chain chain
        for chain in self.chains:
            chain.packed = value
        return 0

    def gradients(self, batch_sizes, ids, values, y, weight, h0, c0, double dropout, double input_dropout,
                  uint64_t seed, bint train_tables, double normalizer):
        """The loss of a minibatch, and the final states h_n and c_n (L R, B, H); gradients are overwritten.

        batch_sizes: int64 (T,); ids: int32 (N, K); values: (N, n_values); y: int32 (M,), or (M, n_classes); weight:
        (M,) or None; normalizer: what the sum of losses is divided by, 0: the sum of their weights. The rows of tables
        that have a gradient: ``sparse``.
        """
        self.s.dropout, self.s.input_dropout, self.s.seed = dropout, input_dropout, seed
        self.s.train_tables = train_tables
        self.set_batch(batch_sizes, ids, values, True)
        self.set_back()
        states = self.set_states(h0, c0, True)
        self.set_targets(y, weight, normalizer)
        self.s.scores = NULL
        with nogil:
            self.k.sequence.gradients(&self.s)
        self.mark_packed(False)  # backward has packed other weights in their place
        return self.s.total_loss, *states

    cdef int set_targets(self, y, weight, double normalizer) except -1:
        cdef int64_t n = self.n_head(), low, high, C = self.direct.n_classes
        if np.shape(y)[:1] != (n,):
            raise ValueError(f"target must have {n} rows, got shape {np.shape(y)}")
        if self.head is not None:
            self.head.set_targets(y, weight, normalizer)
            return 0
        self.direct.label, self.direct.soft = NULL, NULL
        if cnp.PyArray_TYPE(y) == cnp.NPY_INT32:
            self.direct.label = <int32_t *>ptr(y, cnp.NPY_INT32, n, "target")
            fb_label_range(self.direct.label, n, &low, &high)
            if low < -1 or high >= C:
                raise ValueError(f"target must be in -1 .. {C - 1}, got {low} .. {high}")
        else:
            self.direct.soft = ptr(y, self.real, n * C, "target")
        self.direct.node_weight = NULL if weight is None else ptr(weight, self.real, n, "weight")
        self.direct.normalizer = normalizer
        self.direct.dz = self.memory("dz", n * self.direct.ld_class)
        if "node_loss" not in self.keep or self.keep["node_loss"].size < n:
            self.keep["node_loss"] = np.empty(n)
        self.direct.node_loss = <double *>cnp.PyArray_DATA(self.keep["node_loss"])
        return 0

    @property
    def total_weight(self) -> float:
        """The sum of the weights of the last targets."""
        return self.direct.total_weight if self.head is None else self.head.total_weight

    @property
    def sparse(self) -> list:
        """(rows int32 (n,), their gradients (n, width)) of each table, of the last ``gradients``; they live."""
        found = []
        for i in range(self.s.n_tables):
            n, width = self.s.table[i].n_read, self.s.table[i].width
            found.append((self.keep["rows", i][:n], self.keep["grad", i][:n * width].reshape(n, width)))
        return found

    def predict(self, batch_sizes, ids, values, h0, c0, int n_classes):
        """Scores (M, n_classes), and h_n and c_n; n_classes 0: what the head reads (M, W) instead of scores."""
        cdef int64_t n, W = self.s.n_directions * self.s.n_state
        cdef cnp.ndarray out
        self.s.dropout = self.s.input_dropout = 0
        self.set_batch(batch_sizes, ids, values, False)
        states = self.set_states(h0, c0, False)
        n = self.n_head()
        if n_classes:
            out = np.empty((n, n_classes), self.dtype)
            if n_classes != (W if self.head is None else self.head.n_out):
                raise ValueError(f"n_classes: {W if self.head is None else self.head.n_out} needed, got {n_classes}")
            self.s.scores = cnp.PyArray_DATA(out)
        else:
            self.s.scores = NULL
        with nogil:
            self.k.sequence.predict(&self.s)
        self.mark_packed(True)
        if not n_classes:
            last = self.keep[("out", self.s.n_layers - 1) if fb_pools[<int>self.s.pool].per_step else "y"]
            out = last[:n * W].reshape(n, W).copy()
        return out, *states
