"""The examples run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import fastbpts as fb
import fastbpts.estimators.tree_classifier  # scipy, which it loads, makes an unseeded generator

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
pytestmark = pytest.mark.slow


def _run(folder, name, *args):
    command = [sys.executable, EXAMPLES / name, *args]
    env = {**os.environ, "PYTHONPATH": str(Path(fb.__file__).parent.parent)}  # as it is here, installed or not
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=True).stdout


def test_quickstart(tmp_path):
    score, tree, label = _run(tmp_path, "quickstart.py").splitlines()
    assert float(score.split(": ")[1].split()[0]) > 0.8
    assert len(fb.Treebank.from_ptb(tree)) == 1
    assert label in [f"[{k}]" for k in range(5)]
    assert (tmp_path / "demo.safetensors").exists()


def test_mlp_notes(tmp_path):
    out = _run(tmp_path, "mlp_notes.py").splitlines()
    assert "gradient with respect to the input" in out[0]
    assert float(out[-1].rpartition(" ")[2]) > 0.95


def test_sst_rntn(tmp_path):
    for name in ("train", "dev"):
        bank = fb.demo_treebank(n_trees=60, random_state=len(name))
        (tmp_path / f"{name}.txt").write_text("".join(f"{tree.to_ptb()}\n" for tree in bank))
    out = _run(tmp_path, "sst_rntn.py", tmp_path, "--threads", "1")
    assert "over all nodes" in out
    assert (tmp_path / "sst_rntn.png").exists()
    assert fb.load(tmp_path / "sst_rntn.safetensors").cell == "rntn"


def test_char_lm(tmp_path):
    (tmp_path / "text.txt").write_text(fb.demo_text(150))
    out = _run(tmp_path, "char_lm.py", tmp_path / "text.txt", "--threads", "1", "--epochs", "1")
    assert "bits per character" in out
    assert (tmp_path / "char_lm.png").exists()
    assert fb.load(tmp_path / "char_lm.safetensors").n_state == 384


def test_pos_tagger(tmp_path):
    rest = "\t_" * 6
    lines = "".join(f"{k}\t{word}\t_\t{word.upper()}{rest}\n" for k, word in enumerate(("a", "dog", "barks"), 1))
    for split in ("train", "dev"):
        (tmp_path / f"en_ewt-ud-{split}.conllu").write_text(f"{lines}\n" * 20)
    out = _run(tmp_path, "pos_tagger.py", tmp_path, "--threads", "1")
    assert "dev accuracy: 1.0000; each word's most frequent tag: 1.0000" in out
    assert fb.load(tmp_path / "pos_tagger.safetensors").bidirectional
