"""Progress of long work on standard error: a bar if that is a terminal, and lines."""

from types import TracebackType
from typing import Any, Self


class Bar:
    """A context that shows training; `verbose`: 0 nothing, 1 a bar if there is a terminal, 2 lines only."""

    def __init__(self, total: float, done: float, verbose: int) -> None:
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
            self._task = self._bar.add_task("training", total=total, completed=done, text="")

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _line(self, text: str, bold: bool = False) -> None:
        """A line that stays."""
        if self._console is not None:
            from rich.text import Text

            self._console.print(Text(text, style="bold" if bold else ""), soft_wrap=True)
