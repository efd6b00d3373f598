"""The 2-10-10-3 network of the CS224d midterm review: its errors layer by layer, then trained on three spirals."""

import numpy as np

import fastbpts as fb

net = fb.MLP((2, 10, 10, 3), activation="tanh", optimizer=fb.Optimizer("adam", 0.02), random_state=1)
rng = np.random.default_rng(0)
y = np.repeat(np.arange(3), 100)
radius = np.tile(np.linspace(0.05, 1, 100), 3)
angle = 4 * radius + 2 * np.pi / 3 * y + rng.normal(0, 0.1, 300)
x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)

loss = net.loss_and_grad(x[:1], y[:1])
print(f"one row: loss {loss:.4f}, gradient with respect to the input {net.dx[0].round(4)}")
for name, grad in net.grads.items():
    print(f"  {name:9} {grad.shape!s:9} norm of the gradient {np.linalg.norm(grad):.4f}")

for epoch in range(1, 61):
    order = rng.permutation(300)
    losses = [net.step(x[rows], y[rows]) for rows in np.split(order, 30)]
    if epoch % 20 == 0:
        hits = net.predict_proba(x).argmax(axis=1) == y
        print(f"epoch {epoch}: loss {np.mean(losses):.4f}, accuracy {hits.mean():.3f}")
