"""fastbpts.torch's layers in place of torch.nn's: same numbers, same interface."""

import copy
import gc
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sequences import CELLS, LAYERS, Case, cases, parts

NAMES = {"elman": "RNN", "gru": "GRU", "lstm": "LSTM"}


@pytest.fixture(scope="session")
def ours(torch: Any) -> Any:
    import fastbpts.torch

    return fastbpts.torch


def pair(torch: Any, ours: Any, cell: str, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """torch.nn's layer and ours with the same parameters."""
    theirs = getattr(torch.nn, NAMES[cell])(*args, **kwargs)
    mine = getattr(ours, NAMES[cell])(*args, **kwargs)
    mine.load_state_dict(theirs.state_dict())
    return theirs, mine


def inputs(torch: Any, case: Case, dtype: Any) -> tuple[Any, Any]:
    """x and hx as leaves, or None for hx."""
    generator = torch.Generator().manual_seed(case.seed)

    def leaf(*shape: int) -> Any:
        return torch.randn(*shape, generator=generator, dtype=dtype).requires_grad_()

    x = leaf(*case.shape(case.n_in))
    if not case.with_h0:
        return x, None
    return x, (leaf(*case.state_shape), leaf(*case.state_shape)) if case.cell == "lstm" else leaf(*case.state_shape)


def results(torch: Any, layer: Any, x: Any, hx: Any) -> list[Any]:
    """Outputs, final states, and gradients of everything by a loss that is not linear in them."""
    packed = isinstance(x, torch.nn.utils.rnn.PackedSequence)
    out, final = layer(x, hx)
    if packed:
        assert isinstance(out, torch.nn.utils.rnn.PackedSequence)
        assert torch.equal(out.batch_sizes, x.batch_sizes)
        out = torch.nn.utils.rnn.pad_packed_sequence(out)[0]
    states = parts(final)
    loss = out.cos().sum() + sum((2 * s).sin().sum() for s in states)
    leaves = [x.data if packed else x, *(parts(hx) if hx is not None else []), *layer.parameters()]
    return [out, *states, *torch.autograd.grad(loss, leaves)]


def assert_equal(torch: Any, found: list[Any], wanted: list[Any], tolerance: float) -> None:
    for a, b in zip(found, wanted, strict=True):
        assert a.shape == b.shape
        scale = max(1.0, b.abs().max().item())
        assert (a - b).abs().max().item() <= tolerance * scale


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(cases(), st.booleans(), st.booleans())
def test_like_torch(torch: Any, ours: Any, case: Case, double: bool, bias: bool) -> None:
    dtype, tolerance = (torch.float64, 1e-10) if double else (torch.float32, 1e-6)
    torch.manual_seed(case.seed)
    options = {**case.options, "bias": bias, "dtype": dtype}
    theirs, mine = pair(torch, ours, case.cell, case.n_in, case.n_state, **options)
    x, hx = inputs(torch, case, dtype)
    if case.lengths is not None:
        rnn = torch.nn.utils.rnn
        x = rnn.pack_padded_sequence(x, case.lengths, case.options["batch_first"], enforce_sorted=False)
    found, wanted = (results(torch, layer, x, hx) for layer in (mine, theirs))
    n_outputs = 3 if case.cell == "lstm" else 2
    assert_equal(torch, found[:n_outputs], wanted[:n_outputs], tolerance)
    assert_equal(torch, found[n_outputs:], wanted[n_outputs:], 10 * tolerance)


@pytest.mark.parametrize("cell", CELLS)
def test_one_sequence_without_a_batch(torch: Any, ours: Any, cell: str) -> None:
    theirs, mine = pair(torch, ours, cell, 3, 4, num_layers=2, bidirectional=True, dtype=torch.float64)
    x = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    state = torch.randn(4, 4, dtype=torch.float64)
    hx = (state, state.sin()) if cell == "lstm" else state
    found, wanted = mine(x, hx), theirs(x, hx)
    assert_equal(torch, [found[0], *parts(found[1])], [wanted[0], *parts(wanted[1])], 1e-12)


def test_relu(torch: Any, ours: Any) -> None:
    for options in ({"nonlinearity": "relu"}, {"nonlinearity": "tanh"}):
        theirs, mine = pair(torch, ours, "elman", 3, 4, 2, **options)
        x = torch.randn(5, 2, 3, requires_grad=True)
        assert_equal(torch, results(torch, mine, x, None), results(torch, theirs, x, None), 1e-5)
    assert ours.RNN(3, 4, 1, "relu").nonlinearity == "relu"


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("lengths", [None, [2, 3, 1]])
def test_gradcheck(torch: Any, ours: Any, cell: str, lengths: list[int] | None) -> None:
    layer = getattr(ours, NAMES[cell])(2, 2, num_layers=2, bidirectional=True, dtype=torch.float64)
    names = [name for name, _ in layer.named_parameters()]

    def f(x: Any, *rest: Any) -> Any:
        states = rest[: 2 if cell == "lstm" else 1]
        params = dict(zip(names, rest[len(states) :], strict=True))
        if lengths is not None:
            x = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
        out, final = torch.func.functional_call(layer, params, (x, states if cell == "lstm" else states[0]))
        return (out if lengths is None else out.data, *parts(final))

    def leaf(*shape: int) -> Any:
        return torch.randn(*shape, dtype=torch.float64, requires_grad=True)

    torch.manual_seed(0)
    states = [leaf(4, len(lengths or [0, 0]), 2) for _ in range(2 if cell == "lstm" else 1)]
    params = [p.detach().clone().requires_grad_() for p in layer.parameters()]
    assert torch.autograd.gradcheck(f, (leaf(3, len(lengths or [0, 0]), 2), *states, *params), nondet_tol=0.0)


@pytest.mark.parametrize("cell", CELLS)
def test_state_dicts_go_round(torch: Any, ours: Any, cell: str) -> None:
    """torch.nn -> NumPy layer -> ours -> torch.nn, without renaming."""
    options = {"num_layers": 2, "bidirectional": True}
    theirs, mine = (getattr(m, NAMES[cell])(3, 4, **options) for m in (torch.nn, ours))
    plain = LAYERS[cell](3, 4, **options)
    plain.load_state_dict(theirs.state_dict())
    mine.load_state_dict({k: torch.from_numpy(v) for k, v in plain.state_dict().items()})
    back = getattr(torch.nn, NAMES[cell])(3, 4, **options)
    back.load_state_dict(mine.state_dict())
    assert list(mine.state_dict()) == list(theirs.state_dict()) == list(plain.state_dict())
    assert all(torch.equal(v, theirs.state_dict()[k]) for k, v in back.state_dict().items())
    x = torch.randn(5, 2, 3)
    assert np.abs(plain.forward(x.numpy())[0] - mine(x)[0].detach().numpy()).max() == 0
    plain.load_state_dict(dict(mine.named_parameters()))
    with pytest.raises(ValueError, match="state_dict\\['weight_ih_l0'\\] must be an array"):
        plain.load_state_dict({k: v.to("meta") for k, v in mine.state_dict().items()})


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_training_is_the_same(torch: Any, ours: Any, cell: str) -> None:
    """Between other modules, under an optimiser, with clipping: the same losses as with torch.nn."""
    torch.manual_seed(0)
    layers = pair(torch, ours, cell, 4, 5, batch_first=True, dtype=torch.float64)
    x, y = torch.randn(3, 6, 4, dtype=torch.float64), torch.randn(3, 2, dtype=torch.float64)
    before, after = torch.nn.Linear(4, 4).double(), torch.nn.Linear(5, 2).double()
    losses: list[list[float]] = [[], []]
    for layer, found in zip(layers, losses, strict=True):
        model = torch.nn.Sequential(copy.deepcopy(before), torch.nn.Tanh(), layer)
        head = copy.deepcopy(after)
        params = [*model.parameters(), *head.parameters()]
        optimizer = torch.optim.Adam(params, lr=0.05)
        for _ in range(10):
            optimizer.zero_grad()
            loss = (head(model(x)[0][:, -1]) - y).square().mean()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(params, 0.5)
            optimizer.step()
            found.append(loss.item())
    assert losses[1] == pytest.approx(losses[0], rel=1e-9)
    assert losses[1][-1] < 0.8 * losses[1][0]
    assert [len(free) for free in layers[1]._pool._free.values()] == [1]


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_several_steps_forward_in_flight(torch: Any, ours: Any, cell: str) -> None:
    """Each graph has its own memory: siamese inputs, windows without detach, graphs that are kept or thrown away."""
    torch.manual_seed(0)
    theirs, mine = pair(torch, ours, cell, 3, 4, dtype=torch.float64)
    x = [torch.randn(5, 2, 3, dtype=torch.float64, requires_grad=True) for _ in range(3)]

    def total(layer: Any) -> Any:
        outs = [layer(v)[0] for v in x]
        first, state = layer(x[0])
        second, _ = layer(first[..., :3].contiguous(), state)
        layer(x[1])  # never goes backward
        return (outs[0] * outs[1] * outs[2]).sum() + second.square().sum()

    leaves = [*x, *mine.parameters()], [*x, *theirs.parameters()]
    loss = total(mine)
    found = torch.autograd.grad(loss, leaves[0], retain_graph=True)
    wanted = torch.autograd.grad(total(theirs), leaves[1])
    assert_equal(torch, found, wanted, 1e-12)
    again = torch.autograd.grad(loss, leaves[0])
    assert all(torch.equal(a, b) for a, b in zip(found, again, strict=True))
    with pytest.raises(RuntimeError, match="second time"):
        torch.autograd.grad(loss, leaves[0])
    del loss
    gc.collect()
    assert sum(len(free) for free in mine._pool._free.values()) <= 6


def test_one_module_in_several_threads(torch: Any, ours: Any) -> None:
    layer, x = ours.GRU(3, 8), torch.randn(6, 2, 3, requires_grad=True)
    wanted = results(torch, layer, x, None)

    def work(_: int) -> bool:
        found = [results(torch, layer, x, None) for _ in range(20)]
        return all(torch.equal(a, b) for result in found for a, b in zip(result, wanted, strict=True))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))


