/* Treebanks: text -> post-order nodes (ptb.c), strings -> ids (intern.c), post-order -> levels (plan.c).
 *
 * Nothing here allocates, and nothing keeps state between calls: the caller owns every array and says how long it is. A
 * tree in post-order is fully described by its nodes' numbers of children, which is why that is the form the parts
 * exchange. */
#ifndef FASTBPTS_PTB_H
#define FASTBPTS_PTB_H

#include <stdint.h>

/* Distinct strings in order of first appearance, found by open addressing. */
typedef struct {
    uint64_t *slot; /* (n_slot) 0 = free, else hash << 32 | id + 1; n_slot is a power of two */
    int64_t *start; /* (n_slot / 2 + 1) string i is text[start[i] .. start[i + 1]); start[0] = 0 */
    uint8_t *text;  /* (n_text) */
    int64_t n_slot, n_text;
    int64_t n; /* strings held */
} fb_intern;

/* The id of a string, added when it is new; -1 when there is no room for it (nothing is changed then). */
int64_t fb_intern_id(fb_intern *t, const uint8_t *s, int64_t n);

/* The id of a string, or -1. */
int64_t fb_intern_find(const fb_intern *t, const uint8_t *s, int64_t n);

/* Enters the n_old slots of a smaller table into `slot`, which must be zero. */
void fb_intern_rehash(const uint64_t *old, int64_t n_old, uint64_t *slot, int64_t n_slot);

enum {
    FB_PTB_OK = 0,
    FB_PTB_FULL,     /* a string table has no room: enlarge it, then parse on from `used` */
    FB_PTB_UNCLOSED, /* the rest are errors of the text, at byte `error_at` */
    FB_PTB_EXTRA_CLOSE,
    FB_PTB_OUTSIDE,
    FB_PTB_EMPTY,
    FB_PTB_MIXED,
    FB_PTB_TWO_WORDS,
    FB_PTB_NUL,
    FB_PTB_LABEL_NOT_INT,
    FB_PTB_LABEL_RANGE
};

enum { FB_STR = 0, FB_INT = 1, FB_FIRST = 2 };
enum { FB_KEEP = 0, FB_LEFT = 1, FB_RIGHT = 2 };

/* A node that is still open. */
typedef struct {
    int64_t at;                              /* byte of its bracket */
    int32_t label, word, n_child, has_label; /* label: -1 for none, which may be written -1 */
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
    int64_t n_trees;  /* results: trees finished, */
    int64_t used;     /* bytes that need not be seen again, */
    int64_t error_at;
} fb_ptb;

/* Parses whole trees; a tree that is cut off by the end of the data is left for the next call (see `used`). */
int fb_ptb_parse(fb_ptb *p);

typedef struct {
    int64_t n_trees;
    const int64_t *node_ptr;               /* (n_trees + 1) */
    const int32_t *n_child, *word, *label; /* (N) post-order */
} fb_forest;

typedef struct {
    int32_t *n_child, *word, *label; /* (N) level-major within each tree */
    int32_t *child;                  /* (N) numbers within the tree */
    int32_t *level_size;             /* (N) */
    int64_t *level_ptr;              /* (n_trees + 1) */
    int64_t *edge_ptr;               /* (n_trees + 1) */
    int32_t *scratch;                /* (4 * nodes of the largest tree + 1) */
} fb_plan;

/* 0, or 1 + the number of the first tree whose counts of children do not make one tree. */
int64_t fb_plan_forest(const fb_forest *f, const fb_plan *p);

/* Heights in a DAG of n nodes and n_edge edges (child[k], parent[k]). Returns the number of nodes reached: n unless
 * there is a cycle. scratch: (3 n + 1 + n_edge). */
int64_t fb_dag_heights(int64_t n, int64_t n_edge, const int32_t *child, const int32_t *parent, int32_t *height,
                       int32_t *scratch);

/* comp[i] = the smallest node number in the connected component of i. */
void fb_dag_components(int64_t n, int64_t n_edge, const int32_t *child, const int32_t *parent, int32_t *comp);

#endif
