"""Model files: round trip, atomic replacement, hostile and damaged files."""

import contextlib
import json
import os
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

import fastbpts as fb
from fastbpts._files import atomic, tensors
from fastbpts.estimators.tree_classifier import TreeClassifier


@pytest.fixture(scope="module")
def bank():
    return fb.demo_treebank(n_trees=80)


@pytest.fixture(scope="module")
def model(bank):
    return TreeClassifier(n_state=4, max_iter=3, class_weight={0: 2.0}, alpha={"W": 1e-3}).fit(bank, dev=bank[:20])


@pytest.fixture
def path(model, tmp_path):
    file = tmp_path / "m.safetensors"
    model.save(file)
    return file


@pytest.mark.parametrize("cell", ["sum", "concat", "rntn"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_round_trip_is_exact(bank, cell, dtype, tmp_path):
    model = TreeClassifier(cell=cell, dtype=dtype, n_state=3, max_iter=2, optimizer="adam").fit(bank)
    model.save(tmp_path / "m")
    loaded = fb.load(tmp_path / "m")
    assert loaded.get_params() == model.get_params()
    assert loaded.history_ == model.history_
    assert loaded.vocabulary_ == model.vocabulary_
    np.testing.assert_array_equal(loaded.classes_, model.classes_)
    np.testing.assert_array_equal(loaded.predict_proba(bank), model.predict_proba(bank))
    for name, array in model.net_.state().items():
        np.testing.assert_array_equal(loaded.net_.state()[name], array)
    np.testing.assert_array_equal(
        loaded.partial_fit(bank).predict_proba(bank), model.partial_fit(bank).predict_proba(bank)
    )


def test_parameters_and_best_score_survive(model, path):
    loaded = fb.load(path)
    assert loaded.class_weight == {0: 2.0}
    assert (loaded.best_iter_, loaded.best_score_, loaded.n_iter_) == (model.best_iter_, model.best_score_, 3)


@pytest.mark.parametrize("classes", [[-7, 3], ["bad", "good"]])
def test_other_classes_survive(classes, tmp_path):
    trees = ["(0 (0 a) (0 b))", "(0 (0 c) (0 b))"]
    model = TreeClassifier(loss_nodes="root", n_state=2, max_iter=1).fit(trees, y=classes)
    model.save(tmp_path / "m")
    np.testing.assert_array_equal(fb.load(tmp_path / "m").predict(trees), model.predict(trees))


def test_params_that_no_file_holds(bank, tmp_path):
    words, matrix = ["film", "plot"], np.ones((2, 3))
    model = TreeClassifier(
        n_state=3, max_iter=1, random_state=np.random.default_rng(1), schedule=lambda _: 1.0, embeddings=(words, matrix)
    ).fit(bank)
    model.save(tmp_path / "m")
    loaded = fb.load(tmp_path / "m")
    assert loaded.embeddings is None
    np.testing.assert_array_equal(loaded.predict_proba(bank), model.predict_proba(bank))


def test_a_layout_of_another_version(model, path, bank):
    """A new version of the kernels may have another layout: parameters are kept, the optimiser's state begins anew."""

    def permuted(tensors, header):
        for name in [name for name in tensors if name.startswith("net/state/")]:
            if tensors[name].ndim == 2:
                tensors[name] = np.roll(tensors[name], 1, axis=1)

    _rewrite(path, permuted)
    loaded = fb.load(path)
    np.testing.assert_array_equal(loaded.predict_proba(bank), model.predict_proba(bank))
    assert not loaded.net_.state()["state.theta.0"].any()
    loaded.partial_fit(bank)
    _rewrite(path, lambda tensors, header: [tensors.pop(name) for name in list(tensors) if "/state/" in name])
    np.testing.assert_array_equal(fb.load(path).predict_proba(bank), model.predict_proba(bank))


def test_a_file_does_not_say_where_to_write(bank, tmp_path):
    TreeClassifier(n_state=2, max_iter=1, checkpoint=tmp_path / "c").fit(bank).save(tmp_path / "m")
    assert fb.load(tmp_path / "m").checkpoint is None
    assert fb.load(tmp_path / "c").checkpoint is None


def test_unfitted_is_not_saved(tmp_path):
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        TreeClassifier().save(tmp_path / "m")
    assert not list(tmp_path.iterdir())


def test_failed_write_keeps_the_old_file(path, monkeypatch):
    before = path.read_bytes()

    def fail(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=f"No space left on device: '{path}'"):
        atomic.write_atomic(path, b"new")
    with pytest.raises(FileNotFoundError, match=r"nowhere/new'$"):
        atomic.write_atomic(path.parent / "nowhere" / "new", b"new")
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_stale_temporaries_are_swept_and_live_ones_kept(tmp_path):
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    stale = tmp_path / f".m.{dead.stdout.strip()}.00.tmp"
    live = tmp_path / f".m.{os.getpid()}.00.tmp"
    other = tmp_path / ".m.notes.tmp"
    for file in (stale, live, other):
        file.write_bytes(b"")
    atomic.write_atomic(tmp_path / "m", b"x")
    assert not stale.exists()
    assert live.exists()
    assert other.exists()


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    atomic.write_atomic(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        fb.load(tmp_path / "nothing")


def _rejected(path):
    with pytest.raises(ValueError) as caught:
        fb.load(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_every_truncation_is_refused(path):
    data = path.read_bytes()
    for end in [0, 1, 7, 8, 9, 100, len(data) // 2, len(data) - 1]:
        path.write_bytes(data[:end])
        _rejected(path)


@pytest.mark.slow
def test_flipped_bytes_never_crash(path, rng):
    data = bytearray(path.read_bytes())
    header = struct.unpack("<Q", data[:8])[0]
    for place in rng.integers(0, header + 8, 300):
        changed = bytearray(data)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        with contextlib.suppress(ValueError):
            fb.load(path)


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", b"(3 (2 a) (1 b))", b"\xff" * 100, struct.pack("<Q", 2**62) + b"{}"]
)
def test_other_files(tmp_path, data):
    (tmp_path / "x").write_bytes(data)
    _rejected(tmp_path / "x")


def _rewrite(path, change):
    arrays, header = tensors.read_tensors(path)
    change(arrays, header)
    save_file(arrays, path, metadata={"fastbpts": json.dumps(header)})


HOSTILE = {
    "format": lambda t, h: h.update(format=99),
    "no format": lambda t, h: h.pop("format"),
    "class": lambda t, h: h.update({"class": "os.system"}),
    "unknown parameter": lambda t, h: h["params"].update(evil=1),
    "huge state": lambda t, h: h["params"].update(n_state=10**9),
    "state of another type": lambda t, h: h["params"].update(n_state="25"),
    "cell": lambda t, h: h["params"].update(cell="lstm"),
    "no vocabulary": lambda t, h: t.pop("learnt/vocabulary"),
    "vocabulary": lambda t, h: t.update({"learnt/vocabulary": np.zeros(64, np.uint8)}),
    "no weights": lambda t, h: t.pop("net/params/Ws"),
    "weights of another shape": lambda t, h: t.update({"net/params/E": np.zeros((1, 4), np.float32)}),
    "weights too many": lambda t, h: t.update({"net/params/U": np.zeros((4, 4), np.float32)}),
    "classes": lambda t, h: h["learnt"].update(classes=[[1], [2]]),
    "options of the reader": lambda t, h: h["learnt"].update(reading={"unary": "evil"}),
    "options of no reader": lambda t, h: h["learnt"].update(reading=["unary"]),
    "progress": lambda t, h: h.update(progress={"epoch": "x"}),
    "generator": lambda t, h: h.update(rng={"bit_generator": "MT19937"}),
    "seed": lambda t, h: h.update(seed="abc"),
    "params": lambda t, h: h.update(params=[]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_headers(path, name):
    _rewrite(path, HOSTILE[name])
    _rejected(path)


def test_files_of_older_versions_say_nothing_of_readers(path):
    _rewrite(path, lambda _, h: h["learnt"].pop("reading"))
    assert not hasattr(fb.load(path), "reading_")


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"format": "1"}', "null"])
def test_hostile_json(path, text):
    save_file({}, path, metadata={"fastbpts": text})
    _rejected(path)


def test_a_file_of_another_library(tmp_path):
    save_file({"w": np.zeros(3, np.float32)}, tmp_path / "x")
    assert "not one of fastbpts" in _rejected(tmp_path / "x")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_written_to_not_replaced(model, path, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(reader, "rb") as file:
        model.save(pipe)
        assert pipe.is_fifo()
        assert file.read() == path.read_bytes()


NO_FILE = ["circle", "nowhere", "x" * 240, "x" * 300, "a\0b", "no/file", "file/file", "."]


@pytest.mark.parametrize("name", NO_FILE)
@pytest.mark.parametrize("kind", [TreeClassifier, fb.Word2Vec])
def test_checkpoints_that_could_not_be_written_are_refused_at_once(kind, name, bank, tmp_path):
    """Links are followed: in a circle, to a folder that does not exist; names that no file can have."""
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "nowhere").symlink_to(tmp_path / "no" / "file")
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="checkpoint=") as error:
        kind(checkpoint=f"{tmp_path}/{name}").fit(bank if kind is TreeClassifier else [["a", "b"]] * 9)
    assert error.value.__suppress_context__


class Named:
    """A path that is no string."""

    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return str(self.path)


def test_checkpoints_are_written_where_links_and_paths_lead(bank, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "file")
    model = TreeClassifier(n_state=4, max_iter=1, checkpoint=Named(tmp_path / "link")).fit(bank)
    assert (tmp_path / "folder" / "file").is_file()
    assert (tmp_path / "link").is_symlink()
    shutil.rmtree(tmp_path / "folder")
    model.partial_fit(bank)  # which writes no checkpoint
    fb.Word2Vec(vector_size=4, epochs=1, min_count=1, sample=0, checkpoint=Named(tmp_path / "w")).fit([["a", "b"]] * 9)
    assert (tmp_path / "w").is_file()
    atomic.check_writable("output", os.devnull)
