"""The exercises of Fujinuma (2017), "Updating a parameter matrix": an LSTM's dL/dV_a at one step, by numbers."""

from typing import Any

import numpy as np
import pytest

from fastbpts import reference


def exercise() -> tuple[dict[str, Any], Any, tuple[Any, Any]]:
    """Two units, of which the exercise looks at the first; gates at exactly one, as given, through large biases."""
    params = {"W": np.zeros((8, 2)), "U": np.zeros((8, 2)), "b": np.full(8, 1000.0)}
    params["W"][4] = params["U"][4] = 1.0  # V_a1 = U_a1 = (1, 1)
    params["b"][4:6] = 1.0, 0.0  # b_1 = 1
    h0 = np.ones((1, 2))
    return params, np.ones((1, 2)), (h0, np.array([[1.0, 0.0]]))  # x = h^0 = (1, 1), s^0_1 = 1


def one_step() -> Any:
    import fastbpts as fb

    return fb.Structure.chains([1])


def test_exercise_2() -> None:
    """dL/dh = p - y = 0.5 is given (p = 1 is not a softmax of h); the other factors follow, and their product."""
    params, x, h0 = exercise()
    cell = reference.cell("lstm", n_in=2, n_state=2)
    run = cell.forward(one_step(), params, x, h0)
    assert run.c is not None
    q = 5.0
    s = float(run.c[0, 0])
    assert s == pytest.approx(1 + np.tanh(q), rel=1e-15)
    dh_ds, ds_da, da_dV = 1 - np.tanh(s) ** 2, 1.0, (1 - np.tanh(q) ** 2) * np.ones(2)
    assert np.tanh(q) ** 2 == pytest.approx(0.9998, abs=5e-5)  # the hints
    assert np.tanh(s) ** 2 == pytest.approx(0.9293, abs=5e-5)
    dparams, _, _ = cell.backward(run, np.array([[0.5, 0.0]]))
    np.testing.assert_allclose(dparams["W"][4], 0.5 * dh_ds * ds_da * da_dV, rtol=1e-14)
    np.testing.assert_allclose(dparams["W"][4], [6.4156e-6, 6.4156e-6], rtol=1e-5)
    np.testing.assert_array_equal(np.delete(dparams["W"], 4, axis=0), 0)


@pytest.mark.slow
def test_exercise_3(torch: Any) -> None:
    """An automatic differentiator agrees, for the notes' whole loss: softmax directly on h, soft targets."""
    params, x, h0 = exercise()
    y = np.array([[0.5, 0.5]])
    cell = reference.cell("lstm", n_in=2, n_state=2)
    run = cell.forward(one_step(), params, x, h0)
    loss, dh = reference.softmax_cross_entropy(run.h, y)
    dparams, dx, _ = cell.backward(run, dh)

    tensors = {key: torch.tensor(value, requires_grad=True) for key, value in {**params, "x": x}.items()}
    V_i, V_f, V_a, V_o = tensors["W"].split(2)
    U_i, U_f, U_a, U_o = tensors["U"].split(2)
    b_i, b_f, b_a, b_o = tensors["b"].split(2)
    x1, h, s = tensors["x"][0], torch.tensor(h0[0][0]), torch.tensor(h0[1][0])
    i, f, o = (torch.sigmoid(V @ x1 + U @ h + b) for V, U, b in ((V_i, U_i, b_i), (V_f, U_f, b_f), (V_o, U_o, b_o)))
    a = torch.tanh(V_a @ x1 + U_a @ h + b_a)  # (1)
    p = torch.softmax(o * torch.tanh(i * a + f * s), dim=0)
    theirs = -(torch.tensor(y[0]) * torch.log(p)).sum()
    theirs.backward()
    assert loss == pytest.approx(theirs.item(), rel=1e-14)
    assert np.abs(dparams["W"][4]).min() > 1e-7
    for key, gradient in {**dparams, "x": dx}.items():
        np.testing.assert_allclose(gradient, tensors[key].grad.numpy(), rtol=1e-12, atol=1e-20, err_msg=key)


def test_against_the_gradient() -> None:
    """The notes' update V_a + eta dL/dV_a climbs; V_a - eta dL/dV_a descends."""
    params, x, h0 = exercise()
    cell, y = reference.cell("lstm", n_in=2, n_state=2), np.array([[0.5, 0.5]])

    def loss_at(eta: float) -> float:
        moved = {**params, "W": params["W"] + eta * dW}
        return reference.softmax_cross_entropy(cell.forward(one_step(), moved, x, h0).h, y)[0]

    dW = np.zeros((8, 2))
    run = cell.forward(one_step(), params, x, h0)
    dW = cell.backward(run, reference.softmax_cross_entropy(run.h, y)[1])[0]["W"]
    assert loss_at(-100.0) < loss_at(0.0) < loss_at(100.0)
