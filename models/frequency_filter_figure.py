"""The picture of ``frequency_filter``: each tone, predicted and true, and the mixture it is in."""

from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WINDOWS = 2


def draw(
    figure: "Figure", output: Tensor, batch: dict[str, Tensor], *, num_selectors: int
) -> None:
    """Draw two windows of every selector.

    Args:
        figure: Is drawn into.
        output: Of the model. Shape ``[N, L, 1]``.
        batch: With ``inputs`` ``[N, L, 1 + K]``, ``target`` ``[N, L, 1]``, ``selector`` ``[N]``.
        num_selectors: K.
    """
    grid = figure.subplots(WINDOWS, num_selectors, sharex=True, sharey=True, squeeze=False)
    for selector in range(num_selectors):
        rows = (batch["selector"] == selector).nonzero()[:, 0]
        for place in range(WINDOWS):
            row = rows[(len(rows) - 1) * place // WINDOWS]
            axes = grid[place, selector]
            axes.plot(batch["inputs"][row, :, 0], color="#c8ced4", label="mixture")
            axes.plot(batch["target"][row, :, 0], color="black", label="true")
            axes.plot(output[row, :, 0], "--", color="#d35400", label="predicted")
            axes.spines[["top", "right"]].set_visible(False)
        grid[0, selector].set_title(f"tone {selector + 1}", fontsize=9)
        grid[-1, selector].set_xlabel("sample")
    grid[0, 0].legend(frameon=False, fontsize=7)
