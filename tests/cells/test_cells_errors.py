"""Bad arguments: a ValueError that names the argument, from the compiled core and from the reference."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import zoo
from grid import CELLS, RECURRENT, RECURSIVE, SPECS, structures

from fastbpts import reference

D = 4


def make(implementation: str, cell: str, **options: Any) -> Any:
    if implementation == "reference":
        return reference.cell(cell, **{"n_state": D, **options})
    import fastbpts as fb

    return fb.cell(cell, **{"n_state": D, "dtype": "float64", **options})


def graph(implementation: str, s: zoo.Graphs) -> Any:
    return s if implementation == "reference" else s.compiled()


BOTH = pytest.mark.parametrize("implementation", ["reference", "compiled"])


@BOTH
@pytest.mark.parametrize("cell", RECURSIVE)
def test_recursive_cells_have_one_width(cell: str, implementation: str) -> None:
    with pytest.raises(ValueError, match=r"\bn_in\b"):
        make(implementation, cell, n_in=3)


@BOTH
@pytest.mark.parametrize("cell", RECURRENT)
def test_recurrent_cells_take_rows_as_they_are(cell: str, implementation: str) -> None:
    with pytest.raises(ValueError, match=r"\binput_activation\b"):
        make(implementation, cell, input_activation="tanh")


@BOTH
@pytest.mark.parametrize("cell", CELLS)
def test_activation(cell: str, implementation: str) -> None:
    for activation in SPECS[cell].activations:
        assert make(implementation, cell, activation=activation).activation == activation
    for activation in ({"tanh", "sigmoid", "relu", "softmax"}) - set(SPECS[cell].activations):
        with pytest.raises(ValueError, match=r"\bactivation\b"):
            make(implementation, cell, activation=activation)


@BOTH
@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"n_in": 0}, "n_in"),
        ({"n_state": 0}, "n_state"),
        ({"n_state": -2}, "n_state"),
        ({"dtype": "int32"}, "dtype"),
        ({"input_activation": "relu"}, "input_activation"),
    ],
)
@pytest.mark.parametrize("cell", CELLS)
def test_making_a_cell(cell: str, options: dict[str, Any], name: str, implementation: str) -> None:
    with pytest.raises(ValueError, match=rf"\b{name}\b"):
        make(implementation, cell, **options)


@BOTH
def test_unknown_cell(implementation: str) -> None:
    with pytest.raises(ValueError, match=r"name.*(sum.*'gruu'|'gruu'.*sum)"):
        make(implementation, "gruu")


Change = Callable[[dict[str, Any]], None]
FORWARD: list[tuple[str, Change]] = [
    ("x", lambda a: a.update(x=a["x"][:-1])),
    ("x", lambda a: a.update(x=a["x"][:, :-1].copy())),
    ("x", lambda a: a.update(x=a["x"].ravel())),
    ("h0", lambda a: a.update(h0=np.zeros((1, D)))),
    ("params", lambda a: a["params"].pop("W")),
    ("params", lambda a: a["params"].update(Q=np.zeros(3))),
    ("W", lambda a: a["params"].update(W=a["params"]["W"][:-1])),
]


@BOTH
@pytest.mark.parametrize("k", range(len(FORWARD)))
@pytest.mark.parametrize("cell", CELLS)
def test_forward(cell: str, k: int, implementation: str) -> None:
    name, change = FORWARD[k]
    made, s = make(implementation, cell), structures(cell)["batch"]
    arguments: dict[str, Any] = {"params": made.init_params(0), "x": np.zeros((len(s.inputs), D)), "h0": None}
    change(arguments)
    with pytest.raises(ValueError, match=rf"\b{name}\b"):
        made.forward(graph(implementation, s), **arguments)


@BOTH
@pytest.mark.parametrize("cell", RECURRENT)
def test_initial_states(cell: str, implementation: str) -> None:
    """One array, or as many as the cell has states, a row per graph."""
    made, s = make(implementation, cell), structures(cell)["batch"]
    right, wrong = np.zeros((s.n_graphs, D)), np.zeros((s.n_graphs, D + 1))
    n_states = len(SPECS[cell].initial)
    many: list[tuple[str, Any]] = [
        ("h0", wrong),
        ("h0", (right,) * 3),
        ("h0", right if n_states == 2 else (right,) * 2),
    ]
    if n_states == 2:
        many += [("c0|h0", (right, wrong)), ("h0", (wrong, right))]
    for name, h0 in many:
        with pytest.raises(ValueError, match=rf"\b({name})\b"):
            made.forward(graph(implementation, s), made.init_params(0), np.zeros((len(s.inputs), D)), h0)


@BOTH
@pytest.mark.parametrize("cell", CELLS)
def test_upstream_of_the_second_state(cell: str, implementation: str) -> None:
    made, s = make(implementation, cell), structures(cell)["batch"]
    run = made.forward(graph(implementation, s), made.init_params(0), np.zeros((len(s.inputs), D)))
    rows = s.n_nodes - 1 if len(SPECS[cell].states) == 2 else s.n_nodes
    with pytest.raises(ValueError, match=r"\bdc\b"):
        made.backward(run, np.zeros((s.n_nodes, D)), np.zeros((rows, D)))


@BOTH
@pytest.mark.parametrize("cell", CELLS)
def test_backward(cell: str, implementation: str) -> None:
    made, s = make(implementation, cell), structures(cell)["batch"]
    run = made.forward(graph(implementation, s), made.init_params(0), np.zeros((len(s.inputs), D)))
    for shape in ((s.n_nodes - 1, D), (s.n_nodes, D + 1)):
        with pytest.raises(ValueError, match=r"\bdh\b"):
            made.backward(run, np.zeros(shape))


@BOTH
@pytest.mark.parametrize("cell", ["concat", "rntn"])
def test_binary_cells_need_two_children(cell: str, implementation: str) -> None:
    made = make(implementation, cell)
    for name in ("unary", "wide", "nary"):
        s = structures("sum")[name]
        with pytest.raises(ValueError, match="exactly 2"):
            made.forward(graph(implementation, s), made.init_params(0), np.zeros((len(s.inputs), D)))


@BOTH
@pytest.mark.parametrize("cell", RECURSIVE)
def test_inputs_must_be_the_childless_nodes(cell: str, implementation: str) -> None:
    made, s = make(implementation, cell), structures(cell)["batch"]
    everywhere = zoo.Graphs(**{**vars(s), "inputs": np.arange(s.n_nodes, dtype=np.int32)})
    with pytest.raises(ValueError, match="inputs"):
        made.forward(graph(implementation, everywhere), made.init_params(0), np.zeros((s.n_nodes, D)))


def test_compiled_only() -> None:
    made, s = make("compiled", "sum"), structures("sum")["batch"]
    params, x = made.init_params(0), np.zeros((len(s.inputs), D))
    for bad in ({"n_threads": 0}, {"dropout": 1.0}, {"dropout": -0.1}, {"input_dropout": 2.0}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            made.forward(s.compiled(), params, x, **bad)
    for name, arguments in {"s": (s, params, x), "x": (s.compiled(), params, "abc")}.items():
        with pytest.raises(ValueError, match=rf"\b{name}\b"):
            made.forward(*arguments)
    with pytest.raises(ValueError, match="run"):
        made.backward(None, x)


def test_compiled_converts() -> None:
    """Lists, other float types and other memory orders give the results of plain arrays."""
    made, s = make("compiled", "concat"), structures("concat")["batch"]
    params = made.init_params(0)
    x = np.random.default_rng(0).standard_normal((len(s.inputs), D)).astype(np.float32)
    wanted = made.forward(s.compiled(), params, x.astype(np.float64)).h
    turned = {key: np.asfortranarray(value) for key, value in params.items()}
    for given in (x, x.tolist(), np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2]):
        np.testing.assert_array_equal(made.forward(s.compiled(), turned, given).h, wanted)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"cell": "no"}, "cell"),
        ({"n_state": 0}, "n_state"),
        ({"n_classes": 0}, "n_classes"),
        ({"n_words": 0}, "n_words"),
        ({"dtype": "float16"}, "dtype"),
        ({"loss_nodes": "leaves"}, "loss_nodes"),
        ({"class_weight": np.ones(2)}, "class_weight"),
        ({"alpha": -1.0}, "alpha"),
        ({"alpha": {"Q": 1.0}}, "alpha"),
        ({"dropout": 1.0}, "dropout"),
        ({"input_dropout": -0.5}, "input_dropout"),
        ({"max_norm": 0.0}, "max_norm"),
        ({"input_activation": "relu"}, "input_activation"),
        ({"n_threads": 0}, "n_threads"),
    ],
)
def test_making_a_network(options: dict[str, Any], name: str) -> None:
    import fastbpts as fb

    arguments: dict[str, Any] = {"cell": "sum", "n_state": D, "n_classes": 5, "n_words": 11, "n_threads": 1}
    with pytest.raises(ValueError, match=rf"\b({name})\b"):
        fb.Network(**{**arguments, **options})


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"name": "lbfgs"}, "name|optimizer"),
        ({"learning_rate": -0.5}, "learning_rate"),
        ({"momentum": 1.0}, "momentum"),
        ({"beta1": 1.0}, "beta1"),
        ({"beta2": -0.1}, "beta2"),
        ({"eps": -0.5}, "eps"),
    ],
)
def test_making_an_optimizer(options: dict[str, Any], name: str) -> None:
    import fastbpts as fb

    with pytest.raises(ValueError, match=rf"\b({name})\b"):
        fb.Optimizer(**{"name": "adam", "learning_rate": 0.1, **options})


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"target": np.zeros(3, dtype=np.int32)}, "target"),
        ({"target": "past"}, "target"),
        ({"target": "below"}, "target"),
        ({"target": np.zeros((3, 5))}, "target"),
        ({"node_weight": np.ones(3)}, "node_weight"),
    ],
)
def test_network_step(arguments: dict[str, Any], name: str) -> None:
    import fastbpts as fb

    s = structures("sum")["batch"]
    outside = {"past": 5, "below": -2}
    if isinstance(arguments.get("target"), str):
        arguments = {"target": np.full(s.n_nodes, outside[arguments["target"]], dtype=np.int32)}
    net = fb.Network("sum", D, 5, 11, n_threads=1)
    before = net.state()
    for method in (net.step, net.loss_and_grad):
        with pytest.raises(ValueError, match=rf"\b{name}\b"):
            method(s.compiled(), **arguments)
    for key, value in net.state().items():
        np.testing.assert_array_equal(value, before[key])


def test_network_data_out_of_range() -> None:
    """Words, labels and node types of the structure that the network cannot hold."""
    import fastbpts as fb

    s = structures("sum")["batch"]
    with pytest.raises(ValueError, match="word"):
        fb.Network("sum", D, 5, 3, n_threads=1).step(s.compiled())
    with pytest.raises(ValueError, match="label|target"):
        fb.Network("sum", D, 2, 11, n_threads=1).step(s.compiled())
    net = fb.Network("rntn", D, 5, 11, n_threads=1)
    with pytest.raises(ValueError, match="exactly 2"):
        net.step(structures("sum")["nary"].compiled())
    with pytest.raises(ValueError, match="W"):
        net.set_params({"W": np.zeros((2, 2))})
    with pytest.raises(ValueError, match="nodes"):
        net.predict_proba(structures("rntn")["batch"].compiled(), nodes="leaves")


def test_inputs_away_from_the_leaves() -> None:
    """Words are checked at the input nodes. As many inputs as leaves need not be the leaves."""
    import fastbpts as fb

    edges, mask = [(0, 1), (1, 2)], np.array([False, True, True])
    gru = fb.Network("gru", D, 5, 11, n_threads=1)
    gru.predict_proba(fb.Structure.from_edges(edges, words=[12, 2, 3], inputs=mask))
    with pytest.raises(ValueError, match=r"word in 0 \.\. 10, got 2 \.\. 12"):
        gru.predict_proba(fb.Structure.from_edges(edges, words=[1, 2, 12], inputs=mask))
    last = fb.Structure.from_edges(edges, words=[1, 2, 3], inputs=np.arange(3) == 2)
    with pytest.raises(ValueError, match="childless nodes"):
        fb.Network("sum", D, 5, 11, n_threads=1).predict_proba(last)


def broken(s: zoo.Graphs, **changes: Any) -> zoo.Graphs:
    return zoo.Graphs(**{**vars(s), **changes})


def test_graph_arrays() -> None:
    """The binding checks the type and shape of every array and names it."""
    s = structures("sum")["batch"]
    for name, value in vars(s).items():
        with pytest.raises(ValueError, match=rf"\b{name}\b"):
            broken(s, **{name: value.astype(np.float64)}).compiled()
    for name in ("label", "graph", "order", "child_ptr"):
        with pytest.raises(ValueError, match=rf"\b{name}\b"):
            broken(s, **{name: getattr(s, name)[:-1].copy()}).compiled()
