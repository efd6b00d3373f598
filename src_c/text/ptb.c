/* Penn Treebank brackets: tree = "(" [label] (word | tree+) ")".
 *
 * The stack is explicit, so only memory limits the depth. A node is emitted when it closes, that is in post-order.
 * Collapsing and binarising decide what is emitted. */
#include "contract/ptb.h"

enum { ATOM = 0, SPACE, OPEN, CLOSE, NUL };

static const uint8_t kind[256] = {
    ['\0'] = NUL,   ['\t'] = SPACE, ['\n'] = SPACE, ['\v'] = SPACE, ['\f'] = SPACE,
    ['\r'] = SPACE, [' '] = SPACE,  ['('] = OPEN,   [')'] = CLOSE,
};

/* State of the parser within one call. */
typedef struct {
    int64_t depth, n_nodes;
} cursor;

static void emit(fb_ptb *p, cursor *c, int32_t n_child, int32_t word, int32_t label) {
    p->n_child[c->n_nodes] = n_child;
    p->word[c->n_nodes] = word;
    p->label[c->n_nodes] = label;
    c->n_nodes++;
}

static int open_node(fb_ptb *p, cursor *c, int64_t at) {
    if (c->depth > 0) {
        fb_frame *parent = &p->stack[c->depth - 1];
        if (parent->word >= 0) return FB_PTB_MIXED;
        if (p->binarize == FB_LEFT && parent->n_child == 2) { /* (a b c) = ((a b) c): a and b are complete */
            emit(p, c, 2, -1, -1);
            parent->n_child = 1;
        }
        parent->n_child++;
    }
    p->stack[c->depth++] = (fb_frame){.at = at, .label = -1, .word = -1};
    return FB_PTB_OK;
}

static int close_node(fb_ptb *p, cursor *c) {
    if (c->depth == 0) return FB_PTB_EXTRA_CLOSE;
    const fb_frame f = p->stack[c->depth - 1];
    if (f.n_child == 0 && f.word < 0) return FB_PTB_EMPTY;
    c->depth--;
    const int wrapper = c->depth == 0 && !f.has_label; /* "( (S ...))" as in the Penn Treebank's own files */
    if (f.n_child == 1 && (p->collapse || wrapper)) {
        if (f.label >= 0) p->label[c->n_nodes - 1] = f.label;
    } else {
        int32_t n_child = f.n_child;
        if (p->binarize == FB_RIGHT)
            for (; n_child > 2; n_child--) /* (a b c) = (a (b c)): all children are complete */
                emit(p, c, 2, -1, -1);
        emit(p, c, n_child, f.word, f.label);
    }
    if (c->depth == 0) p->end[p->n_trees++] = c->n_nodes;
    return FB_PTB_OK;
}

static int check_label(const fb_ptb *p, const uint8_t *s, int64_t n) {
    const int minus = s[0] == '-' && n > 1;
    int64_t value = 0;
    for (int64_t k = minus; k < n; k++) {
        if (s[k] < '0' || s[k] > '9') return FB_PTB_LABEL_NOT_INT;
        if (value <= INT32_MAX) value = 10 * value + (s[k] - '0');
    }
    const int too_large = n > 64 || value > INT32_MAX || (p->n_classes > 0 && value >= p->n_classes);
    return minus || too_large ? FB_PTB_LABEL_RANGE : FB_PTB_OK;
}

static int take_label(fb_ptb *p, fb_frame *f, const uint8_t *s, int64_t n) {
    f->has_label = 1;
    if (n == 2 && s[0] == '-' && s[1] == '1') return FB_PTB_OK;
    const int64_t known = p->labels.n, id = fb_intern_id(&p->labels, s, n);
    if (id < 0) return FB_PTB_FULL;
    f->label = (int32_t)id;
    if (p->int_labels == FB_STR || id < known) return FB_PTB_OK;
    const int code = check_label(p, s, n);
    if (p->int_labels == FB_FIRST) p->int_labels = code == FB_PTB_LABEL_NOT_INT ? FB_STR : FB_INT;
    return p->int_labels == FB_INT ? code : FB_PTB_OK;
}

static int take_atom(fb_ptb *p, fb_frame *f, const uint8_t *s, int64_t n) {
    if (f->n_child > 0) return FB_PTB_MIXED;
    if (f->word >= 0) return FB_PTB_TWO_WORDS;
    if (!f->has_label) return take_label(p, f, s, n);
    const int64_t id = fb_intern_id(&p->words, s, n);
    if (id < 0) return FB_PTB_FULL;
    f->word = (int32_t)id;
    return FB_PTB_OK;
}

static int64_t atom_end(const fb_ptb *p, int64_t at) {
    while (at < p->n_data && kind[p->data[at]] == ATOM) at++;
    return at;
}

int fb_ptb_parse(fb_ptb *p) {
    cursor c = {0, 0};
    int64_t at = 0, next, n = p->n_data;
    int code = FB_PTB_OK;
    p->n_trees = p->used = p->error_at = 0;
    while (!p->final && n > 0 && kind[p->data[n - 1]] == ATOM) /* a word at the end may continue in the next block */
        n--;
    for (; at < n && p->n_trees < p->max_trees; at = next) {
        next = at + 1;
        switch (kind[p->data[at]]) {
            case SPACE:
                break;
            case OPEN:
                code = open_node(p, &c, at);
                break;
            case CLOSE:
                code = close_node(p, &c);
                break;
            case NUL:
                code = FB_PTB_NUL;
                break;
            default:
                next = atom_end(p, at);
                code = c.depth > 0 ? take_atom(p, &p->stack[c.depth - 1], p->data + at, next - at) : FB_PTB_OUTSIDE;
        }
        if (code != FB_PTB_OK) break;
    }
    p->used = c.depth > 0 ? p->stack[0].at : at;
    p->error_at = code == FB_PTB_EMPTY ? p->stack[c.depth - 1].at : at;
    if (code == FB_PTB_OK && c.depth > 0 && p->final && at == n) {
        p->error_at = p->stack[0].at;
        code = FB_PTB_UNCLOSED;
    }
    return code;
}
