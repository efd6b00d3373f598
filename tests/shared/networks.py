"""A network of the library and the plain cell that it is compared with."""

from typing import Any

import numpy as np
from grid import GATED, widths

from fastbpts import reference

N_WORDS, N_CLASSES = 11, 5


def network(cell: str, d: int, **options: Any) -> Any:
    import fastbpts as fb

    optimizer = options.pop("optimizer", "sgd")
    settings = {"dtype": "float64", "n_threads": 1, "random_state": 7, **options}
    if cell in GATED:
        settings["n_in"] = widths(cell, d)["n_in"]
    net = fb.Network(cell, d, N_CLASSES, N_WORDS, optimizer=fb.Optimizer(optimizer, learning_rate=0.05), **settings)
    rng = np.random.default_rng(2)  # biases away from zero
    net.set_params({key: value + 0.1 * rng.standard_normal(value.shape) for key, value in net.params.items()})
    return net


def plain(cell: str, d: int, input_activation: str = "identity") -> reference.Cell:
    return reference.cell(cell, **widths(cell, d), input_activation=input_activation)
