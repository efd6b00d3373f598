"""Beyond one gradient: second derivatives and the like are refused, never silently zero."""

from collections.abc import Callable
from typing import Any

import pytest
import zoo

LAYERS = ("RNN", "GRU", "LSTM", "TreeNet")


@pytest.fixture(scope="session")
def ours(torch: Any) -> Any:
    import fastbpts.torch

    return fastbpts.torch


def function(torch: Any, ours: Any, layer: str) -> tuple[Callable[[Any], Any], Any, Any]:
    """A layer's outputs as a function of its input, an input, and the layer."""
    if layer == "TreeNet":
        s, net = zoo.binary_zoo()["repeated"].compiled(), ours.TreeNet("lstm", 3, 4)
        return lambda x: net(s, x)[0], torch.randn(len(s.inputs), 3), net
    net = getattr(ours, layer)(3, 4)
    return lambda x: net(x)[0], torch.randn(5, 2, 3), net


@pytest.mark.parametrize("layer", LAYERS)
def test_second_derivatives_are_refused(torch: Any, ours: Any, layer: str) -> None:
    f, x, net = function(torch, ours, layer)
    api, ones = torch.autograd.functional, torch.ones_like(x)

    def penalty(sources: Callable[[Any], Any], unused: bool) -> Any:
        leaf = x.clone().requires_grad_()
        (grad,) = torch.autograd.grad(f(leaf).sum(), leaf, create_graph=True)
        return torch.autograd.grad(grad.square().sum(), sources(leaf), allow_unused=unused)

    def twice() -> None:
        leaf = x.clone().requires_grad_()
        (grad,) = torch.autograd.grad(f(leaf).sum(), leaf, create_graph=True)
        grad.sum().backward()

    for call in (
        twice,
        lambda: api.hessian(lambda v: f(v).sum(), x),
        lambda: api.hvp(lambda v: f(v).sum(), x, ones),
        lambda: api.jvp(f, x, ones),  # a gradient by the upstream gradient
        lambda: penalty(lambda leaf: [leaf], True),
        lambda: penalty(lambda _: list(net.parameters()), False),
    ):
        with pytest.raises(RuntimeError, match="no second derivatives"):
            call()


@pytest.mark.parametrize("layer", LAYERS)
def test_first_derivatives_with_a_graph(torch: Any, ours: Any, layer: str) -> None:
    """create_graph=True alone changes no number, and derivatives that do not pass the layer twice are taken."""
    f, x, net = function(torch, ours, layer)
    wanted = torch.autograd.grad(f(x).square().sum(), list(net.parameters()))
    found = torch.autograd.grad(f(x).square().sum(), list(net.parameters()), create_graph=True)
    assert all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))
    jacobian = torch.autograd.functional.jacobian(f, x)
    assert jacobian.shape == (*f(x).shape, *x.shape)
    scale = torch.ones((), requires_grad=True)
    (first,) = torch.autograd.grad((f(x).detach() * scale**3).sum(), scale, create_graph=True)
    (second,) = torch.autograd.grad(first, scale)
    torch.testing.assert_close(second, 2 * first)


def test_objects_that_were_never_made(ours: Any) -> None:
    """torch.compile makes some objects with __new__ alone; they end without an error."""
    from fastbpts.torch._recurrent import Loan

    Loan.__new__(Loan).__del__()


@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True, "batch_first": True, "dropout": 0.5}])
@pytest.mark.parametrize("layer", LAYERS[:3])
def test_a_batch_of_no_sequence(torch: Any, ours: Any, layer: str, options: dict[str, Any]) -> None:
    """Tensors of the shapes that torch.nn gives, from which every parameter gets a gradient of zeros."""
    x = torch.randn((0, 5, 3) if options else (5, 0, 3), requires_grad=True)
    state = torch.randn(4 if options else 1, 0, 4, requires_grad=True)
    for hx in (None, (state, state) if layer == "LSTM" else state):
        mine, theirs = getattr(ours, layer)(3, 4, **options), getattr(torch.nn, layer)(3, 4, **options)
        found, wanted = (
            [out, *final] if layer == "LSTM" else [out, final] for out, final in (mine(x, hx), theirs(x, hx))
        )
        assert [t.shape for t in found] == [t.shape for t in wanted]
        for tensor in found:
            mine.zero_grad()
            tensor.sum().backward(retain_graph=True)
            assert all((p.grad == 0).all() for p in mine.parameters())
        assert x.grad.shape == x.shape
        with torch.no_grad():
            assert not mine(x, hx)[0].requires_grad
    with pytest.raises(ValueError, match="hx|h0"):
        mine(x, torch.randn(1, 2, 4) if layer != "LSTM" else (torch.randn(1, 2, 4), torch.randn(1, 2, 4)))
