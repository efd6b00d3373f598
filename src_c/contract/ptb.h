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

/* A node that is still open: the byte of its bracket, and what is known of it. The text may say that its label is -1,
   so has_label says whether there was one. */
typedef struct {
    int64_t at;
    int32_t label, word, n_child, has_label;
} fb_frame;

/* One call of the parser; B opening brackets in the data, M = B, or 2 B where it binarises.

   field          shape     in/out  what it is
   data           (n_data)  in      text
   final          -         in      no more text follows
   int_labels     -         in/out  FB_STR; FB_INT: labels are -1 or 0 .. n_classes - 1 (n_classes 0: any int32);
                                    FB_FIRST becomes one of them by the first label
   collapse       -         in      unary chains become one node, which keeps the topmost label
   binarize       -         in      FB_KEEP, FB_LEFT, FB_RIGHT
   n_classes      -         in      see int_labels
   max_trees      -         in      trees of one call
   words, labels  -         in/out  tables of the distinct strings; they grow by new ones
   stack          (B)       scratch open nodes
   n_child        (M)       out     numbers of children, in post-order
   word           (M)       out     number in words; -1: none
   label          (M)       out     number in labels; -1: none, or written -1
   end            (B)       out     one past the last node of each tree
   n_trees        -         out     trees finished
   used           -         out     bytes that need not be given again
   error_at       -         out     byte of the error, where the code is one */
typedef struct {
    const uint8_t *data;
    int64_t n_data;
    int32_t final, int_labels, collapse, binarize;
    int64_t n_classes, max_trees;
    fb_intern words, labels;
    fb_frame *stack;
    int32_t *n_child, *word, *label;
    int64_t *end;
    int64_t n_trees, used, error_at;
} fb_ptb;

/* Parses whole trees. A tree that the end of the data cuts off is left for the next call (see `used`). */
int fb_ptb_parse(fb_ptb *p);
#endif
