"""Model files of earlier versions load and predict what they predicted; data/write.py wrote them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastbpts as fb

DATA = Path(__file__).parent / "data"
SAID = {path.stem: json.loads(path.read_text()) for path in sorted(DATA.glob("*.json"))}
MODELS = [name for name in SAID if (DATA / f"{name}.safetensors").exists()]
LAYERS = [name for name, said in SAID.items() if (DATA / f"{name}.npz").exists() and said["class"] != "Network"]
NETWORKS = [name for name, said in SAID.items() if (DATA / f"{name}.npz").exists() and said["class"] == "Network"]
pytestmark = [
    pytest.mark.unseeded,  # SciPy draws random numbers while it is imported
    pytest.mark.skipif(not SAID, reason="tests/models/data is in the source folder only"),
]


def same(now: Any, then: Any) -> None:
    """Numbers up to float32's rounding, which depends on the instruction set; anything else exactly."""
    if isinstance(then, list) and len({len(item) if isinstance(item, list) else -1 for item in then}) > 1:
        assert len(now) == len(then)
        for a, b in zip(now, then, strict=True):
            same(a, b)
    elif np.asarray(then).dtype.kind == "f":
        np.testing.assert_allclose(now, then, rtol=1e-5, atol=1e-6)
    else:
        np.testing.assert_array_equal(now, then)


def revived(given: Any) -> Any:
    """An argument as it was; sequences of rows of numbers were arrays."""
    is_rows = isinstance(given, list) and isinstance(given[0], list) and isinstance(given[0][0], list)
    return [np.array(item) for item in given] if is_rows else given


@pytest.mark.parametrize("name", MODELS)
def test_model(name: str) -> None:
    said = SAID[name]
    model = fb.load(DATA / f"{name}.safetensors")
    owner = model if type(model).__name__ == said["class"] else model.wv
    assert type(owner).__name__ == said["class"]
    for method, given, then in said["calls"]:
        same(getattr(owner, method)(*map(revived, given)), then)


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name: str) -> None:
    said = SAID[name]
    layer = getattr(fb, said["class"])(**said["options"], random_state=99)
    layer.load_state_dict(dict(np.load(DATA / f"{name}.npz")))
    x = np.array(said["x"], np.float32)
    same(layer.predict_proba(x) if said["class"] == "MLP" else layer.forward(x)[0], said["y"])


@pytest.mark.parametrize("name", NETWORKS)
def test_network(name: str) -> None:
    said = SAID[name]
    net = fb.Network(**said["options"], random_state=99)
    net.set_params(dict(np.load(DATA / f"{name}.npz")))
    s = fb.Structure.from_ptb(said["x"], fb.Vocabulary(["not", "good", "film"]))
    same(net.predict_proba(s), said["y"])


def test_every_file_is_read() -> None:
    files = {path.stem for path in DATA.iterdir() if path.suffix in (".safetensors", ".npz")}
    assert files == {*MODELS, *LAYERS, *NETWORKS} == set(SAID)
    assert len(files) >= 30
