"""Progress of word vectors: words per second, loss, time left; a line per epoch."""

from typing import Any, Protocol

from fastbpts._base import progress as _progress


class Schedule(Protocol):
    """The plan of training: how many epochs."""

    n_epochs: int
    first_epoch: int
    done: int


class Bar(_progress.Bar):
    """A progress bar of training, in units of words or pairs."""

    def __init__(self, plan: Schedule, verbose: int, unit: str = "words") -> None:
        super().__init__(plan.n_epochs, plan.done, verbose)
        self._plan, self._unit = plan, unit

    def update(self, done: float, loss: float, words_per_second: float) -> None:
        """Show how many epochs are done; the last one may be done in part."""
        if self._bar is not None:
            text = f"{words_per_second / 1e3:,.0f} thousand {self._unit}/s  loss {loss:.4f}"
            self._bar.update(self._task, completed=done, text=text)

    def epoch(self, entry: dict[str, Any]) -> None:
        """Print the line of an epoch that is done."""
        rate = entry[self._unit] / max(entry["seconds"], 1e-9) / 1e3
        last = self._plan.first_epoch + self._plan.n_epochs
        self._line(
            f"epoch {entry['epoch']}/{last}  loss {entry['loss']:.4f}  {rate:,.0f} thousand {self._unit}/s  "
            f"{entry['seconds']:.2f} s"
        )
