"""``fastbpts demo --task lm``."""

import math
import time
from pathlib import Path

from fastbpts.cli.common import console, status_after

_DEV_SHARE = 0.1
_SAMPLE = 400


def demo_lm(n_sentences: int, seed: int, threads: int | None, output: Path | None) -> int:
    """Train a language model on generated prose, compare it with counts of neighbours, let it write."""
    from rich.table import Table

    import fastbpts as fb
    from fastbpts.demo.baselines import ngram
    from fastbpts.demo.prose import agreement
    from fastbpts.demo.recipes import LANGUAGE_MODEL
    from fastbpts.readers.text import parse_text

    out = console()
    text = parse_text(fb.demo_text(n_sentences, random_state=seed))
    train, dev = text.split(_DEV_SHARE)
    out.print("made-up prose; a verb has the number of its subject, however far away that is", soft_wrap=True)
    out.print(f"{len(train):,} characters to learn from, {len(dev):,} held out, {len(text.vocabulary)} distinct\n")
    started = time.perf_counter()
    model = fb.LanguageModel(**LANGUAGE_MODEL, n_threads=threads, random_state=seed, verbose=1).fit(train, dev=dev)
    seconds = time.perf_counter() - started
    table = Table(title="text not seen in training, per character")
    for heading in ("model", "nats", "bits", "perplexity"):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    rows = {name: ngram(train, dev, n) for n, name in enumerate(("unigram", "bigram", "trigram"), 1)}
    rows[f"{model.cell}, {model.n_state} dimensions, {seconds:.1f} s"] = model.log_loss(dev)
    for name, nats in rows.items():
        figures = f"{nats:.3f}", f"{nats / math.log(2):.3f}", f"{math.exp(nats):.2f}"
        table.add_row(name, *figures, style="bold" if name not in ("unigram", "bigram", "trigram") else "")
    out.print(table)
    written = model.generate("\n", 20 * _SAMPLE, random_state=seed)
    sentences = written.split("\n")[:-1]
    agree = [fits for fits in map(agreement, sentences) if fits is not None]
    out.print(f"\nwhat it writes (in {sum(agree)} of {len(agree)} sentences the verbs agree):", soft_wrap=True)
    out.print(written[:_SAMPLE].rpartition("\n")[0], soft_wrap=True, markup=False)
    if output is not None:
        model.save(output)
    return status_after(model)
