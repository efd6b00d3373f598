"""CoNLL-U: accepted and refused files, the place of a mistake, streaming, the treebank of Universal Dependencies."""

import contextlib
import gzip
import io
import lzma

import numpy as np
import pytest
from data import data_dir, needs_data
from hypothesis import given, settings
from hypothesis import strategies as st

import fastbpts as fb


def word(i, form="w", head="0", **other):
    fields = {
        "lemma": form,
        "upos": "NOUN",
        "xpos": "_",
        "feats": "_",
        "deprel": "dep",
        "deps": "_",
        "misc": "_",
        **other,
    }
    middle = (form, fields["lemma"], fields["upos"], fields["xpos"], fields["feats"], head)
    return "\t".join([str(i), *middle, fields["deprel"], fields["deps"], fields["misc"]])


def span(ids, form):
    return "\t".join([ids, form, *["_"] * 8])


TEXT = "\n".join(
    [
        "# sent_id = 1",
        "# text = Vámonos al mar",
        span("1-2", "Vámonos"),
        word(1, "Vamos", "0", upos="VERB", feats="Mood=Imp|Number=Plur"),
        word(2, "nos", "1", upos="PRON"),
        span("3-4", "al"),
        word(3, "a", "5", upos="ADP"),
        word(4, "el", "5", upos="DET"),
        word(5, "mar", "1"),
        word("5.1", "x", "_"),
        word("5.2", "y", "_"),
        "",
        word("0.1", "z", "_"),
        word(1, "a b", "_", misc="SpaceAfter=No NB", lemma="a b"),
        word(2, "_", "_"),
        "",
        "",
    ]
)


def read(text, **options):
    return fb.read_conllu(io.BytesIO(text.encode() if isinstance(text, str) else text), **options)


def same(a, b):
    for name in ("form", "upos", "feats", "deprel", "lemma", "xpos"):
        assert a.column(name) == b.column(name)
    np.testing.assert_array_equal(a.head, b.head)
    np.testing.assert_array_equal(a.spans, b.spans)
    assert (a.comments, a.span_forms) == (b.comments, b.span_forms)


def test_what_is_read():
    bank = read(TEXT)
    assert (len(bank), bank.n_words, bank.n_empty) == (2, 7, 3)
    assert bank.column("form") == [["Vamos", "nos", "a", "el", "mar"], ["a b", "_"]]
    assert bank.column("upos")[0] == ["VERB", "PRON", "ADP", "DET", "NOUN"]
    assert bank.head.tolist() == [0, 1, 5, 5, 1, -1, -1]
    assert bank.spans.tolist() == [[0, 1, 2], [0, 3, 4]]
    assert bank.span_forms == ["Vámonos", "al"]
    assert bank.comments == [("sent_id = 1", "text = Vámonos al mar"), ()]
    sentence = bank[0]
    assert (sentence.feats[0], sentence.head) == ("Mood=Imp|Number=Plur", [0, 1, 5, 5, 1])
    assert [len(s.form) for s in bank] == [5, 2]
    assert bank[-1].form == ["a b", "_"]
    assert "2 sentences, 7 words" in repr(bank)


def test_parts():
    bank = read(TEXT + TEXT)
    same(bank[2:], read(TEXT))
    same(bank[np.array([2, 1])], read(TEXT))
    assert len(bank[:0]) == 0
    assert bank[:0].column("form") == []
    with pytest.raises(IndexError, match="sentence 4 of 4"):
        bank[4]
    with pytest.raises(ValueError, match="name must .*got 'pos'"):
        bank.column("pos")


def test_structure_has_the_heads():
    s = read(TEXT)[:1].structure()
    parent = {int(c): i for i in range(s.n_nodes) for c in s.child[s.child_ptr[i] : s.child_ptr[i + 1]]}
    order = s.order.tolist()
    assert {order[c]: order[p] for c, p in parent.items()} == {1: 0, 2: 4, 3: 4, 4: 0}
    assert len(s.inputs) == 5
    with pytest.raises(ValueError, match="cycle"):
        read("\n".join([word(1, head="2"), word(2, head="1"), ""])).structure()


