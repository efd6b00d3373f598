/* What optimisers need for any real type: their table, the count of steps, the factor of clipping. */
#include "contract/optimizer.h"

#include <stddef.h>

#define FB_OPTION(x, lowest, limit) [FB_OPTION_##x] = {.name = #x, .least = lowest, .below = limit},
const fb_option_range fb_options[FB_N_OPTIONS] = {
#include "optimizer/optimizers.def"
};
#undef FB_OPTION

#define FB_TAKES(x, number) .option[FB_OPTION_##x] = {.taken = 1, .value = number}
#define FB_OPTIMIZER(x, ...) [FB_OPTIMIZER_##x] = {.name = #x, __VA_ARGS__},
const fb_optimizer fb_optimizers[FB_N_OPTIMIZERS] = {
#include "optimizer/optimizers.def"
};

const char *fb_optimizer_refused(const fb_optimizer *row) {
    if (row->n_states < 0 || row->n_states > FB_MAX_STATES) return "n_states: a block has room for two states";
    if (!(row->learning_rate > 0)) return "learning_rate: must be positive";
    if (row->flushes >> row->n_states) return "flushes: the row does not have this state";
    if (row->corrects_bias && !(row->option[FB_OPTION_beta1].taken && row->option[FB_OPTION_beta2].taken))
        return "corrects_bias: needs beta1 and beta2";
    for (int k = 0; k < FB_N_OPTIONS; k++)
        if (row->option[k].taken &&
            !(row->option[k].value >= fb_options[k].least && row->option[k].value < fb_options[k].below))
            return "option: its default is out of range";
    return NULL;
}

void fb_optim_tick(fb_optim *o) {
    o->t++;
    if (!fb_optimizers[o->kind].corrects_bias) return;
    o->correction1 = 1 - pow(o->option[FB_OPTION_beta1], (double)o->t);
    o->correction2 = sqrt(1 - pow(o->option[FB_OPTION_beta2], (double)o->t));
}

double fb_clip_factor(const fb_optim *o, double squares) {
    const double norm = sqrt(squares);
    return o->max_norm > 0 && norm > o->max_norm ? o->max_norm / (norm + 1e-6) : 1;
}
