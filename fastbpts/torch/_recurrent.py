"""torch.nn's recurrent layers over the kernels: subclasses whose forward and backward steps are fastbpts's."""

from __future__ import annotations  # the documentation is also made without PyTorch

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from fastbpts._base.arguments import Array
from fastbpts._base.threads import MAX_THREADS
from fastbpts._cells.spec import SPECS
from fastbpts.layers._packing import I64
from fastbpts.layers._parameters import by_chain, parameter_shapes
from fastbpts.layers._stack import Stack
from fastbpts.torch._views import DTYPES, as_grads, check_dtype, check_tensor, view

Config = tuple[Any, ...]


class Pool:
    """Stacks of chains that no pending step backward needs; empty in copies and files."""

    def __init__(self) -> None:
        self._free: dict[Config, list[Stack]] = {}

    def __reduce__(self) -> tuple[type[Pool], tuple[()]]:
        return Pool, ()

    def pop(self, config: Config) -> Stack:
        """A free stack, or a new one."""
        try:
            return self._free[config].pop()
        except (KeyError, IndexError):
            return Stack(*config)

    def push(self, config: Config, stack: Stack) -> None:
        self._free.setdefault(config, []).append(stack)


class Call(NamedTuple):
    """One step forward: its arguments without a gradient."""

    pool: Pool
    config: Config
    batch_sizes: I64
    dropout: float
    seed: int
    n_threads: int

    def borrow(self) -> Loan:
        """A stack of the right sizes."""
        return Loan(self, self.pool.pop(self.config))

    def forward(self, stack: Stack, tensors: tuple[Tensor | None, ...], save: bool) -> tuple[Array, ...]:
        """Outputs and final states; tensors: x, h0, c0, and four weights for each chain."""
        x, h0, c0, *weights = [view(t) for t in tensors]
        assert x is not None
        stack.bind(by_chain(self.config[0], weights))
        found = stack.forward(
            x, self.batch_sizes, h0, c0, dropout=self.dropout, seed=self.seed, save=save, n_threads=self.n_threads
        )
        return tuple(array for array in found if array is not None)


class Loan:
    """A stack until its step backward, or until autograd forgets the step forward."""

    _call: Call | None = None  # torch.compile makes objects without __init__

    def __init__(self, call: Call, stack: Stack) -> None:
        self._call, self.stack = call, stack

    def __del__(self) -> None:
        if self._call is not None:
            self._call.pool.push(self._call.config, self.stack)


class Run(torch.autograd.Function):
    """A stack of chains as one node of autograd's graph."""

    @staticmethod
    def forward(ctx: Any, call: Call, *tensors: Tensor | None) -> tuple[Tensor, ...]:
        """Outputs (N, R * H), h_n and, for LSTM, c_n (L * R, B, H), in packed order."""
        ctx.call, ctx.loan = call, call.borrow()
        found = tuple(torch.from_numpy(array) for array in call.forward(ctx.loan.stack, tensors, True))
        # The chains keep references to these; autograd notices if one of them is changed in place.
        ctx.save_for_backward(*tensors, found[0])
        ctx.set_materialize_grads(False)
        return found

    @staticmethod
    def backward(ctx: Any, dout: Tensor | None, dh_n: Tensor | None, dc_n: Tensor | None = None) -> Any:
        """Gradients by all tensors; the stack is free again."""
        *tensors, _ = ctx.saved_tensors
        loan, ctx.loan = ctx.loan, None
        if loan is None:  # the second step backward of a retained graph: the first has used up what was saved
            loan = ctx.call.borrow()
            ctx.call.forward(loan.stack, tensors, True)
        grads = [None if t is None else np.zeros(t.shape, loan.stack.dtype) for t in tensors[3:]]
        upstream = view(dout), view(dh_n), view(dc_n)
        states = loan.stack.backward(*upstream, by_chain(ctx.call.config[0], grads), want_dx=ctx.needs_input_grad[1])
        sources = *tensors, dout, dh_n, dc_n
        return None, *as_grads((*states, *grads), ctx.needs_input_grad[1:], sources)


