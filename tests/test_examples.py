"""The examples run."""

import os
import subprocess
import sys
from pathlib import Path

import fastbpts as fb
import fastbpts.estimators  # scipy, which it loads, makes an unseeded generator

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


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
