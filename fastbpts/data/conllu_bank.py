"""Sentences of a CoNLL-U file as flat arrays."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from fastbpts.data.structure import Structure

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

COLUMNS = ("form", "lemma", "upos", "xpos", "feats", "deprel")


class ConlluSentence(NamedTuple):
    """One sentence: the strings of each column by word, and ``head`` (0 the root, -1 none)."""

    form: list[str]
    lemma: list[str]
    upos: list[str]
    xpos: list[str]
    feats: list[str]
    deprel: list[str]
    head: list[int]
    comments: tuple[str, ...]


class ConlluBank:
    """Annotated sentences; ``bank[k]`` is a :class:`ConlluSentence`, ``bank[a:b]`` or ``bank[array]`` a smaller bank.

    Attributes
    ----------
    ptr : int64 array (n_sentences + 1,)
        Words ``ptr[k]`` to ``ptr[k + 1] - 1`` are sentence k.
    ids : dict of int32 arrays (n_words,)
        Per column ("form", "lemma", "upos", "xpos", "feats", "deprel") the number of each word's string.
    names : dict of list of str
        Per column the distinct strings.
    head : int32 array (n_words,)
        The ID (from 1) of each word's head in its sentence, 0 for the root, -1 where there is none.
    comments : list of tuple of str
        Per sentence, without ``#``.
    spans : int64 array (n_spans, 3)
        Multiword tokens: sentence, first and last word (from 1).
    span_forms : list of str
        Their forms.
    n_empty : int
        Empty nodes left out.
    """

    __module__ = "fastbpts"

    def __init__(
        self,
        ptr: I64,
        ids: dict[str, I32],
        names: dict[str, list[str]],
        head: I32,
        comments: list[tuple[str, ...]],
        spans: I64,
        span_forms: list[str],
        n_empty: int,
    ) -> None:
        self.ptr, self.ids, self.names, self.head = ptr, ids, names, head
        self.comments, self.spans, self.span_forms, self.n_empty = comments, spans, span_forms, n_empty

    def __len__(self) -> int:
        return len(self.ptr) - 1

    @property
    def n_words(self) -> int:
        """The number of words in all sentences."""
        return len(self.head)

    def __repr__(self) -> str:
        return f"<ConlluBank of {len(self)} sentences, {self.n_words} words>"

    def __iter__(self) -> "Iterator[ConlluSentence]":
        return (self._sentence(k) for k in range(len(self)))

    def _sentence(self, k: int) -> ConlluSentence:
        part = slice(int(self.ptr[k]), int(self.ptr[k + 1]))
        form, lemma, upos, xpos, feats, deprel = (
            [self.names[name][i] for i in self.ids[name][part].tolist()] for name in COLUMNS
        )
        head = self.head[part].tolist()
        return ConlluSentence(form, lemma, upos, xpos, feats, deprel, head, self.comments[k])

    @overload
    def __getitem__(self, which: int) -> ConlluSentence: ...

    @overload
    def __getitem__(self, which: "slice | NDArray[np.integer]") -> "ConlluBank": ...

    def __getitem__(self, which: "int | slice | NDArray[np.integer]") -> "ConlluSentence | ConlluBank":
        if isinstance(which, int | np.integer):
            if not -len(self) <= which < len(self):
                raise IndexError(f"sentence {which} of {len(self)}")
            return self._sentence(int(which) % len(self))
        return self._take(np.arange(len(self))[which])

    def _take(self, chosen: I64) -> "ConlluBank":
        length = np.diff(self.ptr)[chosen]
        ptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(length)])
        word = np.repeat(self.ptr[:-1][chosen] - ptr[:-1], length) + np.arange(ptr[-1])
        by_sentence = np.searchsorted(self.spans[:, 0], np.stack([chosen, chosen + 1]))
        rows = [(k, row) for k, (a, b) in enumerate(by_sentence.T.tolist()) for row in range(a, b)]
        spans = np.array([(k, *self.spans[row, 1:]) for k, row in rows], np.int64).reshape(-1, 3)
        return ConlluBank(
            ptr,
            {name: ids[word] for name, ids in self.ids.items()},
            self.names,
            self.head[word],
            [self.comments[k] for k in chosen.tolist()],
            spans,
            [self.span_forms[row] for _, row in rows],
            0,
        )

    def column(self, name: str) -> list[list[str]]:
        """The strings of a column, per sentence a list.

        Parameters
        ----------
        name : str
            "form", "lemma", "upos", "xpos", "feats" or "deprel".

        Returns
        -------
        list of list of str
            One string per word.

        Raises
        ------
        ValueError
            There is no such column.
        """
        if name not in self.ids:
            raise ValueError(f"name must be one of {', '.join(map(repr, COLUMNS))}, got {name!r}")
        words = np.array([*self.names[name], ""], object)[self.ids[name]].tolist()
        bounds = self.ptr.tolist()
        return [words[a:b] for a, b in itertools.pairwise(bounds)]

    def structure(self) -> Structure:
        """The dependency trees: every word is a node, its head its parent, and reads an input; words are form numbers.

        Raises
        ------
        ValueError
            Heads that go round in a circle.
        """
        start = np.repeat(self.ptr[:-1], np.diff(self.ptr))
        parent = np.where(self.head > 0, start + self.head - 1, -1)
        return Structure.from_parents(parent, words=self.ids["form"], inputs="all")
