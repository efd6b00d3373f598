"""Peer: NumPy by hand, time-major, the fastest program that we could write.

One product for the inputs of all steps and one each for dx, dW and dU; in the steps only what depends on the step
before, into buffers that are kept. What the backward steps multiply with is computed for all steps at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recurrent.task import Array, Task

NAME = "NumPy"


class Peer:
    """One layer on one batch of sequences."""

    def __init__(self, task: Task) -> None:
        self.task, self.a = task, task.arrays()
        T, B, H, G = task.T, task.B, task.H, task.gates
        dtype = np.dtype(task.dtype)
        self.x = self.a["x"].reshape(T * B, H)
        self.gate = np.empty((T, B, G, H), dtype)  # of the inputs, then after the activation
        self.factor = np.empty((T, B, G, H), dtype)  # factors of an upstream gradient
        self.da = np.empty((T, B, G, H), dtype)  # gradient of W x + b
        self.states = np.empty((T + 1, B, H), dtype)  # h before step t at t
        self.states[0] = self.a["h0"]
        self.product = np.empty((B, G * H), dtype)
        self.work = np.empty((B, H), dtype)
        self.bias = self.a["b"].copy()
        self.ut = np.ascontiguousarray(self.a["U"].T)
        if task.cell == "gru":
            self.bias[: 2 * H] += self.a["b_rec"][: 2 * H]
            self.inner = np.empty((T, B, H), dtype)  # U_n h + c_n, which the reset gate scales
            self.dm = np.empty((T, B, G, H), dtype)  # gradient of U h + b_rec
        if task.cell == "lstm":
            self.cells = np.empty((T + 1, B, H), dtype)
            self.cells[0] = self.a["c0"]
            self.tanh_c = np.empty((T, B, H), dtype)
            self.half = np.array([0.5, 0.5, 1, 0.5], dtype)[:, None]  # sigmoid(x) = tanh(x / 2) / 2 + 1 / 2
            self.shift = np.array([0.5, 0.5, 0, 0.5], dtype)[:, None]
        self.out: dict[str, Array] = {}
        self.forward = getattr(self, f"forward_{task.cell}")
        self.backward = getattr(self, f"backward_{task.cell}")

    def predict(self) -> None:
        """All states; U was transposed before."""
        self.run(self.ut)

    stream = predict

    def train(self) -> None:
        """All states and all gradients, from parameters that are new in every step."""
        self.run(np.ascontiguousarray(self.a["U"].T))
        self.out |= self.backward()

    def run(self, ut: Array) -> None:
        """Forward."""
        wide = self.task.gates * self.task.H
        flat = self.gate.reshape(-1, wide)
        np.matmul(self.x, self.a["W"].T, out=flat)
        flat += self.bias
        self.forward(ut)
        self.out = {"h": self.states[1:]}

    def results(self) -> dict[str, Array]:
        """What the last call computed."""
        return self.out

    def gradients(self, da: Array, dm: Array, dh0: Array) -> dict[str, Array]:
        """Gradients of parameters and inputs from those of W x + b and of U h."""
        wide = self.task.gates * self.task.H
        da, dm = da.reshape(-1, wide), dm.reshape(-1, wide)
        before = self.states[:-1].reshape(-1, self.task.H)
        dx = (da @ self.a["W"]).reshape(self.a["x"].shape)
        return {"dW": da.T @ self.x, "dU": dm.T @ before, "db": da.sum(0), "dx": dx, "dh0": dh0}

    def forward_elman(self, ut: Array) -> None:
        """Steps h = tanh(a + U h)."""
        h = self.states
        for t, gate in enumerate(self.gate[:, :, 0]):
            np.matmul(h[t], ut, out=self.product)
            self.product += gate
            np.tanh(self.product, out=h[t + 1])

    def backward_elman(self) -> dict[str, Array]:
        """Steps in reverse."""
        h, dh, u = self.states, self.a["dh"], self.a["U"]
        np.multiply(h[1:], h[1:], out=self.factor[:, :, 0])
        np.subtract(1, self.factor, out=self.factor)
        factor, da = self.factor[:, :, 0], self.da[:, :, 0]
        carry = np.zeros_like(self.work)
        for t in reversed(range(self.task.T)):
            carry += dh[t]
            np.multiply(carry, factor[t], out=da[t])
            np.matmul(da[t], u, out=carry)
        return self.gradients(da, da, carry)

    def forward_gru(self, ut: Array) -> None:
        """Steps: r and z from a + U h, n = tanh(a_n + r m), h = n + z (h_before - n)."""
        h, H = self.states, self.task.H
        c_n, product = self.a["b_rec"][2 * H :], self.product.reshape(-1, 3, H)
        recurrent_rz, recurrent_n = product[:, :2], product[:, 2]
        rows = zip(self.gate[:, :, :2], self.gate[:, :, 2], self.inner, h[:-1], h[1:], strict=True)
        for rz, n, m, before, after in rows:
            np.matmul(before, ut, out=self.product)
            rz += recurrent_rz
            rz *= 0.5
            np.tanh(rz, out=rz)
            rz *= 0.5
            rz += 0.5
            np.add(recurrent_n, c_n, out=m)
            np.multiply(rz[:, 0], m, out=self.work)
            n += self.work
            np.tanh(n, out=n)
            np.subtract(before, n, out=after)
            after *= rz[:, 1]
            after += n

    def backward_gru(self) -> dict[str, Array]:
        """Factors of a_n and a_z on dh, of a_r on da_n, then the steps in reverse."""
        h, dh, u = self.states, self.a["dh"], self.a["U"]
        r, z, n = (self.gate[:, :, k] for k in range(3))
        to_r, to_z, to_n = (self.factor[:, :, k] for k in range(3))
        not_z = 1 - z
        np.multiply(n, n, out=to_n)
        np.subtract(1, to_n, out=to_n)
        to_n *= not_z
        np.subtract(h[:-1], n, out=to_z)
        not_z *= z
        to_z *= not_z
        np.subtract(1, r, out=to_r)
        to_r *= r
        to_r *= self.inner
        carry, work, wide = np.zeros_like(self.work), self.work, self.dm.reshape(self.task.T, self.task.B, -1)
        for t in reversed(range(self.task.T)):
            da, dm = self.da[t], self.dm[t]
            carry += dh[t]
            np.multiply(carry[:, None], self.factor[t, :, 1:], out=da[:, 1:])
            np.multiply(da[:, 2], to_r[t], out=da[:, 0])
            dm[:, :2] = da[:, :2]
            np.multiply(da[:, 2], r[t], out=dm[:, 2])
            np.multiply(carry, z[t], out=work)
            np.matmul(wide[t], u, out=carry)
            carry += work
        return self.gradients(self.da, self.dm, carry) | {"db_rec": self.dm.reshape(-1, wide.shape[2]).sum(0)}

    def forward_lstm(self, ut: Array) -> None:
        """Steps: i, f, g, o from a + U h; c = f c_before + i g; h = o tanh(c)."""
        product = self.product.reshape(-1, 4, self.task.H)
        states: Any = zip(self.gate, self.states[:-1], self.states[1:], self.cells[:-1], self.cells[1:], strict=True)
        for t, (gate, before, after, c_before, c) in enumerate(states):
            np.matmul(before, ut, out=self.product)
            gate += product
            gate *= self.half
            np.tanh(gate, out=gate)
            gate *= self.half
            gate += self.shift
            np.multiply(gate[:, 1], c_before, out=c)
            np.multiply(gate[:, 0], gate[:, 2], out=self.work)
            c += self.work
            np.tanh(c, out=self.tanh_c[t])
            np.multiply(gate[:, 3], self.tanh_c[t], out=after)

    def backward_lstm(self) -> dict[str, Array]:
        """Factors of a_i, a_f, a_g on dc, of a_o on dh, of c on dh, then the steps in reverse."""
        dh, u, tanh_c, factor = self.a["dh"], self.a["U"], self.tanh_c, self.factor
        i, f, g, o = (self.gate[:, :, k] for k in range(4))
        np.subtract(1, self.gate, out=factor)
        factor *= self.gate
        factor[:, :, 0] *= g
        factor[:, :, 1] *= self.cells[:-1]
        np.multiply(g, g, out=factor[:, :, 2])
        np.subtract(1, factor[:, :, 2], out=factor[:, :, 2])
        factor[:, :, 2] *= i
        factor[:, :, 3] *= tanh_c
        to_c = 1 - tanh_c * tanh_c
        to_c *= o
        carry, dc, work = np.zeros_like(self.work), np.zeros_like(self.work), self.work
        wide = self.da.reshape(self.task.T, self.task.B, -1)
        for t in reversed(range(self.task.T)):
            carry += dh[t]
            np.multiply(carry, to_c[t], out=work)
            dc += work
            np.multiply(dc[:, None], factor[t, :, :3], out=self.da[t, :, :3])
            np.multiply(carry, factor[t, :, 3], out=self.da[t, :, 3])
            np.matmul(wide[t], u, out=carry)
            dc *= f[t]
        return self.gradients(self.da, self.da, carry) | {"dc0": dc}
