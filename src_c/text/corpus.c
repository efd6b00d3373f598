/* Text -> words -> counts, and text -> ids. */
#include "contract/corpus.h"
#include "contract/pool.h"

enum { LETTER = 0, SEPARATOR, LINE_END };

/* Separators of the two modes, lines and lists. No word has a byte 0 or 1 in either: a vocabulary is stored as a list.
 */
static const uint8_t kinds[2][256] = {
    {[0] = SEPARATOR,
     [1] = SEPARATOR,
     ['\t'] = SEPARATOR,
     ['\v'] = SEPARATOR,
     ['\f'] = SEPARATOR,
     ['\r'] = SEPARATOR,
     [' '] = SEPARATOR,
     ['\n'] = LINE_END},
    {[0] = SEPARATOR, [1] = LINE_END},
};

int64_t fb_text_cut(const uint8_t *data, int64_t begin, int64_t most, int lists) {
    const uint8_t *kind = kinds[lists];
    for (int least = LINE_END; least >= SEPARATOR; least--)
        for (int64_t at = most; at > begin; at--)
            if (kind[data[at - 1]] >= least) return at;
    return begin;
}

int64_t fb_text_pieces(const uint8_t *data, int64_t n, int64_t size, int lists, int64_t *cut) {
    int64_t k = 0, end = 0;
    cut[0] = 0;
    while (end < n) {
        const int64_t begin = end;
        end = n - begin <= size ? n : fb_text_cut(data, begin, begin + size, lists);
        if (end == begin) /* one long word */
            for (end += size; kinds[lists][data[end - 1]] == LETTER;) end++;
        cut[++k] = end;
    }
    return k;
}

/* Bytes of the word that begins at s. */
static inline int64_t word_length(const uint8_t *kind, const uint8_t *s) {
    int64_t n = 1;
    while (kind[s[n]] == LETTER) n++;
    return n;
}

static void count_part(void *ctx, int part, int n_parts) {
    fb_counter *c = (fb_counter *)ctx + part;
    const uint8_t *kind = kinds[c->lists];
    (void)n_parts;
    while (c->at < c->end) {
        if (kind[c->data[c->at]] != LETTER) {
            c->at++;
            continue;
        }
        const int64_t n = word_length(kind, c->data + c->at);
        if (n > FB_LONGEST_WORD) {
            c->n_long++;
        } else {
            const int64_t known = c->words.n, id = fb_intern_id(&c->words, c->data + c->at, n);
            if (id < 0) return;
            c->count[id] = (id < known ? c->count[id] : 0) + 1;
        }
        c->n_tokens++;
        c->at += n;
    }
}

void fb_count_words(fb_counter *counters, int n) { fb_parallel(count_part, counters, n, n); }

int fb_merge_counts(const fb_counter *from, fb_counter *to, int64_t *at) {
    for (; *at < from->words.n; ++*at) {
        const int64_t start = from->words.start[*at], known = to->words.n;
        const int64_t id = fb_intern_id(&to->words, from->words.text + start, from->words.start[*at + 1] - start);
        if (id < 0) return -1;
        to->count[id] = (id < known ? to->count[id] : 0) + from->count[*at];
    }
    return 0;
}

static uint16_t *put(uint16_t *out, int64_t number) {
    if (number >= 0x8000) *out++ = (uint16_t)(0x8000 | number >> 16);
    *out++ = (uint16_t)number;
    return out;
}

static void encode_piece(void *ctx, int piece, int n_parts) {
    const fb_encoder *e = ctx;
    const uint8_t *kind = kinds[e->lists];
    const int64_t end = e->cut[piece + 1];
    uint16_t *const first = e->out + 2 * e->cut[piece], *out = first;
    int64_t n_words = 0, tokens = 0, in_sentence = 0; /* words of the text; those that are known */
    (void)n_parts;
    for (int64_t at = e->cut[piece]; at < end;) {
        const int letter = kind[e->data[at]] == LETTER;
        if (letter) {
            const int64_t n = word_length(kind, e->data + at);
            const int64_t id = n > FB_LONGEST_WORD ? -1 : fb_intern_find(&e->words, e->data + at, n);
            if (id >= 0) out = put(out, id + 1), in_sentence++;
            at += n;
            tokens++;
        }
        if (kind[e->data[at]] == LINE_END || tokens == e->max_sentence) {
            if (in_sentence) out = put(out, 0);
            n_words += in_sentence;
            tokens = in_sentence = 0;
        }
        at++;
    }
    e->n_units[piece] = out - first;
    e->n_words[piece] = n_words + in_sentence;
}

void fb_encode(fb_encoder *e) { fb_parallel(encode_piece, e, (int)e->n_pieces, e->n_threads); }
