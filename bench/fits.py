"""Fits of estimators for sequences against plain PyTorch scripts of the same work, in turns.

    python bench/fits.py --hidden 64 256 --repeats 3

The text and the sequences are random; both sides read the same batches in number and size, with the same optimiser
(Adam), widths and loss, and one thread. Times are those of an epoch, without reading; the least of all repeats counts.
"""

import argparse
import time

import numpy as np
import torch

import fastbpts as fb

LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz ,.\n"))
N_STREAMS, N_STEPS, WIDTH = 32, 64, 64
N_WORDS, N_TAGS, N_SENTENCES, BATCH = 3000, 17, 2000, 32


class Model(torch.nn.Module):
    """Embedding, LSTM, affine map."""

    def __init__(self, n_words: int, n_in: int, n_state: int, n_classes: int, bidirectional: bool) -> None:
        super().__init__()
        self.E = torch.nn.Embedding(n_words, n_in)
        self.lstm = torch.nn.LSTM(n_in, n_state, bidirectional=bidirectional)
        self.head = torch.nn.Linear(n_state * (1 + bidirectional), n_classes)


def text(n: int) -> str:
    """Letters of unequal frequency."""
    return "".join(LETTERS[(np.random.default_rng(0).random(n) ** 2 * len(LETTERS)).astype(int)])


def language_model_torch(ids: torch.Tensor, n_state: int) -> float:
    """Seconds of an epoch, states carried from window to window."""
    n = int(ids.max()) + 1
    net = Model(n, WIDTH, n_state, n, False)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    length = (len(ids) - 1) // N_STREAMS
    x = ids[: length * N_STREAMS].reshape(N_STREAMS, length).T
    y = ids[1 : length * N_STREAMS + 1].reshape(N_STREAMS, length).T
    start, state = time.perf_counter(), None
    for t in range(0, length, N_STEPS):
        out, state = net.lstm(net.E(x[t : t + N_STEPS]), state)
        state = tuple(s.detach() for s in state)
        loss = torch.nn.functional.cross_entropy(net.head(out).flatten(0, 1), y[t : t + N_STEPS].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.perf_counter() - start


def language_model_ours(data: str, n_state: int) -> float:
    """Seconds of an epoch."""
    options = {"batch_size": N_STREAMS, "n_steps": N_STEPS, "n_embedding": WIDTH, "n_threads": 1, "max_iter": 1}
    model = fb.LanguageModel(cell="lstm", n_state=n_state, optimizer="adam", learning_rate=1e-3, **options)
    start = time.perf_counter()
    model.fit(data)
    return time.perf_counter() - start


def sentences() -> tuple[list[list[str]], list[list[str]]]:
    """Words and tags, 5 to 40 of them."""
    rng = np.random.default_rng(1)
    lengths = rng.integers(5, 40, N_SENTENCES)
    words = [[f"w{int(k)}" for k in rng.random(n) ** 3 * N_WORDS] for n in lengths]
    return words, [[f"t{hash_of(word)}" for word in sentence] for sentence in words]


def hash_of(word: str) -> int:
    """The tag of a word."""
    return int(word[1:]) % N_TAGS


def tagger_torch(words: list[list[str]], n_state: int) -> float:
    """Seconds of an epoch over packed batches of sentences of similar length."""
    net = Model(N_WORDS, WIDTH, n_state, N_TAGS, True)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    ids = sorted((torch.tensor([int(word[1:]) for word in sentence]) for sentence in words), key=len, reverse=True)
    start = time.perf_counter()
    for k in range(0, len(ids), BATCH):
        x = torch.nn.utils.rnn.pack_sequence(ids[k : k + BATCH])
        out, _ = net.lstm(torch.nn.utils.rnn.PackedSequence(net.E(x.data), x.batch_sizes))
        loss = torch.nn.functional.cross_entropy(net.head(out.data), x.data % N_TAGS)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.perf_counter() - start


def tagger_ours(words: list[list[str]], tags: list[list[str]], n_state: int) -> float:
    """Seconds of an epoch, suffixes and shapes of words left out."""
    options = {"batch_size": BATCH, "n_embedding": WIDTH, "n_threads": 1, "max_iter": 1, "features": ()}
    model = fb.SequenceTagger(cell="lstm", n_state=n_state, optimizer="adam", learning_rate=1e-3, **options)
    start = time.perf_counter()
    model.fit(words, tags)
    return time.perf_counter() - start


def main() -> None:
    """Print the least times and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hidden", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--letters", type=int, default=100_000)
    given = parser.parse_args()
    torch.set_num_threads(1)
    data = text(given.letters)
    ids = torch.tensor(np.unique(list(data), return_inverse=True)[1])
    words, tags = sentences()
    for n_state in given.hidden:
        for name, ours, peer in (
            (
                "LanguageModel",
                lambda n=n_state: language_model_ours(data, n),
                lambda n=n_state: language_model_torch(ids, n),
            ),
            ("SequenceTagger", lambda n=n_state: tagger_ours(words, tags, n), lambda n=n_state: tagger_torch(words, n)),
        ):
            times = np.array([(ours(), peer()) for _ in range(given.repeats)]).min(axis=0)
            print(f"{name} LSTM {n_state}: {times[0]:.3f} s, PyTorch {times[1]:.3f} s, ratio {times[1] / times[0]:.2f}")


if __name__ == "__main__":
    main()
