"""Recurrent layers against torch.nn: outputs, final states and all gradients, over sizes, lengths and options."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sequences import LAYERS, Array, Case, assert_close, cases, parts, run

import fastbpts as fb

TOLERANCES = {"float32": 1e-5, "float64": 1e-10}


def torch_layer(torch: Any, case: Case, activation: str = "tanh") -> Any:
    kinds = {"elman": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
    options = {**case.options, **({"nonlinearity": activation} if case.cell == "elman" else {})}
    torch.manual_seed(case.seed)
    return kinds[case.cell](case.n_in, case.n_state, **options).double()


def torch_run(torch: Any, layer: Any, case: Case, x: Array, h0: Any, dout: Array, dh_n: Any) -> dict[str, Array]:
    """What sequences.run returns, from torch.nn in float64."""
    rnn = torch.nn.utils.rnn
    leaf = torch.tensor(x, requires_grad=True)
    states = [torch.tensor(s, requires_grad=True) for s in parts(h0)] if h0 is not None else []
    hx = None if not states else tuple(states) if case.cell == "lstm" else states[0]
    if case.lengths is None:
        out, h_n = layer(leaf, hx)
    else:
        batch_first = layer.batch_first
        packed = rnn.pack_padded_sequence(leaf, case.lengths, batch_first, enforce_sorted=False)
        out, h_n = layer(packed, hx)
        out, _ = rnn.pad_packed_sequence(out, batch_first, total_length=case.n_steps)
    final = parts(h_n)
    loss = (out * torch.tensor(dout)).sum() + sum(
        (s * torch.tensor(d)).sum() for s, d in zip(final, parts(dh_n), strict=True)
    )
    loss.backward()
    found = {"out": out.detach().numpy(), **{f"h_n{k}": s.detach().numpy() for k, s in enumerate(final)}}
    found |= {"dx": leaf.grad.numpy(), **{f"dh0{k}": s.grad.numpy() for k, s in enumerate(states)}}
    return found | {f"d{name}": p.grad.numpy() for name, p in layer.named_parameters()}


def compare(torch: Any, case: Case, dtype: str, activation: str = "tanh") -> None:
    theirs = torch_layer(torch, case, activation)
    extra = {"activation": activation} if case.cell == "elman" else {}
    ours = LAYERS[case.cell](case.n_in, case.n_state, **case.options, dtype=dtype, n_threads=1, **extra)
    ours.load_state_dict(theirs.state_dict())
    assert all((ours.params[k] == v.detach().numpy().astype(dtype)).all() for k, v in theirs.named_parameters())
    theirs.load_state_dict({k: torch.from_numpy(v) for k, v in ours.state_dict().items()})  # rounded as ours
    rng = np.random.default_rng(case.seed)
    x = rng.standard_normal(case.shape(case.n_in)).astype(dtype)
    dout = rng.standard_normal(case.shape(case.n_state * case.directions)).astype(dtype)
    h0, dh_n = case.states(rng) if case.with_h0 else None, case.states(rng)
    found = run(ours, x, h0, case.lengths, dout, dh_n)
    wanted = torch_run(torch, theirs, case, x.astype(float), h0, dout.astype(float), dh_n)
    if not case.with_h0:
        found = {k: v for k, v in found.items() if not k.startswith("dh0")}
    assert_close(found, wanted, TOLERANCES[dtype])


@pytest.mark.slow
@settings(deadline=None, max_examples=120)
@given(cases(), st.sampled_from(["float32", "float64"]))
def test_like_torch(torch: Any, case: Case, dtype: str) -> None:
    compare(torch, case, dtype)


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["elman", "gru", "lstm"])
@pytest.mark.parametrize(("n_steps", "n_sequences", "n_in", "n_state"), [(40, 33, 20, 65), (150, 2, 7, 33)])
def test_larger_sizes(torch: Any, cell: str, n_steps: int, n_sequences: int, n_in: int, n_state: int) -> None:
    lengths = list(np.random.default_rng(0).integers(1, n_steps + 1, n_sequences))
    case = Case(cell, n_in, n_state, n_steps, n_sequences, lengths, True, 0, {"bidirectional": True})
    compare(torch, case, "float32")
    compare(torch, case, "float64")


@pytest.mark.slow
def test_relu(torch: Any) -> None:
    case = Case("elman", 3, 6, 5, 4, [2, 5, 1, 4], True, 0, {"num_layers": 2, "bidirectional": True})
    compare(torch, case, "float64", "relu")


@pytest.mark.parametrize("rate", [0.3, 0.7])
def test_dropout_between_layers(torch: Any, rate: float) -> None:
    """Two layers with dropout are one layer, a mask of zeros and 1 / (1 - rate), and another layer."""
    layer = fb.GRU(3, 40, num_layers=2, dropout=rate, dtype="float64", n_threads=1)
    state = {k: torch.from_numpy(v) for k, v in layer.state_dict().items()}
    first, second = torch.nn.GRU(3, 40).double(), torch.nn.GRU(40, 40).double()
    first.load_state_dict({k: v for k, v in state.items() if k.endswith("l0")})
    second.load_state_dict({k.replace("l1", "l0"): v for k, v in state.items() if k.endswith("l1")})
    rng = np.random.default_rng(0)
    x, dout = rng.standard_normal((6, 5, 3)), rng.standard_normal((6, 5, 40))
    probe = fb.GRU(3, 40, num_layers=2, dropout=rate, dtype="float64", n_threads=1)
    out, _ = layer.forward(x, training=True, seed=7)
    dx, _ = layer.backward(dout)
    mask = torch.tensor(fb._core.dropout_mask(7, rate, 30, 40, "float64").reshape(6, 5, 40))
    assert set(np.unique(mask)) <= {0.0, 1 / (1 - rate)}
    assert abs(float((mask == 0).double().mean()) - rate) < 0.05
    leaf = torch.tensor(x, requires_grad=True)
    wanted, _ = second(first(leaf)[0] * mask)
    (wanted * torch.tensor(dout)).sum().backward()
    assert np.abs(out - wanted.detach().numpy()).max() < 1e-12
    assert np.abs(dx - leaf.grad.numpy()).max() < 1e-12
    grads = {**{k: p.grad for k, p in first.named_parameters()}}
    grads |= {k.replace("l0", "l1"): p.grad for k, p in second.named_parameters()}
    for name, grad in grads.items():
        assert np.abs(layer.grads[name] - grad.numpy()).max() < 1e-12
    assert (probe.forward(x, training=True, seed=7)[0] == out).all()
    assert (probe.forward(x, training=True, seed=8)[0] != out).any()
    assert (probe.forward(x)[0] == layer.forward(x, training=False)[0]).all()
    drawn = [probe.forward(x, training=True)[0] for _ in range(2)]
    assert (drawn[0] != drawn[1]).any()
