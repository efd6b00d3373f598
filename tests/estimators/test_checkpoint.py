"""Checkpoints: resuming gives the bits of an unbroken run, also after kill -9 at any moment."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import fastbpts as fb
from fastbpts._files import tensors as io
from fastbpts.estimators.tree_classifier import TreeClassifier
from fastbpts.estimators.tree_task import TreeTask

VARIANTS = {
    "adagrad": {},
    "adam, dropout, dev": {
        "optimizer": "adam",
        "dropout": 0.2,
        "input_dropout": 0.1,
        "dev": True,
        "learning_rate": 0.02,
    },
    "early stopping": {"early_stopping": True, "schedule": "cosine", "unknown": "dropout"},
    "resets": {"accumulator_reset": 2, "dtype": "float64", "cell": "sum", "checkpoint_every": 2},
}


@pytest.fixture(scope="module")
def bank():
    return fb.demo_treebank("sentiment", n_trees=120)


def make(path, dev=False, **params):
    return TreeClassifier(**{"n_state": 4, "max_iter": 6, "learning_rate": 0.05, "checkpoint": path, **params})


def _same(a, b):
    for name, array in a.net_.state().items():
        np.testing.assert_array_equal(array, b.net_.state()[name], err_msg=name)
    for one, other in zip(a.history_, b.history_, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}
    assert (a.n_iter_, getattr(a, "best_iter_", None)) == (b.n_iter_, getattr(b, "best_iter_", None))


class StopError(Exception):
    pass


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("after", [0, 1, 4])
def test_resumed_equals_unbroken(bank, name, after, tmp_path, monkeypatch):
    params = dict(VARIANTS[name])
    dev = bank[:40] if params.get("dev") else None
    whole = make(None, **params).fit(bank, dev=dev)
    path = tmp_path / "run.ckpt"
    broken = make(path, **params)
    evaluate_epochs = iter(range(100))
    steps = TreeTask.steps

    def stopping(self, *args):
        if next(evaluate_epochs) == after:
            raise StopError
        return steps(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(TreeTask, "steps", stopping)
        with pytest.raises(StopError):
            broken.fit(bank, dev=dev)
    resumed = make(path, n_threads=2, **params).fit(bank, dev=dev, resume=True)
    _same(whole, resumed)
    _same(whole, make(path, **params).fit(bank, dev=dev, resume=True))


def test_patience_survives_a_break(bank, tmp_path):
    """Broken after each epoch, a run still stops where the unbroken one does."""
    params = {"early_stopping": True, "n_iter_no_change": 4, "learning_rate": 0.3, "max_iter": 60}
    fitted = (make(None, **params, random_state=k).fit(bank) for k in range(6))
    whole = next(model for model in fitted if 5 < model.n_iter_ < 60)  # rounding decides which seeds improve
    path, params = tmp_path / "c", {**params, "random_state": whole.random_state}
    for epoch in range(1, whole.n_iter_ + 3):
        part = make(path, **{**params, "max_iter": epoch}).fit(bank, resume=True)
    _same(whole, part)


def test_more_epochs_than_planned(bank, tmp_path):
    path = tmp_path / "c"
    make(path, max_iter=2).fit(bank)
    _same(make(path, max_iter=5).fit(bank, resume=True), make(None, max_iter=5).fit(bank))


def test_a_checkpoint_loads_as_its_best_model(bank, tmp_path):
    models = (make(tmp_path / f"{k}", max_iter=12, learning_rate=0.3, random_state=k) for k in range(6))
    fitted = (model.fit(bank[40:], dev=bank[:40]) for model in models)
    model = next(
        model for model in fitted if model.best_iter_ < 12
    )  # rounding decides which seeds have their best early
    np.testing.assert_array_equal(fb.load(model.checkpoint).predict_proba(bank), model.predict_proba(bank))


def test_what_cannot_be_resumed(bank, tmp_path):
    path = tmp_path / "c"
    make(path).fit(bank)
    with pytest.raises(ValueError, match=r"learning_rate=0\.05, now learning_rate=0\.1"):
        make(path, learning_rate=0.1).fit(bank, resume=True)
    with pytest.raises(ValueError, match="other training or validation data"):
        make(path).fit(bank[:100], resume=True)
    relabelled = [tree.to_ptb((tree.labels + 1) % 5) for tree in bank]
    with pytest.raises(ValueError, match="other training or validation data"):
        make(path).fit(relabelled, resume=True)
    with pytest.raises(ValueError, match="other training or validation data"):
        make(path).fit(bank, dev=bank[:10], resume=True)
    with pytest.raises(ValueError, match="checkpoint"):
        make(None).fit(bank, resume=True)
    make(None).fit(bank).save(path)
    with pytest.raises(ValueError, match="not a checkpoint"):
        make(path).fit(bank, resume=True)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ValueError, match="c: not a safetensors file"):
        make(path).fit(bank, resume=True)


def test_a_checkpoint_of_another_layout_is_refused(bank, tmp_path):
    path = tmp_path / "c"
    make(path, max_iter=3).fit(bank)
    tensors, header = io.read_tensors(path)
    io.write_tensors(path, {k: v for k, v in tensors.items() if "state.theta" not in k}, header)
    with pytest.raises(ValueError, match="another version"):
        make(path).fit(bank, resume=True)


def test_a_checkpoint_is_not_used_unasked(bank, tmp_path):
    path = tmp_path / "c"
    make(path, max_iter=2).fit(bank)
    assert make(path, learning_rate=0.2).fit(bank).n_iter_ == 6


RUN = """
import sys
import fastbpts as fb

