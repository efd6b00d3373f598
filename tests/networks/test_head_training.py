"""Training steps against the plain NumPy model: optimisers, clipping, dropout, states that continue to the bit."""

import contextlib
import itertools
import math
from typing import Any

import numpy as np
import pytest
import zoo
from grid import CELLS, GATED, RECURRENT, RECURSIVE, Array, assert_same, error, problem, structures, widths
from networks import N_WORDS, network, plain

from fastbpts import _core
from fastbpts.reference import model, optim
from fastbpts.training.optimizer import OPTIMIZERS, Optimizer


def test_loss_that_is_not_finite() -> None:
    """Nothing is updated, and training goes on once the parameters are finite again."""
    s = structures("rntn")["batch"]
    net = network("rntn", 5, optimizer="adam", alpha=0.01)
    E = net.params["E"]
    net.set_params({"E": np.where(np.arange(N_WORDS)[:, None] == s.word[0], np.nan, E)})
    before = net.state()
    assert not np.isfinite(net.step(s.compiled()))
    for key, value in net.state().items():
        np.testing.assert_array_equal(value, before[key], err_msg=key)
    net.set_params({"E": E})
    assert np.isfinite(net.step(s.compiled()))


@pytest.mark.parametrize("eps", [0, 1e-31, -1, math.inf, "small"])
def test_eps_is_a_divisor(eps: Any) -> None:
    """Weights without a gradient are divided by it alone; 1e-30 is a number in float32 too."""
    with pytest.raises(ValueError, match="eps must be a number in"):
        Optimizer("adagrad", eps=eps)
    assert Optimizer("adam", eps=1e-30).options["eps"] == 1e-30


@pytest.mark.parametrize("max_norm", [None, 0.5])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("cell", CELLS)
def test_five_steps(cell: str, optimizer: str, max_norm: float | None) -> None:
    """Batches with other words in each step: rows that a batch does not read stay as they are."""
    d, alpha = 5, {"W": 0.02, "Ws": 0.01, "E": 0.03}
    if cell == "rntn":
        alpha["V"] = 0.05
    net = network(cell, d, optimizer=optimizer, alpha=alpha, max_norm=max_norm)
    trainer = model.Trainer(plain(cell, d), net.params, optimizer, alpha=alpha, max_norm=max_norm, learning_rate=0.05)
    rng = np.random.default_rng(8)
    for step in range(5):
        trees = [zoo.tree(zoo.random_binary(rng, int(n))) for n in (3, 1, 4)]
        s = zoo.dressed(trees, seed=step, n_words=N_WORDS)
        assert net.step(s.compiled()) == pytest.approx(trainer.step(s), rel=1e-9)
    for key, value in net.params.items():
        assert error(value, trainer.params[key]) <= 1e-9, key


@pytest.mark.parametrize("cell", CELLS)
def test_padding_stays_zero(cell: str) -> None:
    """Rows end in zeros whatever the memory held before; otherwise the norm of all gradients would count it."""
    import fastbpts as fb

    bank, steps = fb.demo_treebank(n_trees=20), []
    s = bank.batch(np.arange(20), np.arange(len(bank.vocabulary), dtype=np.int32) % N_WORDS)
    for max_norm in (None, 1e-3):
        net = network(cell, 5, max_norm=max_norm, loss_nodes="root")
        before = net.params
        net.step(s)
        steps.append(math.sqrt(sum(float(((net.params[k] - before[k]) ** 2).sum()) for k in before)))
        assert not net.state()["weights.E"][:, widths(cell, 5)["n_in"] :].any()
        assert all(np.isfinite(value).all() for value in net.state().values())
    assert steps[1] == pytest.approx(0.05 * 1e-3, rel=1e-4)
    assert steps[0] > steps[1]


def test_memory_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a batch that is too large for the memory, the network goes on with smaller ones."""
    small = zoo.dressed([zoo.tree(zoo.random_binary(np.random.default_rng(0), 4))], n_words=N_WORDS).compiled()
    large = zoo.dressed([zoo.tree(zoo.random_binary(np.random.default_rng(0), 900))], n_words=N_WORDS).compiled()
    for allowed in range(12):
        net, twin = (network("concat", 5) for _ in range(2))
        assert net.step(small) == twin.step(small)
        left = itertools.count()

        class Little:
            """NumPy in a process whose memory ends after some arrays."""

            def __getattr__(self, name: str) -> Any:
                return getattr(np, name)

            def empty(self, *args: Any) -> Array:
                if next(left) >= allowed:  # noqa: B023
                    raise MemoryError
                return np.empty(*args)

        with contextlib.suppress(MemoryError):
            with monkeypatch.context() as patch:
                patch.setattr(_core, "np", Little())
                net.step(large)
            twin.step(large)
        assert net.step(small) == twin.step(small)


@pytest.mark.parametrize("optimizer", ["momentum", "adagrad", "adam"])
def test_rate_and_reset(optimizer: str) -> None:
    """A new learning rate counts from the next step on; a reset forgets the optimiser's state, not the parameters."""
    s, d = structures("concat")["batch"], 4
    net = network("concat", d, optimizer=optimizer)
    trainer = model.Trainer(plain("concat", d), net.params, optimizer, learning_rate=0.05)
    for step in range(6):
        if step == 2:
            net.learning_rate = trainer.settings["learning_rate"] = 0.01
        if step == 4:
            net.reset_accumulator()
            trainer.state = {key: optim.init_state(optimizer, value) for key, value in trainer.params.items()}
            trainer.t = 0
        assert net.step(s.compiled()) == pytest.approx(trainer.step(s), rel=1e-10)
    assert net.learning_rate == 0.01
    assert_same(net.params, trainer.params, 1e-10)


