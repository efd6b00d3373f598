"""A parser of Penn Treebank brackets: ``(3 (2 a) (4 (3 fine) (2 film)))``, ``(S (NP (DT the)) ...)``, ``( (S ...))``.

Files are read in blocks, so memory grows with the result only. A tree that the end of a block cuts off is parsed again
with the next block. Each time the text is twice as long, so the time for one huge tree stays linear.
"""

from collections.abc import Iterator, Mapping
from typing import IO, Literal

import numpy as np

from fastbpts import _core
from fastbpts._base.arguments import check_count
from fastbpts._files.lines import TextError
from fastbpts._files.streams import utf8_blocks
from fastbpts.data.flat import FlatTrees
from fastbpts.data.plan import Collector, plan
from fastbpts.data.strings import StringTable
from fastbpts.data.vocabulary import Vocabulary

_CHUNK, NO_LIMIT = 1 << 20, 1 << 62
_FULL, _UNCLOSED = _core.PTB_CODES["full"], _core.PTB_CODES["unclosed"]
_STR, _INT = _core.PTB_LABELS["str"], _core.PTB_LABELS["int"]
_UNARY = {"keep": 0, "collapse": 1}
_NO_TREE = "there is no tree here: the text is empty"
_TEXTS = {
    "unclosed": "unclosed bracket: the tree that begins here does not end",
    "extra close": "closing bracket without an opening one",
    "outside": "text outside brackets: {atom}",
    "empty": "node with neither a word nor children",
    "mixed": "word and children in one node",
    "two words": "second word in one node: {atom} (a leaf is written (label word))",
    "NUL": "NUL byte",
    "label not int": "label {atom} is not an integer",
    "label range": "label {atom} is out of range: {accepted}",
}
_MESSAGES = {_core.PTB_CODES[name]: text for name, text in _TEXTS.items()}

Labels = Literal["int", "str", "auto"]
Unary = Literal["keep", "collapse"]
Binarize = Literal["left", "right"]


class PTBError(TextError):
    """Malformed treebank text; ``filename``, ``line`` and ``column`` say where (from 1, columns in characters)."""

    __module__ = "fastbpts"


def _choose(name: str, value: object, choices: Mapping[str, int] | Mapping[str | None, int]) -> int:
    for choice, code in choices.items():
        if value == choice:
            return code
    raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}")


