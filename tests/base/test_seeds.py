"""The one rule for random numbers."""

import re
from pathlib import Path

import numpy as np
import pytest

from fastbpts._base import seeds


@pytest.mark.unseeded
def test_the_same_integer_gives_the_same_numbers():
    for make in (seeds.generator, seeds.own_generator):
        assert make(3).random() == np.random.default_rng(3).random()
        assert make(None).random() != make(None).random()
        assert make(np.int64(3)).random() == make(3).random()
        assert make(np.random.RandomState(3)).random() == make(np.random.RandomState(3)).random()


def test_a_generator_is_drawn_from():
    rng = np.random.default_rng(0)
    assert seeds.generator(rng) is rng
    one, two = seeds.own_generator(rng), seeds.own_generator(rng)
    assert one is not rng
    assert one.random() != two.random()


@pytest.mark.parametrize("value", [-1, 1.5, "seed", True, np.zeros(2)])
def test_what_is_no_random_state(value):
    with pytest.raises(ValueError, match="^random_state must be an integer of at least 0, got "):
        seeds.generator(value)


def test_streams_differ():
    assert seeds.stream(1, 2).random() == seeds.stream(1, 2).random()
    assert len({seeds.stream(1, k).random() for k in range(9)}) == 9
    assert len({seeds.stream_seed(1, k) for k in range(9)}) == 9
    steps = {seeds.step_seed(5, k) for k in range(1000)}
    assert len(steps) == 1000
    assert all(0 <= seed < 2**64 for seed in steps)


def test_generators_are_made_in_one_place():
    """But for the reference, which imports nothing, and the benchmarks' problems."""
    package = Path(seeds.__file__).parents[1]
    others = [path for path in package.rglob("*.py") if path.parent.name not in ("reference", "benchmark")]
    makers = {path.name for path in others if re.search(r"np\.random\.(default_rng|PCG64|SeedSequence)\(", text(path))}
    assert makers == {"seeds.py"}


def text(path: Path) -> str:
    """The code of a module without its examples."""
    return "\n".join(
        line for line in path.read_text(encoding="utf-8").splitlines() if not line.strip().startswith(">>>")
    )
