"""What all figures of a report share: size, colours, labels and scales."""

from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter
from PIL import Image

BASELINE_TRIAL = 0
COLOURS = {"complete": "#1b6ca8", "pruned": "#9aa5b1", "failed": "#c0392b", "running": "#8e44ad"}
BASELINE_COLOUR = "#d35400"
TARGET_COLOUR = "#2e8b57"
DPI = 120


def wide(height_in: float = 4.0) -> Figure:
    """Return an empty figure of the report's width."""
    return Figure(figsize=(10, height_in), dpi=DPI, layout="constrained")


def write(figure: Figure, path: Path) -> None:
    """Write a figure as PNG of 256 colours: a third of the size, in half the time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]  # Matplotlib leaves it without types
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]  # so
    drawn = Image.fromarray(pixels).convert("RGB")
    drawn.quantize(method=Image.Quantize.FASTOCTREE).save(path)


def literal(text: object, length: int = 24) -> str:
    """Return a text as Matplotlib shows it letter by letter, cut to ``length``.

    Names and values come out of a journal: a dollar sign in them begins no formula.
    """
    shown = f"{text:.4g}" if isinstance(text, float) else str(text)
    shown = shown if len(shown) <= length else f"{shown[: length - 1]}…"
    return shown.replace("$", r"\$")


class WrittenOut(LogFormatter):
    """Numbers on a logarithmic axis, written out where that is shorter: 0.3, not 3e-01."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the label at ``x``, or nothing where it would crowd its neighbours."""
        return f"{x:g}" if super().__call__(x, pos) else ""


def logarithmic(axes: Axes, which: Literal["x", "y"] = "y") -> None:
    """Make an axis logarithmic."""
    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(WrittenOut())
    axis.set_minor_formatter(WrittenOut(labelOnlyBase=False))


def epochs_below(axes: Axes) -> None:
    """Label a horizontal axis of epochs, in whole numbers."""
    axes.set_xlabel("epoch")
    axes.locator_params("x", integer=True)


def bare(axes: Axes) -> None:
    """Leave out the lines above and to the right of a drawing."""
    axes.spines[["top", "right"]].set_visible(False)


def legend(axes: Axes) -> None:
    """Say what the lines are, if there are any; drawn over points, it stays readable."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, framealpha=0.8, edgecolor="none")
