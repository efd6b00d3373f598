"""check_grad finds right gradients right and wrong gradients wrong, and refuses what it cannot check."""

from typing import Any

import numpy as np
import pytest
from grid import CELLS, SPECS, Array, problem, structures

import fastbpts as fb
from fastbpts import gradcheck, reference
from fastbpts.gradcheck import check_grad, check_loss


class Tampered:
    """A cell whose gradient of one array is changed by a function."""

    def __init__(self, cell: reference.Cell, key: str, change: Any) -> None:
        self.cell, self.key, self.change = cell, key, change
        self.dtype, self.n_state = cell.dtype, cell.n_state

    def forward(self, s: Any, params: dict[str, Array], x: Array, h0: Any) -> Any:
        return self.cell.forward(s, params, x, h0)

    def backward(self, run: Any, *upstream: Array) -> Any:
        dparams, dx, dh0 = self.cell.backward(run, *upstream)
        if self.key == "h0":
            dh0 = (self.change(dh0[0].copy()), *dh0[1:])
        elif self.key == "c0":
            dh0 = (*dh0[:1], self.change(dh0[1].copy()))
        elif self.key == "x":
            dx = self.change(dx.copy())
        else:
            dparams[self.key] = self.change(dparams[self.key].copy())
        return dparams, dx, dh0


def zero_first(gradient: Array) -> Array:
    gradient[0] = 0
    return gradient


def nan_last(gradient: Array) -> Array:
    gradient.ravel()[-1] = np.nan
    return gradient


CHANGES = {"transpose": lambda g: g.T.copy(), "scale": lambda g: 1.001 * g, "zero": zero_first, "nan": nan_last}


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("cell", SPECS)
def test_right_gradients(cell: str, given: bool) -> None:
    p = problem(cell, structures(cell)["ladder"], 4)
    before = {key: value.copy() for key, value in p.arrays.items()}
    errors = check_grad(p.plain_cell(), p.s, p.params, p.x, p.h0 if given else None, max_entries=5)
    assert set(errors) == set(before)
    assert max(errors.values()) < 1e-7
    for key, value in before.items():
        np.testing.assert_array_equal(value, p.arrays[key], err_msg=key)


@pytest.mark.slow
@pytest.mark.parametrize("max_entries", [None, 3])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("key", ["W", "x"])
def test_wrong_gradients(key: str, change: str, max_entries: int | None) -> None:
    """Found even if only a few entries are checked: the direction goes through all of them."""
    p = problem("sum", structures("sum")["batch"], 5)
    wrong = Tampered(reference.cell("sum", n_state=5), key, CHANGES[change])
    if change == "transpose" and key == "x":
        wrong.change = lambda g: g[::-1].copy()
    errors = check_grad(wrong, p.s, p.params, p.x, max_entries=max_entries)
    assert errors.pop(key) > 1e-4
    assert max(errors.values()) < 1e-7


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("key", ["W", "U", "b", "h0", "c0"])
def test_wrong_gradients_recurrent(key: str, change: str) -> None:
    """Errors of the second state and of the initial states are checked, too."""
    p = problem("lstm", structures("lstm")["sequence"], 2)
    wrong = Tampered(p.plain_cell(), key, CHANGES[change])
    if change == "transpose":
        wrong.change = lambda g: g[..., ::-1].copy()
    errors = check_grad(wrong, p.s, p.params, p.x, p.h0, max_entries=3)
    assert errors.pop(key) > 1e-4
    assert max(errors.values()) < 1e-7


def test_seeded() -> None:
    p = problem("rntn", structures("rntn")["pair"], 6)
    cell = reference.cell("rntn", n_state=6)
    one, two, three = (check_grad(cell, p.s, p.params, p.x, max_entries=20, random_state=r) for r in (0, 0, 1))
    assert one == two != three


