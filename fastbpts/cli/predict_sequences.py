"""Predictions for sequences as lines of text: tagged sentences, labelled texts."""

import io
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastbpts.cli.common import check_choice, source

if TYPE_CHECKING:
    from fastbpts.data.conllu_bank import ConlluBank, ConlluSentence

_CHUNK = 1000
_NOTHING_ELSE = "\t_" * 8
Pieces = Iterator[tuple[list[str], int]]


def _line(number: int, sentence: "ConlluSentence", column: str, tag: str) -> str:
    """A word's line of CoNLL-U, with `tag` as the value of `column`."""
    from fastbpts.data.conllu_bank import COLUMNS

    word = {name: getattr(sentence, name)[number] for name in COLUMNS} | {column: tag}
    head = sentence.head[number]
    fields = [word["form"], word["lemma"], word["upos"], word["xpos"], word["feats"], "_" if head < 0 else str(head)]
    return "\t".join([str(number + 1), *fields, word["deprel"], "_", "_"])


def _conllu(bank: "ConlluBank", tags: list[Any], column: str) -> Iterator[str]:
    forms = zip(bank.spans.tolist(), bank.span_forms, strict=True)
    spans = {(k, first): (last, form) for (k, first, last), form in forms}
    for k, sentence in enumerate(bank):
        yield from (f"# {comment}" for comment in sentence.comments)
        for i, tag in enumerate(tags[k].tolist()):
            if (k, i + 1) in spans:
                last, form = spans[k, i + 1]
                yield f"{i + 1}-{last}\t{form}{_NOTHING_ELSE}"
            yield _line(i, sentence, column, str(tag))
        yield ""


def _plain_banks(path: Path) -> Iterator["ConlluBank"]:
    """Sentences of a file that has one per line, words separated by white space."""
    import fastbpts as fb

    for texts in _chunks(path):
        rows = ["".join(f"{k}\t{word}{_NOTHING_ELSE}\n" for k, word in enumerate(text.split(), 1)) for text in texts]
        yield fb.read_conllu(io.BytesIO("\n".join(rows).encode()))


def tagged(model: Any, path: Path, form: str, column: str, plain: bool) -> Pieces:
    """Lines of tagged sentences and the number of sentences, piece by piece.

    `plain` says that the file has a sentence per line, words separated by white space, and not CoNLL-U.
    """
    import fastbpts as fb
    from fastbpts.data.conllu_bank import COLUMNS

    check_choice("--column", column, COLUMNS)
    for bank in _plain_banks(path) if plain else fb.iter_conllu(source(path), chunk_sentences=_CHUNK):
        found = model.predict(bank)
        if form == "conllu":
            yield list(_conllu(bank, found, column)), len(bank)
        else:
            pairs = zip(bank.column("form"), found, strict=True)
            yield [json.dumps({"words": w, "tags": t.tolist()}, ensure_ascii=False) for w, t in pairs], len(bank)


def labelled(model: Any, path: Path, form: str) -> Pieces:
    """Lines of labelled texts and their number, piece by piece; the file has a text per line."""
    names = [str(name) for name in model.classes_.tolist()]
    for texts in _chunks(path):
        proba = model.predict_proba(texts)
        labels = model.classes_[proba.argmax(axis=1)].tolist()
        if form == "tsv":
            yield [f"{label}\t{text}" for label, text in zip(labels, texts, strict=True)], len(texts)
            continue
        rounded = [[round(float(p), 6) for p in row] for row in proba]
        records = [
            {"label": label, "probabilities": dict(zip(names, row, strict=True)), "text": text}
            for label, row, text in zip(labels, rounded, texts, strict=True)
        ]
        yield [json.dumps(record, ensure_ascii=False) for record in records], len(texts)


def _chunks(path: Path) -> Iterator[list[str]]:
    from fastbpts.readers.labelled import iter_lines

    texts = iter_lines(source(path))
    while chunk := list(itertools.islice(texts, _CHUNK)):
        yield chunk
