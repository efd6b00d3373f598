/* Limits and padding that every part of the contract shares. */
#ifndef FB_LIMITS_H
#define FB_LIMITS_H

#define FB_PAD 16 /* elements: one AVX-512 vector of float, two of double */
#define FB_PADDED(n) (((n) + FB_PAD - 1) / FB_PAD * FB_PAD)
#define FB_ANY 0    /* arity: any number of children */
#define FB_PARAMS 8 /* parameters of a cell at most */
#endif
