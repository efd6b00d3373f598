# A gated cell over batches of sequences: what layers and the models for sequences run.


cdef class Chain:
    """A gated cell over batches of sequences; its memory is kept from call to call.

    Rows of a batch are level-major, longest sequence first (torch's PackedSequence): row r of time t is row
    ``sum(batch_sizes[:t]) + r``; for equal lengths that is (T, B, width) reshaped to (T * B, width). x, h, dh and dx
    may have gaps between their rows. Not for several threads at once.
    """
    cdef fb_chain c
    cdef const fb_kernels *k
    cdef int real
    cdef dict keep
    cdef bint packed, ready
    cdef readonly str cell
    cdef readonly object dtype, activation

    def __init__(self, str cell, int n_in, int n_state, dtype, activation=None):
        self.k = kernels(dtype)
        self.dtype = np.dtype(dtype)
        self.real = self.dtype.num
        self.keep = {}
        self.cell = cell
        self.c.cell = cell_of(self.k, cell, &self.c.run.dims, n_in, n_state)
        if not self.c.cell.gates:
            raise ValueError(f"cell: {cell!r} is not for sequences")
        accepted = self.c.cell.activations.decode().split()
        self.activation = activation or (accepted[0] if accepted else None)
        if self.activation is not None and self.activation not in accepted:
            raise ValueError(f"activation: must be one of {accepted or None}, got {activation!r}")
        self.c.run.activation = accepted.index(self.activation) if accepted else 0
        self.c.run.weights.packed = self.memory("packed", self.k.packed(&self.c.run.dims) // self.k.real_bytes)
        self.c.scratch_size = self.k.chain_scratch(&self.c.run.dims)

    @property
    def n_in(self) -> int:
        return self.c.run.dims.n_in

    @property
    def n_state(self) -> int:
        return self.c.run.dims.n_state

    cdef void *memory(self, str name, Py_ssize_t n) except NULL:
        """Own memory of n elements or more."""
        array = self.keep.get(name)
        if array is None or len(array) < n:
            self.keep[name] = array = aligned((n + n // 8 + 1,), self.dtype, True)
        if POISON:
            array.fill(np.nan)
        return cnp.PyArray_DATA(array)

    cdef void *rows(self, object array, int64_t n, int64_t width, int64_t *ld, bint written, str name) except? NULL:
        """Pointer and distance of rows of a matrix (n, width)."""
        cdef int64_t shape[2]
        cdef ptrdiff_t stride[2]
        cdef void *p
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{name}: an array is needed, not {type(array).__name__}")
        p = matrix(array, self.real, False, shape, stride, name)
        if shape[0] != n or shape[1] != width or written and not cnp.PyArray_ISWRITEABLE(array):
            raise ValueError(f"{name}: {'writable ' if written else ''}array ({n}, {width}) needed, "
                             f"got {np.shape(array)}")
        ld[0] = stride[0]
        return p

    def set_params(self, W, U, b, c=None):
        """W (GH, D), U (GH, H), b (GH) and, for gru, c (GH); references are kept."""
        cdef fb_weights *w = &self.c.run.weights
        cdef int64_t H = self.n_state, GH = self.c.run.dims.n_gate * H
        second = self.c.run.dims.n_slot > self.c.run.dims.n_gate
        if (c is not None) != second:
            raise ValueError(f"c: cell {self.cell!r} has {'a' if second else 'no'} second bias")
        w.W = self.rows(W, GH, self.n_in, &w.ld_w, False, "W")
        w.U = self.rows(U, GH, H, &w.ld_u, False, "U")
        w.b, w.c = ptr(b, self.real, GH, "b"), NULL if c is None else ptr(c, self.real, GH, "c")
        w.ld_b = 1
        self.keep["params"] = (W, U, b, c)
        self.packed = False

    def pack(self):
        """Read the weights as they are now. ``forward`` does it, ``step`` only after ``set_params``."""
        if "params" not in self.keep:
            raise ValueError("params: set_params comes first")
        self.c.run.weights.forward_only = True
        with nogil:
            self.k.chain_pack(&self.c)
        self.packed = True

    cdef int set_batch(self, batch_sizes, int64_t n) except -1:
        """Offsets of times; n rows of x."""
        cdef int64_t *size = <int64_t *>ptr(batch_sizes, cnp.NPY_INT64, 0, "batch_sizes")
        cdef int64_t T = len(batch_sizes), t
        if "row_ptr" not in self.keep or len(self.keep["row_ptr"]) <= T:
            self.keep["row_ptr"] = np.zeros(T + T // 8 + 2, np.int64)
        cdef int64_t *row_ptr = <int64_t *>cnp.PyArray_DATA(self.keep["row_ptr"])
        for t in range(T):
            if size[t] < 1 or t and size[t] > size[t - 1]:
                raise ValueError(f"batch_sizes: must be positive and never grow, got {size[t]} at {t}")
            row_ptr[t + 1] = row_ptr[t] + size[t]
        if row_ptr[T] != n:
            raise ValueError(f"batch_sizes: x has {n} rows, they add up to {row_ptr[T]}")
        self.c.row_ptr, self.c.n_steps, self.c.batch = row_ptr, T, size[0] if T else 0
        return 0

    cdef void *states(self, object array, bint written, str name) except? NULL:
        """Pointer of states (B, H), or NULL."""
        cdef Py_ssize_t n = self.c.batch * self.n_state
        if array is None:
            return NULL
        if np.shape(array) != (self.c.batch, self.n_state):
            raise ValueError(f"{name}: shape ({self.c.batch}, {self.n_state}) needed, got {np.shape(array)}")
        return out_ptr(array, self.real, n, name) if written else ptr(array, self.real, n, name)

    cdef int no_second(self, tuple given, str names) except -1:
        if not self.c.cell.gates.has_c and any(array is not None for array in given):
            raise ValueError(f"{names}: cell {self.cell!r} has no second state")
        return 0

    def forward(self, x, batch_sizes, h, h0=None, c0=None, h_n=None, c_n=None, bint save=True, bint reverse=False,
                int n_threads=1):
        """States h (N, H) of inputs x (N, D).

        batch_sizes: int64 (T,), positive, never growing; B is the first. h0, c0 (B, H): zeros where None. h_n, c_n
        (B, H) are written: states after each sequence's last step. reverse: right to left, a sequence enters at its
        last element. save: for ``backward``; x and h must not change until then.
        """
        cdef int64_t n = len(x), H = self.n_state, Hp = self.c.run.dims.ld_state
        cdef bint second = self.c.cell.gates.has_c
        self.ready = False
        if "params" not in self.keep:
            raise ValueError("params: set_params comes first")
        self.no_second((c0, c_n), "c0, c_n")
        self.set_batch(batch_sizes, n)
        self.c.run.x = self.rows(x, n, self.n_in, &self.c.run.ld_x, False, "x")
        self.c.run.h, self.c.out = self.rows(h, n, H, &self.c.ld_h, True, "h"), NULL
        if H != Hp:
            self.c.out, self.c.ld_out = self.c.run.h, self.c.ld_h
            self.c.run.h, self.c.ld_h = self.memory("h", n * Hp), Hp
        self.c.h0, self.c.c0 = self.states(h0, False, "h0"), self.states(c0, False, "c0")
        self.c.h_n, self.c.c_n = self.states(h_n, True, "h_n"), self.states(c_n, True, "c_n")
        self.c.run.h0 = NULL if h0 is None else self.memory("h0", self.c.batch * Hp)
        self.c.run.c0 = NULL if c0 is None else self.memory("c0", self.c.batch * Hp)
        self.c.run.saved = self.memory("saved", n * self.c.run.dims.n_slot * Hp)
        self.c.run.c = self.memory("c", n * Hp) if second else NULL
        self.set_threads(n_threads)
        self.c.reverse, self.c.run.weights.forward_only = reverse, not save
        with nogil:
            self.k.chain_forward(&self.c)
        self.packed, self.ready = True, save
        self.keep["x h"] = (x, h)

    cdef int set_threads(self, int n) except -1:
        self.c.n_threads = max(1, n)
        self.c.scratch = <char *>self.memory("scratch", self.c.n_threads * self.c.scratch_size // self.k.real_bytes)
        return 0

    def backward(self, dh, dx, dW, dU, db, dc=None, dh_n=None, dc_n=None, dh0=None, dc0=None):
        """Gradients of the last ``forward``, once.

        dh (N, H), dh_n, dc_n (B, H): upstream, zeros where None. dW, dU, db, dc (of the second bias) are added to; dx
        (N, D), dh0, dc0 (B, H) are overwritten, or not wanted where None.
        """
        cdef int64_t n = self.c.row_ptr[self.c.n_steps] if self.ready else 0, H = self.n_state, D = self.n_in
        cdef int64_t GH = self.c.run.dims.n_gate * H, Hp = self.c.run.dims.ld_state
        cdef bint second = self.c.cell.gates.has_c
        if not self.ready:
            raise ValueError("backward: forward(save=True) comes first, once for every backward")
        self.no_second((dc_n, dc0), "dc_n, dc0")
        if (dc is None) != (self.c.run.weights.c == NULL):
            raise ValueError("dc: the gradient of c, where the cell has it, and only there")
        self.c.dh = NULL if dh is None else self.rows(dh, n, H, &self.c.ld_dh, False, "dh")
        self.c.dx = NULL if dx is None else self.rows(dx, n, D, &self.c.ld_dx, True, "dx")
        self.c.dh_n, self.c.dc_n = self.states(dh_n, False, "dh_n"), self.states(dc_n, False, "dc_n")
        self.c.dh0, self.c.dc0 = self.states(dh0, True, "dh0"), self.states(dc0, True, "dc0")
        self.c.dW, self.c.dU = out_ptr(dW, self.real, GH * D, "dW"), out_ptr(dU, self.real, GH * H, "dU")
        self.c.db = out_ptr(db, self.real, GH, "db")
        self.c.dc = NULL if dc is None else out_ptr(dc, self.real, GH, "dc")
        self.c.carry = self.memory("carry", self.c.batch * Hp)
        self.c.carry_c = self.memory("carry_c", self.c.batch * Hp) if second else NULL
        self.ready = False
        with nogil:
            self.k.chain_backward(&self.c)

    def step(self, x, h, c, h_out, c_out):
        """One time step: x (B, D), h (B, H), c (B, H) or None -> h_out and c_out, which may be h and c."""
        cdef int64_t B = len(x), H = self.n_state, Hp = self.c.run.dims.ld_state, ld
        cdef bint second = self.c.cell.gates.has_c
        cdef int64_t row_ptr[2]
        if not self.packed:
            self.pack()
        self.no_second((c, c_out), "c, c_out")
        self.ready = False
        row_ptr[0], row_ptr[1] = 0, B
        self.c.row_ptr, self.c.n_steps, self.c.batch = row_ptr, 1, B
        self.c.run.x = self.rows(x, B, self.n_in, &self.c.run.ld_x, False, "x")
        self.c.h0, self.c.c0 = self.states(h, False, "h"), self.states(c, False, "c")
        self.c.h_n, self.c.c_n, self.c.out = self.states(h_out, True, "h_out"), self.states(c_out, True, "c_out"), NULL
        self.c.run.h0 = self.memory("h0", B * Hp) if h is not None else NULL
        self.c.run.h, self.c.ld_h = self.memory("h", B * Hp), Hp
        self.c.run.c0 = self.memory("c0", B * Hp) if c is not None else NULL
        self.c.run.c = self.memory("c", B * Hp) if second else NULL
        self.c.run.saved = self.memory("saved", B * self.c.run.dims.n_slot * Hp)
        self.c.reverse = False
        self.set_threads(1)
        self.k.chain_step(&self.c)
        self.c.row_ptr = NULL
