"""One sequence and several threads, which divide the units of the state: the bits of one thread."""

import numpy as np
import pytest
from chains import Chained, Options, chain_problem, on_whole_lines
from grid import RECURRENT, SPECS, Array, assert_same


def results(cell: str, o: Options, reverse: bool) -> dict[str, Array]:
    p = on_whole_lines(chain_problem(cell, o))
    made = Chained(p, o, reverse)
    d_last = [np.random.default_rng(1).standard_normal((1, o.d)).astype(o.dtype) for _ in SPECS[cell].initial]
    found = made.backward(p.dh[:, : o.d].copy(), d_last)
    return {"h": made.h, **{f"last {k}": last for k, last in enumerate(made.last)}, **found}


@pytest.mark.slow
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("d", "dtype"), [(32, "float32"), (48, "float64"), (144, "float32"), (272, "float64")])
@pytest.mark.parametrize("cell", RECURRENT)
def test_threads_divide_the_units(cell: str, d: int, dtype: str, reverse: bool) -> None:
    """Any division of panels between threads, also with a smaller last panel."""
    one, *more = (results(cell, Options("one", d, dtype, d % 5, False, n), reverse) for n in (1, 2, 5))
    for name, wanted in one.items():
        assert np.isfinite(wanted).all()
        for found in more:
            np.testing.assert_array_equal(found[name], wanted, err_msg=name)


@pytest.mark.parametrize("cell", RECURRENT)
def test_steps_of_several_blocks(cell: str) -> None:
    """Errors are sent across the border between two blocks, too."""
    one, two = (results(cell, Options("long", 128, "float32", 0, False, n), False) for n in (1, 2))
    for name, wanted in one.items():
        np.testing.assert_array_equal(two[name], wanted, err_msg=name)


@pytest.mark.parametrize("cell", RECURRENT)
def test_equals_reference(cell: str) -> None:
    o = Options("one", 64, "float64", 1, False, 2)
    p = on_whole_lines(chain_problem(cell, o))
    made = Chained(p, o)
    p.dh[:, o.d :] = 0
    found = made.backward(p.dh[:, : o.d].copy(), [])
    states, wanted = p.reference()
    np.testing.assert_allclose(made.h, states[:, : o.d], rtol=0, atol=1e-12)
    assert_same(found, wanted, 1e-12)
