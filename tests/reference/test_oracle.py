"""PyTorch as an outside oracle: plain recursions with autograd, its optimisers and its clipping; nothing is shared."""

from typing import Any

import numpy as np
import pytest
from grid import CELLS, GATED, RECURSIVE, SPECS, Array, Problem, assert_same, error, problem, structures, thinned
from torch_optimizers import TORCH

from fastbpts import TreeClassifier, reference
from fastbpts.reference import optim
from fastbpts.training.optimizer import OPTIMIZERS


def torch_recurrent(torch: Any, cell: str, s: Any, params: dict[str, Any], x: Any, activation: str = "tanh") -> Any:
    """States (N, H) of elman or gru, (N, 2H) of lstm, with the sums of Tai et al. (2015), node by node."""
    W, U, b = params["W"], params["U"], params["b"]
    H = U.shape[1]
    zero = torch.zeros(s.n_graphs, H, dtype=W.dtype)
    h0, c0 = params.get("h0", zero), params.get("c0", zero)
    h: list[Any] = []
    c: list[Any] = []
    inputs = {int(i): row for row, i in enumerate(s.inputs)}
    for i in range(s.n_nodes):
        kids = s.child[s.child_ptr[i] : s.child_ptr[i + 1]]
        h_below = torch.stack([h[k] for k in kids]) if len(kids) else h0[int(s.graph[i])][None]
        a = b + (W @ x[inputs[i]] if i in inputs else 0)
        u = h_below.sum(0) @ U.T
        if cell == "elman":
            h.append(getattr(torch, activation)(a + u))
        elif cell == "gru":
            u = u + params["b_rec"]
            r, z = torch.sigmoid((a + u)[: 2 * H]).chunk(2)
            n = torch.tanh(a[2 * H :] + r * u[2 * H :])
            h.append((1 - z) * n + z * h_below.sum(0))
        else:
            c_below = torch.stack([c[k] for k in kids]) if len(kids) else c0[int(s.graph[i])][None]
            gate_i, _, g, o = (a + u).chunk(4)
            f = torch.sigmoid(a[H : 2 * H] + h_below @ U[H : 2 * H].T)
            c.append(torch.sigmoid(gate_i) * torch.tanh(g) + (f * c_below).sum(0))
            h.append(torch.sigmoid(o) * torch.tanh(c[-1]))
    return torch.cat([torch.stack(h), torch.stack(c)], 1) if c else torch.stack(h)


def torch_tree_lstm(torch: Any, s: Any, params: dict[str, Any], x: Any) -> Any:
    """States (N, 2H) of the binary Tree-LSTM of Tai et al. (2015), with their leaf module."""
    zero, inputs = torch.zeros(x.shape[1], dtype=x.dtype), {int(i): row for row, i in enumerate(s.inputs)}
    h: list[Any] = []
    c: list[Any] = []
    for i in range(s.n_nodes):
        kids = s.child[s.child_ptr[i] : s.child_ptr[i + 1]]
        x_i = x[inputs[i]] if i in inputs else zero
        if len(kids):
            pair = torch.cat([h[k] for k in kids])
            gate_i, f_l, f_r, u, o = (params["W"] @ x_i + params["U"] @ pair + params["b"]).chunk(5)
            below = torch.sigmoid(f_l) * c[kids[0]] + torch.sigmoid(f_r) * c[kids[1]]
            c.append(torch.sigmoid(gate_i) * torch.tanh(u) + below)
        else:
            leaf, o = (params["W_leaf"] @ x_i + params["b_leaf"]).chunk(2)
            c.append(leaf)
        h.append(torch.sigmoid(o) * torch.tanh(c[-1]))
    return torch.cat([torch.stack(h), torch.stack(c)], 1)


def torch_states(torch: Any, cell: str, s: Any, params: dict[str, Any], x: Any, **options: Any) -> Any:
    """States of one of the published cells, node by node."""
    if cell == "tree_lstm":
        return torch_tree_lstm(torch, s, params, x)
    if cell not in RECURSIVE:
        return torch_recurrent(torch, cell, s, params, x, **options)
    states: list[Any] = []
    inputs = {int(i): row for row, i in enumerate(s.inputs)}
    for i in range(s.n_nodes):
        kids = [states[c] for c in s.child[s.child_ptr[i] : s.child_ptr[i + 1]]]
        if i in inputs:
            states.append(x[inputs[i]])
        elif cell == "sum":
            states.append(torch.tanh(params["W"] @ torch.stack(kids).sum(0)))
        else:
            c = torch.cat(kids)
            z = params["W"] @ c + params["b"]
            if cell == "rntn":
                z = z + torch.einsum("i,kij,j->k", c, params["V"], c)
            states.append(torch.tanh(z))
    return torch.stack(states)


