"""Words and their row numbers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

_MAGIC = b"fbvocab1"
_CHUNK = 1 << 20


def _as_words(words: Iterable[str]) -> list[str]:
    if isinstance(words, str | bytes):
        raise ValueError(f"words must be a list of strings, got {words!r}")
    result = list(words)
    for k, word in enumerate(result):
        if not isinstance(word, str):
            raise ValueError(f"words[{k}] must be a string, got {word!r}")
    return result


class WordBank(Protocol):
    """The part of a treebank that is counted: the word of every node, as a number in its vocabulary (-1: none)."""

    @property
    def word(self) -> NDArray[np.int32]: ...

    @property
    def vocabulary(self) -> "Vocabulary": ...


class Vocabulary:
    """An ordered set of words; a word's id is its row in an embedding matrix.

    Parameters
    ----------
    words : list of str
        Distinct words by id. When they do not begin with `unk`, it is put in front.
    counts : array of int, optional
        How often each of `words` occurred.
    unk : str or None, default="<unk>"
        The word that all unknown ones become, always row 0. None: an unknown word is a KeyError.

    Raises
    ------
    ValueError
        A word is not a string or occurs twice, or there is not one count of at least 0 per word.
    """

    __module__ = "fastbpts"

    def __init__(self, words: Iterable[str], counts: ArrayLike | None = None, unk: str | None = "<unk>") -> None:
        self.words = _as_words(words)
        self.counts: NDArray[np.int64] | None = None
        if counts is not None:
            given = np.asarray(counts)
            if given.shape != (len(self.words),) or given.dtype.kind not in "iu" or (given.size and given.min() < 0):
                raise ValueError(
                    f"counts must be {len(self.words)} integers of at least 0, one per word, got {counts!r:.80}"
                )
            self.counts = given.astype(np.int64)
        if unk is not None and not isinstance(unk, str):
            raise ValueError(f"unk must be a string or None, got {unk!r}")
        if unk is not None and self.words[:1] != [unk]:
            self.words.insert(0, unk)
            if self.counts is not None:
                self.counts = np.concatenate([np.zeros(1, np.int64), self.counts])
        self.unk = unk
        if len(self._index) != len(self.words):
            word = Counter(self.words).most_common(1)[0][0]
            raise ValueError(f"words: {word!r} occurs more than once")

    @classmethod
    def _of_distinct(cls, words: list[str]) -> Self:
        """A vocabulary without unknown word, of words known to be distinct strings."""
        self = object.__new__(cls)
        self.words, self.counts, self.unk = words, None, None
        return self

    @classmethod
    def build(
        cls,
        source: "WordBank | Iterable[str]",
        min_count: int = 1,
        max_size: int | None = None,
        unk: str | None = "<unk>",
    ) -> Self:
        """Count words and keep the frequent ones.

        Parameters
        ----------
        source : Treebank or iterable of str
            The tokens to count.
        min_count : int
            Words that occur less often become the unknown word.
        max_size : int, optional
            The largest number of rows, with that of the unknown word. The most frequent words are kept.
        unk : str or None
            See the class.

        Returns
        -------
        Vocabulary
            The unknown word, then words by falling count (equals in the order of the bank's vocabulary, or of first
            appearance). The count of the unknown word is that of all words left out.

        Raises
        ------
        ValueError
            An argument has a wrong value, or `source` is a string.
        """
        for name, value, least in (("min_count", min_count, 1), ("max_size", max_size, 1)):
            ok = isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= least
            if not ok and not (name == "max_size" and value is None):
                raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")
        words, counts = _count(source)
        total = int(counts.sum())
        order = np.argsort(-counts, kind="stable")
        order = order[counts[order] >= min_count]
        if unk is not None:
            order = order[[words[k] != unk for k in order.tolist()]]
        if max_size is not None:
            order = order[: max_size - (unk is not None)]
        kept_words, kept = [words[k] for k in order.tolist()], counts[order]
        if unk is not None:
            kept_words.insert(0, unk)
            kept = np.concatenate([[total - int(kept.sum())], kept])
        return cls(kept_words, kept, unk)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {word: k for k, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._index

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __getitem__(self, word: str) -> int:
        """Row of a word: that of the unknown word if it is not here."""
        if self.unk is None:
            return self._index[word]
        return self._index.get(word, 0)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return self.unk == other.unk and self.words == other.words

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Vocabulary of {len(self)} words, unk={self.unk!r}>"

    def map(self, other: "Vocabulary | Sequence[str]") -> NDArray[np.int32]:
        """Own row of every word of another vocabulary, such as a treebank's.

        Parameters
        ----------
        other : Vocabulary or list of str
            The words.

        Returns
        -------
        int32 array (len(other),)
            What :meth:`Treebank.batch` takes as `word_map`.

        Raises
        ------
        ValueError
            A word is not here, and this vocabulary has no unknown word.
        """
        index, words = self._index, other.words if isinstance(other, Vocabulary) else _as_words(other)
        if self.unk is not None:
            return np.fromiter((index.get(word, 0) for word in words), np.int32, len(words))
        missing = next((word for word in words if word not in index), None)
        if missing is not None:
            raise ValueError(f"other: {missing!r} is not in this vocabulary, which has no unknown word (unk=None)")
        return np.fromiter((index[word] for word in words), np.int32, len(words))

    def to_bytes(self) -> bytes:
        """Serialise; :meth:`from_bytes` is the inverse."""
        coded = [word.encode("utf-8", "surrogatepass") for word in self.words]
        flags = np.array([len(coded), self.unk is not None, self.counts is not None], "<i8")
        counts = np.zeros(0, "<i8") if self.counts is None else self.counts.astype("<i8")
        lengths = np.array([len(word) for word in coded], "<i8")
        return b"".join([_MAGIC, flags.tobytes(), lengths.tobytes(), counts.tobytes(), *coded])

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview | NDArray[np.uint8]) -> Self:
        """Read what :meth:`to_bytes` wrote.

        Parameters
        ----------
        data : bytes or uint8 array
            The bytes.

        Returns
        -------
        Vocabulary
            Equal to the one that was written.

        Raises
        ------
        ValueError
            The bytes are damaged, or no vocabulary.
        """
        raw = bytes(data)
        if raw[:8] != _MAGIC or len(raw) < 32:
            raise ValueError("data: this is not a stored vocabulary")
        n, has_unk, has_counts = np.frombuffer(raw, "<i8", 3, 8).tolist()
        head = 32 + 8 * n * (1 + (has_counts == 1))
        if n < 0 or has_unk not in (0, 1) or has_counts not in (0, 1) or head > len(raw) or has_unk > n:
            raise ValueError("data: the stored vocabulary is damaged")
        lengths = np.frombuffer(raw, "<i8", n, 32)
        if (n and (lengths.min() < 0 or lengths.max() > len(raw))) or head + sum(lengths.tolist()) != len(raw):
            raise ValueError("data: the stored vocabulary is damaged or cut short")
        ends = (head + np.cumsum(lengths)).tolist()
        try:
            words = [raw[a:b].decode("utf-8", "surrogatepass") for a, b in zip([head, *ends], ends, strict=False)]
        except UnicodeDecodeError as error:
            raise ValueError(f"data: the stored vocabulary is damaged ({error})") from error
        counts = np.frombuffer(raw, "<i8", n, 32 + 8 * n) if has_counts else None
        return cls(words, counts, words[0] if has_unk else None)


def _count(source: "WordBank | Iterable[str]") -> tuple[list[str], NDArray[np.int64]]:
    """Words in order of first appearance, and how often each occurs."""
    word = getattr(source, "word", None)
    vocabulary = getattr(source, "vocabulary", None)
    if word is None or vocabulary is None:
        if isinstance(source, str | bytes) or not isinstance(source, Iterable):
            raise ValueError(f"source must be a Treebank or an iterable of words, got {source!r:.80}")
        counter = Counter(_as_words(source))
        return list(counter), np.fromiter(counter.values(), np.int64, len(counter))
    counts = np.zeros(len(vocabulary) + 1, np.int64)
    for start in range(0, len(word), _CHUNK):
        counts += np.bincount(word[start : start + _CHUNK] + 1, minlength=len(counts))
    present = np.flatnonzero(counts[1:])
    return [vocabulary.words[k] for k in present.tolist()], counts[1:][present]
