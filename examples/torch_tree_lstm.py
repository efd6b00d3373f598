"""A Tree-LSTM inside a PyTorch model, on trees made by a seed: embeddings below, dropout and a linear layer above.

Usage: python torch_tree_lstm.py [EPOCHS]   (needs PyTorch: pip install 'fastbpts[torch]')
"""

import sys

import numpy as np
import torch

import fastbpts as fb
from fastbpts.torch import TreeNet


class Sentiment(torch.nn.Module):
    """Scores of five classes at every node."""

    def __init__(self, n_words: int, n_in: int = 16, n_state: int = 24) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(n_words, n_in)
        self.tree = TreeNet("lstm", n_in, n_state)  # child-sum Tree-LSTM (Tai et al. 2015)
        self.dropout = torch.nn.Dropout(0.1)
        self.head = torch.nn.Linear(n_state, 5)

    def forward(self, s: fb.Structure) -> torch.Tensor:
        words = torch.from_numpy(s.word[s.inputs].astype(np.int64))
        h, _ = self.tree(s, self.embedding(words))
        return self.head(self.dropout(h))


def accuracy(model: Sentiment, s: fb.Structure) -> tuple[float, float]:
    """At the roots, and over all nodes."""
    model.eval()
    with torch.no_grad():
        right = model(s).argmax(1).numpy() == s.label
    return right[s.root].mean(), right.mean()


torch.manual_seed(0)
rng = np.random.default_rng(0)
bank = fb.demo_treebank("sentiment", n_trees=2500)
train, dev = np.arange(2000), bank.batch(range(2000, 2500))
model = Sentiment(len(bank.vocabulary))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(int(sys.argv[1]) if len(sys.argv) > 1 else 6):
    model.train()
    for batch in np.array_split(rng.permutation(train), 80):
        s = bank.batch(batch)
        labels = torch.from_numpy(s.label.astype(np.int64))
        loss = torch.nn.functional.cross_entropy(model(s), labels, ignore_index=-1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    root, nodes = accuracy(model, dev)
    print(f"epoch {epoch + 1}: loss {loss.item():.3f}, accuracy {root:.3f} at the root, {nodes:.3f} over all nodes")
