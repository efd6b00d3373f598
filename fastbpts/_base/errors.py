"""Errors that can end training."""


class DivergenceError(ArithmeticError):
    """Training left the range of useful numbers; the estimator holds the last good model and can be used.

    Lower `learning_rate`, set `max_norm`, or raise `alpha`.
    """

    __module__ = "fastbpts"
