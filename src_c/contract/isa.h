/* Which instruction set this process uses: chosen once, when the library is loaded, among the rows of isa.def. */
#ifndef FB_ISA_H
#define FB_ISA_H

#define FB_SET(architecture, name, ...) FB_ISA_##name,
enum {
#include "dispatch/isa.def"
    FB_N_ISAS
};
#undef FB_SET

/* A row of isa.def. */
typedef struct fb_instruction_set {
    const char *name;
    int vector_bytes, tile_rows, accumulators;
    int (*probe)(void); /* whether the processor has it and the operating system saves its registers */
} fb_instruction_set;

extern const fb_instruction_set fb_instruction_sets[FB_N_ISAS];

/* Chooses the best set that the machine has, up to the one of this name; NULL or "": up to the last. Returns its row,
   or -1 where no row has the name; then nothing was chosen. */
int fb_choose_isa(const char *name);

/* The row that was chosen; before that, the first. */
int fb_isa(void);

#endif
