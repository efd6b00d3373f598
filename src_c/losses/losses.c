/* The table of losses. */
#include <math.h>

#include "contract/loss.h"

#define FB_HAS_OPTION(x, value, lowest, limit) \
    .has_option = 1, .option = #x, .option_value = value, .least = lowest, .below = limit
#define FB_LOSS(x, ...) [FB_LOSS_##x] = {.name = #x, __VA_ARGS__},
const fb_loss_row fb_loss_rows[FB_N_LOSSES] = {
#include "losses/losses.def"
};