@pytest.mark.parametrize("cell", CELLS)
def test_frozen_embeddings(cell: str) -> None:
    s = structures(cell)["batch"].compiled()
    net = network(cell, 5, optimizer="adagrad", train_embeddings=False, alpha=0.1)
    before = net.params
    net.step(s)
    after = net.params
    np.testing.assert_array_equal(after["E"], before["E"])
    assert not np.array_equal(after["Ws"], before["Ws"])


def test_state_round_trip() -> None:
    """state() and load_state() carry everything: two networks continue with the same bits."""
    batches = [zoo.dressed([zoo.tree(zoo.left_chain(5))], seed).compiled() for seed in range(6)]
    one = network("rntn", 5, optimizer="adam", alpha=0.01, dropout=0.2)
    for s in batches[:3]:
        one.step(s)
    two = network("rntn", 5, optimizer="adam", alpha=0.01, dropout=0.2)
    two.load_state({key: value.copy() for key, value in one.state().items()})
    for s in batches[3:]:
        assert one.step(s) == two.step(s)
    for key, value in one.state().items():
        np.testing.assert_array_equal(two.state()[key], value, err_msg=key)


def dropout_masks(
    cell: str, s: zoo.Graphs, d: int, dropout: float, input_dropout: float, seed: int
) -> dict[str, Array]:
    """The masks of the core: states by the seed, inputs by its complement. A recursive cell's inputs are states."""
    from fastbpts import _core

    mask: Array = _core.dropout_mask(seed, dropout, s.n_nodes, d)
    of_inputs = _core.dropout_mask(~seed % 2**64, input_dropout, s.n_nodes, widths(cell, d)["n_in"])[s.inputs]
    if cell in GATED:
        return {"mask": mask, "input_mask": of_inputs}
    mask[s.inputs] = of_inputs
    return {"mask": mask}


RECURSIVE_DROPOUT = [
    (cell, name, activation) for cell in RECURSIVE for name in ("batch", "dag") for activation in ("identity", "tanh")
]
RECURRENT_DROPOUT = [(cell, name, "identity") for cell in RECURRENT for name in ("mixed", "sparse_dags", "unequal")]


@pytest.mark.parametrize(("cell", "name", "input_activation"), RECURSIVE_DROPOUT + RECURRENT_DROPOUT)
def test_functional_dropout(cell: str, name: str, input_activation: str) -> None:
    """The compiled cell with dropout is the reference with the core's own mask."""
    p = problem(cell, structures(cell)[name], 7, input_activation=input_activation)
    masks = dropout_masks(cell, p.s, p.d, 0.4, 0.2, 12)
    h, found = p.run(p.compiled_cell(), p.s.compiled(), dropout=0.4, input_dropout=0.2, seed=12)
    of_inputs = masks.pop("input_mask", np.ones_like(p.x))
    p.x = of_inputs * p.x
    wanted_h, wanted = p.run(p.plain_cell(), p.s, **masks)
    wanted["x"] = of_inputs * wanted["x"]
    assert error(h, wanted_h) <= 1e-12
    assert_same(found, wanted, 1e-12)


BOTH_KINDS = [(cell, "identity") for cell in CELLS] + [(cell, "tanh") for cell in RECURSIVE]


@pytest.mark.parametrize(("cell", "input_activation"), BOTH_KINDS)
def test_training_with_dropout(cell: str, input_activation: str) -> None:
    """Every step draws its own masks; predictions drop nothing."""
    d, s = 6, structures(cell)["batch"]
    net = network(cell, d, input_activation=input_activation, optimizer="adagrad", dropout=0.3, input_dropout=0.2)
    trainer = model.Trainer(plain(cell, d, input_activation), net.params, "adagrad", learning_rate=0.05)
    masks = []
    for _ in range(4):
        of_step = dropout_masks(cell, s, d, 0.3, 0.2, net.dropout_seed)
        masks.append(of_step["mask"])
        wanted = model.loss_and_grad(trainer.cell, s, trainer.params, **of_step)[1]
        assert_same(net.loss_and_grad(s.compiled())[1], wanted, 1e-9)
        assert net.step(s.compiled()) == pytest.approx(trainer.step(s, **of_step), rel=1e-9)
    for key, value in net.params.items():
        assert error(value, trainer.params[key]) <= 1e-9, key
    for one, two in itertools.pairwise(masks):
        assert 0.1 < (one != two).mean() < 0.6
    cell_params = {key: net.params[key] for key in trainer.cell.shapes}
    h = trainer.cell.forward(s, cell_params, net.params["E"][s.word[s.inputs]]).h
    assert error(net.transform(s.compiled(), nodes="all"), h) <= 1e-12


def test_dropout_mask() -> None:
    """The share of zeros is p; rows and seeds differ; nothing is dropped at p = 0."""
    from fastbpts import _core

    mask = _core.dropout_mask(3, 0.3, 400, 25)
    assert set(np.unique(mask)) == {0.0, 1 / (1 - 0.3)}
    assert (mask == 0).mean() == pytest.approx(0.3, abs=0.02)
    assert (mask == 0).mean(axis=0).max() < 0.45
    assert not np.array_equal(mask, _core.dropout_mask(4, 0.3, 400, 25))
    assert not np.array_equal(mask[0], mask[1])
    np.testing.assert_array_equal(_core.dropout_mask(3, 0.0, 5, 4), 1)
