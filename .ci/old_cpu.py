"""Run under an emulated processor: the kernels chosen for it, against the reference. Usage: old_cpu.py CPU."""

import sys

import numpy as np

import fastbpts as fb
import fastbpts._core as _core

EXPECTED = {"Nehalem": "base", "Haswell": "avx2"}


def check_cell(name: str, dtype: str) -> None:
    """Forward and backward of one cell on two small trees equal those of the reference."""
    structure = fb.Structure.from_trees([(("a", "b"), ("c", ("d", "e"))), ("a", ("b", "c"))])
    rng = np.random.default_rng(0)
    sizes = {"n_in": 17, "n_state": 17, "dtype": dtype}
    cell, reference = fb.cell(name, **sizes), fb.reference.cell(name, **sizes)
    params = cell.init_params(random_state=0)
    x = rng.standard_normal((len(structure.inputs), 17)).astype(dtype)
    run, expected = cell.forward(structure, params, x), reference.forward(structure, params, x)
    tolerance = 1e-12 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(run.h, expected.h, rtol=tolerance, atol=tolerance)
    dh = rng.standard_normal(run.h.shape).astype(dtype)
    got, want = cell.backward(run, dh.copy()), reference.backward(expected, dh.copy())
    for key in params:
        np.testing.assert_allclose(got[0][key], want[0][key], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(got[1], want[1], rtol=tolerance, atol=tolerance)


if __name__ == "__main__":
    assert _core.isa() == EXPECTED[sys.argv[1]], _core.isa()
    for cell_name in fb.cells():
        for real in ("float32", "float64"):
            check_cell(cell_name, real)
    net = fb.Network(cell="rntn", n_state=8, n_classes=2, n_words=6, optimizer=fb.Optimizer("adagrad"), n_threads=2)
    trees = fb.Treebank.from_trees(["(1 (0 a) (1 b))", "(0 (1 (0 a) (0 c)) (0 b))"])
    batch = trees.batch(np.arange(2))
    losses = [net.step(batch) for _ in range(20)]
    assert losses[-1] < losses[0], losses
    print(f"isa {_core.isa()}: {len(fb.cells())} cells as the reference, loss {losses[0]:.3f} -> {losses[-1]:.3f}")
