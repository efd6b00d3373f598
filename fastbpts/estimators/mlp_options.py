"""The parameters of ``MLPClassifier``."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np

from fastbpts._base import checks
from fastbpts._base.arguments import MAX_WIDTH
from fastbpts._base.options import MODEL, SHARE, Rule, anything, choice, option, quoted
from fastbpts.layers.mlp import ACTIVATIONS
from fastbpts.training.options import ClassOptions, TrainingOptions


def widths_of(hidden_layer_sizes: Any) -> list[int]:
    """The widths of the hidden layers."""
    return [int(width) for width in (hidden_layer_sizes if np.iterable(hidden_layer_sizes) else [hidden_layer_sizes])]


def _check_widths(name: str, value: Any) -> None:
    try:
        for width in value if np.iterable(value) else [value]:
            checks.integer(name, width, 1, MAX_WIDTH)
    except ValueError:
        raise checks.wrong(name, f"integers from 1 to {MAX_WIDTH}", value) from None


def _check_activation(name: str, value: Any) -> None:
    for one in value if np.iterable(value) and not isinstance(value, str) else [value]:
        checks.choice(name, one, ACTIVATIONS)


@dataclass(eq=False, repr=False)
class MLPOptions(ClassOptions, TrainingOptions):
    """What the constructor takes, with the defaults that differ from those of other estimators."""

    _monitors: ClassVar[dict[str, int]] = {"score": 1, "loss": -1}

    hidden_layer_sizes: Any = option(
        (100,),
        Rule("int or sequence of int", str, _check_widths),
        "Widths of the hidden layers; ``()`` gives logistic regression.",
        MODEL,
    )
    activation: Any = option(
        "relu",
        Rule("str or sequence of str", str, _check_activation),
        f"Of all hidden layers or of each: {', '.join(map(quoted, ACTIVATIONS))}.",
        MODEL,
    )
    dropout: float = option(0.0, SHARE, "Probability that a component of a hidden layer is dropped in training.")
    _: KW_ONLY
    alpha: float | Mapping[str, float] = option(
        1e-4,
        anything("float or dict"),
        'L2 penalty ``alpha * ||theta||^2``, a number or one for each parameter by name: "0.weight", "0.bias", '
        '"2.weight", ... as in a stack of ``torch.nn.Linear``. A number spares the biases; parameters that a dict '
        "leaves out have none.",
    )
    max_iter: int = 50
    monitor: str = option(
        "score", choice(*_monitors), "The validation score that says which model is best: accuracy or loss."
    )
