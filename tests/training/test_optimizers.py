"""The table of optimisers: what follows from a row, and what is refused."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from torch_optimizers import TORCH

import fastbpts as fb
from fastbpts import _core
from fastbpts.reference import optim
from fastbpts.training.optimizer import OPTIMIZERS, OPTIONS
from fastbpts.training.updates import Updater

ROOT = Path(__file__).resolve().parents[2]
COMPILER = shutil.which("cc") or shutil.which("gcc")


def test_every_row_has_a_reference_and_an_oracle() -> None:
    assert fb.optimizers() == list(OPTIMIZERS) == list(optim.RULES) == list(TORCH)
    for name, row in OPTIMIZERS.items():
        rule = optim.RULES[name]
        assert (len(rule.states), rule.options, rule.decoupled) == (row.n_states, row.options, row.decouples_decay)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_options_of_others_are_refused(name: str) -> None:
    for option in OPTIONS:
        if option in OPTIMIZERS[name].options:
            assert fb.Optimizer(name, **{option: 0.5}).options[option] == 0.5
        else:
            with pytest.raises(ValueError, match=f"{option} must be left out: optimizer '{name}' takes"):
                fb.Optimizer(name, **{option: 0.5})


def test_rows_that_the_drivers_do_not_support() -> None:
    assert _core.optimizer_refused() is None
    assert "n_states" in str(_core.optimizer_refused(n_states=3))
    assert "flushes" in str(_core.optimizer_refused(n_states=1, flushes=2))
    assert _core.optimizer_refused(n_states=1, flushes=1) is None
    assert "corrects_bias" in str(_core.optimizer_refused(n_states=2, corrects_bias=True))
    assert "learning_rate" in str(_core.optimizer_refused(learning_rate=0.0))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_tiny_states_become_zero_where_the_row_says_so(name: str) -> None:
    updater = Updater({"w": np.ones(37, np.float32)}, fb.Optimizer(name, 1e-4))
    state = {key: np.full_like(a, 1e-39) if key.startswith("w.") else a for key, a in updater.state().items()}
    updater.load_state(state)
    updater.step({"w": np.zeros(37, np.float32)})
    zero = {key for key, a in updater.state().items() if key.startswith("w.") and not a.any()}
    assert zero == {f"w.{k}" for k in range(OPTIMIZERS[name].n_states) if OPTIMIZERS[name].flushes >> k & 1}


@pytest.mark.skipif(COMPILER is None or not (ROOT / "src_c").is_dir(), reason="needs a compiler and src_c/")
@pytest.mark.parametrize("row", ["FB_OPTIMIZER(planted, .learning_rate = 1)", "FB_OPTIMIZER(sgd, FB_TAKES(warmth, 1))"])
def test_a_row_without_a_kernel_or_an_option_does_not_compile(tmp_path: Path, row: str) -> None:
    folder = tmp_path / "src_c"
    shutil.copytree(ROOT / "src_c", folder)
    table = folder / "optimizer" / "optimizers.def"
    text = table.read_text()
    last = "FB_OPTIMIZER(sgd, .learning_rate = 0.01)"
    assert last in text

    def errors() -> str:
        files = ["optimizer/update.c", "optimizer/optimizer.c"]
        command = [str(COMPILER), "-std=gnu11", "-fsyntax-only", "-I.", *files]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True).stderr

    assert "error" not in errors()
    table.write_text(text.replace(last, f"{last}\n{row}"))
    assert "error" in errors()