def leaf_tensors(torch: Any, arrays: dict[str, Array]) -> dict[str, Any]:
    return {key: torch.tensor(value, requires_grad=True) for key, value in arrays.items()}


def assert_oracle(p: Problem, states: Any, tensors: dict[str, Any]) -> None:
    """The reference's and the compiled cell's states and gradients are those of autograd."""
    wanted = {  # no inner node: no gradient
        key: np.zeros(tuple(t.shape)) if t.grad is None else t.grad.numpy() for key, t in tensors.items()
    }
    for h, gradients in (p.reference(), p.compiled()):
        assert error(h, states.detach().numpy()) <= 1e-12
        assert_same({key: gradients[key] for key in wanted}, wanted, 1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "name", "d", "variant"), thinned([2, 5]))
def test_cells(torch: Any, cell: str, name: str, d: int, variant: int) -> None:
    p = problem(cell, structures(cell)[name], d, variant=variant)
    tensors = leaf_tensors(torch, p.arrays)
    options = {key: value for key, value in p.options.items() if key == "activation"}
    states = torch_states(torch, cell, p.s, tensors, tensors["x"], **options)
    (states * torch.tensor(p.dh)).sum().backward()
    assert_oracle(p, states, tensors)


@pytest.mark.parametrize("name", ["step", "sequence", "equal", "unequal"])
@pytest.mark.parametrize(("cell", "activation"), [("elman", "tanh"), ("elman", "relu"), ("gru", None), ("lstm", None)])
def test_torch_layers(torch: Any, cell: str, activation: str | None, name: str) -> None:
    """nn.RNN, nn.GRU and nn.LSTM themselves, on packed sequences."""
    options = {"activation": activation} if activation else {}
    p = problem(cell, structures(cell)[name], 5, **options)
    tensors = leaf_tensors(torch, p.arrays)
    W, U, b = tensors["W"], tensors["U"], tensors["b"]
    kind = {"elman": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[cell]
    layer = kind(W.shape[1], 5, dtype=torch.float64, **({"nonlinearity": activation} if activation else {}))
    weights = dict(zip(("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"), (W, U, b), strict=False))
    weights["bias_hh_l0"] = tensors.get("b_rec", torch.zeros_like(b))
    own = np.argsort(p.s.order, kind="stable")  # rows in order of time, one sequence after the other
    lengths = np.bincount(p.s.graph)
    start = np.cumsum(lengths) - lengths
    rows = [torch.tensor(own[first : first + length]) for first, length in zip(start, lengths, strict=True)]
    packed = torch.nn.utils.rnn.pack_sequence([tensors["x"][r] for r in rows], enforce_sorted=False)
    initial = tuple(tensors[key][None] for key in SPECS[cell].initial)
    out, last = torch.func.functional_call(layer, weights, (packed, initial if cell == "lstm" else initial[0]))
    sequences = torch.nn.utils.rnn.unpack_sequence(out)
    upstream, at_roots = torch.tensor(p.dh), torch.tensor(p.s.root)
    if cell == "lstm":  # PyTorch shows c of the last steps only
        p.dh[np.setdiff1d(np.arange(p.s.n_nodes), p.s.root), 5:] = 0
        loss = (last[1][0] * upstream[at_roots][:, 5:]).sum()
    else:
        loss = torch.zeros(())
    for r, h in zip(rows, sequences, strict=True):
        loss = loss + (h * upstream[r][:, :5]).sum()
    loss.backward()
    h = torch.empty(p.s.n_nodes, 5, dtype=torch.float64)
    for r, h_r in zip(rows, sequences, strict=True):
        h[r] = h_r.detach()
    wanted = {key: t.grad.numpy() for key, t in tensors.items()}
    for got, gradients in (p.reference(), p.compiled()):
        assert error(got[:, :5], h.numpy()) <= 1e-12
        assert_same(gradients, wanted, 1e-12)


@pytest.mark.parametrize("target", ["labels", "soft"])
@pytest.mark.parametrize("cell", CELLS)
def test_network(torch: Any, cell: str, target: str) -> None:
    """Embeddings, cell and softmax at every labelled node, class weights, dense and sparse gradients.

    With "lstm" this is the child-sum Tree-LSTM over trees whose leaves are words.
    """
    import fastbpts as fb

    s = structures(cell)["repeated"]
    class_weight = np.array([1.0, 0.5, 2.0, 1.5, 0.25])
    options = {"n_in": 7} if cell in GATED else {}
    net = fb.Network(cell, 6, 5, 4, dtype="float64", class_weight=class_weight, n_threads=1, random_state=3, **options)
    tensors = leaf_tensors(torch, net.params)
    states = torch_states(torch, cell, s, tensors, tensors["E"][s.word[s.inputs].astype(np.int64)])[:, :6]
    z = states @ tensors["Ws"].T + tensors["bs"]
    weight = torch.tensor(class_weight)
    soft = np.random.default_rng(0).dirichlet(np.ones(5), size=s.n_nodes)
    if target == "soft":
        loss = torch.nn.functional.cross_entropy(z, torch.tensor(soft), weight=weight, reduction="sum")
        loss = loss / (soft * class_weight).sum()
    else:
        labels = torch.tensor(s.label.astype(np.int64))
        loss = torch.nn.functional.cross_entropy(z, labels, weight=weight, ignore_index=-1)
    loss.backward()
    got_loss, gradients = net.loss_and_grad(s.compiled(), soft if target == "soft" else None)
    assert got_loss == pytest.approx(loss.item(), rel=1e-12)
    assert_same(gradients, {key: t.grad.numpy() for key, t in tensors.items()}, 1e-12)


def torch_optimizer(torch: Any, name: str, tensors: list[Any], decay: float = 0.0, rate: float = 0.05) -> Any:
    groups = tensors if isinstance(tensors[0], dict) else [{"params": tensors, "weight_decay": decay}]
    return TORCH[name](torch, groups, rate, OPTIMIZERS[name].options)


@pytest.mark.parametrize("alpha", [0.0, 0.02])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_reference_optimizers(torch: Any, name: str, alpha: float) -> None:
    """Six steps; weight_decay = 2 alpha is the gradient of alpha ||p||^2, and adamw's own decay."""
    rng = np.random.default_rng(1)
    p = rng.standard_normal((4, 3))
    tensor = torch.tensor(p, requires_grad=True)
    theirs = torch_optimizer(torch, name, [tensor], decay=2 * alpha)
    state = optim.init_state(name, p)
    for t in range(1, 7):
        g = rng.standard_normal(p.shape)
        tensor.grad = torch.tensor(g)
        theirs.step()
        decoupled = OPTIMIZERS[name].decouples_decay
        g = g if decoupled else g + 2 * alpha * p
        optim.update(name, p, g, state, t, learning_rate=0.05, decay=2 * alpha if decoupled else 0.0)
        assert error(p, tensor.detach().numpy()) <= 1e-13


@pytest.mark.parametrize("name", ["sgd", "adagrad", "adam"])
def test_reference_sparse_rows(torch: Any, name: str) -> None:
    """Optimisers with a sparse form in PyTorch: SGD, Adagrad, SparseAdam (without eps, which it corrects, too)."""
    rng = np.random.default_rng(2)
    p = rng.standard_normal((6, 3))
    tensor = torch.tensor(p, requires_grad=True)
    if name == "adam":
        theirs, eps = torch.optim.SparseAdam([tensor], lr=0.05, eps=1e-300), 1e-300
    else:
        theirs, eps = torch_optimizer(torch, name, [tensor]), None
    state = optim.init_state(name, p)
    for t in range(1, 7):
        rows = np.sort(rng.choice(6, size=3, replace=False))
        g = rng.standard_normal((3, 3))
        tensor.grad = torch.sparse_coo_tensor(torch.tensor(rows)[None], torch.tensor(g), (6, 3))
        theirs.step()
        optim.update(name, p, g, state, t, learning_rate=0.05, eps=eps, rows=rows)
        assert error(p, tensor.detach().numpy()) <= 1e-13


@pytest.mark.parametrize("max_norm", [0.5, 100.0])
def test_reference_clipping(torch: Any, max_norm: float) -> None:
    rng = np.random.default_rng(3)
    grads = {"a": rng.standard_normal((4, 3)), "b": rng.standard_normal(5)}
    tensors = [torch.zeros(*g.shape, dtype=torch.float64, requires_grad=True) for g in grads.values()]
    for tensor, g in zip(tensors, grads.values(), strict=True):
        tensor.grad = torch.tensor(g)
    torch.nn.utils.clip_grad_norm_(tensors, max_norm)
    factor = optim.clip_factor(grads, max_norm)
    for tensor, g in zip(tensors, grads.values(), strict=True):
        assert error(factor * g, tensor.grad.numpy()) <= 1e-13


TRAINING = [(cell, name, max_norm) for cell in RECURSIVE for name in OPTIMIZERS for max_norm in (None, 0.3)]
TRAINING += [(cell, name, 0.3) for cell in GATED for name in ("momentum", "adam")]


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "name", "max_norm"), TRAINING)
def test_training(torch: Any, cell: str, name: str, max_norm: float | None) -> None:
    """Five steps of a network whose batch reads every word, so that PyTorch's dense optimiser is the right one."""
    import fastbpts as fb

    s, alpha = structures(cell)["repeated"], 0.01
    assert set(s.word[s.inputs]) == {0, 1}
    optimizer = fb.Optimizer(name, learning_rate=0.01)  # RMSProp's first steps are ten times as long
    net = fb.Network(
        cell, 5, 5, 2, dtype="float64", optimizer=optimizer, alpha=alpha, max_norm=max_norm, n_threads=1, random_state=1
    )
    tensors = leaf_tensors(torch, net.params)
    decoupled = OPTIMIZERS[name].decouples_decay
    penalised = [key for key in tensors if key not in ("b", "b_rec", "b_leaf", "bs")]
    groups = [{"params": [tensors[key]], "weight_decay": 2 * alpha * (key in penalised) * decoupled} for key in tensors]
    theirs = torch_optimizer(torch, name, groups, rate=0.01)
    words, labels = s.word[s.inputs].astype(np.int64), torch.tensor(s.label.astype(np.int64))
    for _ in range(5):
        theirs.zero_grad()
        states = torch_states(torch, cell, s, tensors, tensors["E"][words])[:, :5]
        z = states @ tensors["Ws"].T + tensors["bs"]
        loss = torch.nn.functional.cross_entropy(z, labels, ignore_index=-1)
        penalty = 0.0 if decoupled else alpha * sum((tensors[key] ** 2).sum() for key in penalised)
        (loss + penalty).backward()
        if max_norm is not None:
            torch.nn.utils.clip_grad_norm_(list(tensors.values()), max_norm)
        theirs.step()
        assert net.step(s.compiled()) == pytest.approx(loss.item(), rel=1e-9)
    for key, value in net.params.items():
        assert error(value, tensors[key].detach().numpy()) <= 1e-9, key


