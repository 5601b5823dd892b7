"""Pictures of the companion networks: predicted over true outputs of some samples.

n samples, M outputs.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from models.companion_losses import Batch

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NUM_SAMPLES = 4
NUM_BINS = 14  # of each histogram of a groove
HISTOGRAMS = {"deviation / beats": (2, -0.5), "velocity": (18, 0.0)}  # first output, first edge


def draw_outputs(figure: "Figure", output: Tensor, batch: Batch, *, label: str) -> None:
    """Draw every output of some samples.

    Args:
        figure: Is drawn into.
        output: Prediction. Shape ``[n, M]``.
        batch: With ``target`` of the same shape.
        label: What the outputs are.
    """
    grid = figure.subplots(NUM_SAMPLES, 1, sharex=True, sharey=True)
    places = torch.arange(output.shape[1])
    for axes, row in zip(grid, _rows(output), strict=True):
        _compare(axes, places, batch["target"][row], output[row])
        axes.set_ylabel(f"sample {row}")
    grid[-1].set_xlabel(label)
    grid[0].legend(frameon=False, fontsize=7)


def draw_grooves(figure: "Figure", output: Tensor, batch: Batch) -> None:
    """Draw the histograms of some grooves, in shares of the hits.

    Args:
        figure: Is drawn into.
        output: Prediction. Shape ``[n, 32]``.
        batch: With ``target`` of the same shape.
    """
    grid = figure.subplots(len(HISTOGRAMS), NUM_SAMPLES, sharey=True)
    for across, (label, (first, edge)) in zip(grid, HISTOGRAMS.items(), strict=True):
        bins = slice(first, first + NUM_BINS)
        centres = edge + (torch.arange(NUM_BINS) + 0.5) / NUM_BINS
        for axes, row in zip(across, _rows(output), strict=True):
            _compare(axes, centres, batch["target"][row, bins], output[row, bins])
            axes.set_xlabel(label)
        across[0].set_ylabel("share of the hits")
    grid[0, 0].legend(frameon=False, fontsize=7)


def _rows(output: Tensor) -> list[int]:
    """Choose samples, evenly spread."""
    chosen: list[int] = torch.linspace(0, len(output) - 1, NUM_SAMPLES).long().tolist()
    return chosen


def _compare(axes: "Axes", places: Tensor, target: Tensor, predicted: Tensor) -> None:
    across, spacing = places.tolist(), float(places[1] - places[0])
    axes.bar(across, target.tolist(), width=0.8 * spacing, color="#9aa5b1", label="true")
    axes.plot(across, predicted.tolist(), color="#d35400", linewidth=1, label="predicted")
    axes.spines[["top", "right"]].set_visible(False)
