"""Several threads share the work that no step waits for, piece by piece: the bits of one thread."""

import ctypes
from collections.abc import Iterator

import numpy as np
import pytest
from chains import Chained, Options, chain_problem
from grid import RECURRENT, SPECS, Array


@pytest.fixture(params=[1, 64])
def limit(request: pytest.FixtureRequest) -> Iterator[int]:
    """How many threads the pool may use; with one, it does all parts in their order."""
    from fastbpts import _core

    library = ctypes.CDLL(_core.__file__)
    library.fastbpts_set_max_threads(request.param)
    yield request.param
    library.fastbpts_set_max_threads(64)


def results(cell: str, o: Options, reverse: bool) -> dict[str, Array]:
    """States and gradients."""
    p = chain_problem(cell, o)
    made = Chained(p, o, reverse)
    rng = np.random.default_rng(1)
    d_last = [rng.standard_normal((p.s.n_graphs, o.d)).astype(o.dtype) for _ in SPECS[cell].initial]
    found = made.backward(p.dh[:, : o.d].copy(), d_last)
    return {"h": made.h, **{f"last {k}": last for k, last in enumerate(made.last)}, **found}


def assert_bits(found: dict[str, Array], wanted: dict[str, Array]) -> None:
    for name, value in wanted.items():
        assert np.isfinite(value).all(), name
        np.testing.assert_array_equal(found[name], value, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("d", "dtype"), [(5, "float64"), (48, "float32"), (160, "float32")])
@pytest.mark.parametrize("lengths", ["blocks", "slabs"])
@pytest.mark.parametrize("cell", RECURRENT)
def test_bits_of_one_thread(limit: int, cell: str, lengths: str, d: int, dtype: str, reverse: bool) -> None:
    """Sequences of many lengths, in one block and in several, in one slab and in two."""
    wanted = results(cell, Options(lengths, d, dtype, d % 5, False, 1), reverse)
    for n_threads in (2, 7, 20):  # of the last, five have no sequence of the blocks
        assert_bits(results(cell, Options(lengths, d, dtype, d % 5, False, n_threads), reverse), wanted)


@pytest.mark.slow
@pytest.mark.parametrize("reverse", [False, True])
def test_many_sequences(limit: int, reverse: bool) -> None:
    one, two = (results("elman", Options("crowd", 3, "float32", 0, False, n), reverse) for n in (1, 2))
    assert_bits(two, one)