bank = fb.demo_treebank("sentiment", n_trees=120)
model = fb.TreeClassifier(n_state=12, max_iter=25, learning_rate=0.05, optimizer="adam", dropout=0.1,
                          checkpoint=sys.argv[1], n_threads=1)
model.fit(bank[40:], dev=bank[:40], resume=True)
model.save(sys.argv[2])
"""


@pytest.mark.slow
def test_kill_9_at_any_moment_loses_nothing_but_time(tmp_path, rng):
    """Kill the run again and again, at any place. In the end it has the same bits as an unbroken run."""
    done, checkpoint = tmp_path / "broken", tmp_path / "run.ckpt"
    kills = epoch = 0
    deadline = time.monotonic() + 40
    while not done.exists():
        process = subprocess.Popen([sys.executable, "-c", RUN, checkpoint, done])
        while kills < 4 and process.poll() is None and time.monotonic() < deadline:
            now = io.read_tensors(checkpoint)[1]["progress"]["epoch"] if checkpoint.exists() else 0
            if now >= epoch + 2:  # somewhere inside the epochs that follow, or inside the writing of a checkpoint
                time.sleep(float(rng.uniform(0, 0.02)))
                process.send_signal(signal.SIGKILL)
                kills += 1
        assert process.wait() in (0, -signal.SIGKILL)
        reached = io.read_tensors(checkpoint)[1]["progress"]["epoch"]
        assert reached >= epoch
        epoch = reached
    assert kills >= 3
    subprocess.run([sys.executable, "-c", RUN, tmp_path / "other.ckpt", tmp_path / "whole"], check=True)
    _same(fb.load(tmp_path / "whole"), fb.load(done))
    assert not list(tmp_path.glob(".*.tmp"))


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adagrad", "adam"])
def test_checkpoints_of_version_0_1(optimizer, tmp_path):
    """They have a value for every option of any optimiser, and nothing of what came later."""
    path = tmp_path / "checkpoint"
    trees, params = ["(1 (0 bad) (1 film))", "(0 (0 not) (1 good))"], {"optimizer": optimizer, "n_state": 3}
    whole = fb.TreeClassifier(**params, max_iter=4, reduction="sum_per_graph").fit(trees)
    fb.TreeClassifier(**params, max_iter=2, reduction="sum_per_graph", checkpoint=path).fit(trees)
    tensors, header = io.read_tensors(path)
    for name in ("accumulate", "reduction", "rho", "eps"):
        del header["params"][name]
    header["params"] |= {"momentum": 0.9, "beta1": 0.9, "beta2": 0.999}
    io.write_tensors(path, tensors, header)
    old = path.read_bytes()

    def resumed(**more):
        path.write_bytes(old)
        return fb.TreeClassifier(**params, max_iter=4, checkpoint=path, **more).fit(trees, resume=True)

    _same(whole, resumed(reduction="sum_per_graph"))
    with pytest.raises(ValueError, match="made with reduction='sum_per_graph', now reduction='mean'"):
        resumed()
    with pytest.raises(ValueError, match="made with accumulate=1, now accumulate=2"):
        resumed(reduction="sum_per_graph", accumulate=2)
    if optimizer == "adam":
        with pytest.raises(ValueError, match=r"made with beta1=0.9, now beta1=0.5"):
            resumed(reduction="sum_per_graph", beta1=0.5)
