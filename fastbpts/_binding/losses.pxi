# Losses: the table of src_c/losses/losses.def, one loss set from Python, and losses of plain arrays.

cdef dict TARGETS = {FB_TARGET_CLASS: "class", FB_TARGET_LABELS: "labels", FB_TARGET_NUMBERS: "numbers",
                     FB_TARGET_DISTRIBUTION: "distribution"}
cdef dict LINKS = {FB_LINK_SOFTMAX: "softmax", FB_LINK_SIGMOID: "sigmoid", FB_LINK_IDENTITY: "identity"}


def losses() -> dict:
    """Name -> (kind of target, link, whether classes may have weights, {option: (default, least, below)})."""
    return {
        fb_loss_rows[i].name.decode(): (
            TARGETS[fb_loss_rows[i].target],
            LINKS[fb_loss_rows[i].link],
            bool(fb_loss_rows[i].takes_class_weight),
            {fb_loss_rows[i].option.decode(): (fb_loss_rows[i].option_value, fb_loss_rows[i].least,
                                               fb_loss_rows[i].below)} if fb_loss_rows[i].has_option else {},
        )
        for i in range(FB_N_LOSSES)
    }


cdef int set_loss(fb_loss *l, str name, double option) except -1:
    cdef int i
    for i in range(FB_N_LOSSES):
        if fb_loss_rows[i].name.decode() == name:
            l.kind, l.option = <fb_loss_kind>i, option
            return 0
    raise ValueError(f"loss: no loss has the name {name!r}")


def plain_loss(str name, double option, z, int n_out, label, soft, weight, class_weight, double normalizer=0):
    """(loss, sum of the weights) of scores z (n, n_out padded), in place of which the gradient is written.

    label: int32 (n,), or None with soft (n, n_out); normalizer 0: the sum of the weights."""
    cdef const fb_kernels *k = kernels(z.dtype)
    cdef fb_loss l
    cdef int real = z.dtype.num
    cdef int64_t n = len(z)
    cdef void *scores = out_ptr(z, real, 0, "z")
    cdef object losses_ = np.zeros(max(1, n))
    set_loss(&l, name, option)
    l.n_classes = n_out
    l.ld_class, l.roots_only, l.normalizer = z.shape[1], False, normalizer
    if l.ld_class != padded(n_out):
        raise ValueError(f"z: rows of {padded(n_out)} are needed, got {z.shape}")
    l.label = NULL if label is None else <int32_t *>ptr(label, cnp.NPY_INT32, n, "y")
    l.soft = NULL if soft is None else ptr(soft, real, n * l.n_classes, "y")
    l.node_weight = NULL if weight is None else ptr(weight, real, n, "weight")
    l.class_weight = NULL if class_weight is None else ptr(class_weight, real, l.n_classes, "class_weight")
    l.node_loss = <double *>cnp.PyArray_DATA(losses_)
    with nogil:
        k.tree.loss(&l, n, scores)
    return float(losses_.sum()), l.total_weight


def plain_link(str name, z, int n_out):
    """Scores z (n, n_out padded) become predictions, in place."""
    cdef const fb_kernels *k = kernels(z.dtype)
    cdef fb_loss l
    cdef int64_t n = len(z)
    cdef void *scores = out_ptr(z, z.dtype.num, 0, "z")
    set_loss(&l, name, 0)
    l.n_classes, l.ld_class = n_out, z.shape[1]
    if l.ld_class != padded(n_out):
        raise ValueError(f"z: rows of {padded(n_out)} are needed, got {z.shape}")
    with nogil:
        k.tree.link(&l, n, scores)
