"""Training of word vectors in plain Python, as src_c/words does it, draw by draw, with the reference's gradients."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from fastbpts.reference import cbow, skipgram

MASK = 2**64 - 1
TOGETHER = 16  # FB_W2V_INPUTS
AHEAD = 4  # FB_W2V_AHEAD


def random64(seed: int, counter: int) -> int:
    """fb_random of src_c/simd/common.h."""
    z = (seed + 0x9E3779B97F4A7C15 * (counter + 1)) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


@dataclass
class Replica:
    """Arguments as those of _core.WordTrainer."""

    inputs: Any
    outputs: Any
    nodes: Any
    keep: Any
    noise: Any
    path: Any
    skip_gram: bool
    mean: bool
    negative: int
    window: int
    shrink: bool
    shared: bool
    loss: float = 0.0
    pairs: int = 0
    rate: float = 0.0
    _seed: int = 0
    _drawn: int = 0
    _draws: dict = field(default_factory=dict)

    def _next(self) -> int:
        self._drawn += 1
        return random64(self._seed, self._drawn - 1)

    def train(self, pieces, seed: int, alpha: float, step: float, min_alpha: float) -> None:
        """pieces: lists of sentences, which are lists of word numbers."""
        before = 0
        for number, piece in enumerate(pieces):
            self._seed, self._drawn = random64(seed, number), 0
            for sentence in piece:
                kept = [w for w in sentence if self._next() >> 32 <= self.keep[w]]
                self.rate = max(alpha - step * before, min_alpha)
                self._sentence(kept)
                before += len(sentence)

    def _sentence(self, words) -> None:
        for i in range(min(AHEAD - 1, len(words))):
            self._draw(i, words)
        for i in range(len(words)):
            if i + AHEAD - 1 < len(words):
                self._draw(i + AHEAD - 1, words)
            context, noise = self._draws.pop(i)
            if context:
                (self._skip_gram if self.skip_gram else self._cbow)(words[i], context, noise)

    def _draw(self, i: int, words) -> None:
        reach = 1 + ((self._next() >> 32) * self.window >> 32) if self.shrink else self.window
        context = [*words[max(i - reach, 0) : i], *words[i + 1 : i + reach + 1]]
        sets = 1 if self.shared or not self.skip_gram else len(context)
        noise = []
        for _ in range(sets * self.negative):
            r = self._next()
            slot = (r >> 32) * len(self.inputs) >> 32
            entry = int(self.noise[slot])
            noise.append(slot if r & 0xFFFFFFFF < entry & 0xFFFFFFFF else entry >> 32)
        self._draws[i] = context, noise

    def _costs(self, w: int, noise):
        """(outputs, cost) of every cost; the outputs change before the next one is taken."""
        if self.path is not None:
            part = slice(*self.path[0][w : w + 2])
            path, code = self.path[1][part].tolist(), self.path[2][part].tolist()
            yield self.nodes, partial(skipgram.hierarchical_softmax, nodes=self.nodes, path=path, code=code)
        if self.negative:
            yield self.outputs, partial(skipgram.negative_sampling, outputs=self.outputs, w=w, noise=noise)
        if self.path is None and not self.negative:
            yield self.outputs, partial(skipgram.cross_entropy, outputs=self.outputs, w=w)

    def _step(self, w: int, noise, loss_and_grad) -> None:
        steps = np.zeros_like(self.inputs)
        for outputs, cost in self._costs(w, noise):
            loss, dinputs, doutputs = loss_and_grad(cost=cost)
            self.loss += loss
            steps -= self.rate * dinputs
            outputs -= self.rate * doutputs
        self.inputs += steps

    def _skip_gram(self, w: int, context, noise) -> None:
        together = TOGETHER if (self.shared if self.negative else self.path is not None) else 1
        for k in range(0, len(context), together):
            part = context[k : k + together]
            own = noise if self.shared else noise[k * self.negative : (k + 1) * self.negative]
            self._step(w, own, partial(skipgram.loss_and_grad, self.inputs, part))
            self.pairs += len(part)

    def _cbow(self, w: int, context, noise) -> None:
        self._step(w, noise, partial(cbow.loss_and_grad, self.inputs, context, mean=self.mean))
        self.pairs += 1
