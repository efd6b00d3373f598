# Products of matrices and multilayer perceptrons.


cdef void *matrix(object array, int typenum, bint any_strides, int64_t *shape, ptrdiff_t *stride,
                  str name) except? NULL:
    """Pointer, shape and strides (in elements) of a matrix whose rows are contiguous unless any_strides."""
    cdef cnp.ndarray a = array
    cdef Py_ssize_t size = cnp.PyArray_ITEMSIZE(a)
    if a.ndim != 2 or cnp.PyArray_TYPE(a) != typenum or not cnp.PyArray_ISBEHAVED_RO(a) or \
            a.strides[0] % size or a.strides[1] % size or \
            (a.strides[1] != size and a.shape[1] > 1 and not any_strides):
        kind = cnp.PyArray_DescrFromType(typenum)
        raise ValueError(f"{name}: matrix of {kind} with contiguous rows needed, got {a.dtype} of shape "
                         f"{np.shape(a)} with strides {array.strides}")
    shape[0], shape[1], stride[0], stride[1] = a.shape[0], a.shape[1], a.strides[0] // size, a.strides[1] // size
    return cnp.PyArray_DATA(a)


def matmul(a, b, out=None, bint add=False, bint transpose_a=False):
    """out (M, N) [+]= a (M, K) . b (K, N), or a (K, M) transposed . b; without transposing, b has any strides."""
    cdef const fb_kernels *k = kernels(a.dtype)
    cdef int64_t A[2]
    cdef int64_t B[2]
    cdef int64_t C[2]
    cdef ptrdiff_t lda[2]
    cdef ptrdiff_t ldb[2]
    cdef ptrdiff_t ldc[2]
    cdef int real = cnp.PyArray_TYPE(a)
    cdef void *pa = matrix(a, real, False, A, lda, "a")
    cdef void *pb = matrix(b, real, not transpose_a, B, ldb, "b")
    cdef int64_t M = A[transpose_a], K = A[not transpose_a]
    if B[0] != K:
        raise ValueError(f"a and b: {K} and {B[0]} terms of a sum")
    if out is None:
        out = np.empty((M, B[1]), a.dtype)
    cdef void *pc = matrix(out, real, False, C, ldc, "out")
    if C[0] != M or C[1] != B[1] or not cnp.PyArray_ISWRITEABLE(out):
        raise ValueError(f"out: a writable array ({M}, {B[1]}) is needed, got {np.shape(out)}")
    scratch = aligned((k.matmul_scratch() if transpose_a else k.packed_size(K, C[1]),), a.dtype)
    cdef void *s = cnp.PyArray_DATA(scratch)
    with nogil:
        if transpose_a:
            k.matmul_tn(M, C[1], K, pa, lda[0], pb, ldb[0], pc, ldc[0], add, s)
        else:
            k.pack_b(K, C[1], pb, ldb[0], ldb[1], s)
            k.matmul(M, C[1], K, pa, lda[0], s, pc, ldc[0], add)
    return out
