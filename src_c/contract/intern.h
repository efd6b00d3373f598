/* Distinct strings and their numbers. */
#ifndef FB_INTERN_H
#define FB_INTERN_H
#include <stdint.h>

/* Distinct strings in order of first appearance, found by open addressing. The caller owns the arrays and makes them
   larger; fb_intern_id writes them. A string's id is its number.

   field   shape             what it is
   slot    (n_slot)          0: free, else hash << 32 | id + 1; n_slot is a power of two
   start   (n_slot / 2 + 1)  string i is text[start[i] .. start[i + 1] - 1]; start[0] = 0
   text    (n_text)          the strings, one behind the other
   n       -                 strings held */
typedef struct {
    uint64_t *slot;
    int64_t *start;
    uint8_t *text;
    int64_t n_slot, n_text, n;
} fb_intern;

/* Returns the id of a string and adds it if it is new; -1 if there is no room (then nothing is changed). */
int64_t fb_intern_id(fb_intern *t, const uint8_t *s, int64_t n);

/* Returns the id of a string, or -1. */
int64_t fb_intern_find(const fb_intern *t, const uint8_t *s, int64_t n);

/* Copies the n_old slots of a smaller table to `slot`, which must be zero. */
void fb_intern_rehash(const uint64_t *old, int64_t n_old, uint64_t *slot, int64_t n_slot);
#endif
