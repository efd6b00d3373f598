"""Schedules: values by hand, the options' parser, messages."""

import math

import pytest

from fastbpts.training.schedules import SCHEDULES, make_schedule


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("constant", [1, 1, 1, 1]),
        ("step:every=2,factor=0.1", [1, 1, 0.1, 0.1]),
        ("exponential:rate=0.5", [1, 0.5, 0.25, 0.125]),
        ("inverse:rate=1", [1, 1 / 2, 1 / 3, 1 / 4]),
        ("linear", [1, 0.75, 0.5, 0.25]),
        ("linear:floor=0.2", [1, 0.8, 0.6, 0.4]),
        ("cosine", [0.5 * (1 + math.cos(math.pi * k / 4)) for k in range(4)]),
        ("constant:warmup=3", [0.25, 0.5, 0.75, 1]),
        ({"name": "step", "every": 1, "factor": 0.5, "warmup": 1}, [0.5, 0.5, 0.25, 0.125]),
        (lambda epoch: 1 / (epoch + 1), [1, 1 / 2, 1 / 3, 1 / 4]),
    ],
)
def test_values(spec, expected):
    schedule = make_schedule(spec, 4)
    assert [schedule(epoch) for epoch in range(4)] == pytest.approx(expected)


@pytest.mark.parametrize("name", SCHEDULES)
def test_never_negative_nor_above_one_also_after_the_end(name):
    schedule = make_schedule(name, 5)
    assert all(0 <= schedule(epoch) <= 1 for epoch in range(12))
    assert schedule(0) == 1


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ("warp", ["schedule must", "got 'warp'", "cosine"]),
        (3, ["schedule must", "got 3"]),
        ({"every": 3}, ["schedule must", "cosine"]),
        ("step:rate=3", ["every", "'rate'"]),
        ("step:every", ["'every'", "option=number"]),
        ("step:every=0", ["every must be at least 1"]),
        ("exponential:rate=-1", ["rate"]),
        ("cosine:warmup=1.5", ["warmup"]),
    ],
)
def test_bad_specs_are_named(spec, names):
    with pytest.raises(ValueError) as caught:
        make_schedule(spec, 5)
    assert all(name in str(caught.value) for name in names)
