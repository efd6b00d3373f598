"""The two halves of a training step: gradients and update, accumulation, exchange, an optimiser of the user's own."""

from typing import Any

import numpy as np
import pytest

import fastbpts as fb
from fastbpts.networks.packing import Rows
from fastbpts.networks.sequence_network import SequenceNetwork
from fastbpts.networks.shape import Shape
from fastbpts.training.gradients import Gradients
from fastbpts.training.optimizer import OPTIMIZERS
from fastbpts.training.steps import Steps

BANK = fb.demo_treebank("sentiment", n_trees=60)
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((60, 5)), RNG.integers(3, size=60).astype(np.int32)
IDS, TAGS = RNG.integers(7, size=(60, 4)), RNG.integers(-1, 3, size=(60, 4)).astype(np.int32)
NETWORKS = ("tree", "lstm tree", "mlp", "sequence")


def network(kind: str, optimizer: str = "adam", dtype: str = "float64", **options: Any) -> Any:
    """A network with penalty and clipping."""
    options = {"alpha": 1e-3, "max_norm": 0.05, "optimizer": fb.Optimizer(optimizer), "dtype": dtype} | options
    if kind == "mlp":
        return fb.MLP((5, 6, 3), **options, class_weight=[1, 2, 3])
    if kind == "sequence":
        options = options | {"alpha": {"W": 1e-3, "E": 1e-3}}
        shape = Shape("lstm", 4, 1, 1, {"word": (7, 5)}, 0, 3, "steps", "affine")
        return SequenceNetwork(shape, **options, random_state=1)
    cell = "lstm" if kind == "lstm tree" else "rntn"
    return fb.Network(cell, 4, 5, len(BANK.vocabulary), class_weight=[1, 2, 3, 2, 1], **options)


def batch(kind: str, chosen: np.ndarray) -> tuple[Any, ...]:
    """Some examples, as ``step`` takes them."""
    if kind == "mlp":
        return X[chosen], Y[chosen]
    if kind == "sequence":
        return Rows(np.full(4, len(chosen)), IDS[chosen].T.reshape(-1, 1)), TAGS[chosen].T.ravel()
    return (BANK.batch(chosen),)


def loss_of(result: Any) -> float:
    return result[0] if isinstance(result, tuple) else result


def assert_same(one: Any, two: Any, **tolerance: float) -> None:
    theirs = two.state()
    for name, array in one.state().items():
        if name != "counters":
            np.testing.assert_allclose(array, theirs[name], **({"rtol": 0, "atol": 0} | tolerance), err_msg=name)


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_step_is_its_two_halves_to_the_bit(kind, optimizer, dtype):
    noise = {"dropout": 0.3} | ({} if kind == "mlp" else {"input_dropout": 0.2})
    whole, halves = (network(kind, optimizer, dtype, **noise, n_threads=1) for _ in range(2))
    for start in range(0, 60, 20):
        given = batch(kind, np.arange(start, start + 20))
        loss = loss_of(whole.step(*given))
        assert loss_of(halves.gradients(*given)) == loss
        halves.update()
        assert_same(whole, halves)


@pytest.mark.parametrize("kind", NETWORKS)
def test_gradients_alone_change_nothing(kind):
    net, other = network(kind), network(kind)
    net.gradients(*batch(kind, np.arange(9)))
    assert_same(net, other)


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("k", [2, 3])
def test_k_minibatches_are_one_k_times_as_large(kind, k):
    large, small = network(kind), network(kind)
    steps = Steps(small, k, None)
    for start in range(0, 60, 10 * k):
        large.step(*batch(kind, np.arange(start, start + 10 * k)))
        for first in range(start, start + 10 * k, 10):
            steps.step(*batch(kind, np.arange(first, first + 10)))
    assert_same(large, small, rtol=1e-9, atol=1e-12)


