"""The vectors that are trained, and what follows from counts: subsampling, noise, the Huffman tree."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastbpts import _core
from fastbpts._base import seeds
from fastbpts._base.arguments import Array
from fastbpts.words._counting import I64

_ROWS = 1 << 14  # rows drawn at a time
_MAX = 2**32 - 1


class Vectors(NamedTuple):
    """Rows padded with zeros: inputs; outputs, one row per word; the inner nodes of the Huffman tree."""

    inputs: Array
    outputs: Array | None
    nodes: Array | None


def random_rows(n: int, size: int, dtype: str, rng: np.random.Generator, total: int | None = None) -> Array:
    """Rows drawn evenly from (-1, 1) / size, as gensim's, padded with zeros; room for `total` rows."""
    rows: Array = _core.aligned((total or n, -(-size // _core.PAD) * _core.PAD), dtype, True)
    for start in range(0, n, _ROWS):
        part = rows[start : min(n, start + _ROWS), :size]
        part[...] = (2 * rng.random(part.shape) - 1) / size
    return rows


def zero_rows(n: int, like: Array) -> Array:
    """Rows of zeros."""
    rows: Array = _core.aligned((n, like.shape[1]), like.dtype, True)
    return rows


class Fresh(NamedTuple):
    """How new vectors are made."""

    size: int
    dtype: str
    seed: int
    has_outputs: bool
    has_nodes: bool


def grown(old: Vectors | None, n: int, fresh: Fresh) -> Vectors:
    """Vectors for n words: the old ones, then new ones, with random inputs and outputs of zero.

    Inputs move to new memory even if no word is new, so that arrays given to callers before do not change.
    """
    n_old = 0 if old is None else len(old.inputs)
    rng = seeds.stream(fresh.seed, n_old)
    inputs = random_rows(n - n_old, fresh.size, fresh.dtype, rng, total=n)
    if old is not None:
        inputs[n_old:], inputs[:n_old] = inputs[: n - n_old].copy(), old.inputs
        if n == n_old:
            return old._replace(inputs=inputs)
    outputs = zero_rows(n, inputs) if fresh.has_outputs else None
    nodes = zero_rows(n - 1, inputs) if fresh.has_nodes else None
    for new, former in zip((outputs, nodes), old[1:] if old else (None, None), strict=True):
        if new is not None and former is not None:
            new[: len(former)] = former
    return Vectors(inputs, outputs, nodes)


def keep_chances(counts: I64, sample: float) -> NDArray[np.uint32]:
    """The chance that an occurrence is seen, as chance * 2^32 - 1.

    It is sqrt(t/f) + t/f for a word of share f, as in word2vec.c and gensim, with t = `sample`. A `sample` of 1 or more
    is a count, not a share. With 0, all are seen.
    """
    if sample == 0:
        return np.full(len(counts), _MAX, np.uint32)
    threshold = sample if sample >= 1 else sample * float(counts.sum())
    ratio = threshold / np.maximum(counts, 1).astype(np.float64)
    return (np.minimum(np.sqrt(ratio) + ratio, 1.0) * _MAX).astype(np.uint32)


def noise_table(counts: I64, exponent: float) -> Array:
    """The alias table of noise proportional to count ** exponent."""
    counts = np.maximum(counts, 1)
    weights = (counts / (counts.max() if exponent > 0 else counts.min())) ** exponent  # none exceeds 1
    return _core.alias_table(weights / weights.sum())


class Tree(NamedTuple):
    """The words' paths down the Huffman tree: word w passes nodes[ptr[w] : ptr[w + 1]]; code 0: the target is 1."""

    ptr: I64
    node: NDArray[np.int32]
    code: NDArray[np.uint8]

    def check(self, n: int) -> None:
        """Raise ValueError unless these are paths of n words in a tree of n - 1 nodes."""
        sizes = np.diff(self.ptr)
        good = len(self.ptr) == n + 1 and self.ptr[0] == 0 and len(self.node) == len(self.code) == self.ptr[-1]
        if not good or sizes.min() < 1 or self.node.min() < 0 or self.node.max() > n - 2:
            raise ValueError("the paths of the Huffman tree are damaged")


def grown_tree(old: Tree | None, counts: I64) -> Tree:
    """A tree of words with falling counts. An old tree keeps its nodes; a new root joins both."""
    new = Tree(*_core.huffman(counts))
    if old is None:
        return new
    n_old, n_new = len(old.ptr) - 1, len(new.ptr) - 1
    ptr = np.concatenate([old.ptr, old.ptr[-1] + new.ptr[1:]])
    node = np.concatenate([old.node, new.node + np.int32(n_old - 1)])
    code = np.concatenate([old.code, new.code])
    side = np.repeat([0, 1], [n_old, n_new])
    node = np.insert(node, ptr[:-1], n_old + n_new - 2).astype(np.int32)
    return Tree(ptr + np.arange(len(ptr)), node, np.insert(code, ptr[:-1], side).astype(np.uint8))
