"""CBOW: the context's sum or mean predicts the word in the middle (Mikolov et al. 2013; CS224d review 2015, part 3).

    r = sum_c v_c, or (1/n) sum_c v_c over the n words of the context;    J = F(w | r), the costs are skip-gram's

so that every v_c gains dr, or dr / n: the mean divides the gradient too. (word2vec.c and gensim leave that out, which
makes their step n times longer: Irsoy et al. 2021, "Corrected CBOW performs as well as Skip-gram".)

Dimension key: W words, D vector size.
"""

from collections.abc import Sequence

import numpy as np

from fastbpts.reference._cell import Array
from fastbpts.reference.skipgram import Cost


def loss_and_grad(inputs: Array, context: Sequence[int], cost: Cost, mean: bool = True) -> tuple[float, Array, Array]:
    """J of one window; arguments and results as in :func:`fastbpts.reference.skipgram.loss_and_grad`."""
    factor = 1 / len(context) if mean else 1.0
    r = factor * sum(inputs[c] for c in context)
    loss, dr, doutputs = cost(r)
    dinputs = np.zeros_like(inputs)
    for c in context:
        dinputs[c] += factor * dr  # r = factor * sum of inputs[c]
    return loss, dinputs, doutputs
