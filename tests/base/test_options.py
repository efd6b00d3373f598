"""What follows from the declared options: constructors, docstrings, checks."""

import inspect

import pytest
from numpydoc.docscrape import ClassDoc

import fastbpts as fb
from fastbpts._base.options import check_options, defaults_of, options_of, parameters_section

NETWORKS = (fb.TreeClassifier, fb.MLPClassifier, fb.SequenceClassifier, fb.SequenceTagger, fb.LanguageModel)
ESTIMATORS = {kind.__name__: kind for kind in (*NETWORKS, fb.Word2Vec, fb.GloVe, fb.Phrases)}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_constructor_options_and_docstring_name_the_same_parameters(name):
    kind = ESTIMATORS[name]
    constructor = {k: p.default for k, p in inspect.signature(kind).parameters.items()}
    assert list(options_of(kind)) == list(constructor)
    assert defaults_of(kind) == constructor
    documented = {p.name: p for p in ClassDoc(kind)["Parameters"]}
    assert list(documented) == list(constructor)
    for key, option in options_of(kind).items():
        assert " ".join(documented[key].desc) == option.help
        assert documented[key].type.startswith(f"{option.rule.accepts}, default=")
    assert parameters_section(kind) in kind.__doc__


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_option_refuses_what_it_does_not_accept(name):
    kind = ESTIMATORS[name]
    check_options(kind())
    for key, option in options_of(kind).items():
        if option.rule.accepts in ("label", "float or dict") or key == "embeddings":  # depend on examples
            continue
        with pytest.raises(ValueError, match=rf"^{key}( must be |=)"):
            check_options(kind(**{key: object()}))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_help_is_sentences(name):
    for option in options_of(ESTIMATORS[name]).values():
        assert option.help.endswith(".")
        assert option.help[0].isupper() or option.help[0].isdigit()


def test_values_of_the_command_line():
    parse = {name: option.parse for name, option in options_of(fb.SequenceTagger).items() if option.parse}
    assert parse["alpha"]("1e-3") == 1e-3
    assert parse["alpha"](options_of(fb.SequenceTagger)["alpha"].example) == {"U": 1e-4}
    assert parse["class_weight"]("balanced") == "balanced"
    assert parse["class_weight"]("0=1,x=2.5") == {0: 1.0, "x": 2.5}
    assert parse["unknown"]("none") is None
    assert parse["features"]("word, suffix3") == ("word", "suffix3")
    with pytest.raises(ValueError, match="is not name=number"):
        parse["alpha"]("W=much")
