"""Files of word vectors: word2vec's text and binary formats are written here (`fastbpts.words.pretrained` reads them).

The native file is a safetensors file: ``vectors`` (n, d) first, at a page of its own, then the words as UTF-8 one
after the other (``text``, ``text_ptr``), their rows in the order of their bytes (``order``, for binary search) and
``counts``. Nothing of it is read before it is asked for.
"""

import json
import mmap
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbpts._files.atomic import PathLike, write_atomic

Array = NDArray[Any]
Buffer = NDArray[np.uint8]
_PAGE = 4096
_LONGEST_HEADER = 1 << 20
_CHUNK = 1 << 20  # values written at a time
_DTYPES = {"F32": "<f4", "F64": "<f8", "I32": "<i4", "I64": "<i8", "U8": "u1"}
_CODES = {np.dtype(dtype): code for code, dtype in _DTYPES.items()}
_BLANK = " \t\n\r\v\f\0"


def _coded(word: str) -> bytes:
    try:
        coded = word.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"words: {word!r} cannot be written as UTF-8") from error
    if not word or any(c in _BLANK for c in word):
        raise ValueError(f"words: {word!r} is empty or has white space in it, word2vec's formats cannot hold it")
    return coded


def _word2vec(words: Sequence[str], vectors: Array, binary: bool, header: bool) -> Iterator[bytes]:
    n, d = vectors.shape
    if header:
        yield f"{n} {d}\n".encode()
    form = " ".join(["%.9g" if vectors.dtype == np.float32 else "%.17g"] * d)  # digits enough to read the same value
    step = max(1, _CHUNK // d)
    for start in range(0, n, step):
        rows = vectors[start : start + step]
        coded = [_coded(words[start + k]) for k in range(len(rows))]
        if binary:
            yield b"".join(w + b" " + row.tobytes() for w, row in zip(coded, rows.astype("<f4"), strict=True))
        else:
            lines = [form % tuple(row) for row in rows.tolist()]
            yield b"".join(w + b" " + line.encode() + b"\n" for w, line in zip(coded, lines, strict=True))


def write_word2vec(path: PathLike, words: Sequence[str], vectors: Array, binary: bool, header: bool) -> None:
    """Write word2vec's text or binary format, or GloVe's text (no header), atomically.

    Raises
    ------
    ValueError
        The format cannot hold a word, or `binary` without `header`.
    """
    if binary and not header:
        raise ValueError("write_header=False: the binary format has no form without header")
    if binary and np.abs(vectors).max(initial=0) > np.finfo(np.float32).max:
        raise ValueError("vectors: there are values too large for float32, which the binary format holds")
    write_atomic(path, _word2vec(words, vectors, binary, header))


def write_native(path: PathLike, words: Sequence[str], vectors: Array, counts: NDArray[np.int64] | None) -> None:
    """Write the native file, atomically."""
    coded = [word.encode("utf-8", "surrogatepass") for word in words]
    tensors: dict[str, Array] = {
        "vectors": vectors,
        "text_ptr": np.cumsum([0, *map(len, coded)], dtype=np.int64),
        "order": np.array(sorted(range(len(coded)), key=coded.__getitem__), np.int32),
        "text": np.frombuffer(b"".join(coded), np.uint8),
    }
    if counts is not None:
        tensors["counts"] = counts
    entries: dict[str, Any] = {"__metadata__": {"fastbpts": json.dumps({"format": 1, "class": "KeyedVectors"})}}
    end = 0
    for name in sorted(tensors, key=lambda name: (name != "vectors", -tensors[name].itemsize)):
        little = _DTYPES[_CODES[tensors[name].dtype]]
        array = tensors[name] = np.ascontiguousarray(tensors[name]).astype(little, copy=False)
        entries[name] = {
            "dtype": _CODES[array.dtype],
            "shape": array.shape,
            "data_offsets": (end, end := end + array.nbytes),
        }
    header = json.dumps(entries).encode()
    header = header.ljust(-(-(8 + len(header)) // _PAGE) * _PAGE - 8)
    data = [tensors[name].reshape(-1).view(np.uint8).data for name in entries if name in tensors]
    write_atomic(path, [len(header).to_bytes(8, "little"), header, *data])


class StoredWords(Sequence[str]):
    """The words of a native file, decoded when they are asked for."""

    def __init__(self, text: Buffer, ptr: NDArray[np.int64]) -> None:
        self._text, self._ptr = text, ptr

    def __len__(self) -> int:
        return len(self._ptr) - 1

    def __repr__(self) -> str:
        return f"<{len(self)} words of a file: {', '.join([*map(repr, self[:3]), '...'][: len(self)])}>"

    def __eq__(self, other: object) -> bool:
        """Whether the other is a sequence of the same words, as a list is."""
        if isinstance(other, str) or not isinstance(other, Sequence) or len(other) != len(self):
            return NotImplemented
        return all(word == its for word, its in zip(self, other, strict=True))

    def coded(self, row: int) -> bytes:
        """The UTF-8 of the word in a row."""
        return self._text[self._ptr[row] : self._ptr[row + 1]].tobytes()

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return [self[k] for k in range(*row.indices(len(self)))]
        if not -len(self) <= row < len(self):
            raise IndexError(f"row {row}: there are {len(self)} words")
        return self.coded(row % len(self)).decode("utf-8", "surrogatepass")


class StoredIndex(Mapping[str, int]):
    """Word -> row by binary search in a native file."""

    def __init__(self, words: StoredWords, order: NDArray[np.int32]) -> None:
        self._words, self._order = words, order

    def __len__(self) -> int:
        return len(self._words)

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __getitem__(self, word: str) -> int:
        wanted = word.encode("utf-8", "surrogatepass") if isinstance(word, str) else None
        low, high = 0, len(self._order) if wanted is not None else 0
        while wanted is not None and low < high:
            middle = (low + high) // 2
            row = int(self._order[middle])
            found = self._words.coded(row)
            if found == wanted:
                return row
            if found < wanted:
                low = middle + 1
            else:
                high = middle
        raise KeyError(word)


def _tensor(data: Buffer, entries: dict[str, Any], name: str) -> Array:
    """A tensor of a safetensors file, as a view; ValueError, TypeError or KeyError where the entry is none."""
    entry = entries[name]
    dtype, shape, (start, end) = np.dtype(_DTYPES[entry["dtype"]]), tuple(entry["shape"]), entry["data_offsets"]
    sizes = [*shape, start, end]
    if not all(type(size) is int and size >= 0 for size in sizes) or end > len(data):
        raise ValueError(f"the place of {name!r} is not in the file")
    n = dtype.itemsize
    for size in shape:
        n *= size
    if n != end - start:
        raise ValueError(f"{name!r} has {end - start} bytes, {n} are needed")
    return np.frombuffer(data.data[start:end], dtype).reshape(shape)


def _parse(data: Buffer) -> tuple[StoredWords, StoredIndex, Array, NDArray[np.int64] | None]:
    length = int.from_bytes(data[:8].tobytes(), "little")
    if len(data) < 8 or length > min(len(data) - 8, _LONGEST_HEADER):
        raise ValueError("its header is longer than the file can hold")
    entries = json.loads(data[8 : 8 + length].tobytes().decode())
    header = json.loads(entries["__metadata__"]["fastbpts"])
    if header["class"] != "KeyedVectors":
        raise ValueError(f"it holds a {header['class']}")
    if header["format"] > 1:
        raise ValueError(f"format {header['format']} is newer than this fastbpts reads (1)")
    data = data[8 + length :]
    vectors, text, ptr, order = (_tensor(data, entries, name) for name in ("vectors", "text", "text_ptr", "order"))
    counts = _tensor(data, entries, "counts") if "counts" in entries else None
    n = len(vectors)
    right = vectors.dtype.kind == "f" and text.dtype == np.uint8 and ptr.dtype == np.int64 and order.dtype == np.int32
    if not right or vectors.ndim != 2 or vectors.shape[1] < 1 or text.ndim != 1:
        raise ValueError("its tensors have other types than words and vectors have")
    if ptr.shape != (n + 1,) or order.shape != (n,) or (counts is not None and counts.shape != (n,)):
        raise ValueError("its tensors do not have one row per word")
    ordered = ptr[0] == 0 and ptr[-1] == len(text) and (ptr[1:] >= ptr[:-1]).all()
    if not ordered or (n and not 0 <= order.min() <= order.max() < n):
        raise ValueError("its words are damaged")
    words = StoredWords(text, ptr)
    return words, StoredIndex(words, order), vectors, counts


def is_native(path: PathLike) -> bool:
    """Whether a file begins like a safetensors file: the length of its header, then the header."""
    with Path(path).open("rb") as file:
        return file.read(9)[5:] == b"\0\0\0{"


def read_native(path: PathLike, mapped: bool) -> tuple[StoredWords, StoredIndex, Array, NDArray[np.int64] | None]:
    """Words, index, vectors and counts of a native file; ValueError where it is none or is damaged."""
    with Path(path).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if mapped and size:
            data = np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
        else:
            data = np.frombuffer(file.read(), np.uint8)
    try:
        return _parse(data)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        reason = error if isinstance(error, ValueError) else "it lacks what a file of word vectors has"
        raise ValueError(f"{os.fspath(path)}: not a whole file of word vectors: {reason}") from None
