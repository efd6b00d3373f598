"""Word vectors: training, queries, evaluation, files."""

from typing import Any

from fastbpts.io import Tensors


def from_tensors(tensors: Tensors, header: dict[str, Any]) -> Any:
    """The model in a file or checkpoint."""
    if header.get("class") == "KeyedVectors":
        from fastbpts.words.formats import StoredWords
        from fastbpts.words.vectors import KeyedVectors

        words = StoredWords(tensors["text"], tensors["text_ptr"])
        return KeyedVectors(words[:], tensors["vectors"], tensors.get("counts"))
    if header.get("class") == "GloVe":
        from fastbpts.words.glove import GloVe

        return GloVe._from_tensors(tensors, header)
    from fastbpts.words.word2vec import Word2Vec

    return Word2Vec._from_tensors(tensors, header)
