"""Progress of word vectors on standard error: words per second, loss, time left; a line per epoch."""

from types import TracebackType
from typing import Any, Protocol, Self


class Schedule(Protocol):
    """How many epochs there are."""

    n_epochs: int
    first_epoch: int
    done: int


class Bar:
    """A context that shows training; `verbose` 0 nothing, 1 a bar where there is a terminal, 2 only lines."""

    def __init__(self, plan: Schedule, verbose: int, unit: str = "words") -> None:
        self._plan, self._unit = plan, unit
        self._bar: Any = None
        self._console: Any = None
        if verbose == 0:
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console(stderr=True, highlight=False)
        if verbose < 2 and self._console.is_terminal:
            columns = (TextColumn("training"), BarColumn(), TextColumn("{task.fields[text]}"), TimeRemainingColumn())
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._task = self._bar.add_task("training", total=plan.n_epochs, completed=plan.done, text="")

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: float, loss: float, words_per_second: float) -> None:
        """So many epochs are done, the last one in part."""
        if self._bar is not None:
            text = f"{words_per_second / 1e3:,.0f} thousand {self._unit}/s  loss {loss:.4f}"
            self._bar.update(self._task, completed=done, text=text)

    def epoch(self, entry: dict[str, Any]) -> None:
        """One epoch is done."""
        if self._console is not None:
            rate = entry[self._unit] / max(entry["seconds"], 1e-9) / 1e3
            last = self._plan.first_epoch + self._plan.n_epochs
            self._console.print(
                f"epoch {entry['epoch']}/{last}  loss {entry['loss']:.4f}  {rate:,.0f} thousand {self._unit}/s  "
                f"{entry['seconds']:.2f} s",
                soft_wrap=True,
            )