def test_gradients_are_taken_where_they_are_wanted(torch: Any, ours: Any) -> None:
    layer, x = ours.GRU(3, 4), torch.randn(5, 2, 3)
    with torch.no_grad():
        assert not layer(x)[0].requires_grad
    layer.weight_hh_l0.requires_grad_(False)
    layer(x)[0].sum().backward()
    assert layer.weight_hh_l0.grad is None
    assert layer.weight_ih_l0.grad.abs().sum() > 0
    layer.requires_grad_(False)
    assert not layer(x)[0].requires_grad
    x.requires_grad_()
    layer(x)[1].sum().backward()  # only the final state has a gradient
    assert x.grad.abs().sum() > 0
    assert all(p.grad is None or name != "weight_hh_l0" for name, p in layer.named_parameters())


def test_dropout(torch: Any, ours: Any) -> None:
    """In training only, by PyTorch's seed; the second step backward of a kept graph sees the same mask."""
    layer = ours.LSTM(3, 8, num_layers=3, dropout=0.5, bidirectional=True)
    x = torch.randn(4, 2, 3, requires_grad=True)

    def draw(seed: int) -> Any:
        torch.manual_seed(seed)
        return layer(x)[0]

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))
    loss = draw(3).square().sum()
    grads = [torch.autograd.grad(loss, x, retain_graph=True)[0] for _ in range(2)]
    assert torch.equal(*grads)
    layer.eval()
    assert torch.equal(draw(1), draw(2))