class PTBParser:
    """Parses the pieces of one text and knows where it is. Options are those of :func:`read_ptb`."""

    def __init__(self, filename: str, labels: str, n_classes: int | None, unary: str, binarize: str | None) -> None:
        self.filename = filename
        self.int_labels = _choose("labels", labels, _core.PTB_LABELS)
        self.collapse = _choose("unary", unary, _UNARY) == _UNARY["collapse"]
        self.binarize = _choose("binarize", binarize, _core.PTB_BINARIZE)
        if n_classes is not None:
            n_classes = check_count(n_classes, "n_classes")
            if labels == "str":
                raise ValueError(f"n_classes={n_classes} needs integer labels, but labels='str' was given")
            self.int_labels = _INT
        self.n_classes = n_classes or 0
        self.words, self.label_names = StringTable(), StringTable()
        self.line, self.column = 1, 1
        self._room = -1

    def start(self, text: bytes) -> None:
        """Make room for the nodes of a text."""
        if len(text) > np.iinfo(np.int32).max:
            raise self.error("a tree of more than 2 GiB of text")
        self._text, self._data = text, np.frombuffer(text, np.uint8)
        self._n_brackets = n = text.count(b"(")
        if n > self._room:
            self._room = n
            self._stack = np.empty(_core.PTB_FRAME_BYTES * n, np.uint8)
            size = 2 * n if self.binarize else n
            self._nodes = np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.int32)
            self._end = np.empty(n, np.int64)

    def step(self, used: int, final: bool, max_trees: int, trees: Collector) -> tuple[int, bool]:
        """Parse complete trees from byte `used` on, `max_trees` at most. Returns bytes used; whether to continue."""
        options = (final, self.int_labels, self.collapse, self.binarize, self.n_classes, max_trees)
        tables = (self.words.arrays(), self.label_names.arrays())
        code, n_trees, n_used, error_at, self.int_labels, self.words.n, self.label_names.n = _core.ptb_parse(
            self._data[used:], self._n_brackets, *options, *tables, self._stack, *self._nodes, self._end
        )
        if code > _FULL:
            self.advance(self._text[used : used + error_at])
            raise self.error(self._message(code, used + error_at))
        if code == _FULL:
            self.words.grow()
            self.label_names.grow()
        self.advance(self._text[used : used + n_used])
        if n_trees:
            trees.add(plan(np.concatenate([np.zeros(1, np.int64), self._end[:n_trees]]), *self._nodes))
        return used + n_used, code == _FULL or n_trees == max_trees

    def _message(self, code: int, at: int) -> str:
        end = at
        while end < min(len(self._text), at + 60) and self._text[end] not in b" \t\n\v\f\r()\0":
            end += 1
        accepted = (
            f"n_classes={self.n_classes} accepts 0..{self.n_classes - 1}"
            if self.n_classes
            else "accepted are 0..2147483647"
        )
        atom = repr(self._text[at:end].decode("utf-8", "replace"))
        return _MESSAGES[code].format(atom=atom, accepted=f"{accepted}, and -1 for none")

    def advance(self, text: bytes) -> None:
        """Move the position over some text."""
        self.line += text.count(b"\n")
        last = text.rfind(b"\n") + 1
        self.column = (1 if last else self.column) + len(text[last:].decode("utf-8", "replace"))

    def error(self, message: str) -> PTBError:
        """An error at the present position."""
        return PTBError(message, self.filename, self.line, self.column)

    def flat(self, trees: Collector) -> FlatTrees:
        """These trees as flat data; words and labels are counted anew from here."""
        words, names = self.words.strings(), self.label_names.strings()
        self.words, self.label_names = StringTable(), StringTable()
        vocabulary, joined = Vocabulary._of_distinct(words), trees.plan()
        if self.int_labels == _STR:
            phrase, none = joined.label, np.full_like(joined.label, -1)
            return FlatTrees(joined._replace(label=none), vocabulary, phrase, names)
        value = np.array([*map(int, names), -1], np.int32)
        for start in range(0, len(joined.label), _CHUNK):
            part = joined.label[start : start + _CHUNK]
            part[:] = value[part]
        return FlatTrees(joined, vocabulary)


def parse_stream(
    parser: PTBParser, stream: IO[bytes], encoding: str, block: int, chunk_trees: int
) -> Iterator[FlatTrees]:
    """Parts of `chunk_trees` trees, the last of fewer; at least one, or there is an error."""
    trees = Collector()
    n_waiting = n_parts = 0
    waiting = [b""]  # text not parsed yet: the beginning of a tree, then blocks
    for part, ending in utf8_blocks(stream, encoding, block):
        waiting.append(part)
        n_waiting += len(part)
        if ending is None and n_waiting < len(waiting[0]):
            continue
        text = b"".join(waiting)
        parser.start(text)
        used, more = 0, True
        while more:
            used, more = parser.step(used, ending == "", chunk_trees - len(trees), trees)
            if len(trees) == chunk_trees:
                yield parser.flat(trees)
                trees, n_parts = Collector(), n_parts + 1
        waiting, n_waiting = [text[used:]], 0
        if ending:
            parser.advance(waiting[0])
            raise parser.error(ending)
    if len(trees):
        yield parser.flat(trees)
    elif not n_parts:
        raise PTBError(_NO_TREE, parser.filename, 1, 1)


def parse_ptb(
    text: str,
    *,
    labels: Labels = "auto",
    n_classes: int | None = None,
    unary: Unary = "keep",
    binarize: Binarize | None = None,
    name: str = "<text>",
) -> FlatTrees:
    """The trees of a string; options as for :func:`fastbpts.read_ptb`. Errors name `name` in place of a file."""
    parser = PTBParser(name, labels, n_classes, unary, binarize)
    trees = Collector()
    parse_text(parser, text, trees)
    return parser.flat(trees)


def parse_text(parser: PTBParser, text: str, trees: Collector) -> None:
    """Collect the trees of a whole text, for :meth:`PTBParser.flat`."""
    try:
        data = text.removeprefix("\ufeff").encode()
    except UnicodeEncodeError as error:
        parser.advance(text[: error.start].encode())
        raise parser.error(f"invalid text: {error.reason}") from error
    parser.start(data)
    before, used, more = len(trees), 0, True
    while more:
        used, more = parser.step(used, True, NO_LIMIT, trees)
    if len(trees) == before:
        raise PTBError(_NO_TREE, parser.filename, 1, 1)