@pytest.mark.parametrize("block", [1, 7, 64])
def test_blocks_line_ends_and_archives_do_not_matter(block, tmp_path):
    whole = read(TEXT)
    same(read(TEXT, _block=block), whole)
    same(read("\ufeff" + TEXT.replace("\n", "\r\n"), _block=block), whole)
    same(read(TEXT.rstrip("\n")), whole)  # without the last empty line
    for packed in (gzip, lzma):
        path = tmp_path / "x"
        path.write_bytes(packed.compress(TEXT.encode()))
        same(fb.read_conllu(path, _block=block), whole)


def test_streaming():
    banks = list(fb.iter_conllu(io.BytesIO((TEXT * 3).encode()), chunk_sentences=4))
    assert [len(bank) for bank in banks] == [4, 2]
    assert banks[1].spans.tolist() == [[0, 1, 2], [0, 3, 4]]
    same(banks[0], read(TEXT * 2))
    with pytest.raises(ValueError, match="chunk_sentences"):
        fb.iter_conllu("x", chunk_sentences=0)


WRONG = {
    "columns": (word(1) + "\t_", "11 columns", 1),
    "spaces": (word(1).replace("\t", "    "), "1 columns", 1),
    "empty column": (word(1, xpos=""), "XPOS is empty", 12),
    "space in a column": (word(1, upos="A B"), "UPOS has a space", 7),
    "NUL": (word(1, "a\0"), "FORM has a NUL", 3),
    "first ID": (word(2), "the next word's is 1", 1),
    "no number": (word("x"), "ID 'x'", 1),
    "other digits": (word("١"), "ID", 1),
    "huge ID": (word("9" * 10000), "ID", 1),
    "HEAD beyond": (word(1, head="2"), "HEAD '2'", 16),
    "HEAD itself": (word(1, head="1"), "HEAD '1'", 16),
    "HEAD no number": (word(1, head="-1"), "HEAD '-1'", 16),
    "HEAD huge": (word(1, head="9" * 5000), "HEAD", 16),
    "span of one": (span("1-1", "x"), "multiword", 1),
    "span later": (span("2-3", "x"), "multiword", 1),
    "span no number": (span("1-", "x"), "multiword", 1),
    "span without words": (span("1-2", "x"), "0 words", 1),
    "empty node first": (word("1.1"), "empty node", 1),
    "only empty nodes": (word("0.1", head="_"), "0 words", 1),
}


@pytest.mark.parametrize("name", WRONG)
def test_errors_say_where(name):
    line, message, column = WRONG[name]
    with pytest.raises(fb.ConlluError, match=message) as caught:
        read(f"{TEXT}# comment\n{line}\n")
    assert (caught.value.line, caught.value.column) == (18, column)
    assert str(caught.value).startswith(f"<stream>:18:{column}: ")
    assert len(str(caught.value)) < 300


def test_more_errors(tmp_path):
    for text, where in (("", "1:1"), ("# only\n", "1:1"), ("\n\n", "1:1")):
        with pytest.raises(fb.ConlluError, match=f"<stream>:{where}: there is no sentence"):
            read(text)
    overlapping = [span("1-2", "x"), word(1), span("2-3", "y"), word(2), word(3)]
    with pytest.raises(fb.ConlluError, match=r":3:1: .*multiword"):
        read("\n".join(overlapping))
    with pytest.raises(fb.ConlluError, match=r":2:5: invalid utf-8"):
        read(word(1).encode() + b"\n2\tab\xff")
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress((TEXT * 100).encode())[:-20])
    with pytest.raises(fb.ConlluError, match=r"x\.gz:\d+:\d+: .*damaged"):
        fb.read_conllu(path)
    with pytest.raises(fb.ConlluError, match="# in a sentence|columns"):
        read(f"{word(1)}\n# in a sentence\n")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_damage_is_an_error_or_is_read(data):
    raw = bytearray(TEXT.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=6))
    with contextlib.suppress(fb.ConlluError):
        bank = read(bytes(raw))
        assert bank.n_words == sum(map(len, bank.column("form")))


@needs_data("ud_ewt")
def test_universal_dependencies():
    bank = fb.read_conllu(data_dir("ud_ewt") / "en_ewt-ud-dev.conllu.xz")
    assert (len(bank), bank.n_words, len(bank.spans)) == (2001, 25147, 359)
    assert len(bank.names["upos"]) == 17
    assert bank.structure().n_graphs == 2001
