"""Are the gradients right? Analytic gradients against central differences, on any structure and any parameters."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastbpts import reference
from fastbpts._base import seeds
from fastbpts._cells.cell import cell as make_cell
from fastbpts._cells.cell import cells as cell_names
from fastbpts.data.structure import Structure
from fastbpts.data.treebank import Treebank
from fastbpts.networks.tree_network import LossNodes, Network
from fastbpts.training.losses import LOSSES, Loss
from fastbpts.training.losses import loss as compute_loss

Array = NDArray[Any]
TOLERANCE = 1e-6
_INITIAL = ("h0", "c0")
_TREES = "(2 (0 a) (0 b)) (1 (0 (0 c) (0 a)) (0 (0 d) (0 (0 b) (0 c)))) (0 d)"
_STENCIL = ((1, 8 / 12), (-1, -8 / 12), (2, -1 / 12), (-2, 1 / 12))


class Row(NamedTuple):
    """One line of the table that ``fastbpts gradcheck`` prints; `name` is that of the cell or of the loss."""

    name: str
    parameter: str
    error: float
    ok: bool


def _slope(loss: Callable[[], float], array: Array, direction: Array | float, at: Any, eps: float) -> float:
    """The derivative of loss() when array[at] moves along direction: four points, error of order eps^4."""
    origin = array[at].copy()
    total = 0.0
    for steps, coefficient in _STENCIL:
        array[at] = origin + steps * eps * direction
        total += coefficient * loss()
    array[at] = origin
    return total / eps


def _max_error(
    loss: Callable[[], float], array: Array, grad: Array, eps: float, max_entries: int | None, rng: np.random.Generator
) -> float:
    """Largest error of grad, relative to its largest entry, over single entries and one direction through all."""
    if array.size == 0:
        return 0.0
    entries = np.arange(array.size)
    if max_entries is not None and array.size > max_entries:
        entries = rng.choice(array.size, size=max_entries, replace=False)
    slopes = np.array([_slope(loss, array, 1.0, np.unravel_index(e, array.shape), eps) for e in entries])
    direction = rng.choice([-1.0, 1.0], size=array.shape) / np.sqrt(array.size)
    slope = _slope(loss, array, direction, slice(None), eps)
    floor = 1e-6 * max(
        1.0, abs(loss())
    )  # rounding of the loss / eps is 1e-13 of it: below the floor there is only noise
    error = np.abs(slopes - grad.ravel()[entries]).max() / max(np.abs(grad).max(), np.abs(slopes).max(), floor)
    along = abs(slope - (grad * direction).sum()) / max(np.sqrt((grad**2).mean()), abs(slope), floor)
    return float(max(error, along)) if np.isfinite(grad).all() else float("inf")


def _require_float64(arrays: Mapping[str, Array]) -> None:
    for name, array in arrays.items():
        if getattr(array, "dtype", None) != np.float64:
            given = getattr(array, "dtype", type(array).__name__)
            raise ValueError(
                f"{name}: got {given}, gradients are checked in float64 only (differences in float32 show rounding)"
            )


def check_grad(
    cell: Any,
    s: Any,
    params: Mapping[str, Array],
    x: Array,
    h0: Array | tuple[Array, ...] | None = None,
    *,
    eps: float = 1e-3,
    max_entries: int | None = 200,
    random_state: int | np.random.Generator | None = 0,
) -> dict[str, float]:
    """Compare a cell's gradients with central differences.

    The loss is the inner product of all states (both, if the cell has two) with random arrays, so every node sends an
    error.

    Parameters
    ----------
    cell : object
        From `fastbpts.cell` or `fastbpts.reference.cell`, float64.
    s : Structure
        The graphs to run over.
    params : dict of float64 arrays
        Where to check: your own parameters, or ``cell.init_params()``. They are not modified.
    x : float64 array (len(s.inputs), n_in)
        Inputs; they are not modified.
    h0 : float64 array, tuple of arrays or None
        Initial states of a recurrent cell, as for its ``forward``; None checks at zero.
    eps : float, default=1e-3
        Step of the four-point stencil.
    max_entries : int or None, default=200
        Check at most this many entries of each array, drawn at random, and one random direction through all of its
        entries. None checks every entry.
    random_state : int or Generator, default=0
        Seed of what is drawn.

    Returns
    -------
    dict
        For each parameter, for "x" and, in the recurrent cells, "h0" and "c0": the largest error, relative to the
        largest entry of that gradient. Correct gradients stay below 1e-6 for states of ordinary size.

    Raises
    ------
    ValueError
        An array or the cell is not float64, or `eps` is not positive.

    Examples
    --------
    >>> import fastbpts as fb
    >>> s = fb.Structure.from_ptb("(3 (2 not) (4 bad))")
    >>> cell = fb.cell("rntn", n_state=4, dtype="float64")
    >>> x = np.random.default_rng(0).standard_normal((2, 4))
    >>> max(fb.check_grad(cell, s, cell.init_params(0), x).values()) < 1e-6
    True
    """
    if np.dtype(cell.dtype) != np.float64:
        raise ValueError(f"cell: got dtype {np.dtype(cell.dtype)}, gradients are checked in float64 only")
    if not eps > 0:
        raise ValueError(f"eps must be a positive number, got {eps!r}")
    initial = () if h0 is None else h0 if isinstance(h0, tuple) else (h0,)
    given = {f"params[{key!r}]": value for key, value in params.items()}
    _require_float64({**given, "x": x, **dict(zip(_INITIAL, initial, strict=False))})
    rng = seeds.generator(random_state)
    moved = {key: value.copy() for key, value in params.items()}
    moved_x = x.copy()
    moved_h0 = tuple(value.copy() for value in initial)
    dh = rng.standard_normal((s.n_nodes, cell.n_state))
    dc = rng.standard_normal((s.n_nodes, cell.n_state))

    def forward() -> Any:
        start = None if not moved_h0 else moved_h0[0] if len(moved_h0) == 1 else moved_h0
        return cell.forward(s, moved, moved_x, start)

    def loss() -> float:
        run = forward()
        return float((dh * run.h).sum() + (0.0 if run.c is None else (dc * run.c).sum()))

    run = forward()
    dparams, dx, dh0 = cell.backward(run, dh.copy(), *(() if run.c is None else (dc.copy(),)))
    below = () if dh0 is None else dh0 if isinstance(dh0, tuple) else (dh0,)
    moved_h0 = moved_h0 or tuple(np.zeros_like(value) for value in below)
    grads = {**dparams, "x": dx, **dict(zip(_INITIAL, below, strict=False))}
    arrays = {**moved, "x": moved_x, **dict(zip(_INITIAL, moved_h0, strict=False))}
    return {key: _max_error(loss, arrays[key], grads[key], eps, max_entries, rng) for key in arrays}


def check_network(
    net: Any,
    s: Any,
    target: Array | None = None,
    *,
    eps: float = 1e-3,
    max_entries: int | None = 200,
    random_state: int | np.random.Generator | None = 0,
) -> dict[str, float]:
    """Compare a network's gradients (cell, head, embeddings) with central differences.

    Parameters
    ----------
    net : Network
        float64, without dropout. Its parameters are put back afterwards.
    s : Structure
        Must contain every word of the network if the embeddings are penalised: rows that no leaf reads are not.
    target : array, optional
        As for ``net.loss_and_grad``; None: the labels of `s`.
    eps, max_entries, random_state
        As for `check_grad`.

    Returns
    -------
    dict
        For each parameter the largest relative error.
    """
    _require_float64(net.params)
    given = () if target is None else (target,)
    rng = seeds.generator(random_state)
    moved = {key: value.copy() for key, value in net.params.items()}
    before = {key: value.copy() for key, value in moved.items()}

    def loss() -> float:
        net.set_params(moved)
        penalty = sum(net.alpha[key] * float((value**2).sum()) for key, value in moved.items())
        return float(net.loss_and_grad(s, *given)[0] + penalty)

    loss()  # whatever it leaves in the network's memory, the gradient that follows must not depend on it
    _, grads = net.loss_and_grad(s, *given)
    try:
        return {key: _max_error(loss, moved[key], grads[key], eps, max_entries, rng) for key in moved}
    finally:
        net.set_params(before)


def _sample(rng: np.random.Generator, n_words: int, n_classes: int, inputs: Literal["leaves", "all"]) -> Structure:
    """A batch with a single leaf, a pair, a deeper tree and a node with two parents; every word occurs twice."""
    edges = [(1, 3), (2, 3), (4, 6), (5, 6), (6, 8), (7, 8), (8, 10), (9, 10), (11, 13), (12, 13)]
    edges += [(13, 14), (11, 14), (13, 15), (14, 15)]
    graph = np.repeat(np.arange(4), [1, 3, 7, 5])
    reads = np.arange(16) if inputs == "all" else np.array([0, 1, 2, 4, 5, 7, 9, 11, 12])
    words = np.full(len(graph), -1)
    words[reads] = np.arange(len(reads)) % n_words
    labels = rng.integers(n_classes, size=len(graph))
    return Structure.from_edges(edges, n_nodes=len(graph), words=words, labels=labels, graph=graph, inputs=inputs)


def table(
    cells: Iterable[str] | None = None,
    n_state: int = 5,
    random_state: int | None = 0,
    *,
    tolerance: float = TOLERANCE,
) -> list[Row]:
    """Check every gradient of every cell: its parameters, its inputs, the head and the embeddings.

    Parameters
    ----------
    cells : iterable of str, optional
        Names; None: all of `fastbpts.cells`.
    n_state : int
        Width of the states.
    random_state : int
    tolerance : float
        Errors up to this one are `ok`.

    Returns
    -------
    list of Row
        ``(name, parameter, error, ok)``.
    """
    n_words, n_classes = 4, 3
    # What comes out of a bank is known to be trees: a loss at their roots goes back without sums over parents.
    trees = Treebank.from_ptb(_TREES).batch(range(3))
    rows = []
    for name in cell_names() if cells is None else cells:
        rng = seeds.generator(random_state)
        plain = reference.cell(name)
        s = _sample(rng, n_words, n_classes, "all" if plain.states else "leaves")
        n_in = n_state + 2 if plain.states else n_state
        cell = make_cell(name, n_in, n_state, dtype="float64")
        params = {key: value + 0.1 * rng.standard_normal(value.shape) for key, value in cell.init_params(rng).items()}
        x = rng.standard_normal((len(s.inputs), cell.n_in))
        h0 = tuple(rng.standard_normal((s.n_graphs, n_state)) for _ in plain.initial)
        errors = check_grad(cell, s, params, x, h0, random_state=rng)
        batches: dict[LossNodes, Structure] = {"all": s, "root": trees}
        for loss_nodes, batch in batches.items():
            net = Network(
                name, n_state, n_classes, n_words, n_in=n_in, dtype="float64", loss_nodes=loss_nodes, alpha=1e-2,
                random_state=random_state,
            )  # fmt: skip
            for key, error in check_network(net, batch, random_state=rng).items():
                errors[key] = max(error, errors.get(key, 0.0))
        rows += [Row(name, key, error, error <= tolerance) for key, error in errors.items()]
    return rows


def _targets(kind: str, n: int, n_out: int, rng: np.random.Generator) -> list[Array]:
    """Targets of a kind, in every form that it has."""
    shares = rng.dirichlet(np.ones(n_out), n)
    forms: dict[str, list[Array]] = {
        "class": [rng.integers(-1, n_out, n), shares],
        "labels": [rng.integers(0, 2, (n, n_out)).astype(np.float64)],
        "numbers": [2 * rng.standard_normal((n, n_out))],
        "distribution": [shares],
    }
    return forms[kind]


def check_loss(
    loss: Loss | str,
    *,
    n: int = 6,
    n_out: int = 4,
    eps: float = 1e-4,
    random_state: int | np.random.Generator | None = 0,
) -> float:
    """Compare the gradient of a loss by its scores with central differences.

    Scores, targets of every form and weights are random. The weights of classes are, too, where the loss takes them.

    Parameters
    ----------
    loss : str or Loss
        One of `fastbpts.losses`.
    n, n_out : int
        Rows and components of the scores.
    eps : float, default=1e-4
        Step of the four-point stencil. It is small because a loss may have kinks in its slope.
    random_state : int or Generator, default=0
        Seed of what is drawn.

    Returns
    -------
    float
        The largest relative error.

    Raises
    ------
    ValueError
        If `loss` is no loss's name.

    Examples
    --------
    >>> from fastbpts.gradcheck import check_loss
    >>> check_loss("softmax_cross_entropy") < 1e-6
    True
    """
    chosen = loss if isinstance(loss, Loss) else Loss(loss)
    rng = seeds.generator(random_state)
    z, weight, by_class = 2 * rng.standard_normal((n, n_out)), rng.random(n), 0.5 + rng.random(n_out)
    errors = [0.0]
    for y in _targets(chosen.row.target, n, n_out, rng):
        for class_weight in (None, by_class) if chosen.row.takes_class_weight else (None,):

            def value(y: Array = y, class_weight: Array | None = class_weight) -> float:
                return compute_loss(chosen, z, y, weight, class_weight)[0]

            _, dz = compute_loss(chosen, z, y, weight, class_weight)
            errors.append(_max_error(value, z, dz, eps, None, rng))
    return max(errors)


def loss_table(
    losses: Iterable[str] | None = None,
    n_state: int = 5,
    random_state: int | None = 0,
    *,
    tolerance: float = TOLERANCE,
) -> list[Row]:
    """Check the gradients of every loss: by its scores ("z"), and by the parameters of a network that has it.

    Parameters
    ----------
    losses : iterable of str, optional
        Names; None: all of `fastbpts.losses`.
    n_state : int
        Width of the network's states.
    random_state : int
        Seed of what is drawn.
    tolerance : float
        Errors up to this one are `ok`.

    Returns
    -------
    list of Row
        ``(name, parameter, error, ok)``.

    Raises
    ------
    ValueError
        If one of `losses` is no loss's name.
    """
    n_words, n_classes = 4, 3
    trees = Treebank.from_ptb(_TREES).batch(range(3))
    rows = []
    for name in LOSSES if losses is None else losses:
        rng = seeds.generator(random_state)
        errors = {"z": check_loss(name, random_state=rng)}
        s = _sample(rng, n_words, n_classes, "leaves")
        batches: dict[LossNodes, Structure] = {"all": s, "root": trees}
        for loss_nodes, batch in batches.items():
            net = Network(
                "sum", n_state, n_classes, n_words, dtype="float64", loss=name, loss_nodes=loss_nodes, alpha=1e-2,
                random_state=random_state,
            )  # fmt: skip
            for target in _targets(net.loss.row.target, batch.n_nodes, n_classes, rng):
                for key, error in check_network(net, batch, target, eps=1e-4, random_state=rng).items():
                    errors[key] = max(error, errors.get(key, 0.0))
        rows += [Row(name, key, error, error <= tolerance) for key, error in errors.items()]
    return rows