@pytest.mark.parametrize("what", ["params", "x", "cell"])
def test_float64_only(what: str) -> None:
    p = problem("sum", structures("sum")["pair"], 3)
    params: Any = {"W": p.params["W"].astype(np.float32)} if what == "params" else p.params
    x = p.x.astype(np.float32) if what == "x" else p.x
    cell = reference.cell("sum", n_state=3, dtype="float32" if what == "cell" else "float64")
    with pytest.raises(ValueError, match=rf"^{what}.*float32.*float64"):
        check_grad(cell, p.s, params, x)


def test_bad_eps() -> None:
    p = problem("sum", structures("sum")["pair"], 3)
    with pytest.raises(ValueError, match="eps"):
        check_grad(reference.cell("sum", n_state=3), p.s, p.params, p.x, eps=0.0)


@pytest.mark.slow
def test_table() -> None:
    """Every cell, every parameter, the inputs, the head and the embeddings."""
    rows = gradcheck.table()
    assert [row for row in rows if not row.ok] == []
    for cell in CELLS:
        named = {row.parameter for row in rows if row.name == cell}
        assert named == {*SPECS[cell].shapes, *SPECS[cell].initial, "x", "Ws", "bs", "E"}
    assert max(row.error for row in rows) < 1e-7
    assert all(not row.ok for row in gradcheck.table(["sum"], n_state=3, tolerance=-1.0))


def test_table_of_losses() -> None:
    """Every loss: by the scores, and by the parameters of a network."""
    rows = gradcheck.loss_table()
    assert [row for row in rows if not row.ok] == []
    for name in fb.losses():
        assert {row.parameter for row in rows if row.name == name} == {"z", *SPECS["sum"].shapes, "Ws", "bs", "E"}
    assert max(row.error for row in rows) < 1e-7
    assert all(not row.ok for row in gradcheck.loss_table(fb.losses()[:1], n_state=3, tolerance=-1.0))


@pytest.mark.parametrize("name", fb.losses())
def test_wrong_slope_of_a_loss(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Found wherever it is: one entry of the gradient is lost."""
    right = gradcheck.compute_loss

    def wrong(*args: Any) -> tuple[float, Array]:
        loss, dz = right(*args)
        dz[-1, -1] = 0
        return loss, dz

    assert check_loss(name) < 1e-7
    monkeypatch.setattr(gradcheck, "compute_loss", wrong)
    assert check_loss(name) > 1e-3


def test_table_unknown_loss() -> None:
    with pytest.raises(ValueError, match="loss must be one of"):
        gradcheck.loss_table(["no_such_loss"])


def test_table_unknown_cell() -> None:
    with pytest.raises(ValueError, match="name"):
        gradcheck.table(["no_such_cell"])


def test_check_network_restores_parameters() -> None:
    net = fb.Network("concat", 4, 5, 11, dtype="float64", n_threads=1, random_state=0)
    before = net.params
    errors = gradcheck.check_network(net, structures("concat")["batch"].compiled())
    assert max(errors.values()) < 1e-7
    for key, value in net.params.items():
        np.testing.assert_array_equal(value, before[key])


def test_table_sees_a_wrong_way_back_from_the_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loss at the roots of trees is propagated by other code than a loss at every node, or over graphs."""
    right = fb.Network.loss_and_grad

    def wrong(net: fb.Network, s: fb.Structure) -> tuple[float, dict[str, Array]]:
        loss, grads = right(net, s)
        if net.loss_nodes == "root":
            grads["W"] *= 1.01
        return loss, grads

    monkeypatch.setattr(fb.Network, "loss_and_grad", wrong)
    assert [row.parameter for row in gradcheck.table(["sum"]) if not row.ok] == ["W"]


def test_network_is_checked_with_used_memory() -> None:
    """The gradient that is checked must not depend on what an earlier batch left in memory."""
    calls = []

    class Counted(fb.Network):
        def loss_and_grad(self, *args: Any) -> Any:
            calls.append(len(calls))
            loss, grads = super().loss_and_grad(*args)
            return loss, {key: grad * (len(calls) > 1) for key, grad in grads.items()}

    net = Counted("sum", 2, 3, 2, dtype="float64")
    s = fb.Structure.from_ptb("(1 (0 a) (2 b))")
    assert max(gradcheck.check_network(net, s, max_entries=4).values()) < 1e-6
