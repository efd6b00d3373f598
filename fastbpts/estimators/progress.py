"""Progress of training on standard error: a bar for the running epoch, one line per finished epoch."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self


def _line(entry: Mapping[str, float], shown: Mapping[str, str], n_epochs: int, best: bool) -> str:
    width = len(str(n_epochs))
    parts = [f"epoch {int(entry['epoch']):{width}d}/{n_epochs}"]
    parts += [f"{text} {entry[key]:.4f}" for key, text in shown.items() if key in entry]
    parts.append(f"{entry['seconds']:.2f} s")
    return "  ".join(parts) + ("  best" if best else "")


class Bar:
    """A context that shows training; `verbose` 1 shows a bar where there is a terminal, 2 only lines.

    `shown` gives the entries of the history that a line has, and their names.
    """

    def __init__(self, shown: Mapping[str, str], n_epochs: int, n_batches: int, verbose: int, done: int = 0) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console(stderr=True, highlight=False)
        self._shown, self._n_epochs = shown, n_epochs
        self._bar: Progress | None = None
        if verbose < 2 and self._console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[loss]}"),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            total, completed = n_epochs * n_batches, done * n_batches
            self._task: Any = self._bar.add_task("training", total=total, completed=completed, loss="")

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def batch(self, loss: float) -> None:
        """One step is done; `loss` is the mean since the epoch began."""
        if self._bar is not None:
            self._bar.update(self._task, advance=1, loss=f"loss {loss:.4f}")

    def epoch(self, entry: Mapping[str, float], best: bool) -> None:
        """One epoch is done."""
        from rich.text import Text

        line = Text(_line(entry, self._shown, self._n_epochs, best), style="bold" if best else "")
        self._console.print(line, soft_wrap=True)
