"""The C contract (src_c/contract) as Cython sees it, one block per header."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "contract/limits.h" nogil:
    enum:
        FB_PAD, FB_PARAMS


cdef extern from "contract/isa.h" nogil:
    ctypedef struct fb_instruction_set:
        const char *name
        int vector_bytes, tile_rows, accumulators
        int (*probe)() noexcept nogil

    const int FB_N_ISAS
    const fb_instruction_set fb_instruction_sets[]
    int fb_choose_isa(const char *name)


cdef extern from "contract/pool.h" nogil:
    enum:
        FB_MAX_THREADS

    const int64_t FB_WORTH


cdef extern from "contract/intern.h" nogil:
    ctypedef struct fb_intern:
        uint64_t *slot
        int64_t *start
        uint8_t *text
        int64_t n_slot, n_text, n

    void fb_intern_rehash(const uint64_t *old, int64_t n_old, uint64_t *slot, int64_t n_slot)


cdef extern from "contract/ptb.h" nogil:
    enum:
        FB_PTB_OK, FB_PTB_FULL, FB_PTB_UNCLOSED, FB_PTB_EXTRA_CLOSE, FB_PTB_OUTSIDE, FB_PTB_EMPTY, FB_PTB_MIXED
        FB_PTB_TWO_WORDS, FB_PTB_NUL, FB_PTB_LABEL_NOT_INT, FB_PTB_LABEL_RANGE, FB_PTB_N_CODES
        FB_STR, FB_INT, FB_FIRST
        FB_KEEP, FB_LEFT, FB_RIGHT

    ctypedef struct fb_frame:
        pass

    ctypedef struct fb_ptb:
        const uint8_t *data
        int64_t n_data
        int32_t final, int_labels, collapse, binarize
        int64_t n_classes, max_trees
        fb_intern words, labels
        fb_frame *stack
        int32_t *n_child
        int32_t *word
        int32_t *label
        int64_t *end
        int64_t n_trees, used, error_at

    int fb_ptb_parse(fb_ptb *p)


cdef extern from "contract/plan.h" nogil:
    ctypedef struct fb_forest:
        int64_t n_trees
        const int64_t *node_ptr
        const int32_t *n_child
        const int32_t *word
        const int32_t *label

    ctypedef struct fb_plan:
        int32_t *n_child
        int32_t *word
        int32_t *label
        int32_t *child
        int32_t *level_size
        int64_t *level_ptr
        int64_t *edge_ptr
        int32_t *scratch

    int64_t fb_plan_forest(const fb_forest *f, const fb_plan *p)
    int64_t fb_dag_heights(int64_t n, int64_t n_edge, const int32_t *child, const int32_t *parent, int32_t *height,
                           int32_t *scratch)
    void fb_dag_components(int64_t n, int64_t n_edge, const int32_t *child, const int32_t *parent, int32_t *comp)


cdef extern from "contract/graph.h" nogil:
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

    void fb_graph_facts(fb_graph *s)
    int fb_batch_size(const fb_bank *bank, const int64_t *tree, int64_t n, fb_graph *out)
    void fb_batch_ahead(const fb_bank *bank, const int64_t *tree, int64_t n)
    void fb_batch(const fb_bank *bank, const int64_t *tree, int64_t n, const fb_words *words, const fb_graph *out,
                  int64_t *level_fill, int32_t *place)


cdef extern from "contract/gated.h" nogil:
    ctypedef struct fb_weights:
        const void *W
        const void *U
        const void *b
        const void *b_rec
        const void *W_leaf
        const void *b_leaf
        int64_t ld_w, ld_u, ld_b
        void *packed
        void *packed_back

    ctypedef struct fb_gates:
        int n_gate, n_slot
        int8_t *gate
        int has_recurrence, has_second_bias, has_second_state, gate_per_child, matrices_per_child, direct, n_leaf


cdef extern from "contract/cell.h" nogil:
    int FB_N_CELLS, FB_N_TEST_CELLS, FB_MAX_AXES

    ctypedef enum fb_cell_kind:
        pass

    ctypedef enum fb_width:
        pass

    ctypedef enum fb_beginning:
        pass

    ctypedef struct fb_axis:
        int times
        fb_width of

    ctypedef struct fb_param:
        const char *name
        fb_beginning begins
        fb_axis *axis

    ctypedef struct fb_cell_row:
        const char *name
        fb_cell_kind kind
        const char *layer
        int arity
        fb_param *params
        const char **activations
        fb_gates gates

    const fb_cell_row *fb_cell_rows
    const fb_cell_row *fb_test_cell_rows
    const char *fb_cell_refused(const fb_cell_row *row)

    ctypedef struct fb_dims:
        int n_in, n_state, n_gate, n_slot, n_gather, n_feature, n_below, at_b, at_leaf
        int ld_in, ld_state, ld_gather, ld_feature, ld_fold, ld_below
        const fb_gates *gates

    ctypedef struct fb_column:
        int32_t param, at, twin, rows

    ctypedef struct fb_cell:
        const fb_cell_row *row
        void (*shape)(fb_dims *) noexcept nogil
        void (*columns)(const fb_dims *, fb_column *) noexcept nogil

    const char *fb_functions_refused(const fb_cell *cell)
    bint fb_is_gated(const fb_cell *cell)
    void fb_cell_dims(const fb_cell_row *row, int n_in, int n_state, fb_dims *d)
    int64_t fb_ld_gathered(const fb_dims *d, const fb_cell *cell)
    int fb_wants_transpose(const fb_dims *d)


cdef extern from "contract/run.h" nogil:
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


cdef extern from "contract/optimizer.h" nogil:
    ctypedef struct fb_block:
        int64_t n_rows, n_cols, ld
        void *w
        void *g
        void *s1
        void *s2
        const void *mult
        const void *l2

    int FB_N_OPTIONS, FB_N_OPTIMIZERS, FB_MAX_STATES

    ctypedef enum fb_optimizer_kind:
        pass

    ctypedef struct fb_option_range:
        const char *name
        double least, below

    ctypedef struct fb_option_default "struct {int taken; double value;}":
        int taken
        double value

    ctypedef struct fb_optimizer:
        const char *name
        int n_states, flushes, corrects_bias, decouples_decay
        double learning_rate
        fb_option_default *option

    ctypedef struct fb_optim:
        fb_optimizer_kind kind
        double learning_rate, max_norm
        double *option
        int64_t t

    const fb_option_range *fb_options
    const fb_optimizer *fb_optimizers
    const char *fb_optimizer_refused(const fb_optimizer *row)


cdef extern from "contract/loss.h" nogil:
    ctypedef enum fb_target:
        FB_TARGET_CLASS, FB_TARGET_LABELS, FB_TARGET_NUMBERS, FB_TARGET_DISTRIBUTION

    ctypedef enum fb_link:
        FB_LINK_SOFTMAX, FB_LINK_SIGMOID, FB_LINK_IDENTITY

    ctypedef enum fb_loss_kind:
        pass

    ctypedef struct fb_loss_row:
        const char *name
        fb_target target
        fb_link link
        int takes_class_weight, has_option
        const char *option
        double option_value, least, below

    ctypedef struct fb_loss:
        fb_loss_kind kind
        double option
        int n_classes, ld_class, roots_only
        const int32_t *label
        const void *soft
        const void *node_weight
        const void *class_weight
        double normalizer, total_weight
        const void *head
        int64_t ld_head
        const void *head_t
        void *dz
        double *node_loss

    int FB_N_LOSSES
    const fb_loss_row *fb_loss_rows


cdef extern from "contract/network.h" nogil:
    int FB_SLABS

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


cdef extern from "contract/chain.h" nogil:
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
        void *db_rec
        void *slab
        void *carry
        void *carry_c
        char *scratch
        size_t scratch_size
        int64_t worth


cdef extern from "contract/mlp.h" nogil:
    enum:
        FB_IDENTITY, FB_SIGMOID, FB_TANH, FB_RELU

    int FB_FORWARD, FB_PROBA, FB_LOSS, FB_BACKWARD, FB_UPDATE

    ctypedef struct fb_dense:
        int n_in, n_out, activation
        int64_t ld
        void *h
        void *dh
        void *panels
        void *panels_t

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

    int fb_uses_panels(const fb_mlp *m, const fb_dense *d, size_t real_bytes)
    void fb_label_range(const int32_t *label, int64_t n, int64_t *low, int64_t *high)


cdef extern from "contract/corpus.h" nogil:
    enum:
        FB_LONGEST_WORD

    ctypedef struct fb_counter:
        const uint8_t *data
        int64_t at, end
        fb_intern words
        int64_t *count
        int64_t n_tokens, n_long
        int lists

    ctypedef struct fb_encoder:
        const uint8_t *data
        const int64_t *cut
        int64_t n_pieces
        int lists, max_sentence, n_threads
        fb_intern words
        uint16_t *out
        int64_t *n_units
        int64_t *n_words

    int64_t fb_text_cut(const uint8_t *data, int64_t begin, int64_t most, int lists)
    int64_t fb_text_pieces(const uint8_t *data, int64_t n, int64_t size, int lists, int64_t *cut)
    void fb_count_words(fb_counter *counters, int n)
    int fb_merge_counts(const fb_counter *from_, fb_counter *to, int64_t *at)
    void fb_encode(fb_encoder *e)


cdef extern from "contract/word2vec.h" nogil:
    ctypedef struct fb_w2v:
        int64_t n_words
        int32_t ld, skip_gram, mean, negative, hs, window, shrink, shared, max_sentence, max_path
        void *in_ "in"
        void *out
        void *nodes
        const uint32_t *keep
        const uint64_t *noise
        const int64_t *path_ptr
        const int32_t *path_node
        const uint8_t *path_code
        const uint16_t *text
        const int64_t *piece_ptr
        const int64_t *piece_words
        int64_t n_pieces, first_piece
        double alpha, alpha_step, min_alpha
        uint64_t seed
        double *loss
        int64_t *n_pairs
        int n_threads
        char *scratch
        size_t scratch_size

    void fb_alias_table(int64_t n, double *p, uint64_t *table, int32_t *work)
    int64_t fb_huffman(int64_t n, const int64_t *count, int32_t *parent, uint8_t *code, int64_t *work,
                       int64_t *path_ptr)
    void fb_huffman_paths(int64_t n, const int32_t *parent, const uint8_t *code, const int64_t *path_ptr,
                          int32_t *path_node, uint8_t *path_code)


cdef extern from "contract/cooccurrence.h" nogil:
    ctypedef struct fb_rows:
        int64_t n_words, first_row, last_row
        const int64_t *at
        int64_t *n_in_row
        int32_t *column
        int64_t *sum
        int64_t *total
        uint64_t *seen
        int n_parts
        const int64_t *split

    ctypedef struct fb_text:
        const int32_t *text
        const int64_t *start
        const int32_t *position
        int window, symmetric
        const int64_t *weight

    ctypedef struct fb_counted:
        int64_t n_runs
        const int64_t **start
        const int32_t **column
        const int64_t **sum

    int64_t FB_COUNT_BITS
    int64_t fb_seen_size(int64_t n_words)
    int64_t fb_decode(const uint16_t *units, const int64_t *piece_ptr, int64_t n_pieces, int32_t *text)
    void fb_positions(const int32_t *text, int64_t n, int64_t n_words, int64_t *start, int32_t *position)
    void fb_count_rows(const fb_text *text, const fb_rows *rows)
    void fb_add_rows(const fb_counted *runs, const fb_rows *rows)
    int64_t fb_compact_rows(const fb_rows *rows)


cdef extern from "contract/glove.h" nogil:
    ctypedef struct fb_pair:
        pass

    ctypedef struct fb_glove:
        int64_t n_words, n_pairs
        int32_t ld
        void *w
        void *bias
        const fb_pair *pair
        double x_max, alpha, eta
        double *loss
        int n_parts

    void fb_deal_pairs(int64_t first_row, int64_t n_rows, const int64_t *n_in_row, const int32_t *column,
                       const int64_t *sum, int64_t n_buckets, int64_t *begin, fb_pair *pair)
    void fb_shuffle_pairs(int64_t n, fb_pair *pair, uint64_t seed)


cdef extern from "contract/sequence.h" nogil:
    int FB_MOST_LAYERS, FB_N_POOLS

    ctypedef enum fb_pool_kind:
        pass

    ctypedef struct fb_pool:
        const char *name
        int per_step

    const fb_pool *fb_pools

    ctypedef enum fb_head_kind:
        FB_HEAD_affine, FB_HEAD_direct

    ctypedef struct fb_table:
        const void *weights
        int64_t n_rows, n_read
        int width, column
        void *grad
        int32_t *rows
        int32_t *first
        int32_t *last
        int32_t *next
        int32_t *slot

    ctypedef struct fb_sequence:
        int n_layers, n_directions, n_state, n_tables, n_values, n_in, n_threads
        fb_pool_kind pool
        fb_head_kind head_kind
        fb_chain **chain
        fb_table *table
        fb_mlp *head
        fb_loss *loss
        int64_t n_rows, n_sequences, n_steps
        const int64_t *batch_row
        const int32_t *ids
        const void *values
        const void *h0
        const void *c0
        int pack, train, train_tables
        double dropout, input_dropout
        uint64_t seed
        void *x
        void *x_mask
        void **out
        void **mask
        void **read
        void *h_n
        void *c_n
        void *y
        void *y_mask
        void *dy
        void *dout
        void *dlast
        void **dx
        void *dx_other
        int32_t *max_row
        void *scores
        double total_loss

    int fb_sequence_ids_fit(const fb_sequence *)


cdef extern from "contract/kernels.h" nogil:
    ctypedef struct fb_cell_kernels:
        const fb_cell *cells
        const fb_cell *test_cells

    ctypedef struct fb_gemm_kernels:
        size_t (*packed_size)(int64_t, int64_t) noexcept nogil
        size_t (*matmul_scratch)() noexcept nogil
        void (*pack_b)(int64_t, int64_t, const void *, ptrdiff_t, ptrdiff_t, void *) noexcept nogil
        void (*matmul)(int64_t, int64_t, int64_t, const void *, ptrdiff_t, const void *, void *, ptrdiff_t,
                       int) noexcept nogil
        void (*matmul_tn)(int64_t, int64_t, int64_t, const void *, ptrdiff_t, const void *, ptrdiff_t, void *,
                          ptrdiff_t, int, void *) noexcept nogil

    ctypedef struct fb_tree_kernels:
        size_t (*scratch)(const fb_dims *) noexcept nogil
        size_t (*packed)(const fb_dims *) noexcept nogil
        void (*pack)(const fb_dims *, const fb_column *, const void **, void *) noexcept nogil
        void (*unpack)(const fb_dims *, const fb_column *, int, const void *, void **) noexcept nogil
        void (*forward)(fb_net *) noexcept nogil
        void (*backward)(fb_net *) noexcept nogil
        void (*step)(fb_net *) noexcept nogil
        void (*predict)(fb_net *, int, void *, void *) noexcept nogil
        void (*loss)(fb_loss *, int64_t, void *) noexcept nogil
        void (*link)(const fb_loss *, int64_t, void *) noexcept nogil
        void (*dropout_mask)(uint64_t, double, int64_t, int64_t, void *) noexcept nogil

    ctypedef struct fb_chain_kernels:
        size_t (*scratch)(const fb_dims *) noexcept nogil
        size_t (*slab_size)(const fb_chain *) noexcept nogil
        int64_t (*block_rows)(const fb_dims *) noexcept nogil
        void (*pack)(fb_chain *) noexcept nogil
        void (*forward)(fb_chain *) noexcept nogil
        void (*backward)(fb_chain *) noexcept nogil

    ctypedef struct fb_sequence_kernels:
        void (*gradients)(fb_sequence *) noexcept nogil
        void (*predict)(fb_sequence *) noexcept nogil

    ctypedef struct fb_mlp_kernels:
        size_t (*scratch)(const fb_mlp *) noexcept nogil
        void (*run)(fb_mlp *) noexcept nogil

    ctypedef struct fb_optimizer_kernels:
        void (*update_blocks)(fb_optim *, const fb_block *, const int32_t **, int) noexcept nogil

    ctypedef struct fb_word_kernels:
        size_t (*word2vec_scratch)(const fb_w2v *) noexcept nogil
        void (*word2vec)(fb_w2v *) noexcept nogil
        void (*glove)(fb_glove *) noexcept nogil

    ctypedef struct fb_kernels:
        int isa, real_bytes
        const fb_cell_kernels *cells
        const fb_gemm_kernels *gemm
        const fb_tree_kernels *tree
        const fb_chain_kernels *chain
        const fb_mlp_kernels *mlp
        const fb_sequence_kernels *sequence
        const fb_optimizer_kernels *optimizer
        const fb_word_kernels *words

    const fb_kernels *fb_kernels_for(int real_bytes)
