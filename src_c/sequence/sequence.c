/* Networks over sequences, for one instruction set and real type. */
#include "sequence/network-inl.h"

extern const fb_sequence_kernels FB(fb_sequence);
const fb_sequence_kernels FB(fb_sequence) = {
    .gradients = FB(sequence_gradients),
    .predict = FB(sequence_predict),
};
