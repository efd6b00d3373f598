"""TreeNet: cells over structures inside PyTorch models."""

import copy
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zoo
from grid import CELLS, structures

import fastbpts as fb


@pytest.fixture(scope="session")
def ours(torch: Any) -> Any:
    import fastbpts.torch

    return fastbpts.torch


def graphs(cell: str) -> Any:
    """A structure of the zoo that the cell runs over, with several graphs or levels."""
    return max(structures(cell).values(), key=lambda g: (g.n_graphs > 1, min(g.n_nodes, 12))).compiled()


def leaf(torch: Any, *shape: int) -> Any:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def all_of(found: Any) -> tuple[Any, ...]:
    return found if isinstance(found, tuple) else (found,)


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_gradcheck(torch: Any, ours: Any, cell: str) -> None:
    torch.manual_seed(0)
    s, net = graphs(cell), ours.TreeNet(cell, n_state=2, dtype=torch.float64)
    names = [name for name, _ in net.named_parameters()]
    has_h0 = cell in ("elman", "gru", "lstm")
    states = [leaf(torch, s.n_graphs, 2) for _ in range(has_h0 + (cell == "lstm"))]
    params = [p.detach().clone().requires_grad_() for p in net.parameters()]

    def f(x: Any, *rest: Any) -> tuple[Any, ...]:
        initial, values = rest[: len(states)], dict(zip(names, rest[len(states) :], strict=True))
        h0 = initial if len(initial) == 2 else initial[0] if initial else None
        return all_of(torch.func.functional_call(net, values, (s, x, h0)))

    assert torch.autograd.gradcheck(f, (leaf(torch, len(s.inputs), 2), *states, *params), nondet_tol=0.0)


@pytest.mark.parametrize("cell", CELLS)
def test_is_the_functional_cell(torch: Any, ours: Any, cell: str) -> None:
    s, net = graphs(cell), ours.TreeNet(cell, n_state=5)
    x = torch.randn(len(s.inputs), 5)
    plain = fb.cell(cell, n_in=5, n_state=5)
    params = {name: p.detach().numpy() for name, p in net.named_parameters()}
    assert {name: p.shape for name, p in params.items()} == plain.shapes
    run = plain.forward(s, params, x.numpy())
    assert (all_of(net(s, x))[0].detach().numpy() == run.h).all()


def test_a_gru_on_chains_is_a_gru(torch: Any, ours: Any) -> None:
    lengths = [4, 1, 3]
    layer, net = ours.GRU(3, 4, dtype=torch.float64), ours.TreeNet("gru", 3, 4, dtype=torch.float64)
    with torch.no_grad():
        for name, value in zip(("W", "U", "b", "b_rec"), layer.parameters(), strict=True):
            getattr(net, name).copy_(value)
    s = fb.Structure.chains(lengths)
    x = torch.randn(4, 3, 3, dtype=torch.float64)
    graph = s.graph.astype(np.int64)
    time = s.order - (np.cumsum(lengths) - lengths)[graph]
    h = net(s, x[torch.from_numpy(time), torch.from_numpy(graph)])
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    _, h_n = layer(packed)
    assert (h[torch.from_numpy(s.root.astype(np.int64))] - h_n[0]).abs().max() < 1e-13


@pytest.mark.parametrize("cell", ["rntn", "lstm"])
def test_a_model_learns(torch: Any, ours: Any, cell: str) -> None:
    """Embeddings below, a linear layer above, an optimiser around."""
    torch.manual_seed(0)
    bank = fb.demo_treebank("sentiment", n_trees=40)
    s = bank.batch(range(40))
    words, labels = (torch.from_numpy(a.astype(np.int64)) for a in (s.word[s.inputs], s.label))
    parts = torch.nn.Embedding(len(bank.vocabulary), 8), ours.TreeNet(cell, 8, 8), torch.nn.Linear(8, 5)
    model = torch.nn.ModuleList(parts)
    optimizer, losses = torch.optim.Adam(model.parameters(), lr=0.02), []
    for _ in range(25):
        h = all_of(model[1](s, model[0](words)))[0]
        loss = torch.nn.functional.cross_entropy(model[2](h), labels, ignore_index=-1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]


