"""The picture of ``emotion``: valence and arousal over the segments of clips."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLIPS = 4
DIMENSIONS = ("valence", "arousal")


def draw(figure: "Figure", output: dict[str, Tensor], batch: dict[str, Tensor]) -> None:
    """Draw clips from the lowest to the highest rated valence.

    Args:
        figure: Is drawn into.
        output: Of the model, with ``rating`` ``[C, 6, 2]``.
        batch: With ``rating`` ``[C, 2]``, and ``segment_rating`` ``[C, 6, 2]`` where it is known.
    """
    order = batch["rating"][:, 0].argsort()
    chosen = order[torch.linspace(0, len(order) - 1, CLIPS).long()]
    grid = figure.subplots(2, CLIPS, sharex=True, sharey=True)
    for column, clip in enumerate(chosen):
        for row, dimension in enumerate(DIMENSIONS):
            axes = grid[row, column]
            if "segment_rating" in batch:
                truth = batch["segment_rating"][clip, :, row]
                axes.plot(truth, "o-", color="black", markersize=3, label="truth of the second")
            axes.axhline(float(batch["rating"][clip, row]), color="#9aa5b1", label="clip's rating")
            predicted = output["rating"][clip, :, row]
            axes.plot(predicted, "s--", color="#d35400", markersize=3, label="predicted")
            axes.set_ylabel(dimension if column == 0 else "")
            axes.spines[["top", "right"]].set_visible(False)
        grid[-1, column].set_xlabel("segment / s")
    grid[0, 0].legend(frameon=False, fontsize=7)
