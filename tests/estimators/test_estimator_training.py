"""How TreeClassifier trains: seeds, threads, validation, divergence, interruption, unknown words, class weights."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fastbpts as fb
from fastbpts._base.errors import DivergenceError
from fastbpts.estimators.tree_classifier import TreeClassifier
from fastbpts.estimators.word_rows import unknown_words
from fastbpts.training.loop import batches


@pytest.fixture(scope="module")
def bank():
    return fb.demo_treebank("sentiment", n_trees=200)


def small(**params):
    return TreeClassifier(**{"n_state": 4, "max_iter": 3, "learning_rate": 0.05, **params})


def _same(a, b):
    for name, array in a.net_.state().items():
        np.testing.assert_array_equal(array, b.net_.state()[name], err_msg=name)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"optimizer": "adam", "dropout": 0.2, "input_dropout": 0.1, "max_norm": 1.0},
        {"cell": "sum", "loss_nodes": "root", "unknown": "dropout"},
        {"cell": "concat", "dtype": "float64", "early_stopping": True, "schedule": "cosine"},
    ],
)
def test_same_seed_same_bits_for_any_number_of_threads(bank, params):
    first = small(n_threads=1, **params).fit(bank)
    for n_threads in (2, 3):
        _same(first, small(n_threads=n_threads, **params).fit(bank))
    other = small(random_state=1, **params).fit(bank)
    assert (first.predict_proba(bank) != other.predict_proba(bank)).any()


def test_a_generator_as_seed(bank):
    models = [small(random_state=np.random.default_rng(5)).fit(bank) for _ in range(2)]
    _same(*models)
    models = [small(random_state=np.random.RandomState(5)).fit(bank) for _ in range(2)]
    _same(*models)


def test_two_models_in_two_threads_are_those_fitted_alone(bank):
    params = [{"random_state": 1}, {"random_state": 2, "cell": "concat", "n_state": 7}]
    alone = [small(**p).fit(bank) for p in params]
    start = threading.Barrier(2)

    def fit(p):
        start.wait()
        return small(**p).fit(bank)

    with ThreadPoolExecutor(2) as pool:
        for one, other in zip(alone, pool.map(fit, params), strict=True):
            _same(one, other)


def test_loss_falls_and_history_says_so(bank):
    model = small(max_iter=6, schedule="exponential:rate=0.5").fit(bank, dev=bank)
    assert [entry["epoch"] for entry in model.history_] == [1, 2, 3, 4, 5, 6]
    assert model.history_[-1]["loss"] < model.history_[0]["loss"] < np.log(5) + 0.2
    assert model.history_[2]["learning_rate"] == pytest.approx(0.05 / 4)
    assert set(model.history_[0]) == {
        "epoch", "loss", "learning_rate", "seconds", "dev_score", "dev_score_nodes", "dev_score_sum", "dev_loss",
    }  # fmt: skip
    last = model.history_[model.best_iter_ - 1]
    assert last["dev_score"] == pytest.approx(model.score(bank))
    assert last["dev_score_nodes"] == pytest.approx(model.score_nodes(bank))


def test_training_loss_is_the_cross_entropy_per_label(bank):
    for loss_nodes, weight in (("all", None), ("root", None), ("all", {0: 9.0})):
        model = small(
            max_iter=1, learning_rate=1e-30, alpha=0.0, loss_nodes=loss_nodes, class_weight=weight, unknown=None
        )
        entry = model.fit(bank, dev=bank).history_[0]
        assert entry["loss"] == pytest.approx(entry["dev_loss"], rel=1e-4)


def test_batches_are_a_new_permutation_each_time():
    rng = np.random.default_rng(3)
    first, second = (list(batches(103, 25, rng)) for _ in range(2))
    assert [len(part) for part in first] == [25, 25, 25, 25, 3]
    assert sorted(np.concatenate(first)) == sorted(np.concatenate(second)) == list(range(103))
    assert (np.concatenate(first) != np.concatenate(second)).any()
    assert (np.concatenate(first) != np.arange(103)).any()


def test_parameters_reach_the_network(bank):
    given = {
        "cell": "concat", "n_state": 3, "loss_nodes": "root", "dtype": "float64", "dropout": 0.1, "input_dropout": 0.2,
        "max_norm": 3.0, "train_embeddings": False, "n_threads": 2,
    }  # fmt: skip
    constants = {"learning_rate": 0.07, "momentum": 0.5}
    params = {**given, **constants, "optimizer": "nesterov", "input_activation": "tanh", "alpha": {"W": 0.3}}
    net = small(**params, max_iter=1).fit(bank).net_
    assert (net.cell.name, net.cell.n_state, net.cell.input_activation) == ("concat", 3, "tanh")
    assert {name: getattr(net, name) for name in given if name not in ("cell", "n_state")} == {
        name: value for name, value in given.items() if name not in ("cell", "n_state")
    }
    assert (net.optimizer.name, net.optimizer.learning_rate) == ("nesterov", 0.07)
    assert net.optimizer.options == {"momentum": 0.5}
    assert net.alpha["W"] == 0.3
    assert net.alpha["E"] == 0


def test_dev_loss_is_the_cross_entropy(bank):
    weight = {0: 3.0}
    model = small(max_iter=1, class_weight=weight).fit(bank, dev=bank)
    proba = np.concatenate(model.predict_proba_nodes(bank))
    w = np.where(bank.label == 0, 3.0, 1.0)
    expected = -(w * np.log(proba[np.arange(len(proba)), bank.label])).sum() / w.sum()
    assert model.history_[0]["dev_loss"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("monitor", ["score", "score_nodes", "score_sum", "loss"])
def test_the_best_model_on_dev_is_kept(bank, monitor):
    train, dev = bank[:150], bank[150:]
    model = small(max_iter=12, learning_rate=0.3, monitor=monitor).fit(train, dev=dev)
    values = [entry[f"dev_{monitor}"] for entry in model.history_]
    best = int(np.argmin(values) if monitor == "loss" else np.argmax(values))
    assert model.best_iter_ == best + 1
    assert model.best_score_ == values[best]
    stopped = small(max_iter=best + 1, learning_rate=0.3, monitor=monitor).fit(train)
    np.testing.assert_array_equal(model.predict_proba(dev), stopped.predict_proba(dev))


def test_early_stopping(bank):
    model = small(max_iter=200, early_stopping=True, n_iter_no_change=3, validation_fraction=0.2).fit(bank)
    assert model.n_iter_ < 200
    scores = [entry["dev_score"] for entry in model.history_]
    assert model.n_iter_ == model.best_iter_ + 3 or max(scores[-3:]) <= max(scores[:-3])
    again = small(max_iter=200, early_stopping=True, n_iter_no_change=3).fit(
        bank, dev=(bank[:50], bank[:50].root_labels())
    )
    assert again.n_iter_ < 200
    assert small(max_iter=50, early_stopping=True, n_iter_no_change=4, tol=10).fit(bank).n_iter_ == 5
    with pytest.raises(ValueError, match="too few"):
        small(early_stopping=True).fit(bank[:1])


def test_a_validation_set_without_labels_is_refused(bank):
    with pytest.raises(ValueError, match="monitor"):
        small().fit(bank, dev=["(-1 film)"])


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adagrad", "adam"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_divergence_is_an_error_and_the_model_stays_usable(bank, optimizer, dtype):
    model = small(optimizer=optimizer, learning_rate=1e6, dtype=dtype)
    with pytest.raises(DivergenceError, match="learning_rate"):
        model.fit(bank)
    assert np.isfinite(model.predict_proba(bank)).all()
    assert isinstance(DivergenceError(), ArithmeticError)


@pytest.mark.parametrize("dev", [None, ["(0 (0 bad) (0 film))"]])
def test_divergence_in_the_last_step_is_an_error_too(bank, dev):
    model = small(optimizer="sgd", learning_rate=1e30, batch_size=len(bank), max_iter=1)
    with pytest.raises(DivergenceError, match="not finite"):
        model.fit(bank, dev=dev)
    assert np.isfinite(model.predict_proba(bank)).all()


def test_divergence_keeps_the_best_model(bank):
    good = small(max_iter=3).fit(bank, dev=bank)
    model = small(max_iter=9, schedule=lambda epoch: 1.0 if epoch < 3 else 1e9)
    with pytest.raises(DivergenceError):
        model.fit(bank, dev=bank)
    assert model.best_iter_ == good.best_iter_
    np.testing.assert_array_equal(model.predict_proba(bank), good.predict_proba(bank))


def test_an_interruption_keeps_the_model(bank, monkeypatch):
    calls = iter(range(1000))
    step = fb.Network.step

    def interrupted(self, *args):
        if next(calls) == 20:
            raise KeyboardInterrupt
        return step(self, *args)

    monkeypatch.setattr(fb.Network, "step", interrupted)
    with pytest.warns(UserWarning, match="interrupted in epoch 3"):
        model = small(max_iter=50).fit(bank)
    assert model.n_iter_ == 2
    assert model.predict(bank).shape == (len(bank),)


def test_accumulator_reset(bank):
    assert (
        small(accumulator_reset=1).fit(bank).predict_proba(bank)
        != small(accumulator_reset=3).fit(bank).predict_proba(bank)
    ).any()
    model = small(accumulator_reset=3, max_iter=3).fit(bank)
    _same(model, small(max_iter=3).fit(bank))


# -- words -----------------------------------------------------------------------------------------------------------


def test_unknown_words_are_drawn_as_documented():
    bank = fb.Treebank.from_trees(["(0 (0 a) (0 b))"] * 40 + [f"(0 w{k})" for k in range(2000)])
    rows = np.arange(1, len(bank.vocabulary) + 1, dtype=np.int32)
    counts = np.bincount(bank.word[bank.word >= 0])
    rng = np.random.default_rng(0)
    assert unknown_words(bank, rows, None, None, rng)() is rows
    drawn = unknown_words(bank, rows, "singletons", 0.3, rng)()
    assert (drawn[counts > 1] == rows[counts > 1]).all()
    assert (drawn[counts == 1] == 0).mean() == pytest.approx(0.3, abs=0.05)
    dropped = unknown_words(bank, rows, "dropout", 0.25, rng)
    shares = np.mean([dropped() == 0 for _ in range(200)], axis=0)
    assert shares[counts == 1].mean() == pytest.approx(0.25 / 1.25, abs=0.02)
    assert shares[counts == 40].mean() < 0.05


@pytest.mark.parametrize(("unknown", "trained"), [("singletons", True), ("dropout", True), (None, False)])
def test_the_unknown_vector_is_trained(unknown, trained):
    bank = fb.Treebank.from_trees([f"({k % 2} (1 w{k}) (0 a))" for k in range(60)])
    model = small(unknown=unknown, max_iter=1, alpha=0.0).fit(bank)
    start = fb.Network("rntn", 4, 2, len(model.vocabulary_), random_state=model._trained.seed).params["E"]
    assert (model.net_.params["E"][0] != start[0]).any() == trained


def test_words_never_seen_are_the_unknown_word(bank):
    model = small().fit(bank)
    np.testing.assert_array_equal(model.transform(["(0 zyzzyva)"]), model.transform(["(0 <unk>)"]))
    np.testing.assert_allclose(model.transform(["(0 zyzzyva)"])[0], model.net_.params["E"][0])


def test_min_count_and_max_vocabulary(bank):
    assert len(small(min_count=10**6).fit(bank).vocabulary_) == 1
    assert len(small(max_vocabulary=7).fit(bank).vocabulary_) == 7


@pytest.mark.parametrize("source", ["arrays", "file", "KeyedVectors"])
def test_pretrained_embeddings(bank, tmp_path, source):
    words, matrix = ["film", "zyzzyva", "not"], np.arange(12, dtype=float).reshape(3, 4) / 10
    embeddings = (words, matrix)
    if source == "KeyedVectors":
        embeddings = fb.KeyedVectors(words, matrix)
    if source == "file":
        embeddings = tmp_path / "vectors.txt"
        rows = zip(words, matrix.tolist(), strict=True)
        embeddings.write_text("".join(f"{word} {' '.join(map(str, row))}\n" for word, row in rows))
    model = small(embeddings=embeddings, train_embeddings=False).fit(bank)
    E = model.net_.params["E"]
    np.testing.assert_allclose(E[model.vocabulary_["film"]], matrix[0], rtol=1e-6)
    np.testing.assert_allclose(E[model.vocabulary_["not"]], matrix[2], rtol=1e-6)
    tuned = small(embeddings=embeddings).fit(bank).net_.params["E"]
    assert (tuned[model.vocabulary_["film"]] != E[model.vocabulary_["film"]]).any()


# -- classes ---------------------------------------------------------------------------------------------------------


def test_class_weight_is_the_networks(bank):
    balanced = small(class_weight="balanced").fit(bank)
    counts = np.bincount(bank.label)
    np.testing.assert_allclose(balanced.class_weight_, len(bank.label) / (5 * counts))
    as_dict = small(class_weight=dict(enumerate(balanced.class_weight_))).fit(bank)
    _same(balanced, as_dict)
    heavy = small(max_iter=10, class_weight={0: 1000.0}).fit(bank)
    plain = small(max_iter=10).fit(bank)
    assert (heavy.predict(bank) == 0).mean() > (plain.predict(bank) == 0).mean()


def test_progress_lines(bank, capsys):
    small(verbose=2).fit(bank, dev=bank)
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert len(lines) == 3
    assert "epoch 1/3" in lines[0]
    assert "dev nodes" in lines[0]


@pytest.mark.parametrize(
    ("dev", "named"),
    [
        ([], "dev has no trees"),
        ("film", "dev must .*got 'film'"),
        (([], []), "dev has no"),
        (["(1 (1 a))"], "dev: the tree of 'a' has a node with 1 child; "),
    ],
)
def test_a_wrong_validation_set_is_named(bank, dev, named):
    with pytest.raises(ValueError, match=named):
        small().fit(bank, dev=dev)
    with pytest.raises(fb.PTBError, match="1:1: unclosed"):
        small().fit(bank, dev=["(3 (2 a"])


def test_options_that_the_optimizer_does_not_take_are_refused() -> None:
    X, y = np.eye(4, dtype=np.float32), np.array([0, 1, 0, 1])
    with pytest.raises(ValueError, match="beta1 must be left out: optimizer 'sgd' takes"):
        fb.MLPClassifier((3,), optimizer="sgd", beta1=0.9).fit(X, y)
    fb.MLPClassifier((3,), optimizer="momentum", momentum=0.8, max_iter=1).fit(X, y)