def test_copies_and_files(torch: Any, ours: Any) -> None:
    layer, x = ours.LSTM(3, 4, num_layers=2, batch_first=True), torch.randn(2, 5, 3)
    wanted = layer(x)[0]
    wanted.sum().backward()
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=False)
    for other in (copy.deepcopy(layer), loaded):
        assert torch.equal(other(x)[0], wanted)
        assert repr(other) == "LSTM(3, 4, num_layers=2, batch_first=True)"
        assert not other._pool._free or other._pool is not layer._pool
    assert layer.double()(x.double())[0].dtype == torch.float64
    torch.testing.assert_close(layer(x.double())[0].float(), wanted)
    assert isinstance(layer, torch.nn.LSTM)


def test_errors(torch: Any, ours: Any) -> None:
    layer, x = ours.GRU(3, 4), torch.randn(5, 2, 3)
    cases = [
        ("input must have shape \\(any, any, 3\\), got \\(5, 2, 1\\)", lambda: layer(x[..., :1])),
        ("input must have shape \\(any, any, 3\\), got \\(3,\\)", lambda: layer(x[0, 0])),
        ("input must have at least one step, got shape \\(0, 2, 3\\)", lambda: layer(x[:0])),
        ("input must be of dtype torch.float32 as the weights are, got torch.float64", lambda: layer(x.double())),
        ("input must be a dense tensor on the CPU .*on meta", lambda: layer(x.to("meta"))),
        ("input must be a dense tensor on the CPU .*sparse_coo", lambda: layer(x.to_sparse())),
        ("weight_ih_l0 must be a dense tensor on the CPU", lambda: copy.deepcopy(layer).to("meta")(x)),
        ("weight_ih_l0 must be of dtype torch.float32 or", lambda: ours.GRU(3, 4, dtype=torch.float16)(x.half())),
        ("input must be a torch.Tensor, got ndarray", lambda: layer(x.numpy())),
        ("h0 must have shape \\(1, 2, 4\\), got \\(2, 4\\)", lambda: layer(x, torch.zeros(2, 4))),
        ("h0 must be a torch.Tensor, got tuple", lambda: layer(x, (x, x))),
        ("hx must be a pair of tensors", lambda: ours.LSTM(3, 4)(x, torch.zeros(1, 2, 4))),
        ("c0 must have shape", lambda: ours.LSTM(3, 4)(x, (torch.zeros(1, 2, 4), torch.zeros(1, 1, 4)))),
        ("proj_size must be 0", lambda: ours.LSTM(3, 4, proj_size=2)),
    ]
    for message, call in cases:
        with pytest.raises(ValueError, match=message):
            call()


def test_changes_in_place_are_noticed(torch: Any, ours: Any) -> None:
    layer, x = ours.GRU(3, 4), torch.randn(5, 2, 3)
    out = layer(x)[0]
    out.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()
    loss = layer(x)[0].sum()
    with torch.no_grad():
        layer.weight_hh_l0.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