def test_dropout_copies_files_types(torch: Any, ours: Any) -> None:
    s, net = graphs("rntn"), ours.TreeNet("rntn", n_state=6, dropout=0.5)
    x = torch.randn(len(s.inputs), 6)

    def draw(seed: int) -> Any:
        torch.manual_seed(seed)
        return net(s, x)

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))
    net.eval()
    wanted = draw(1)
    assert torch.equal(wanted, draw(2))
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    for other in (copy.deepcopy(net), torch.load(file, weights_only=False)):
        assert torch.equal(other(s, x), wanted)
        assert repr(other) == "TreeNet('rntn', n_in=6, n_state=6, dropout=0.5)"
    assert net.double()(s, x.double()).dtype == torch.float64
    x = x.double().requires_grad_()
    loss = net(s, x).square().sum()
    grads = [torch.autograd.grad(loss, x, retain_graph=True)[0] for _ in range(2)]
    assert torch.equal(*grads)
    (grad,) = torch.autograd.grad(loss, x, create_graph=True)
    with pytest.raises(RuntimeError, match="no second derivatives"):
        grad.sum().backward()


def test_errors(torch: Any, ours: Any) -> None:
    s, net = zoo.binary_zoo()["repeated"].compiled(), ours.TreeNet("rntn", n_state=4)
    x = torch.randn(len(s.inputs), 4)
    cases = [
        (f"x must have shape \\({len(x)}, 4\\), got \\({len(x) - 1}, 4\\)", lambda: net(s, x[1:])),
        ("x must be of dtype torch.float32", lambda: net(s, x.double())),
        ("x must be a dense tensor on the CPU", lambda: net(s, x.to("meta"))),
        ("W must be a dense tensor on the CPU|V must be a dense", lambda: copy.deepcopy(net).to("meta")(s, x)),
        ("s must be a fastbpts.Structure, got list", lambda: net([s], x)),
        ("s: cell 'rntn' needs exactly 2 children", lambda: net(fb.Structure.from_ptb("(1 (1 a) (1 b) (1 c))"), x)),
        ("h0 must be None", lambda: net(s, x, torch.zeros(s.n_graphs, 4))),
        ("name must be one of", lambda: ours.TreeNet("tree")),
        ("dtype must be of dtype torch.float32 or torch.float64", lambda: ours.TreeNet("sum", dtype=torch.float16)),
        ("dropout must be a number", lambda: ours.TreeNet("sum", dropout=1)),
    ]
    for message, call in cases:
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.slow
def test_example(torch: Any) -> None:
    """Two epochs of the example, in a process of its own."""
    program = Path(__file__).resolve().parents[2] / "examples" / "torch_tree_lstm.py"
    env = {key: value for key, value in os.environ.items() if key != "FASTBPTS_POISON"}
    env["PYTHONPATH"] = str(Path(fb.__file__).parent.parent)
    run = subprocess.run([sys.executable, program, "2"], env=env, capture_output=True, text=True, check=True)
    scores = re.findall(r"accuracy (\S+) at the root, (\S+) over all nodes", run.stdout)
    assert len(scores) == 2
    assert float(scores[0][0]) < float(scores[1][0])
    assert float(scores[1][1]) > 0.8


def test_tensors_that_numpy_cannot_share(torch: Any, ours: Any) -> None:
    """At an odd address; with the sign still to be turned."""
    layer, x = ours.GRU(2, 4), torch.randn(5, 3, 2, dtype=torch.cfloat)
    plain, turned = x.imag.contiguous(), x.conj().imag
    odd = torch.frombuffer(bytearray(b"0" + plain.numpy().tobytes()), dtype=torch.float32, offset=1).view(5, 3, 2)
    assert turned.is_neg()
    assert torch.equal(layer(turned)[0], layer(-plain)[0])
    assert torch.equal(layer(odd)[0], layer(plain)[0])
