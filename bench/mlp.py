"""Training steps of multilayer perceptrons, against NumPy, PyTorch, JAX and scikit-learn, one thread.

python bench/mlp.py            784-256-128-10 and 2-10-10-3, float32
python bench/mlp.py --quick    smoke run, figures mean nothing

A step is forward, softmax cross-entropy, backward with all gradients of the parameters, and their SGD update. All
programs start from the same weights, must agree on loss and weights after three steps, and are then timed in turns in
one process of its own.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import common
import numpy as np

import fastbpts as fb

TASKS = (((784, 256, 128, 10), 1), ((784, 256, 128, 10), 32), ((784, 256, 128, 10), 256), ((2, 10, 10, 3), 1))
RATE = 0.01
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "FASTBPTS_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}
Array = np.ndarray[Any, Any]
Weights = list[Array]  # W (n_out, n_in), b (n_out), W, b, ...
Step = Callable[[], float]  # one step (of scikit-learn: several, divided), -> loss
Peer = tuple[Step, Callable[[], Weights], int]


def initial(sizes: tuple[int, ...]) -> Weights:
    """The weights that every program starts from."""
    return list(fb.MLP(sizes, random_state=0).state_dict().values())


def with_library(weights: Weights, x: Array, y: Array) -> Peer:
    """fb.MLP as a user calls it."""
    net = fb.MLP((x.shape[1], *(len(b) for b in weights[1::2])), optimizer=fb.Optimizer("sgd", RATE), n_threads=1)
    net.load_state_dict(dict(zip(net.params, weights, strict=True)))
    return lambda: net.step(x, y), lambda: list(net.state_dict().values()), 1


def with_numpy(weights: Weights, x: Array, y: Array) -> Peer:
    """Backward by hand, updates in place."""
    W, b = [w.copy() for w in weights[::2]], [w.copy() for w in weights[1::2]]
    at = np.arange(len(y)), y

    def step() -> float:
        a = [x]
        for w, c in zip(W, b, strict=True):
            z = a[-1] @ w.T
            z += c
            a.append(np.tanh(z, out=z) if w is not W[-1] else z)
        z -= z.max(axis=1, keepdims=True)
        true = z[at]
        np.exp(z, out=z)
        total = z.sum(axis=1)
        loss = float((np.log(total) - true).mean())
        z /= total[:, None]
        z[at] -= 1
        z /= np.float32(len(y))
        for k in reversed(range(len(W))):
            dW, db = z.T @ a[k], z.sum(axis=0)
            if k:
                z = z @ W[k]
                z *= 1 - a[k] * a[k]
            W[k] -= np.float32(RATE) * dW
            b[k] -= np.float32(RATE) * db
        return loss

    return step, lambda: [v for pair in zip(W, b, strict=True) for v in pair], 1


def with_torch(weights: Weights, x: Array, y: Array) -> Peer:
    """nn.Sequential, autograd, the fused SGD."""
    import torch

    torch.set_num_threads(1)
    modules: list[Any] = []
    for w, c in zip(weights[::2], weights[1::2], strict=True):
        linear = torch.nn.Linear(*reversed(w.shape))
        linear.weight.data, linear.bias.data = torch.tensor(w), torch.tensor(c)
        modules += [linear, torch.nn.Tanh()]
    model = torch.nn.Sequential(*modules[:-1])
    optimizer = torch.optim.SGD(model.parameters(), RATE, fused=True)
    x_t, y_t = torch.tensor(x), torch.tensor(y, dtype=torch.int64)

    def step() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x_t), y_t)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step, lambda: [p.detach().numpy().copy() for p in model.parameters()], 1


def with_jax(weights: Weights, x: Array, y: Array) -> Peer:
    """One compiled function from weights to weights, whose memory it reuses."""
    import jax
    import jax.numpy as jnp

    def loss_of(params: Any, x: Any, y: Any) -> Any:
        a = x
        for k in range(0, len(params), 2):
            z = a @ params[k].T + params[k + 1]
            a = jnp.tanh(z)
        log_p = z - jax.nn.logsumexp(z, axis=1, keepdims=True)
        return -jnp.take_along_axis(log_p, y[:, None], axis=1).mean()

    def stepped(params: Any, x: Any, y: Any) -> Any:
        loss, grads = jax.value_and_grad(loss_of)(params, x, y)
        return loss, [p - RATE * g for p, g in zip(params, grads, strict=True)]

    compiled = jax.jit(stepped, donate_argnums=0)
    held = {"params": [jnp.array(w) for w in weights]}
    x_j, y_j = jnp.array(x), jnp.array(y)

    def step() -> float:
        loss, held["params"] = compiled(held["params"], x_j, y_j)
        return float(loss)

    return step, lambda: [np.array(p) for p in held["params"]], 1


def with_sklearn(weights: Weights, x: Array, y: Array) -> Peer:
    """partial_fit on many batches at once, so that its checks of the data take little of the time."""
    from sklearn.neural_network import MLPClassifier

    n = max(1, 512 // len(x))
    hidden = [len(c) for c in weights[1:-2:2]]
    options = {"activation": "tanh", "solver": "sgd", "momentum": 0.0, "alpha": 0.0, "shuffle": False}
    model = MLPClassifier(hidden, batch_size=len(x), learning_rate_init=RATE, nesterovs_momentum=False, **options)
    model.partial_fit(x, y, classes=np.arange(len(weights[-1])))
    for own, w in zip(model.coefs_, weights[::2], strict=True):
        own[...] = w.T
    for own, c in zip(model.intercepts_, weights[1::2], strict=True):
        own[...] = c
    xs, ys = np.tile(x, (n, 1)), np.tile(y, n)
    calls = {"n": 0}

    def step() -> float:
        calls["n"] += 1
        if calls["n"] > 3:
            model.partial_fit(xs, ys)
        else:
            model.partial_fit(x, y)
        return float(model.loss_)

    pairs = zip(model.coefs_, model.intercepts_, strict=True)
    return step, lambda: [v for w, c in pairs for v in (w.T.copy(), c.copy())], n


PEERS: dict[str, tuple[str, Callable[[Weights, Array, Array], Peer]]] = {
    "fastbpts": ("fastbpts", with_library),
    "NumPy": ("numpy", with_numpy),
    "PyTorch": ("torch", with_torch),
    "JAX": ("jax", with_jax),
    "scikit-learn": ("sklearn", with_sklearn),
}


def checked(sizes: tuple[int, ...], n: int) -> dict[str, Peer]:
    """All programs, checked: three steps gave the same losses and weights."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, sizes[0]), np.float32)
    y = rng.integers(0, sizes[-1], n).astype(np.int32)
    weights, out, wanted = initial(sizes), {}, None
    for name, (package, make) in PEERS.items():
        if not importlib.util.find_spec(package):
            print(f"{package} not installed", file=sys.stderr)
            continue
        out[name] = make(weights, x, y)
        step, current, _ = out[name]
        found = [np.array([step() for _ in range(3)]), *current()]
        wanted = wanted or found
        for a, b in zip(found, wanted, strict=True):
            error = np.linalg.norm(a - b) / np.linalg.norm(b)
            if a.shape != b.shape or not error <= 1e-4:
                raise RuntimeError(f"{name}, {sizes}, batch {n}: differs from fastbpts, relative error {error:.1e}")
    return out


