"""Network: embeddings, a cell, a softmax head and an optimiser, bound once; one training step is one C call."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fastbpts import _core
from fastbpts._base import checks, seeds
from fastbpts._base.arguments import (
    Array,
    as_array,
    check_alpha,
    check_count,
    check_norm,
    check_rate,
    check_width,
)
from fastbpts._base.locks import lock_of
from fastbpts._base.threads import resolve_n_threads
from fastbpts._cells.cell import Activation
from fastbpts._cells.cell import cell as make_cell
from fastbpts._cells.run import Params
from fastbpts._cells.spec import SPECS, with_new_names
from fastbpts.networks.memory import Memory
from fastbpts.training.gradients import Gradients, check_gradients
from fastbpts.training.losses import Loss, as_loss, check_reduction
from fastbpts.training.optimizer import Optimizer
from fastbpts.training.state import Resumable

LossNodes = Literal["all", "root"]


class Network(Resumable):
    """A recursive or recurrent network for classification of nodes.

    Inputs are rows of E, by word: states of the leaves of recursive cells, inputs x of the nodes of recurrent ones; the
    cell makes states h of them, and scores are z = Ws h + bs. The loss of a batch is the weighted mean over its
    targets, or their sum divided by the number of graphs. The penalty alpha ||theta||^2 acts through the gradient only.

    Parameters
    ----------
    cell : str
        One of :func:`fastbpts.cells`.
    n_state, n_classes, n_words, n_in : int
        Widths d, C, the size of the vocabulary and, of recurrent cells, the width of E (default n_state).
    dtype : "float32" or "float64"
    input_activation, activation : str
        As of :func:`fastbpts.cell`.
    loss : str or Loss
        One of :func:`fastbpts.losses`; it says what a target is.
    reduction : "mean" or "sum_per_graph"
        Whether the loss of a batch is the weighted mean over the targets, or their weighted sum divided by the number
        of graphs, as published recipes for trees have it.
    loss_nodes : "all" or "root"
        Where the labels of a structure count.
    class_weight : array (n_classes,), optional
        Factor on the loss of each class.
    alpha : float or dict
        Penalty; a dict has parameter names as keys, the others get 0. A float spares the biases.
    dropout, input_dropout : float
        As of :meth:`Cell.forward`, in training steps.
    optimizer : Optimizer or str, optional
        Default: AdaGrad with its default rate.
    max_norm : float, optional
        The gradient, penalty included, is scaled down to this norm.
    train_embeddings : bool
        False: E stays as it is.
    n_threads : int, optional
        None: all processors. Results do not depend on it.
    random_state : int or numpy Generator
        Of the initial parameters; dropout masks follow from it too.

    Raises
    ------
    ValueError
        An argument is not accepted; the message names it.

    Notes
    -----
    A network may be used by several Python threads; its calls then run one after another.
    """

    __module__ = "fastbpts"

    _net: _core.Net
    last_gradients: Gradients | None = None

    def __init__(
        self,
        cell: str = "rntn",
        n_state: int = 25,
        n_classes: int = 5,
        n_words: int = 1,
        *,
        n_in: int | None = None,
        dtype: DTypeLike = "float32",
        input_activation: Activation = "identity",
        activation: str | None = None,
        loss: Loss | str = "softmax_cross_entropy",
        reduction: str = "mean",
        loss_nodes: LossNodes = "all",
        class_weight: ArrayLike | None = None,
        alpha: float | Mapping[str, float] = 0.0,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        optimizer: Optimizer | str | None = None,
        max_norm: float | None = None,
        train_embeddings: bool = True,
        n_threads: int | None = None,
        random_state: int | np.random.Generator | None = 0,
    ) -> None:
        if cell not in SPECS:
            raise ValueError(f"cell must be one of {list(SPECS)}, got {cell!r}")
        self.cell = make_cell(cell, n_in, n_state, dtype, input_activation, activation)
        if loss_nodes not in ("all", "root"):
            raise ValueError(f"loss_nodes must be 'all' or 'root', got {loss_nodes!r}")
        self.n_classes, self.n_words = check_width(n_classes, "n_classes"), check_count(n_words, "n_words")
        self.dtype, self.loss_nodes, self.train_embeddings = self.cell.dtype, loss_nodes, bool(train_embeddings)
        self.dropout, self.input_dropout = check_rate(dropout, "dropout"), check_rate(input_dropout, "input_dropout")
        self.optimizer = optimizer if isinstance(optimizer, Optimizer) else Optimizer(optimizer or "adagrad")
        self.max_norm = check_norm(max_norm)
        self.n_threads = resolve_n_threads(n_threads)
        self.shapes = self.cell.shapes | {"Ws": (n_classes, n_state), "bs": (n_classes,)}
        self.shapes["E"] = (n_words, self.cell.n_in)
        given = with_new_names(alpha, self.shapes) if isinstance(alpha, Mapping) else alpha
        self.alpha = check_alpha(given, self.shapes)
        self.loss, self.reduction = as_loss(loss), check_reduction(reduction)
        self._class_weight = self.loss.check_class_weight(class_weight, self.n_classes, self.dtype)
        self._lock = lock_of(self)
        self._rng = seeds.generator(random_state)
        self._net = self.cell.bind()
        self._memory = Memory(self._net, self.n_classes, self.n_words, self.optimizer.n_states)
        self._memory.bind(self._net, self.cell.shapes, self.alpha, self._class_weight)
        self._net.set_loss(*self.loss.arguments())
        self._learning_rate = self.optimizer.learning_rate
        self._set_optimizer()
        self._net.set_threads(self.n_threads)
        self.set_params(self._init_params())
        self._seed, self._n_steps = seeds.mask_seed(self._rng), 0

    def __getstate__(self) -> dict[str, Any]:
        names = (
            "n_classes",
            "n_words",
            "loss",
            "reduction",
            "loss_nodes",
            "alpha",
            "dropout",
            "input_dropout",
            "optimizer",
            "max_norm",
        )
        given = {name: getattr(self, name) for name in (*names, "train_embeddings", "n_threads")}
        cell = {name: getattr(self.cell, name) for name in ("n_state", "n_in", "input_activation", "activation")}
        given |= cell | {"cell": self.cell.name, "dtype": self.dtype.name, "class_weight": self._class_weight}
        return {"given": given, "state": self.state()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state["given"])  # type: ignore[misc]
        self.load_state(state["state"])

    def _init_params(self) -> Params:
        d = self.cell.n_state
        params = self.cell.init_params(self._rng)
        params["Ws"] = self._rng.uniform(-1, 1, (self.n_classes, d)) / np.sqrt(d)
        params["bs"] = np.zeros(self.n_classes)
        params["E"] = self._rng.normal(0, 0.1, self.shapes["E"])
        return params

    def _set_optimizer(self) -> None:
        self._net.set_optimizer(*self.optimizer.arguments(self._learning_rate, self.max_norm))

    @property
    def learning_rate(self) -> float:
        """The rate of the next step; schedules set it."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate = Optimizer(self.optimizer.name, learning_rate=value).learning_rate
        self._set_optimizer()

    def _trained(self) -> dict[str, Array]:
        return self._memory.arrays

    def reset_accumulator(self) -> None:
        """Forget the optimiser's state (AdaGrad's sums of squares, momenta, Adam's count of steps)."""
        with self._lock:
            self._net.t = 0
            for array in self._memory.state.values():
                array.fill(0)

    @property
    def params(self) -> Params:
        """Fresh arrays of all parameters in their public shapes."""
        cell_params = {name: np.zeros(shape, self.dtype) for name, shape in self.cell.shapes.items()}
        with self._lock:
            weights = self._memory.weights
            self._net.unpack(weights["theta"], tuple(cell_params.values()), False)
            E = weights["E"][:, : self.cell.n_in].copy()
            return cell_params | self._split_head(weights["head"]) | {"E": E}

    def _split_head(self, head: Array) -> Params:
        return {"Ws": head[:, : self.cell.n_state].copy(), "bs": head[:, self._net.ld_state].copy()}

    def set_params(self, params: Mapping[str, ArrayLike]) -> None:
        """Set some or all parameters by name; V is kept as (V + V^T) / 2, which is the same function.

        Parameters
        ----------
        params : dict of arrays
            New values, with the shapes of ``shapes``.

        Raises
        ------
        ValueError
            A name is not among ``shapes``, or a shape is wrong.
        """
        params = with_new_names(params, self.shapes)
        unknown = sorted(set(params) - set(self.shapes))
        if unknown:
            raise ValueError(f"params: unknown names {unknown}, accepted are {list(self.shapes)}")
        values = {k: as_array(v, self.shapes[k], self.dtype, f"params[{k!r}]") for k, v in params.items()}
        with self._lock:
            d, head = self.cell.n_state, self._memory.weights["head"]
            if set(values) & set(self.cell.shapes):
                whole = {k: v for k, v in self.params.items() if k in self.cell.shapes} | values
                self._net.pack(tuple(whole[k] for k in self.cell.shapes), self._memory.weights["theta"])
            head[:, :d] = values.get("Ws", head[:, :d])
            head[:, self._net.ld_state] = values.get("bs", head[:, self._net.ld_state])
            if "E" in values:
                self._memory.weights["E"][:, : self.cell.n_in] = values["E"]

    def _check(self, s: _core.Graph) -> None:
        if not self._net.fits(s, self.n_words):
            self.cell.check_structure(s)
            span = f"{s.facts['min_word']} .. {s.facts['max_word']}"
            raise ValueError(f"s: every input needs a word in 0 .. {self.n_words - 1}, got {span}")

    def _targets(self, s: _core.Graph, target: ArrayLike | None) -> tuple[Array | None, Array | None]:
        """(classes, rows of targets); both None for the labels of s."""
        n, C = s.n_nodes, self.n_classes
        if target is not None:
            return self.loss.targets(target, n, C, self.dtype, "target")
        if self.loss.row.target != "class":
            raise ValueError(f"target must have shape ({n}, {C}) for loss {self.loss.name!r}, got None")
        if s.max_label >= C:
            raise ValueError(f"s: labels must be below n_classes = {C}, got {s.max_label}")
        return None, None

    def _run(
        self,
        s: _core.Graph,
        target: ArrayLike | None,
        node_weight: ArrayLike | None,
        update: bool,
        normalizer: float | None = None,
    ) -> float:
        self._check(s)
        hard, soft = self._targets(s, target)
        weight = None if node_weight is None else as_array(node_weight, (s.n_nodes,), self.dtype, "node_weight")
        noisy = self.dropout or self.input_dropout
        self._net.set_dropout(self.dropout, self.input_dropout, self.dropout_seed if noisy else 0)
        if normalizer is None:
            normalizer = 0.0 if self.reduction == "mean" else float(max(1, s.n_graphs))
        roots_only = self.loss_nodes == "root"
        return self._net.step(s, hard, soft, weight, roots_only, normalizer, update, self.train_embeddings)

    @property
    def dropout_seed(self) -> int:
        """Seed of the next step's masks (``_core.dropout_mask``) of inner nodes; its complement is that of leaves."""
        return seeds.step_seed(self._seed, self._n_steps)

    def step(self, s: _core.Graph, target: ArrayLike | None = None, node_weight: ArrayLike | None = None) -> float:
        """One training step.

        Parameters
        ----------
        s : Structure
            With a word at every leaf.
        target : array (n_nodes,) of int, or (n_nodes, n_classes), optional
            Classes (-1 = no loss) or soft targets, rows that sum to one (or zeros: no loss); None: the labels of s.
        node_weight : array (n_nodes,), optional
            Weight of each node's loss, 0 masks it.

        Returns
        -------
        float
            The loss before the update. If it is not finite, nothing was updated.
        """
        with self._lock:
            loss = self._run(s, target, node_weight, True)
            self._n_steps += math.isfinite(loss)
            return loss

    def gradients(
        self,
        s: _core.Graph,
        target: ArrayLike | None = None,
        node_weight: ArrayLike | None = None,
        normalizer: float | None = None,
    ) -> float:
        """The first half of a training step: loss and gradients, kept as :attr:`last_gradients`; nothing is updated.

        Parameters
        ----------
        s, target, node_weight
            As for :meth:`step`.
        normalizer : float, optional
            What the weighted sum of losses is divided by. None: as `reduction` says.

        Returns
        -------
        float
            The loss.
        """
        if normalizer is not None:
            checks.number("normalizer", normalizer, 0, above=True)
        with self._lock:
            loss = self._run(s, target, node_weight, False, normalizer)
            self._n_steps += math.isfinite(loss)
            own = self._net.total_weight if self.reduction == "mean" else float(max(1, s.n_graphs))
            sparse = {"E": self._net.sparse} if self.train_embeddings else {}
            self.last_gradients = Gradients(dict(self._memory.gradient), sparse, normalizer or own)
            return loss

    def update(self, gradients: Gradients | None = None) -> None:
        """The second half of a training step: the optimiser changes the parameters.

        Parameters
        ----------
        gradients : Gradients, optional
            None: those of the last :meth:`gradients`. Penalty and clipping are added here.

        Raises
        ------
        ValueError
            There are no gradients, or they are of another network.
        """
        given = check_gradients(gradients, self.last_gradients)
        with self._lock:
            self._memory.update(self._net, given, self.optimizer.arguments(self._learning_rate, self.max_norm))

    def loss_and_grad(
        self, s: _core.Graph, target: ArrayLike | None = None, node_weight: ArrayLike | None = None
    ) -> tuple[float, Params]:
        """Loss and dense gradients of a batch; nothing is updated.

        Parameters
        ----------
        s, target, node_weight
            As for :meth:`step`.

        Returns
        -------
        loss : float
            As for :meth:`step`.
        grads : dict of arrays
            Gradients by name in the public shapes, with those of the penalty (for E: of the rows that the batch reads).
        """
        with self._lock:
            loss = self._run(s, target, node_weight, False)
            grads = {name: np.zeros(shape, self.dtype) for name, shape in self.cell.shapes.items()}
            self._net.unpack(self._memory.gradient["theta"], tuple(grads.values()), True)
            grads |= self._split_head(self._memory.gradient["head"])
            words, rows = self._net.sparse
        params = self.params
        for name, grad in grads.items():
            grad += np.asarray(2 * self.alpha[name], self.dtype) * params[name]
        grads["E"] = np.zeros(self.shapes["E"], self.dtype)
        grads["E"][words] = rows[:, : self.cell.n_in] + np.asarray(2 * self.alpha["E"], self.dtype) * params["E"][words]
        return loss, grads

    def predict_proba(self, s: _core.Graph, nodes: Literal["root", "all"] = "root") -> Array:
        """Class probabilities of nodes.

        Parameters
        ----------
        s : Structure
            With a word at every leaf.
        nodes : {"root", "all"}, default="root"
            Which nodes.

        Returns
        -------
        array (n, n_classes)
            One row per graph, or per node in the structure's order.
        """
        out = np.empty((self._rows(s, nodes), self.n_classes), self.dtype)
        self._predict(s, nodes, out, None)
        return out

    def transform(self, s: _core.Graph, nodes: Literal["root", "all"] = "root") -> Array:
        """States of nodes.

        Parameters
        ----------
        s : Structure
            With a word at every leaf.
        nodes : {"root", "all"}, default="root"
            Which nodes.

        Returns
        -------
        array (n, n_state)
            One row per graph, or per node in the structure's order.
        """
        out = np.empty((self._rows(s, nodes), self.cell.n_state), self.dtype)
        self._predict(s, nodes, None, out)
        return out

    def _rows(self, s: _core.Graph, nodes: str) -> int:
        if nodes not in ("root", "all"):
            raise ValueError(f"nodes must be 'root' or 'all', got {nodes!r}")
        self._check(s)
        return s.n_graphs if nodes == "root" else s.n_nodes

    def _predict(self, s: _core.Graph, nodes: str, p: Array | None, states: Array | None) -> None:
        with self._lock:
            self._net.set_dropout(0.0, 0.0, 0)
            self._net.predict(s, nodes == "root", p, states)
