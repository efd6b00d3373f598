"""The parameters of ``TreeClassifier``."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Literal

from fastbpts._base.options import MODEL, SHARE, WIDTH, choice, option
from fastbpts._cells.cell import Activation, cells
from fastbpts.training.losses import REDUCTIONS
from fastbpts.training.options import ClassOptions, TrainingOptions, WordOptions


@dataclass(eq=False, repr=False)
class TreeOptions(ClassOptions, WordOptions, TrainingOptions):
    """What the constructor takes, with the defaults that differ from those of other estimators."""

    _of_old_files: ClassVar[dict[str, Any]] = {"accumulate": 1, "reduction": "sum_per_graph"}
    _monitors: ClassVar[dict[str, int]] = {"score": 1, "score_nodes": 1, "score_sum": 1, "loss": -1}

    cell: str = option(
        "rntn",
        choice(*cells()),
        "How a node's state follows from its children's: a name from ``fastbpts.cells()``. Some cells take any "
        "number of children, the others two.",
        MODEL,
    )
    n_state: int = option(
        25, WIDTH, "Width of the states, which is also that of the word vectors.", MODEL, flags=("--n-state", "-d")
    )
    loss_nodes: Literal["all", "root"] = option(
        "all", choice("all", "root"), "Which labelled nodes the loss sees.", MODEL
    )
    reduction: str = option(
        "mean",
        choice(*REDUCTIONS),
        'What the weighted sum of losses is divided by: "mean": the sum of the weights; "sum_per_graph": the number of '
        "trees, as in published recipes.",
    )
    input_activation: Activation = option(
        "identity", choice("identity", "tanh"), "What is applied to word vectors.", MODEL
    )
    dropout: float = option(0.0, SHARE, "Probability that a component of a state is dropped in training.")
    input_dropout: float = option(0.0, SHARE, "Probability that a component of a word vector is dropped in training.")

    _: KW_ONLY
    optimizer: str = "adagrad"
    learning_rate: float = 0.01
    alpha: float | Mapping[str, float] = 1e-4
    batch_size: int = 25
    max_iter: int = 40
    unknown: str | None = "singletons"
    monitor: str = option(
        "score",
        choice(*_monitors),
        "The validation score that says which model is best: accuracy at the root, over all labelled nodes, their "
        "sum, or the loss.",
    )
