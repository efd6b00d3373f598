# A gated cell over batches of sequences: what layers and the models for sequences run.

cdef enum:  # pieces of a chain's own memory
    OWN_PACKED, OWN_SAVED, OWN_SCRATCH, OWN_H, OWN_C, OWN_H0, OWN_C0, OWN_CARRY, OWN_CARRY_C, OWN_SLAB, N_OWN


cdef bint cell_runs_over_sequences(const fb_cell_row *row):
    """Whether a time step can be its inner node: one child, whose matrices are everybody's, and no leaf module."""
    return row.gates.n_gate > 0 and not row.arity and not row.gates.n_leaf


cdef class Chain:
    """A gated cell over batches of sequences; its memory is kept from call to call.

    Rows of a batch are level-major, longest sequence first (torch's PackedSequence): row r of time t is row
    ``sum(batch_sizes[:t]) + r``; for equal lengths that is (T, B, width), as it is or as (T * B, width). x, h, dh and
    dx may have equal gaps between their rows. Not for several threads at once.

    worth: number of products, of a block of steps or of 32 steps of one sequence, that pay for one more thread.
    keep_packed: the weights change only in ``set_params`` and after ``backward``, and are read no more often than that.
    """
    cdef fb_chain c
    cdef const fb_kernels *k
    cdef int real
    cdef list own
    cdef void *own_at[N_OWN]
    cdef Py_ssize_t own_size[N_OWN]
    cdef int64_t *row_ptr
    cdef Py_ssize_t n_row_ptr
    cdef object params, inputs, row_array
    cdef bint packed, ready
    cdef public bint keep_packed
    cdef readonly str cell
    cdef readonly object dtype, activation

    def __init__(self, str cell, int n_in, int n_state, dtype, activation=None, int64_t worth=FB_WORTH):
        self.k = kernels(dtype)
        self.dtype = np.dtype(dtype)
        self.real = self.dtype.num
        self.own = [None] * N_OWN
        self.cell = cell
        self.c.cell = cell_of(self.k, cell, &self.c.run.dims, n_in, n_state)
        if not cell_runs_over_sequences(self.c.cell.row):
            raise ValueError(f"cell: {cell!r} is not for sequences")
        accepted = cell_row(self.c.cell.row)["activations"]
        self.activation = activation or (accepted[0] if accepted else None)
        if self.activation is not None and self.activation not in accepted:
            raise ValueError(f"activation: must be one of {accepted or None}, got {activation!r}")
        self.c.run.activation = accepted.index(self.activation) if accepted else 0
        self.c.run.weights.packed = self.c.run.weights.packed_back = self.memory(
            OWN_PACKED, self.k.tree.packed(&self.c.run.dims) // self.k.real_bytes)
        self.c.worth, self.c.n_threads = max(1, worth), 1
        self.c.scratch_size = self.k.chain.scratch(&self.c.run.dims)

    @property
    def n_in(self) -> int:
        return self.c.run.dims.n_in

    @property
    def n_state(self) -> int:
        return self.c.run.dims.n_state

    @property
    def shape(self) -> tuple[int, int]:
        """Steps and sequences of the last forward."""
        return self.c.n_steps, self.c.batch

    cdef void *memory(self, int piece, Py_ssize_t n) except NULL:
        """Own memory of n elements or more; what grows once may grow again."""
        cdef Py_ssize_t size
        if self.own_at[piece] == NULL or self.own_size[piece] < n:
            size = n + n // 8 if self.own_at[piece] != NULL else n
            self.own[piece] = None  # before the new one is there
            self.own_at[piece] = NULL
            self.own[piece] = aligned((size,), self.dtype, True)
            self.own_at[piece], self.own_size[piece] = cnp.PyArray_DATA(self.own[piece]), size
        if poison:
            self.own[piece].fill(np.nan)
        return self.own_at[piece]

    cdef void *rows(self, object array, int64_t n, int64_t width, int64_t *ld, bint written, str name) except? NULL:
        """Pointer and distance of n rows: of a matrix (n, width), or of (T, B, width) with n = T B."""
        cdef cnp.npy_intp *dims
        cdef cnp.npy_intp *strides
        cdef int last
        cdef Py_ssize_t size = self.k.real_bytes, found = -1, gap = 0
        if not cnp.PyArray_Check(array):
            raise TypeError(f"{name}: an array is needed, not {type(array).__name__}")
        dims, strides = cnp.PyArray_DIMS(array), cnp.PyArray_STRIDES(array)
        last = cnp.PyArray_NDIM(array) - 1
        if last == 1:
            found, gap = dims[0], strides[0]
        elif last == 2 and (dims[0] == 1 or dims[1] == 1 or strides[0] == dims[1] * strides[1]):
            found, gap = dims[0] * dims[1], strides[0] if dims[1] == 1 else strides[1]
        if found != n or dims[last] != width or dims[last] > 1 and strides[last] != size or gap % size or \
                cnp.PyArray_TYPE(array) != self.real or not cnp.PyArray_ISBEHAVED_RO(array) or \
                written and not cnp.PyArray_ISWRITEABLE(array):
            raise ValueError(f"{name}: {'writable ' if written else ''}array ({n}, {width}) of {self.dtype} with "
                             f"contiguous rows needed, got {array.dtype} {np.shape(array)}, strides {array.strides}")
        ld[0] = gap // size
        return cnp.PyArray_DATA(array)

    def set_params(self, W, U, b=None, b_rec=None):
        """W (GH, D), U (GH, H) or None where the cell has none, biases b and b_rec (GH); references are kept.

        A bias that is None is zero. The second one is added to U h, which matters for gru; other cells sum both.
        """
        cdef fb_weights *w = &self.c.run.weights
        cdef int64_t H = self.c.run.dims.n_state, GH = self.c.run.dims.n_gate * H
        w.W = self.rows(W, GH, self.c.run.dims.n_in, &w.ld_w, False, "W")
        if (U is None) == self.c.cell.row.gates.has_recurrence:
            raise ValueError(f"U: cell {self.cell!r} {'has no' if U is not None else 'needs a'} U")
        w.U = NULL if U is None else self.rows(U, GH, H, &w.ld_u, False, "U")
        w.b = NULL if b is None else ptr(b, self.real, GH, "b")
        w.b_rec = NULL if b_rec is None else ptr(b_rec, self.real, GH, "b_rec")
        w.ld_b = 1
        self.params, self.packed, self.ready = (W, U, b, b_rec), False, False

    def pack(self):
        """Read the weights as they are now; ``forward`` does, ``step`` after ``set_params`` and ``backward`` only."""
        self.read_weights()

    cdef int read_weights(self) except -1:
        if self.params is None:
            raise ValueError("params: set_params comes first")
        if not (self.packed and self.keep_packed):
            with nogil:
                self.k.chain.pack(&self.c)
        self.packed = True
        return 0

    cdef int set_steps(self, int64_t T, int64_t B) except -1:
        """Room for the offsets of T times."""
        if self.n_row_ptr <= T:
            self.row_array = np.zeros(T + T // 8 + 2, np.int64)
            self.row_ptr, self.n_row_ptr = <int64_t *>cnp.PyArray_DATA(self.row_array), T + T // 8 + 2
        self.c.row_ptr, self.c.n_steps, self.c.batch = self.row_ptr, T, B
        return 0

    cdef int set_batch(self, batch_sizes) except -1:
        """Offsets of times."""
        self.ready = False  # what was saved belongs to other offsets
        cdef int64_t *size = <int64_t *>ptr(batch_sizes, cnp.NPY_INT64, 0, "batch_sizes")
        cdef int64_t T = cnp.PyArray_SIZE(batch_sizes), t
        self.set_steps(T, size[0] if T else 0)
        for t in range(T):
            if size[t] < 1 or t and size[t] > size[t - 1]:
                raise ValueError(f"batch_sizes: must be positive and never grow, got {size[t]} at {t}")
            self.row_ptr[t + 1] = self.row_ptr[t] + size[t]
        return 0

    cdef bint fits(self, object array, cnp.npy_intp T, cnp.npy_intp B, int width) except -1:
        """Whether this is None or (T, B, width) of the chain's type."""
        cdef cnp.npy_intp *dims
        if array is None:
            return True
        if not cnp.PyArray_Check(array) or cnp.PyArray_NDIM(array) != 3 or cnp.PyArray_TYPE(array) != self.real:
            return False
        dims = cnp.PyArray_DIMS(array)
        return dims[0] == T and dims[1] == B and dims[2] == width

    cdef int set_equal(self, x, h0, c0) except -1:
        """Offsets of times of x (T, B, D); ValueError, and nothing changes, where arrays have other shapes or types."""
        cdef cnp.npy_intp T, B, t
        cdef int H = self.c.run.dims.n_state
        if cnp.PyArray_Check(x) and cnp.PyArray_NDIM(x) == 3 and cnp.PyArray_SIZE(x):
            T, B = cnp.PyArray_DIMS(x)[0], cnp.PyArray_DIMS(x)[1]
            if self.fits(x, T, B, self.c.run.dims.n_in) and self.fits(h0, 1, B, H) and self.fits(c0, 1, B, H):
                self.ready = False
                self.set_steps(T, B)
                for t in range(T):
                    self.row_ptr[t + 1] = self.row_ptr[t] + B
                return 0
        raise ValueError("x, h0, c0: arrays (T, B, n_in) and (1, B, n_state) needed")

    cdef void *states(self, object array, bint written, str name) except? NULL:
        """Pointer of states (B, H) or (1, B, H), or NULL."""
        cdef int64_t B = self.c.batch, H = self.c.run.dims.n_state
        cdef cnp.npy_intp *dims
        cdef int last
        if array is None:
            return NULL
        if not cnp.PyArray_Check(array):
            raise TypeError(f"{name}: an array is needed, not {type(array).__name__}")
        dims, last = cnp.PyArray_DIMS(array), cnp.PyArray_NDIM(array) - 1
        if last < 1 or last > 2 or dims[last] != H or dims[last - 1] != B or last == 2 and dims[0] != 1:
            raise ValueError(f"{name}: shape ({B}, {H}) needed, got {np.shape(array)}")
        return out_ptr(array, self.real, B * H, name) if written else ptr(array, self.real, B * H, name)

    cdef int no_second(self, bint given, str names) except -1:
        if given and not self.c.cell.row.gates.has_second_state:
            raise ValueError(f"{names}: cell {self.cell!r} has no second state")
        return 0

    def forward(self, x, batch_sizes, h, h0=None, c0=None, h_n=None, c_n=None, bint save=True, bint reverse=False,
                int n_threads=1):
        """States h (N, H) of inputs x (N, D).

        batch_sizes: int64 (T,), positive, never growing; B is the first. h0, c0 (B, H): zeros where None. h_n, c_n
        (B, H) are written: states after each sequence's last step. reverse: right to left, a sequence enters at its
        last element. save: for ``backward``; x, h and the weights must not change until then.
        """
        self.set_batch(batch_sizes)
        self.run_forward(x, h, h0, c0, h_n, c_n, save, reverse, n_threads)

    def layer_forward(self, x, batch_sizes, h0=None, c0=None, bint save=True, int n_threads=1):
        """``forward`` into new arrays: h (N, H), or (T, B, H) like x, h_n and c_n (1, B, H).

        batch_sizes None: sequences of equal length, x (T, B, D), h0 and c0 (1, B, H).
        """
        if batch_sizes is None:
            self.set_equal(x, h0, c0)
        else:
            self.set_batch(batch_sizes)
        if not cnp.PyArray_Check(x):
            raise TypeError(f"x: an array is needed, not {type(x).__name__}")
        h, h_n = self.like(x, self.c.run.dims.n_state), self.new_states()
        c_n = self.new_states() if self.c.cell.row.gates.has_second_state else None
        self.run_forward(x, h, h0, c0, h_n, c_n, save, False, n_threads)
        return h, h_n, c_n

    cdef cnp.ndarray like(self, cnp.ndarray x, cnp.npy_intp width):
        """A new array of as many rows, of another width."""
        cdef cnp.npy_intp shape[3]
        cdef int k, last = min(2, cnp.PyArray_NDIM(x) - 1)
        for k in range(last):
            shape[k] = cnp.PyArray_DIMS(x)[k]
        shape[max(0, last)] = width
        return cnp.PyArray_EMPTY(max(0, last) + 1, shape, self.real, 0)

    cdef cnp.ndarray new_states(self):
        cdef cnp.npy_intp shape[3]
        shape[0], shape[1], shape[2] = 1, self.c.batch, self.c.run.dims.n_state
        return cnp.PyArray_EMPTY(3, shape, self.real, 0)

    cdef int run_forward(self, x, h, h0, c0, h_n, c_n, bint save, bint reverse, int n_threads) except -1:
        """``forward`` over the batch that is set."""
        cdef int64_t n = self.row_ptr[self.c.n_steps], H = self.c.run.dims.n_state, Hp = self.c.run.dims.ld_state
        self.ready = False
        self.no_second(c0 is not None or c_n is not None, "c0, c_n")
        self.c.run.x = self.rows(x, n, self.c.run.dims.n_in, &self.c.run.ld_x, False, "x (rows: sum of batch_sizes)")
        self.c.run.h, self.c.out = self.rows(h, n, H, &self.c.ld_h, True, "h"), NULL
        if H != Hp:
            self.c.out, self.c.ld_out = self.c.run.h, self.c.ld_h
            self.c.run.h, self.c.ld_h = self.memory(OWN_H, n * Hp), Hp
        self.c.h0, self.c.c0 = self.states(h0, False, "h0"), self.states(c0, False, "c0")
        self.c.h_n, self.c.c_n = self.states(h_n, True, "h_n"), self.states(c_n, True, "c_n")
        self.c.reverse, self.c.save = reverse, save
        self.set_memory(n, n_threads)
        self.read_weights()
        with nogil:
            self.k.chain.forward(&self.c)
        self.ready, self.inputs = save, (x, h)
        return 0

    cdef int set_memory(self, int64_t n, int n_threads) except -1:
        """What n rows and the initial states need."""
        cdef int64_t B = self.c.batch, Hp = self.c.run.dims.ld_state
        cdef int64_t n_saved = n if self.c.save else min(n, self.k.chain.block_rows(&self.c.run.dims) + B)
        self.c.run.h0 = self.memory(OWN_H0, B * Hp) if self.c.h0 != NULL else NULL
        self.c.run.c0 = self.memory(OWN_C0, B * Hp) if self.c.c0 != NULL else NULL
        self.c.run.saved = self.memory(OWN_SAVED, n_saved * self.c.run.dims.n_slot * Hp)
        self.c.run.c = self.memory(OWN_C, n * Hp) if self.c.cell.row.gates.has_second_state else NULL
        self.c.n_threads = max(1, n_threads)
        self.c.scratch = <char *>self.memory(OWN_SCRATCH, self.c.n_threads * self.c.scratch_size // self.k.real_bytes)
        return 0

    cdef int in_network(self, const int64_t *row_ptr, int64_t T, int64_t B, bint has_h0, bint has_c0, bint save,
                        bint reverse, int n_threads) except -1:
        """Memory of a run over the rows of a network, which says where x, h and their gradients are.

        has_h0, has_c0: whether there are initial states.
        """
        cdef int64_t n = row_ptr[T], H = self.c.run.dims.n_state, Hp = self.c.run.dims.ld_state, slab
        self.ready, self.inputs = False, None
        self.c.row_ptr, self.c.n_steps, self.c.batch = row_ptr, T, B
        self.c.reverse, self.c.save = reverse, save
        self.c.h0 = self.c.c0 = NULL
        if H != Hp:
            self.c.run.h, self.c.ld_h = self.memory(OWN_H, n * Hp), Hp
        self.set_memory(n, n_threads)
        self.c.run.h0 = self.memory(OWN_H0, B * Hp) if has_h0 else NULL
        self.c.run.c0 = self.memory(OWN_C0, B * Hp) if has_c0 else NULL
        if save:
            self.c.carry = self.memory(OWN_CARRY, B * Hp)
            self.c.carry_c = self.memory(OWN_CARRY_C, B * Hp) if self.c.cell.row.gates.has_second_state else NULL
            slab = self.k.chain.slab_size(&self.c)
            self.c.slab = self.memory(OWN_SLAB, slab) if slab else NULL
        return 0

    cdef int set_gradients(self, grads) except -1:
        """Where a network's gradients (dW, dU, db, db_rec) are added to, those that the cell has."""
        dW, dU, db, db_rec = grads
        cdef int64_t H = self.c.run.dims.n_state, D = self.c.run.dims.n_in, GH = self.c.run.dims.n_gate * H
        self.c.dW = out_ptr(dW, self.real, GH * D, "dW")
        self.c.dU = out_ptr(dU, self.real, GH * H, "dU") if self.c.cell.row.gates.has_recurrence else NULL
        self.c.db = NULL if db is None else out_ptr(db, self.real, GH, "db")
        self.c.db_rec = NULL if db_rec is None else out_ptr(db_rec, self.real, GH, "db_rec")
        return 0

    def backward(self, dh, dx, dW, dU, db=None, db_rec=None, dh_n=None, dc_n=None, dh0=None, dc0=None):
        """Gradients of the last ``forward``, once.

        dh (N, H), dh_n, dc_n (B, H): upstream, zeros where None. dW, dU and, unless None, db, db_rec (of biases) are
        added to; dx (N, D), dh0, dc0 (B, H) are overwritten, or not wanted where None.
        """
        self.run_backward(dh, dx, (dW, dU, db, db_rec), dh_n, dc_n, dh0, dc0)

    def layer_backward(self, dh, dh_n, dc_n, grads, bint want_dx=True):
        """``backward`` into new arrays dx (None unless wanted) and dh0, dc0, after ``layer_forward``.

        grads: dW, dU, db, db_rec.
        """
        cdef cnp.npy_intp T = self.c.n_steps, B = self.c.batch
        cdef int H = self.c.run.dims.n_state
        if not self.ready:
            raise ValueError("backward: forward(save=True) comes first, once for every backward")
        if cnp.PyArray_NDIM(self.inputs[1]) == 3 and not (
                self.fits(dh, T, B, H) and self.fits(dh_n, 1, B, H) and self.fits(dc_n, 1, B, H)):
            raise ValueError("dh, dh_n, dc_n: arrays like h, h_n and c_n needed")
        dx = self.like(self.inputs[0], self.c.run.dims.n_in) if want_dx else None
        dh0, dc0 = self.new_states(), self.new_states() if self.c.cell.row.gates.has_second_state else None
        self.run_backward(dh, dx, grads, dh_n, dc_n, dh0, dc0)
        return dx, dh0, dc0

    cdef int run_backward(self, dh, dx, grads, dh_n, dc_n, dh0, dc0) except -1:
        dW, dU, db, db_rec = grads
        cdef int64_t n, H = self.c.run.dims.n_state, D = self.c.run.dims.n_in, Hp = self.c.run.dims.ld_state
        cdef int64_t GH = self.c.run.dims.n_gate * H, slab
        if not self.ready:
            raise ValueError("backward: forward(save=True) comes first, once for every backward")
        n = self.row_ptr[self.c.n_steps]
        self.no_second(dc_n is not None or dc0 is not None, "dc_n, dc0")
        self.c.dh = NULL if dh is None else self.rows(dh, n, H, &self.c.ld_dh, False, "dh")
        self.c.dx = NULL if dx is None else self.rows(dx, n, D, &self.c.ld_dx, True, "dx")
        self.c.dh_n, self.c.dc_n = self.states(dh_n, False, "dh_n"), self.states(dc_n, False, "dc_n")
        self.c.dh0, self.c.dc0 = self.states(dh0, True, "dh0"), self.states(dc0, True, "dc0")
        self.c.dW, self.c.dU = out_ptr(dW, self.real, GH * D, "dW"), NULL
        if self.c.cell.row.gates.has_recurrence:
            self.c.dU = out_ptr(dU, self.real, GH * H, "dU")
        self.c.db = NULL if db is None else out_ptr(db, self.real, GH, "db")
        self.c.db_rec = NULL if db_rec is None else out_ptr(db_rec, self.real, GH, "db_rec")
        self.c.carry = self.memory(OWN_CARRY, self.c.batch * Hp)
        self.c.carry_c = self.memory(OWN_CARRY_C, self.c.batch * Hp) if self.c.cell.row.gates.has_second_state else NULL
        slab = self.k.chain.slab_size(&self.c)
        self.c.slab = self.memory(OWN_SLAB, slab) if slab else NULL
        self.ready = self.packed = False
        with nogil:
            self.k.chain.backward(&self.c)
        self.inputs = None
        return 0

    def step(self, x, h, c, h_out, c_out):
        """One time step: x (B, D), h (B, H), c (B, H) or None -> h_out and c_out, which may be h and c."""
        self.set_step(x)
        self.run_step(x, h, c, h_out, c_out)

    def layer_step(self, x, h, c):
        """``step`` from states (1, B, H) or None into new ones; c None where the cell has none."""
        self.set_step(x)
        for array in (h, c):
            if array is not None and (not cnp.PyArray_Check(array) or cnp.PyArray_NDIM(array) != 3):
                raise ValueError(f"h, c: shape (1, {self.c.batch}, {self.n_state}) needed, got {np.shape(array)}")
        h_out, c_out = self.new_states(), self.new_states() if self.c.cell.row.gates.has_second_state else None
        self.run_step(x, h, c, h_out, c_out)
        return h_out, c_out

    cdef int set_step(self, x) except -1:
        if not cnp.PyArray_Check(x) or cnp.PyArray_NDIM(x) != 2:
            raise ValueError(f"x: matrix needed, got {type(x).__name__} of shape {np.shape(x)}")
        self.c.batch = cnp.PyArray_DIMS(x)[0]
        self.ready, self.inputs = False, None
        return 0

    cdef int run_step(self, x, h, c, h_out, c_out) except -1:
        """``step`` of as many sequences as are set."""
        cdef int64_t B = self.c.batch
        cdef int64_t row_ptr[2]
        if not self.packed:
            self.read_weights()
        self.no_second(c is not None or c_out is not None, "c, c_out")
        row_ptr[0], row_ptr[1] = 0, B
        self.c.row_ptr, self.c.n_steps, self.c.reverse = row_ptr, 1, False
        self.c.run.x = self.rows(x, B, self.c.run.dims.n_in, &self.c.run.ld_x, False, "x")
        self.c.h0, self.c.c0 = self.states(h, False, "h"), self.states(c, False, "c")
        self.c.h_n, self.c.c_n, self.c.out = self.states(h_out, True, "h_out"), self.states(c_out, True, "c_out"), NULL
        self.c.ld_h = self.c.run.dims.ld_state
        self.c.run.h = self.memory(OWN_H, B * self.c.ld_h)
        self.set_memory(B, 1)
        self.k.chain.forward(&self.c)
        self.c.row_ptr = NULL
        return 0
