"""Progress of training: a bar over all minibatches, one line per finished epoch."""

from collections.abc import Mapping

from fastbpts._base import progress as _progress


class Bar(_progress.Bar):
    """What is shown of training; `shown` gives the entries of the history that a line has, and their names."""

    def __init__(self, shown: Mapping[str, str], n_epochs: int, n_batches: int, verbose: int, done: int = 0) -> None:
        super().__init__(n_epochs * n_batches, done * n_batches, verbose)
        self._shown, self._n_epochs = shown, n_epochs

    def batch(self, loss: float) -> None:
        """One step is done; `loss` is the mean since the epoch began."""
        if self._bar is not None:
            self._bar.update(self._task, advance=1, text=f"loss {loss:.4f}")

    def epoch(self, entry: Mapping[str, float], best: bool) -> None:
        """One epoch is done."""
        width = len(str(self._n_epochs))
        parts = [f"epoch {int(entry['epoch']):{width}d}/{self._n_epochs}"]
        parts += [f"{text} {entry[key]:.4f}" for key, text in self._shown.items() if key in entry]
        parts.append(f"{entry['seconds']:.2f} s")
        self._line("  ".join(parts) + ("  best" if best else ""), bold=best)
