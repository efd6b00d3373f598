"""scikit-learn's ways to read and set parameters, for models that need no scikit-learn."""

from typing import Any, Self

from fastbpts._base.options import check_options, defaults_of


class Parameters:
    """Parameters declared as fields of an options class."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            Without effect: no parameter has parameters of its own. scikit-learn passes it.

        Returns
        -------
        dict
            The value of each parameter of the constructor.
        """
        del deep  # there are no nested ones
        return {name: getattr(self, name) for name in defaults_of(type(self))}

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name.

        Parameters
        ----------
        **params : object
            New values; they are checked when `fit` is called.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            There is no parameter of a name.
        """
        names = list(defaults_of(type(self)))
        for name, value in params.items():
            if name not in names:
                raise ValueError(f"{name}: no such parameter, there are {', '.join(names)}")
            setattr(self, name, value)
        return self

    def _check_params(self) -> None:
        """ValueError naming the first parameter that is not accepted."""
        check_options(self)

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags  # scikit-learn calls this, so it is installed

        target, given = TargetTags(required=False), InputTags(two_d_array=False)
        return Tags(estimator_type=None, target_tags=target, input_tags=given)

    def __repr__(self) -> str:
        defaults = defaults_of(type(self))
        changed = {k: v for k, v in self.get_params().items() if v != defaults[k]}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in changed.items())})"