@pytest.mark.parametrize("cell", CELLS)
def test_tree_classifier(torch: Any, cell: str) -> None:
    """A fitted classifier's probabilities are PyTorch's at its parameters: "lstm" is the child-sum Tree-LSTM."""

    import fastbpts as fb

    text = "(1 (0 (0 not) (1 good)) (0 bad)) (0 (1 (1 good) (1 good)) (0 (0 not) (0 bad))) (1 good)"
    bank = fb.Treebank.from_ptb(text)
    clf = TreeClassifier(cell=cell, n_state=6, dtype="float64", max_iter=3, random_state=0).fit(bank)
    s = bank.batch(np.arange(len(bank)), clf.vocabulary_.map(bank.vocabulary))
    params = {key: torch.tensor(value) for key, value in clf.net_.params.items()}
    states = torch_states(torch, cell, s, params, params["E"][s.word[s.inputs].astype(np.int64)])[:, :6]
    wanted = torch.softmax(states @ params["Ws"].T + params["bs"], dim=1)[s.root.astype(np.int64)]
    assert error(clf.predict_proba(bank), wanted.numpy()) <= 1e-12


def test_softmax(torch: Any) -> None:
    rng = np.random.default_rng(0)
    z = 10 * rng.standard_normal((9, 4))
    y = np.array([0, 3, -1, 2, 1, 1, -1, 0, 3])
    class_weight = np.array([0.5, 1.0, 2.0, 0.25])
    tensor = torch.tensor(z, requires_grad=True)
    theirs = torch.nn.functional.cross_entropy(
        tensor, torch.tensor(y), weight=torch.tensor(class_weight), ignore_index=-1, reduction="sum"
    )
    theirs.backward()
    loss, dz = reference.softmax_cross_entropy(z, y, class_weight=class_weight)
    assert loss == pytest.approx(theirs.item(), rel=1e-13)
    assert error(dz, tensor.grad.numpy()) <= 1e-13