def test_published_recipes_count_trees():
    large, small = (network("tree", reduction="sum_per_graph") for _ in range(2))
    large.step(BANK.batch(np.arange(20)))
    steps = Steps(small, 2, None)
    for first in (0, 10):
        steps.step(BANK.batch(np.arange(first, first + 10)))
    assert_same(large, small, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_common_normalizer_makes_gradients_add_up(kind):
    whole, parts = network(kind), network(kind)
    loss = loss_of(whole.gradients(*batch(kind, np.arange(20))))
    weight = whole.last_gradients.weight
    total, losses = None, 0.0
    for first in (0, 10):
        losses += loss_of(parts.gradients(*batch(kind, np.arange(first, first + 10)), normalizer=weight))
        own = parts.last_gradients.copy()
        total = own if total is None else total.add(own)
    assert losses == pytest.approx(loss)
    whole.update()
    parts.update(total)
    assert_same(whole, parts, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", NETWORKS)
def test_two_networks_exchange_gradients_by_adding(kind):
    """What two processes will do: each has half of the batch, both end as one network with the whole."""
    whole, nets = network(kind), [network(kind) for _ in range(2)]
    for start in range(0, 60, 20):
        whole.step(*batch(kind, np.arange(start, start + 20)))
        shares = []
        for net, first in zip(nets, (start, start + 10), strict=True):
            net.gradients(*batch(kind, np.arange(first, first + 10)))
            shares.append(net.last_gradients.copy().scale(net.last_gradients.weight))
        both = shares[0].copy().add(shares[1])
        both.scale(1 / both.weight)
        for net in nets:
            net.update(both)
    for net in nets:
        assert_same(whole, net, rtol=1e-9, atol=1e-12)
    assert_same(*nets)


def test_an_optimiser_of_the_users_own():
    """Plain gradient descent in NumPy through public parameters is the library's, without penalty and clipping."""
    net = fb.MLP((5, 6, 3), dtype="float64", optimizer=fb.Optimizer("sgd", 0.1))
    mine = fb.MLP((5, 6, 3), dtype="float64")
    for _ in range(3):
        net.step(X, Y)
        mine.gradients(X, Y)
        for name, grad in mine.grads.items():
            mine.params[name] -= 0.1 * grad
    for name, value in net.params.items():
        np.testing.assert_allclose(mine.params[name], value, rtol=1e-12)


def test_on_gradients_sees_what_the_update_uses():
    seen: list[float] = []

    def halve(net: Any, gradients: Gradients) -> None:
        assert isinstance(net, fb.MLP)
        seen.append(gradients.weight)
        gradients.scale(0.5)

    plain, halved = (fb.MLP((5, 3), dtype="float64", optimizer=fb.Optimizer("sgd", rate)) for rate in (0.1, 0.2))
    steps = Steps(halved, 1, halve)
    for _ in range(2):
        plain.step(X, Y)
        steps.step(X, Y)
    for name, value in plain.params.items():
        np.testing.assert_allclose(halved.params[name], value, rtol=1e-12)
    assert seen == [60.0, 60.0]


ESTIMATORS = {
    "tree": (fb.TreeClassifier(n_state=4, unknown=None, max_norm=1.0), (BANK,)),
    "mlp": (fb.MLPClassifier((6,), max_norm=1.0), (X, Y)),
    "classify": (fb.SequenceClassifier(n_state=4, n_embedding=4, unknown=None), (IDS, Y)),
    "tag": (fb.SequenceTagger(n_state=4, n_embedding=4, unknown=None, features=("word",)), (IDS, TAGS)),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimators_accumulate(name):
    """One update per epoch, of the whole training set: by one minibatch or by four."""
    kind, data = ESTIMATORS[name]
    options = kind.get_params() | {"dtype": "float64", "max_iter": 3}
    large = type(kind)(**options | {"batch_size": 60}).fit(*data)
    small = type(kind)(**options | {"batch_size": 15, "accumulate": 4}).fit(*data)
    rest = type(kind)(**options | {"batch_size": 15, "accumulate": 99}).fit(*data)  # an epoch ends with an update
    for other in (small, rest):
        theirs = other.net_.params
        for key, value in large.net_.params.items():
            np.testing.assert_allclose(theirs[key], value, rtol=1e-8, atol=1e-11, err_msg=key)


def test_a_language_model_accumulates():
    text = "the cat sat on the mat. " * 9
    options = {"n_state": 4, "n_embedding": 4, "n_steps": 8, "batch_size": 2, "max_iter": 1}
    counts: list[float] = []
    lm = fb.LanguageModel(**options, accumulate=3)
    lm.fit(text, on_gradients=lambda net, gradients: counts.append(gradients.weight))
    n_windows = -(-((len(text) - 1) // 2) // 8)
    assert len(counts) == -(-n_windows // 3)
    assert counts[0] == 3 * 2 * 8
    assert np.isfinite(lm.log_loss(text))


def test_wrong_gradients_are_refused():
    net, other = network("mlp"), network("sequence")
    with pytest.raises(ValueError, match="update needs gradients"):
        net.update()
    net.gradients(X, Y)
    other.gradients(*batch("sequence", np.arange(9)))
    with pytest.raises(ValueError, match="gradients must be of"):
        net.update(other.last_gradients)
    with pytest.raises(ValueError, match="other must have gradients of"):
        net.last_gradients.copy().add(other.last_gradients)
    for kind in NETWORKS:
        with pytest.raises(ValueError, match="normalizer must be a number above 0, got 0"):
            network(kind).gradients(*batch(kind, np.arange(9)), normalizer=0)


@pytest.mark.parametrize("wrong", [10**6, -1])
def test_rows_outside_a_table_are_refused(wrong):
    """Rows come from elsewhere in an exchange between processes: they never reach the kernels unchecked."""
    for kind in NETWORKS:
        net = network(kind)
        net.gradients(*batch(kind, np.arange(9)))
        given = net.last_gradients.copy()
        if not given.sparse:
            continue
        before = net.params
        for name, (rows, values) in given.sparse.items():
            given.sparse[name] = (np.full_like(rows, wrong), values)
        with pytest.raises(ValueError, match=r"must be integers in 0 \.\. "):
            net.update(given)
        for name, value in net.params.items():
            np.testing.assert_array_equal(value, before[name])
