# The C contract (src_c/fb.h) as Cython sees it.
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from "pool.h" nogil:
    const int64_t FB_WORTH

cdef extern from "w2v.h" nogil:
    ctypedef struct fb_w2v  # its fields: _core_words.pxi

cdef extern from "glove.h" nogil:
    ctypedef struct fb_glove  # its fields: _core_glove.pxi

cdef extern from "mlp.h" nogil:
    ctypedef struct fb_graph:
        int64_t n_nodes, n_edges, n_levels, n_graphs, n_inputs
        const int64_t *level_ptr
        const int64_t *child_ptr
        const int32_t *child
        const int32_t *word
        const int32_t *label
        const int32_t *graph
        const int32_t *root
        const int32_t *inputs
        int64_t min_arity, max_arity, min_word, max_word, max_label
        int leaf_inputs

    ctypedef struct fb_bank:
        int64_t n_trees
        const int64_t *node_ptr
        const int64_t *level_ptr
        const int64_t *edge_ptr
        const int32_t *level_size
        const int32_t *child
        const int32_t *n_child
        const int32_t *word
        const int32_t *label

    ctypedef struct fb_words:
        const int32_t *map
        const float *unknown_rate
        uint64_t seed

    ctypedef struct fb_dims:
        int n_in, n_state, n_gate, n_slot, n_gather, n_feature, ld_in, ld_state, ld_gather, ld_feature, ld_fold

    ctypedef struct fb_column:
        int32_t param, at, twin

    ctypedef struct fb_weights:
        const void *W
        const void *U
        const void *b
        const void *c
        int64_t ld_w, ld_u, ld_b
        void *packed
        void *packed_back

    ctypedef struct fb_gates:
        int n_gate, n_slot, has_c

    ctypedef struct fb_run:
        const fb_graph *graph
        fb_dims dims
        const void *theta
        const void *theta_t
        const void *x
        int64_t ld_x
        const int32_t *x_row
        int tanh_input
        double dropout, input_dropout
        uint64_t seed
        void *h
        void *gathered
        void *errors
        void *dh
        void *dx
        void *dtheta
        int activation
        fb_weights weights
        void *saved
        void *edge
        void *c
        void *dc
        const void *h0
        const void *c0
        void *dh0
        void *dc0

    ctypedef struct fb_cell:
        const char *name
        const char *spec
        const char *activations
        int arity
        const fb_gates *gates
        void (*shape)(fb_dims *) noexcept nogil
        void (*columns)(const fb_dims *, fb_column *) noexcept nogil

    ctypedef struct fb_chain:
        fb_run run
        const fb_cell *cell
        int64_t n_steps, batch, ld_h, ld_out, ld_dh, ld_dx
        const int64_t *row_ptr
        int reverse, save, n_threads
        void *out
        const void *h0
        const void *c0
        void *h_n
        void *c_n
        const void *dh
        const void *dh_n
        const void *dc_n
        void *dx
        void *dh0
        void *dc0
        void *dW
        void *dU
        void *db
        void *dc
        void *slab
        void *carry
        void *carry_c
        char *scratch
        size_t scratch_size
        int64_t worth

    ctypedef struct fb_block:
        int64_t n_rows, n_cols, ld
        void *w
        void *g
        void *s1
        void *s2
        const void *mult
        const void *l2

    ctypedef struct fb_optim:
        int kind
        double learning_rate, momentum, beta1, beta2, eps, max_norm
        int64_t t

    ctypedef struct fb_loss:
        int n_classes, ld_class, roots_only
        const int32_t *label
        const void *soft
        const void *node_weight
        const void *class_weight
        double scale
        const void *head
        int64_t ld_head
        const void *head_t
        void *dz
        double *node_loss

    ctypedef struct fb_dense:
        int n_in, n_out, activation
        int64_t ld
        void *h
        void *dh
        void *panels
        void *panels_t

    ctypedef struct fb_net:
        fb_run run
        const fb_cell *cell
        fb_loss loss
        fb_block cell_block, head_block, word_block
        fb_optim optim
        int train_words, update, n_threads
        int64_t slab_rows, slab_inner
        void *cell_slab
        void *head_slab
        double total_loss
        int64_t n_rows
        int32_t *rows
        int32_t *first
        int32_t *last
        int32_t *next
        int32_t *slot
        int32_t *count
        int64_t *split
        char *scratch
        size_t scratch_size

    ctypedef struct fb_mlp "struct fb_mlp":
        int n_layers, task, add
        fb_dense *layer
        fb_block *block
        int64_t n_rows
        const void *x
        const void *dout
        void *out
        void *dx
        fb_loss loss
        fb_optim optim
        double dropout, total_loss
        uint64_t seed
        int n_threads
        char *scratch
        size_t scratch_size

    ctypedef struct fb_kernels:
        int isa, real_bytes, n_cells
        const fb_cell *cells
        size_t (*scratch)(const fb_dims *, const fb_gates *) noexcept nogil
        size_t (*packed_size)(int64_t, int64_t) noexcept nogil
        size_t (*matmul_scratch)() noexcept nogil
        void (*pack_b)(int64_t, int64_t, const void *, ptrdiff_t, ptrdiff_t, void *) noexcept nogil
        void (*matmul)(int64_t, int64_t, int64_t, const void *, ptrdiff_t, const void *, void *, ptrdiff_t,
                       int) noexcept nogil
        void (*matmul_tn)(int64_t, int64_t, int64_t, const void *, ptrdiff_t, const void *, ptrdiff_t, void *,
                          ptrdiff_t, int, void *) noexcept nogil
        void (*pack)(const fb_dims *, const fb_column *, const void **, void *) noexcept nogil
        void (*unpack)(const fb_dims *, const fb_column *, int, const void *, void **) noexcept nogil
        void (*forward)(fb_net *) noexcept nogil
        void (*backward)(fb_net *) noexcept nogil
        void (*step)(fb_net *) noexcept nogil
        void (*predict)(fb_net *, int, void *, void *) noexcept nogil
        void (*dropout_mask)(uint64_t, double, int64_t, int64_t, void *) noexcept nogil
        size_t (*w2v_scratch)(const fb_w2v *) noexcept nogil
        void (*w2v_train)(fb_w2v *) noexcept nogil
        void (*glove_train)(fb_glove *) noexcept nogil
        size_t (*packed)(const fb_dims *) noexcept nogil
        size_t (*chain_scratch)(const fb_dims *) noexcept nogil
        size_t (*chain_slab_size)(const fb_chain *) noexcept nogil
        int64_t (*block_rows)(const fb_dims *) noexcept nogil
        void (*chain_pack)(fb_chain *) noexcept nogil
        void (*chain_forward)(fb_chain *) noexcept nogil
        void (*chain_backward)(fb_chain *) noexcept nogil

        size_t (*mlp_scratch)(const fb_mlp *) noexcept nogil
        void (*mlp)(fb_mlp *) noexcept nogil
        void (*update_blocks)(fb_optim *, const fb_block *, const int32_t **, int) noexcept nogil

    int fb_uses_panels(const fb_mlp *m, const fb_dense *d, size_t real_bytes)
    void fb_label_range(const int32_t *label, int64_t n, int64_t *low, int64_t *high)
    int FB_FORWARD, FB_PROBA, FB_LOSS, FB_BACKWARD, FB_UPDATE
    int FB_PAD, FB_SLABS
    int FB_PARAMS
    const fb_kernels *fb_kernels_for(int real_bytes)
    int64_t fb_ld_gathered(const fb_dims *d, const fb_cell *cell)
    int fb_wants_transpose(const fb_dims *d)
    void fb_graph_facts(fb_graph *s)
    int fb_batch_size(const fb_bank *bank, const int64_t *tree, int64_t n, fb_graph *out)
    void fb_batch_ahead(const fb_bank *bank, const int64_t *tree, int64_t n)
    void fb_batch(const fb_bank *bank, const int64_t *tree, int64_t n, const fb_words *words, const fb_graph *out,
                  int64_t *level_fill, int32_t *place)