class Recurrent(torch.nn.RNNBase):
    """Base of the three layers; constructor, parameters and their initial values are torch.nn's."""

    _cell: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.proj_size:
            raise ValueError(f"proj_size must be 0: fastbpts has no projected states, got {self.proj_size}")
        sizes = self.input_size, self.hidden_size, self.num_layers, 1 + self.bidirectional
        self._names = list(parameter_shapes(self._cell, *sizes))
        self._sizes, self._pool = sizes, Pool()

    def _chains(self, x: Tensor, batch_sizes: I64, h0: Tensor | None, c0: Tensor | None) -> tuple[Tensor, ...]:
        """Outputs and final states of packed rows."""
        weights: list[Tensor | None] = [getattr(self, name, None) for name in self._names]
        for name, weight in zip(self._names, weights, strict=True):
            if weight is not None:
                check_tensor(weight, weight.shape, x.dtype, name)
        config = (self._cell, *self._sizes, DTYPES[x.dtype], self._activation)
        dropout = self.dropout if self.training and self.num_layers > 1 else 0.0
        seed = int(torch.randint(2**63 - 1, ())) if dropout else 0
        call = Call(self._pool, config, batch_sizes, dropout, seed, min(torch.get_num_threads(), MAX_THREADS))
        tensors = x, h0, c0, *weights
        if not len(x):
            return self._empty(tensors)
        if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors):
            found: tuple[Tensor, ...] = Run.apply(call, *tensors)  # type: ignore[no-untyped-call]
            return found
        loan = call.borrow()
        return tuple(torch.from_numpy(array) for array in call.forward(loan.stack, tensors, False))

    def _empty(self, tensors: tuple[Tensor | None, ...]) -> tuple[Tensor, ...]:
        """Outputs for a batch without sequences; all gradients are zero."""
        given = [t for t in tensors if t is not None]
        _, n_state, n_layers, n_directions = self._sizes
        shapes = [
            (0, n_directions * n_state),
            *[(n_layers * n_directions, 0, n_state)] * (1 + SPECS[self._cell].has_second_state),
        ]
        reach = sum(t.sum() for t in given)  # makes autograd reach the tensors; it is added to no number
        return tuple(given[0].new_empty(shape) + reach for shape in shapes)

    @property
    def _activation(self) -> str | None:
        return None

    def forward(self, input: Any, hx: Any = None) -> Any:  # noqa: A002
        """As the forward of torch.nn's layer of the same name.

        Parameters
        ----------
        input : Tensor or PackedSequence
            (T, B, input_size), with `batch_first` (B, T, input_size), or (T, input_size) for a single sequence.
        hx : Tensor (num_layers * directions, B, hidden_size), optional
            Initial states, without B for a single sequence; LSTM: a pair. Default: zero.

        Returns
        -------
        output : like input
            States of the last layer, directions * hidden_size columns.
        h_n : like hx
            Final states.

        Raises
        ------
        ValueError
            A tensor is not on the CPU, or has another dtype than the weights or a wrong shape. The message names it.
        """
        dtype = check_dtype(getattr(self, self._names[0]), self._names[0])
        if isinstance(input, PackedSequence):
            data, batch_sizes, order, back = input
            check_tensor(data, (None, self.input_size), dtype, "input")
            initial = self._states(hx, (int(batch_sizes[0]),), dtype, order)
            rows, *states = self._chains(data, batch_sizes.numpy(), *initial)
            return PackedSequence(rows, batch_sizes, order, back), self._join([_select(s, back) for s in states])
        axes = (None,) * (input.dim() - 1 if isinstance(input, Tensor) and input.dim() == 2 else 2)
        check_tensor(input, (*axes, self.input_size), dtype, "input")
        x = input.unsqueeze(1) if len(axes) == 1 else input.swapaxes(0, 1) if self.batch_first else input
        n_steps, n_sequences, _ = x.shape
        if not n_steps:
            raise ValueError(f"input must have at least one step, got shape {tuple(input.shape)}")
        initial = self._states(hx, (n_sequences,) if len(axes) == 2 else (), dtype, None)
        equal = np.full(n_steps, n_sequences, np.int64)
        rows, *states = self._chains(x.reshape(n_steps * n_sequences, self.input_size), equal, *initial)
        out = rows.view(n_steps, n_sequences, rows.shape[1])
        if len(axes) == 1:
            return out.squeeze(1), self._join([s.squeeze(1) for s in states])
        return out.swapaxes(0, 1) if self.batch_first else out, self._join(states)

    def _states(self, hx: Any, batch: tuple[int, ...], dtype: torch.dtype, order: Tensor | None) -> list[Tensor | None]:
        """[h0, c0] of sorted sequences, each (L * R, B, H)."""
        shape = self.num_layers * (1 + self.bidirectional), *batch, self.hidden_size
        states: list[Tensor | None] = []
        for name, value in zip(("h0", "c0"), self._split(hx), strict=True):
            if value is not None:
                check_tensor(value, shape, dtype, name)
                value = _select(value, order) if batch else value.unsqueeze(1)
            states.append(value)
        return states

    def _split(self, hx: Any) -> tuple[Any, Any]:
        return hx, None

    def _join(self, states: list[Tensor]) -> Any:
        return states[0]


def _select(states: Tensor, index: Tensor | None) -> Tensor:
    return states if index is None else states.index_select(1, index)


class RNN(Recurrent, torch.nn.RNN):
    """torch.nn.RNN (an Elman network) over the kernels of fastbpts.

    Constructor arguments, parameters, state dict, inputs and outputs are those of :class:`torch.nn.RNN`. The gradient
    can be taken once, not twice, and `device` must be the CPU. The number of threads is that of
    :func:`torch.get_num_threads`; the result does not depend on it.
    """

    _cell = "elman"

    @property
    def _activation(self) -> str | None:
        return str(self.nonlinearity)


class GRU(Recurrent, torch.nn.GRU):
    """torch.nn.GRU over the kernels of fastbpts; what :class:`fastbpts.torch.RNN` says is true of it, too."""

    _cell = "gru"


class LSTM(Recurrent, torch.nn.LSTM):
    """torch.nn.LSTM (without projections) over the kernels of fastbpts; see :class:`fastbpts.torch.RNN`."""

    _cell = "lstm"

    def _split(self, hx: Any) -> tuple[Any, Any]:
        if hx is None:
            return None, None
        if not isinstance(hx, tuple | list) or len(hx) != 2:
            raise ValueError(f"hx must be a pair of tensors (h_0, c_0), got {type(hx).__name__}")
        return hx[0], hx[1]

    def _join(self, states: list[Tensor]) -> Any:
        return states[0], states[1]
