# Limits, codes and sizes of the contract that Python needs. C has each of them once; no module copies a value.

PAD = FB_PAD
MAX_THREADS = FB_MAX_THREADS
LONGEST_WORD = FB_LONGEST_WORD

ACTIVATIONS = {"identity": FB_IDENTITY, "sigmoid": FB_SIGMOID, "tanh": FB_TANH, "relu": FB_RELU}

PTB_FRAME_BYTES = sizeof(fb_frame)
PTB_LABELS = {"str": FB_STR, "int": FB_INT, "auto": FB_FIRST}
PTB_BINARIZE = {None: FB_KEEP, "left": FB_LEFT, "right": FB_RIGHT}
PTB_CODES = {
    "ok": FB_PTB_OK,
    "full": FB_PTB_FULL,
    "unclosed": FB_PTB_UNCLOSED,
    "extra close": FB_PTB_EXTRA_CLOSE,
    "outside": FB_PTB_OUTSIDE,
    "empty": FB_PTB_EMPTY,
    "mixed": FB_PTB_MIXED,
    "two words": FB_PTB_TWO_WORDS,
    "NUL": FB_PTB_NUL,
    "label not int": FB_PTB_LABEL_NOT_INT,
    "label range": FB_PTB_LABEL_RANGE,
}
PTB_N_CODES = FB_PTB_N_CODES
