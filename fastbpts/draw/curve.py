"""The learning curve of a fitted estimator as a PNG file; needs matplotlib."""

import io
from collections.abc import Sequence
from typing import Any

from fastbpts._files.atomic import PathLike, write_atomic

_LOSSES = {"loss": "train", "dev_loss": "dev"}


def _draw(
    axes: Any, history: Sequence[dict[str, float]], series: dict[str, str], ylabel: str, best: int | None
) -> None:
    epochs = [entry["epoch"] for entry in history]
    for key, name in series.items():
        if key in history[0]:
            axes.plot(epochs, [entry[key] for entry in history], label=name, marker="o" if len(epochs) < 3 else "")
    if best is not None:
        axes.axvline(best, color="0.6", linestyle="--", linewidth=1, label=f"kept: epoch {best}")
    axes.set_xlabel("epoch")
    axes.set_ylabel(ylabel)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)


def need_matplotlib() -> Any:
    """Matplotlib's Figure, or an ImportError that says what to install."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("the learning curve needs matplotlib: pip install 'fastbpts[plot]'") from error
    return Figure


def learning_curve(estimator: Any, path: PathLike, title: str | None = None) -> None:
    """Draw loss and validation accuracy by epoch.

    Parameters
    ----------
    estimator : fitted estimator
        Its `history_` is drawn.
    path : str or path
        The PNG file to write.
    title : str, optional
        Printed above.

    Raises
    ------
    ValueError
        The estimator was not trained for a whole epoch.
    ImportError
        matplotlib is not installed.
    """
    Figure = need_matplotlib()
    history = estimator.history_
    if not history:
        raise ValueError("the estimator was not trained for a whole epoch: it has no learning curve")
    scored = "dev_score" in history[0]
    figure = Figure(figsize=(10 if scored else 5.5, 4), layout="constrained")
    panels = figure.subplots(1, 2 if scored else 1, squeeze=False)[0]
    best = getattr(estimator, "best_iter_", None)
    _draw(panels[0], history, _LOSSES, "loss per label", best)
    if scored:
        accuracies = {"dev_score": "dev, root", "dev_score_nodes": "dev, all nodes"}
        nodes = "dev_score_nodes" in history[0]
        _draw(panels[1], history, accuracies if nodes else {"dev_score": "dev"}, "accuracy", best)
    if title:
        figure.suptitle(title)
    png = io.BytesIO()
    figure.savefig(png, dpi=120, format="png")
    write_atomic(path, png.getvalue())
