/* Treebanks: text to nodes in post-order. Nothing here allocates, and nothing keeps state between calls: the caller
   owns every array and says how long it is. */
#ifndef FB_PTB_H
#define FB_PTB_H
#include <stdint.h>

#include "contract/intern.h"

enum {
    FB_PTB_OK = 0,
    FB_PTB_FULL,     /* a string table is full: enlarge it, then continue from `used` */
    FB_PTB_UNCLOSED, /* the rest are errors of the text, at byte `error_at` */
    FB_PTB_EXTRA_CLOSE,
    FB_PTB_OUTSIDE,
    FB_PTB_EMPTY,
    FB_PTB_MIXED,
    FB_PTB_TWO_WORDS,
    FB_PTB_NUL,
    FB_PTB_LABEL_NOT_INT,
    FB_PTB_LABEL_RANGE,
    FB_PTB_N_CODES
};

enum { FB_STR = 0, FB_INT = 1, FB_FIRST = 2 };
enum { FB_KEEP = 0, FB_LEFT = 1, FB_RIGHT = 2 };

/* A node that is still open. */
typedef struct {
    int64_t at;                              /* byte of its bracket */
    int32_t label, word, n_child, has_label; /* label; -1: none (the text may say -1) */
} fb_frame;

typedef struct {
    const uint8_t *data; /* (n_data) */
    int64_t n_data;
    int32_t final;      /* no more text follows */
    int32_t int_labels; /* FB_INT: labels must be -1 or 0 .. n_classes - 1 (n_classes = 0: any int32); FB_FIRST becomes
                         * FB_INT or FB_STR by the first label */
    int32_t collapse;   /* unary chains become one node, which keeps the topmost label */
    int32_t binarize;   /* FB_KEEP, FB_LEFT, FB_RIGHT */
    int64_t n_classes, max_trees;
    fb_intern words, labels;
    fb_frame *stack;  /* (number of opening brackets) */
    int32_t *n_child; /* (number of opening brackets, twice that when binarising), like the next two */
    int32_t *word;    /* -1: none */
    int32_t *label;   /* id in labels; -1: none, or written -1 */
    int64_t *end;     /* (number of opening brackets) one past the last node of each tree */
    int64_t n_trees;  /* results: trees finished */
    int64_t used;     /* bytes that need not be given again */
    int64_t error_at;
} fb_ptb;

/* Parses whole trees. A tree that the end of the data cuts off is left for the next call (see `used`). */
int fb_ptb_parse(fb_ptb *p);
#endif
