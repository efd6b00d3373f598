"""Model files and checkpoints of word vectors: the parts that ``Word2Vec`` and ``GloVe`` share."""

import hashlib
import os
from typing import Any, ClassVar, Self

import numpy as np

from fastbpts._base.arguments import Array
from fastbpts._files.atomic import PathLike
from fastbpts._files.checkpoints import check_checkpoint, resume_from, write_checkpoint
from fastbpts._files.tensors import Tensors, read_tensors
from fastbpts.words._counting import I64
from fastbpts.words._parameters import Parameters

FREE = ("workers", "memory_limit", "checkpoint_every", "verbose")  # what a continuation of any model may change


class Stored(Parameters):
    """A model that can be written to files and checkpoints. A subclass gives its arrays and sets them."""

    _stored_as: ClassVar[str]
    _facts: ClassVar[tuple[str, ...]]  # attributes that are integers
    _free: ClassVar[frozenset[str]]  # parameters that its continuation may change
    checkpoint: str | os.PathLike[str] | None
    _trained_with: dict[str, Any]  # the parameters of the last training; later values are for the next one
    _words: list[str]
    _counts: I64

    # -- what a subclass provides ------------------------------------------------------------------------------------

    def _finish(self) -> None:
        """Set the attributes of a fitted model from the arrays."""
        raise NotImplementedError

    def _arrays(self) -> tuple[Tensors, dict[str, Any]]:
        """Arrays besides words and counts; how far training is, for JSON."""
        raise NotImplementedError

    def _set_arrays(self, words: list[str], counts: I64, tensors: Tensors, progress: dict[str, Any]) -> None:
        """Set what `_arrays` gave; ValueError if it does not fit the words or the parameters."""
        raise NotImplementedError

    def _fingerprint(self) -> str:
        """A digest of the text's vocabulary and counts."""
        digest = hashlib.sha256("\0".join(self._words).encode())
        digest.update(self._counts.tobytes())
        return digest.hexdigest()

    def _check_params(self) -> None:
        """ValueError naming the first parameter that is not accepted, or a checkpoint that cannot be written."""
        super()._check_params()
        check_checkpoint(self.checkpoint)

    # -- files -------------------------------------------------------------------------------------------------------

    def _stored_params(self) -> dict[str, Any]:
        """The parameters that a file holds, not `checkpoint`: a file must not say which file a later fit overwrites."""
        return {name: value for name, value in self.get_params().items() if name != "checkpoint"}

    def _to_tensors(self) -> tuple[Tensors, dict[str, Any]]:
        arrays, progress = self._arrays()
        words: Array = np.frombuffer("\0".join(self._words).encode(), np.uint8)
        facts = {name: getattr(self, name) for name in self._facts}
        header = {"class": self._stored_as, "params": self._trained_with, "learnt": facts, "progress": progress}
        return {**arrays, "words": words, "counts": self._counts}, header

    def _set_tensors(self, tensors: Tensors, header: dict[str, Any]) -> None:
        words, counts = bytes(tensors["words"]).decode().split("\0"), tensors["counts"].astype(np.int64)
        if "facts" in header:  # a file of version 0.1
            header = {"learnt": header["facts"], "progress": {"history": header.get("history")}} | header
        self._set_arrays(words, counts, tensors, header["progress"])
        for name in self._facts:
            setattr(self, name, int(header["learnt"][name]))

    @classmethod
    def _from_tensors(cls, tensors: Tensors, header: dict[str, Any]) -> Self:
        """The model of a file or a checkpoint."""
        if header.get("class") != cls._stored_as:
            raise ValueError(f"the file holds a {header.get('class')}, not a {cls._stored_as}")
        model = cls(**header["params"])
        model._check_params()
        model._trained_with = model._stored_params()
        model._set_tensors(tensors, header)
        model._finish()
        return model

    @classmethod
    def load(cls, path: PathLike) -> Self:
        """Read what :meth:`save` wrote.

        Parameters
        ----------
        path : str or path
            The file.

        Returns
        -------
        model
            A fitted model of this class.

        Raises
        ------
        ValueError
            The file is damaged, or holds something else.
        """
        return cls._from_tensors(*read_tensors(path))

    def _write_checkpoint(self) -> None:
        """Write the state of training after an epoch to the file `checkpoint`, atomically."""
        assert self.checkpoint is not None
        write_checkpoint(self.checkpoint, *self._to_tensors(), self._fingerprint())

    def _resume(self) -> None:
        """Continue from the file `checkpoint`, if it exists; ValueError where it belongs to something else."""
        given = self._stored_params()
        resume_from(self.checkpoint, self._stored_as, given, self._free, self._fingerprint(), self._set_tensors)