def rounds(peers: dict[str, Peer], seconds: float) -> dict[str, list[float]]:
    """Seconds per step of each program, round by round, a round being bursts of 20 ms in turns."""
    calls, times = {}, {name: [] for name in peers}
    for name, (step, _, _) in peers.items():
        start = time.perf_counter()
        for _ in range(3):
            step()
        calls[name] = max(1, int(min(0.02, seconds) * 3 / (time.perf_counter() - start)))
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop or len(times["fastbpts"]) < 3:
        for name, (step, _, per_call) in peers.items():
            start = time.perf_counter()
            for _ in range(calls[name]):
                step()
            times[name].append((time.perf_counter() - start) / calls[name] / per_call)
    return times


def table(seconds: float) -> str:
    """Microseconds per step and ratios, in markdown."""
    rows = []
    for sizes, n in TASKS:
        times = rounds(checked(sizes, n), seconds)
        ours = statistics.median(times["fastbpts"])
        best = min((name for name in times if name != "fastbpts"), key=lambda name: statistics.median(times[name]))
        ratios = [a / b for a, b in zip(times[best], times["fastbpts"], strict=True)]
        cells = [f"{1e6 * statistics.median(times[name]):.4g}" if name in times else "-" for name in PEERS]
        mark = "" if statistics.median(times[best]) > ours else " IS FASTER"
        rows.append([f"{'-'.join(map(str, sizes))}, batch {n}", *cells, common.spread(ratios, ".2f"), best + mark])
    head = ["network", *(f"{name}, us" for name in PEERS), "best peer / fastbpts", "best peer"]
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def measure(quick: bool) -> str:
    """The table, from a process whose environment says one thread before anything is loaded."""
    command = [sys.executable, __file__, "--here", *(["--quick"] if quick else [])]
    done = subprocess.run(command, env=os.environ | ONE_THREAD, check=True, capture_output=True, text=True)
    print(done.stderr, end="", file=sys.stderr)
    return done.stdout


if __name__ == "__main__":
    if "--here" in sys.argv:
        print(table(0.0 if "--quick" in sys.argv else 3.0), end="")
    else:
        common.main(measure, __doc__)
