/* What optimisers need for any real type. */
#include <math.h>

#include "contract/optimizer.h"

void fb_optim_tick(fb_optim *o) {
    o->t++;
    o->correction1 = 1 - pow(o->beta1, (double)o->t);
    o->correction2 = sqrt(1 - pow(o->beta2, (double)o->t));
}

double fb_clip_factor(const fb_optim *o, double squares) {
    const double norm = sqrt(squares);
    return o->max_norm > 0 && norm > o->max_norm ? o->max_norm / (norm + 1e-6) : 1;
}
