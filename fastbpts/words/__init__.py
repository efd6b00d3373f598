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
        from fastbpts.words import _glove_files
        from fastbpts.words.glove import GloVe

        return _glove_files.from_tensors(GloVe, tensors, header)
    from fastbpts.words import _word2vec_files
    from fastbpts.words.word2vec import Word2Vec

    return _word2vec_files.from_tensors(Word2Vec, tensors, header)
