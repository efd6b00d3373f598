"""Training steps whose update comes after several minibatches, or after somebody else has seen the gradients."""

import math
from collections.abc import Callable
from typing import Any

from fastbpts.training.gradients import Gradients

OnGradients = Callable[[Any, Gradients], None]


class Steps:
    """A network whose every k-th step updates it, by the gradients of k minibatches together.

    The update is that of one minibatch with all their targets: each gradient counts with the weight of its targets.
    Predictions are made by the network after all updates.

    Parameters
    ----------
    net : network
        With ``step``, ``gradients``, ``last_gradients`` and ``update``.
    accumulate : int
        The number k of minibatches.
    on_gradients : callable, optional
        Called as ``on_gradients(net, gradients)`` before each update; it may change the gradients in place.
    """

    def __init__(self, net: Any, accumulate: int, on_gradients: OnGradients | None) -> None:
        self._net, self._accumulate, self._on_gradients = net, accumulate, on_gradients
        self._sum: Gradients | None = None  # of losses, not of their means, of the minibatches since the last update
        self._n = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._net, name)

    def step(self, *batch: Any) -> Any:
        """Gradients of a minibatch, and the update if it is time; the result is that of the network's step."""
        if self._accumulate == 1 and self._on_gradients is None:
            return self._net.step(*batch)
        result = self._net.gradients(*batch)
        if not math.isfinite(result[0] if isinstance(result, tuple) else result):
            return result
        own = self._net.last_gradients
        if self._accumulate == 1:
            self._update(own)
            return result
        weighted = own.copy().scale(own.weight)
        self._sum = weighted if self._sum is None else self._sum.add(weighted)
        self._n += 1
        if self._n == self._accumulate:
            self.finish()
        return result

    def finish(self) -> None:
        """The update by the minibatches since the last one."""
        if self._sum is not None:
            if self._sum.weight:
                self._sum.scale(1 / self._sum.weight)
            self._update(self._sum)
        self._sum, self._n = None, 0

    def _update(self, gradients: Gradients) -> None:
        if self._on_gradients is not None:
            self._on_gradients(self._net, gradients)
        self._net.update(gradients)

    def predict_proba(self, *batch: Any) -> Any:
        """Those of the network after all updates."""
        self.finish()
        return self._net.predict_proba(*batch)

    def logits(self, *batch: Any) -> Any:
        """Those of the network after all updates."""
        self.finish()
        return self._net.logits(*batch)
