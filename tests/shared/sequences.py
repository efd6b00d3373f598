"""Random recurrent layers with their inputs and upstream gradients, and what is computed from them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

import fastbpts as fb

Array = NDArray[Any]
CELLS = ["elman", "gru", "lstm"]
LAYERS: dict[str, Any] = {"elman": fb.Elman, "gru": fb.GRU, "lstm": fb.LSTM}


@dataclass
class Case:
    """Sizes and options of a layer; a seed for all numbers."""

    cell: str
    n_in: int
    n_state: int
    n_steps: int
    n_sequences: int
    lengths: list[int] | None
    with_h0: bool
    seed: int
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def directions(self) -> int:
        return 1 + self.options.get("bidirectional", False)

    @property
    def state_shape(self) -> tuple[int, int, int]:
        return self.options.get("num_layers", 1) * self.directions, self.n_sequences, self.n_state

    def shape(self, width: int) -> tuple[int, int, int]:
        """Of inputs or outputs."""
        steps = (self.n_steps, self.n_sequences)
        return (*(reversed(steps) if self.options.get("batch_first") else steps), width)

    def draw(self, rng: np.random.Generator, *shape: int) -> Array:
        return rng.standard_normal(shape)

    def states(self, rng: np.random.Generator) -> Any:
        """A random state: h, or the pair (h, c)."""
        h = rng.standard_normal(self.state_shape)
        return (h, rng.standard_normal(self.state_shape)) if self.cell == "lstm" else h


@st.composite
def cases(draw: st.DrawFn) -> Case:
    n_steps, n_sequences = draw(st.integers(1, 7)), draw(st.integers(1, 6))
    lengths = st.lists(st.integers(1, n_steps), min_size=n_sequences, max_size=n_sequences)
    options = {
        "num_layers": draw(st.integers(1, 3)),
        "bidirectional": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
        "bias": draw(st.booleans()),
    }
    return Case(
        draw(st.sampled_from(CELLS)),
        draw(st.sampled_from([1, 2, 3, 5, 16, 19])),
        draw(st.sampled_from([1, 2, 3, 4, 7, 8, 17])),
        n_steps,
        n_sequences,
        draw(st.none() | lengths),
        draw(st.booleans()),
        draw(st.integers(0, 2**32 - 1)),
        options,
    )


def parts(state: Any) -> list[Array]:
    """The arrays of a state."""
    return list(state) if isinstance(state, tuple | list) else [state]


def run(layer: Any, x: Array, h0: Any, lengths: Any, dout: Array, dh_n: Any) -> dict[str, Array]:
    """All results of a step forward and a step backward, by name."""
    layer.zero_grad()
    out, h_n = layer.forward(x, h0, lengths)
    found = {"out": out, **{f"h_n{k}": h for k, h in enumerate(parts(h_n))}}
    dx, dh0 = layer.backward(dout, dh_n)
    found |= {"dx": dx, **{f"dh0{k}": h for k, h in enumerate(parts(dh0))}}
    return found | {f"d{name}": grad.copy() for name, grad in layer.grads.items()}


def assert_close(found: dict[str, Array], wanted: dict[str, Array], tolerance: float) -> None:
    """Errors relative to the largest entry, or to 1 if that is smaller."""
    assert set(found) == set(wanted)
    for name, value in wanted.items():
        assert found[name].shape == value.shape, name
        error = np.abs(found[name] - value).max(initial=0.0)
        assert error <= tolerance * max(1.0, np.abs(value).max(initial=0.0)), f"{name}: {error}"
