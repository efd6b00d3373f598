"""The command line: ``fastbpts demo | train | evaluate | predict | generate | show | ...``."""

import sys
import warnings
from collections.abc import Sequence
from typing import Any

__all__ = ["main"]


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"fastbpts: warning: {' '.join(str(message).split())}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : list of str, optional
        The arguments; None takes those of the process.

    Returns
    -------
    int
        0 success, 1 failure, 2 wrong usage, 130 interrupted (the model so far is saved).
    """
    from typer.main import get_command

    try:
        from fastbpts.cli.app import app
    except ValueError as error:  # an environment variable that is refused when the library is loaded
        print(f"fastbpts: error: {error}", file=sys.stderr)
        return 1

    warnings.showwarning = _warn
    try:
        status = get_command(app).main(args=argv, prog_name="fastbpts", standalone_mode=False)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        path = getattr(getattr(error, "ctx", None), "command_path", "fastbpts")
        message = " ".join(error.format_message().split())
        print(f"{path}: error: {message} ({path} --help explains)", file=sys.stderr)
        return 2
    return status if isinstance(status, int) else 0
