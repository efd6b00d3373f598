# Optimisers: the tables of src_c/optimizer/optimizers.def, and one optimiser set from Python.


def optimizer_options() -> dict:
    """Name of each option -> (least, below): the values that optimisers accept."""
    return {fb_options[k].name.decode(): (fb_options[k].least, fb_options[k].below) for k in range(FB_N_OPTIONS)}


def optimizers() -> dict:
    """Name -> (arrays of state per weight, default learning rate, {option: default}, whether decay is decoupled,
    bits of the states that are flushed)."""
    return {
        fb_optimizers[i].name.decode(): (
            fb_optimizers[i].n_states,
            fb_optimizers[i].learning_rate,
            {fb_options[k].name.decode(): fb_optimizers[i].option[k].value for k in range(FB_N_OPTIONS)
             if fb_optimizers[i].option[k].taken},
            bool(fb_optimizers[i].decouples_decay),
            fb_optimizers[i].flushes,
        )
        for i in range(FB_N_OPTIMIZERS)
    }


def optimizer_refused(int n_states=0, double learning_rate=0.01, int flushes=0, bint corrects_bias=False):
    """Why the drivers cannot take a row of these fields, without options; None: they can."""
    cdef fb_optimizer row = fb_optimizers[0]
    cdef const char *why
    for k in range(FB_N_OPTIONS):
        row.option[k].taken = 0
    row.n_states, row.learning_rate = n_states, learning_rate
    row.flushes, row.corrects_bias = flushes, corrects_bias
    why = fb_optimizer_refused(&row)
    return None if why == NULL else why.decode()


cdef int check_optimizers() except -1:
    for i in range(FB_N_OPTIMIZERS):
        if fb_optimizer_refused(&fb_optimizers[i]) != NULL:
            raise SystemError(f"optimizers.def: {fb_optimizers[i].name.decode()}: "
                              f"{fb_optimizer_refused(&fb_optimizers[i]).decode()}")
    return 0


check_optimizers()


cdef int set_optimizer(fb_optim *o, str name, double learning_rate, double max_norm, dict options) except -1:
    """The optimiser `name` with options that its row has, all of them."""
    cdef int i, k
    for i in range(FB_N_OPTIMIZERS):
        if fb_optimizers[i].name.decode() != name:
            continue
        o.kind, o.learning_rate, o.max_norm = <fb_optimizer_kind>i, learning_rate, max_norm
        for k in range(FB_N_OPTIONS):
            o.option[k] = options[fb_options[k].name.decode()] if fb_optimizers[i].option[k].taken else 0
        return 0
    raise ValueError(f"optimizer: no optimiser has the name {name!r}")
