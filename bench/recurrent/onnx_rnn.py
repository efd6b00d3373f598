"""Peer for inference: onnxruntime on a graph of one RNN, GRU or LSTM node."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import onnxruntime
from onnx import helper, numpy_helper

from recurrent.task import Array, Task

NAME = "onnxruntime"
OPERATORS = {"elman": "RNN", "gru": "GRU", "lstm": "LSTM"}
ORDER = {"elman": [0], "gru": [1, 0, 2], "lstm": [0, 3, 1, 2]}  # ONNX has z r n and i o f g


class Peer:
    """One layer on one batch of sequences."""

    def __init__(self, task: Task) -> None:
        self.task, a = task, task.arrays()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ["FASTBPTS_NUM_THREADS"])
        options.inter_op_num_threads = 1
        model = graph(task, a).SerializeToString()
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.feed = {"x": a["x"], "h0": a["h0"][None]} | ({"c0": a["c0"][None]} if "c0" in a else {})
        self.h: Any = None

    def predict(self) -> None:
        """All states, or the next one."""
        self.h = self.session.run(None, self.feed)[0]

    stream = predict

    def results(self) -> dict[str, Array]:
        """What the last call computed."""
        return {"h": self.h.reshape(self.feed["x"].shape)}


def graph(task: Task, a: dict[str, Array]) -> Any:
    """The model; for a stream it returns the last states only, otherwise those of all steps."""

    def ordered(p: Array) -> Array:
        return np.concatenate([p.reshape(task.gates, task.H, -1)[k] for k in ORDER[task.cell]])

    bias = np.concatenate([ordered(a["b"]).ravel(), ordered(a.get("b_rec", np.zeros_like(a["b"]))).ravel()])
    values = {"W": ordered(a["W"])[None], "R": ordered(a["U"])[None], "B": bias[None]}
    states = ["h0", "c0"][: 2 if task.cell == "lstm" else 1]
    outputs = ["", "h_n", "c_n"][: 1 + len(states)] if task.kind == "stream" else ["h"]
    options: dict[str, Any] = {"linear_before_reset": 1} if task.cell == "gru" else {}
    node = helper.make_node(
        OPERATORS[task.cell], ["x", "W", "R", "B", "", *states], outputs, hidden_size=task.H, **options
    )
    real = helper.np_dtype_to_tensor_dtype(np.dtype(task.dtype))
    inputs = [helper.make_tensor_value_info("x", real, (task.T, task.B, task.H))]
    inputs += [helper.make_tensor_value_info(name, real, (1, task.B, task.H)) for name in states]
    results = [helper.make_tensor_value_info(name, real, None) for name in outputs if name]
    weights = [numpy_helper.from_array(np.ascontiguousarray(v), name) for name, v in values.items()]
    body = helper.make_graph([node], "layer", inputs, results, weights)
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
